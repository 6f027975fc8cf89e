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
        for figure in &set.figures {
            let ends = [("source", &figure.source), ("target", &figure.target)];
            let ends = ends.into_iter().filter_map(|(name, end)| Some((name, end.as_ref()?)));
            found.extend(ends.filter_map(|(name, end)| of_end(&set.id, figure, name, end)));
        }
    }
    found
}

fn of_end(
    set: &str,
    figure: &StatedFigure,
    name: &str,
    end: &StatedEndFigure,
) -> Option<StatedFinding> {
    let kind = match end.verdict {
        FigureVerdict::Same | FigureVerdict::Rounded | FigureVerdict::NoQuery => return None,
        FigureVerdict::Differs => StatedFindingKind::FigureDiffers,
        FigureVerdict::Unverified => StatedFindingKind::FigureUnverified,
    };
    let difference = end.value.map(|value| (value.0 - figure.reported.0).unsigned_abs());
    Some(StatedFinding {
        kind,
        subject: format!("{set}: {} ({name})", figure.label_en),
        count: difference.and_then(|by| u64::try_from(by).ok()).map(U64Text),
        detail: end.value.map(|value| format!("reported {}, {name} {value}", figure.reported)),
    })
}
