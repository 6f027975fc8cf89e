//! The verdict: what a reader has to know first.

use handover_schemas::attestation::{StatedFindingKind, TableState};
use handover_schemas::package::inventory::DeliverableState;
use handover_schemas::purge::record::PurgeState;
use serde::Serialize;

use super::findings::by_kind;
use super::signatures::Signatures;
use super::{SignedAttestation, Sum};
use crate::report::words::Words;

/// What a reader has to know first.
#[derive(Serialize)]
pub(super) struct Verdict {
    /// Nothing is outstanding.
    complete: bool,
    /// Nothing was handed over at all.
    empty: bool,
    /// Everybody who has to sign has signed.
    signed: bool,
    /// Roles in which nobody signed.
    missing: Vec<Words>,
    findings: usize,
    kinds: Vec<Kind>,
    facts: Facts,
}

/// How many findings of one kind.
#[derive(Serialize)]
struct Kind {
    id: StatedFindingKind,
    title: Words,
    findings: usize,
}

/// The numbers.
#[derive(Serialize)]
struct Facts {
    tables: usize,
    settled: usize,
    rows: Sum,
    deliverables: usize,
    verified: usize,
    purges: usize,
    certified: usize,
    deleted: Sum,
    restores: usize,
    packages: usize,
}

impl Verdict {
    pub(super) fn of(signed: &SignedAttestation, signatures: &Signatures) -> Self {
        let attestation = &signed.attestation;
        let kinds = by_kind(&attestation.findings);
        Self {
            complete: attestation.is_complete(),
            empty: attestation.copy.is_none()
                && attestation.packages.is_empty()
                && attestation.deliverables.is_empty(),
            signed: signed.is_signed(),
            missing: signatures.missing(),
            findings: attestation.findings.len(),
            kinds: kinds
                .into_iter()
                .map(|kind| Kind { id: kind.id, title: kind.title, findings: kind.subjects.total })
                .collect(),
            facts: Facts::of(signed),
        }
    }
}

impl Facts {
    fn of(signed: &SignedAttestation) -> Self {
        let attestation = &signed.attestation;
        let tables = attestation.copy.as_ref().map_or(&[][..], |copy| &copy.tables);
        let deliverables = &attestation.deliverables;
        let counts = attestation.purges.iter().flat_map(|purge| &purge.tables);
        let counts = counts.filter_map(|table| table.counts);
        Self {
            tables: tables.len(),
            settled: tables.iter().filter(|table| table.state == TableState::Settled).count(),
            rows: tables.iter().map(|table| table.rows.0).sum(),
            deliverables: deliverables.len(),
            verified: deliverables
                .iter()
                .filter(|deliverable| deliverable.state == DeliverableState::Verified)
                .count(),
            purges: attestation.purges.len(),
            certified: attestation
                .purges
                .iter()
                .filter(|purge| purge.state == PurgeState::Certified)
                .count(),
            deleted: counts.map(|counts| counts.deleted).sum(),
            restores: attestation.restores.len(),
            packages: attestation.packages.iter().filter(|package| !package.superseded).count(),
        }
    }
}
