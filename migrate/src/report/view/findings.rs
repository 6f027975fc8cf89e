//! Findings, by what is to be done about them.

use std::collections::BTreeMap;

use handover_schemas::attestation::{StatedFinding, StatedFindingKind};
use serde::Serialize;

use super::Part;
use crate::report::words::Words;

/// Most findings of one kind that are shown.
const KIND_MAX: usize = 100;

/// The findings of one kind.
#[derive(Serialize)]
pub(super) struct Findings<'a> {
    pub(super) id: StatedFindingKind,
    pub(super) title: Words,
    pub(super) next: Words,
    pub(super) subjects: Part<&'a StatedFinding>,
}

/// Findings by kind, in the order of the kinds.
pub(super) fn by_kind(findings: &[StatedFinding]) -> Vec<Findings<'_>> {
    let mut kinds: BTreeMap<StatedFindingKind, Vec<&StatedFinding>> = BTreeMap::new();
    for finding in findings {
        kinds.entry(finding.kind).or_default().push(finding);
    }
    let kinds = kinds.into_iter().map(|(kind, findings)| Findings {
        id: kind,
        title: Words { vi: kind.vi(), en: kind.en() },
        next: Words { vi: kind.next_vi(), en: kind.next_en() },
        subjects: Part::at_most(KIND_MAX, findings),
    });
    kinds.collect()
}
