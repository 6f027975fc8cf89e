//! Findings about figures.

use handover_schemas::attestation::{StatedFinding, StatedFindingKind};
use handover_schemas::figures::report::{FigureVerdict, RelationResult};
use handover_schemas::figures::stated::{StatedEndFigure, StatedFigure, StatedFigures};
use handover_schemas::signing::statement::U64Text;

/// What of figure sets does not add up, or is not what the databases give.
pub fn figure_findings(sets: &[StatedFigures]) -> Vec<StatedFinding> {
    let mut found = Vec::new();
    for set in sets {
        for relation in set.relations.iter().filter(|one| one.result == RelationResult::Fails) {
            let by = relation.fails_by.0.unsigned_abs();
            found.push(StatedFinding {
                kind: StatedFindingKind::FigureSum,
                subject: format!("{}: {}", set.id, relation.label_en),
                count: u64::try_from(by).ok().map(U64Text),
                detail: None,
            });
        }
        for (name, end) in ENDS {
            found.extend(differing(set, name, end));
            found.extend(unanswered(set, name, end));
        }
    }
    found
}

type EndOf = fn(&StatedFigure) -> Option<&StatedEndFigure>;

/// The databases that are asked.
const ENDS: [(&str, EndOf); 2] =
    [("source", |figure| figure.source.as_ref()), ("target", |figure| figure.target.as_ref())];

/// One finding for all figures of a set that a database does not give: after a purge they are many,
/// and the attestation has each with both numbers.
fn differing(set: &StatedFigures, name: &str, end: EndOf) -> Option<StatedFinding> {
    let verdict = |figure: &&StatedFigure| end(figure).map(|end| end.verdict);
    let figures = set.figures.iter().filter(|one| verdict(one) == Some(FigureVerdict::Differs));
    about(StatedFindingKind::FigureDiffers, set, name, figures)
}

fn unanswered(set: &StatedFigures, name: &str, end: EndOf) -> Option<StatedFinding> {
    let verdict = |figure: &&StatedFigure| end(figure).map(|end| end.verdict);
    let figures = set.figures.iter().filter(|one| verdict(one) == Some(FigureVerdict::Unverified));
    about(StatedFindingKind::FigureUnverified, set, name, figures)
}

fn about<'f>(
    kind: StatedFindingKind,
    set: &StatedFigures,
    name: &str,
    figures: impl Iterator<Item = &'f StatedFigure>,
) -> Option<StatedFinding> {
    let ids: Vec<&str> = figures.map(|figure| figure.id.as_str()).collect();
    (!ids.is_empty()).then(|| StatedFinding {
        kind,
        subject: format!("{} ({name})", set.id),
        count: Some(U64Text(ids.len() as u64)),
        detail: Some(ids.join(", ")),
    })
}
