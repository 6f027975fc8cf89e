//! Reported figures: whether they add up, and whether the databases give them.

use handover_schemas::figures::report::{FigureVerdict, RelationResult};
use handover_schemas::figures::stated::{
    StatedEndFigure, StatedFigure, StatedFigures, StatedRelation,
};
use serde_json::{Value, json};

use super::{ROWS_MAX, cut};

/// Most figure sets that are printed.
const SETS_MAX: usize = 20;

/// What the minutes say of figure sets: of each, what does not hold exactly, and how many do.
pub(super) fn figures(sets: &[StatedFigures]) -> Value {
    json!({
        "rows": sets.iter().take(SETS_MAX).map(set).collect::<Vec<_>>(),
        "left": sets.len().saturating_sub(SETS_MAX),
        "all": sets.len(),
    })
}

fn set(set: &StatedFigures) -> Value {
    let (exact, relations): (Vec<&StatedRelation>, Vec<&StatedRelation>) =
        set.relations.iter().partition(|one| one.result == RelationResult::Holds);
    let asked = set.figures.iter().filter(|figure| ends(figure).any(is_answer));
    let other: Vec<&StatedFigure> =
        set.figures.iter().filter(|figure| ends(figure).any(is_other)).collect();
    json!({
        "id": set.id,
        "sha256": set.sha256,
        "asOf": set.as_of,
        "document": set.document,
        "verdict": set.verdict,
        "sums": set.relations.len().to_string(),
        "exact": exact.len().to_string(),
        "relations": cut(&relations, ROWS_MAX),
        "asked": asked.count().to_string(),
        "other": other.len().to_string(),
        "figures": cut(&other, ROWS_MAX),
    })
}

fn ends(figure: &StatedFigure) -> impl Iterator<Item = &StatedEndFigure> {
    figure.source.iter().chain(&figure.target)
}

/// Whether a database was asked.
fn is_answer(end: &StatedEndFigure) -> bool {
    end.verdict != FigureVerdict::NoQuery
}

/// Whether a database gives something else, or nothing.
fn is_other(end: &StatedEndFigure) -> bool {
    matches!(end.verdict, FigureVerdict::Differs | FigureVerdict::Unverified)
}
