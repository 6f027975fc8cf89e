//! Deliverables: what was to be handed over, by component and kind, and each by itself.

use std::collections::BTreeMap;

use handover_schemas::attestation::StatedDeliverable;
use handover_schemas::config::DeliverableKind;
use serde::Serialize;

use super::Part;
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
        let kinds: Vec<DeliverableKind> = words::DELIVERABLE_KINDS
            .into_iter()
            .filter(|kind| deliverables.iter().any(|one| one.kind == *kind))
            .collect();
        // In the order of the inventory.
        let mut known = BTreeMap::new();
        let mut components: Vec<Vec<&'a StatedDeliverable>> = Vec::new();
        for one in deliverables {
            let place = *known.entry(one.component.as_str()).or_insert(components.len());
            match components.get_mut(place) {
                Some(component) => component.push(one),
                None => components.push(vec![one]),
            }
        }
        let components = components.iter().filter_map(|component| Component::of(component, &kinds));
        Self {
            components: Part::of(components),
            kinds: kinds.into_iter().map(words::deliverable_kind).collect(),
            each: Part::of(deliverables.iter().map(Deliverable::of)),
        }
    }
}

impl<'a> Component<'a> {
    fn of(deliverables: &[&'a StatedDeliverable], kinds: &[DeliverableKind]) -> Option<Self> {
        let first = deliverables.first()?;
        let cells = kinds.iter().map(|kind| {
            let of_kind = deliverables.iter().filter(|one| one.kind == *kind);
            of_kind.map(|one| Deliverable::of(one)).collect()
        });
        Some(Self { title: title(first), cells: cells.collect() })
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
