//! Deliverables: what was to be handed over, by component and kind, and each by itself.

use std::collections::BTreeSet;

use handover_schemas::attestation::StatedDeliverable;
use serde::Serialize;

use super::{LIST_MAX, Part};
use crate::report::words::{self, StateWords, Words};

/// All deliverables.
#[derive(Serialize)]
pub(super) struct Deliverables<'a> {
    /// The kinds that there are: columns of the matrix.
    kinds: Vec<Words>,
    /// Components: lines of the matrix.
    components: Part<Component<'a>>,
    each: Part<Deliverable<'a>>,
}

/// A component, with its deliverables of each kind.
#[derive(Serialize)]
struct Component<'a> {
    id: &'a str,
    title: Title<'a>,
    cells: Vec<Vec<Deliverable<'a>>>,
}

/// What a component is called.
#[derive(Clone, Copy, Serialize)]
struct Title<'a> {
    vi: &'a str,
    en: &'a str,
}

/// One deliverable.
#[derive(Clone, Copy, Serialize)]
struct Deliverable<'a> {
    title: Title<'a>,
    kind: Words,
    state: StateWords,
    stated: &'a StatedDeliverable,
}

impl<'a> Deliverables<'a> {
    pub(super) fn of(deliverables: &'a [StatedDeliverable]) -> Self {
        // In the order of the kinds' words, which no language changes.
        let kinds: BTreeSet<&str> = deliverables.iter().map(|one| one.kind.as_str()).collect();
        let word = |kind: &str| {
            deliverables.iter().find(|one| one.kind.as_str() == kind).map(|one| one.kind)
        };
        let mut components: Vec<&'a str> = Vec::new();
        for one in deliverables {
            if !components.contains(&one.component.as_str()) {
                components.push(&one.component);
            }
        }
        let total = components.len();
        components.truncate(LIST_MAX);
        let lines = components.into_iter().map(|id| {
            let of_it = || deliverables.iter().filter(move |one| one.component == id);
            let cells = kinds.iter().map(|kind| {
                of_it().filter(|one| one.kind.as_str() == *kind).map(Deliverable::of).collect()
            });
            let title = of_it().next().map_or(Title { vi: id, en: id }, title);
            Component { id, title, cells: cells.collect() }
        });
        let shown: Vec<Component<'a>> = lines.collect();
        Self {
            kinds: kinds.iter().filter_map(|kind| word(kind)).map(words::deliverable_kind).collect(),
            components: Part { left: total - shown.len(), total, shown },
            each: Part::of(deliverables.iter().map(Deliverable::of)),
        }
    }
}

impl<'a> Deliverable<'a> {
    fn of(stated: &'a StatedDeliverable) -> Self {
        Self {
            title: title(stated),
            kind: words::deliverable_kind(stated.kind),
            state: words::deliverable_state(stated.state),
            stated,
        }
    }
}

fn title(stated: &StatedDeliverable) -> Title<'_> {
    Title { vi: &stated.component_vi, en: &stated.component_en }
}
