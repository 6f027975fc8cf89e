//! Reported figures: sums that do not add up, and numbers that a database does not give.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use handover_schemas::figures::report::{FigureVerdict, RelationResult};
use handover_schemas::figures::stated::{
    NumberText, StatedEndFigure, StatedFigure, StatedFigures, StatedRelation,
};
use serde::Serialize;

use super::Part;
use crate::report::words::{self, StateWords, Words};

/// Most sets that are shown.
const SETS_MAX: usize = 50;

/// Most sums and figures of one set that are shown.
const EACH_MAX: usize = 100;

/// All sets.
#[derive(Serialize)]
pub(super) struct Figures<'a> {
    sets: Part<Set<'a>>,
}

/// A set.
#[derive(Serialize)]
struct Set<'a> {
    stated: &'a StatedFigures,
    state: StateWords,
    itself: Option<StateWords>,
    source: Option<StateWords>,
    target: Option<StateWords>,
    /// Sums that do not hold exactly, those that fail first.
    relations: Part<Relation<'a>>,
    /// How many sums hold to the last one.
    exact: usize,
    /// Figures that a database was asked for and did not give.
    differing: Part<Figure<'a>>,
    /// How many figures a database gave.
    given: usize,
}

/// A sum or difference.
#[derive(Serialize)]
struct Relation<'a> {
    stated: &'a StatedRelation,
    state: StateWords,
    /// The sum as it was reported.
    total: Option<String>,
    /// What its members give.
    together: Option<String>,
}

/// A figure.
#[derive(Serialize)]
struct Figure<'a> {
    stated: &'a StatedFigure,
    unit: Words,
    rounded: Option<Words>,
    source: Option<End>,
    target: Option<End>,
}

/// What a database gave.
#[derive(Serialize)]
struct End {
    state: StateWords,
    value: Option<NumberText>,
}

impl<'a> Figures<'a> {
    pub(super) fn of(sets: &'a [StatedFigures]) -> Self {
        let mut sets: Vec<&StatedFigures> = sets.iter().collect();
        sets.sort_by_key(|set| Reverse(set.verdict));
        Self { sets: Part::at_most(SETS_MAX, sets.into_iter().map(Set::of)) }
    }
}

impl<'a> Set<'a> {
    fn of(stated: &'a StatedFigures) -> Self {
        let reported: BTreeMap<&str, NumberText> =
            stated.figures.iter().map(|figure| (figure.id.as_str(), figure.reported)).collect();
        let is_exact = |relation: &&StatedRelation| relation.result == RelationResult::Holds;
        let mut relations: Vec<&StatedRelation> =
            stated.relations.iter().filter(|relation| !is_exact(relation)).collect();
        relations.sort_by_key(|relation| Reverse(relation.result));
        let asked = |figure: &&StatedFigure| verdicts(figure).next().is_some();
        let differs = |figure: &&StatedFigure| {
            verdicts(figure)
                .any(|one| matches!(one, FigureVerdict::Differs | FigureVerdict::Unverified))
        };
        let given = |figure: &&StatedFigure| {
            asked(figure)
                && !differs(figure)
                && verdicts(figure).any(|one| one != FigureVerdict::NoQuery)
        };
        Self {
            state: words::figures_verdict(stated.verdict),
            itself: stated.itself.map(words::figures_verdict),
            source: stated.source.map(words::figures_verdict),
            target: stated.target.map(words::figures_verdict),
            exact: stated.relations.iter().filter(is_exact).count(),
            relations: Part::at_most(
                EACH_MAX,
                relations.into_iter().map(|relation| Relation::of(relation, &reported)),
            ),
            given: stated.figures.iter().filter(given).count(),
            differing: Part::at_most(
                EACH_MAX,
                stated.figures.iter().filter(differs).map(Figure::of),
            ),
            stated,
        }
    }
}

fn verdicts(figure: &StatedFigure) -> impl Iterator<Item = FigureVerdict> {
    [&figure.source, &figure.target].into_iter().flatten().map(|end| end.verdict)
}

impl<'a> Relation<'a> {
    fn of(stated: &'a StatedRelation, reported: &BTreeMap<&str, NumberText>) -> Self {
        let total = reported.get(stated.total.as_str()).map(|total| total.0);
        let together = total.and_then(|total| total.checked_add(stated.difference.0));
        Self {
            stated,
            state: words::relation_result(stated.result),
            total: total.map(|total| total.to_string()),
            together: together.map(|together| together.to_string()),
        }
    }
}

impl<'a> Figure<'a> {
    fn of(stated: &'a StatedFigure) -> Self {
        let end = |end: &StatedEndFigure| End {
            state: words::figure_verdict(end.verdict),
            value: end.value,
        };
        Self {
            stated,
            unit: words::unit(stated.unit),
            rounded: stated.rounding.as_ref().map(|one| words::rounded_as(one.rounded_as)),
            source: stated.source.as_ref().map(end),
            target: stated.target.as_ref().map(end),
        }
    }
}
