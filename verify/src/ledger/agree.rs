//! Whether the ledger's tables agree with the events that say what came into them.
//!
//! What was attested is bound by the attestation; this is for what was not attested yet, and for
//! telling what was changed.

use anyhow::Result;
use handover_schemas::attestation::Outcome;
use handover_schemas::chain::{EventDetail, EventKind};
use handover_schemas::digest::Digest;

use super::LedgerQuery;
use super::events::RecordedEvent;
use super::evidence::{Evidence, all_evidence};
use super::moves::{LedgerMove, moves};
use super::packages::{RecordedPackage, packages};
use crate::attestation::detail_of;
use crate::purge::ledger::{PurgeEntry, purges, restore_statements};

/// What the tables hold.
struct Held {
    packages: Vec<RecordedPackage>,
    evidence: Vec<Evidence>,
    purges: Vec<PurgeEntry>,
    restores: Vec<(i64, String)>,
    moves: Vec<LedgerMove>,
    inventory: Option<Digest>,
}

/// Looks at every event's trace in the tables.
pub(super) fn agree(ledger: &mut dyn LedgerQuery, events: &[RecordedEvent], outcome: &mut Outcome) {
    let held = match held(ledger) {
        Ok(held) => held,
        Err(damaged) => {
            outcome.find(format!("{damaged:#}"));
            return;
        }
    };
    let last_inventory = events.iter().rev().find(|one| one.event.kind == EventKind::Artifacts);
    let mut traces = 0_u64;
    for recorded in events {
        let Ok(detail) = detail_of(recorded) else {
            outcome.find(format!("the detail of event {} is damaged", recorded.event.number));
            continue;
        };
        let is_last_inventory = last_inventory == Some(recorded);
        match leaves_trace(recorded, &detail, &held, is_last_inventory) {
            Some(true) => traces += 1,
            Some(false) => outcome.find(format!(
                "event {} ({}) is not what the ledger's tables hold of it",
                recorded.event.number, recorded.event.kind
            )),
            None => {}
        }
    }
    let counted = |kind: EventKind| events.iter().filter(|one| one.event.kind == kind).count();
    let sums = [
        ("evidence files", held.evidence.len(), counted(EventKind::Evidence)),
        ("purges", held.purges.len(), counted(EventKind::Select)),
        ("restores", held.restores.len(), counted(EventKind::Restore)),
        (
            "closed purges",
            held.purges.iter().filter(|purge| purge.closing.is_some()).count(),
            counted(EventKind::ClosePurge),
        ),
        ("moves", held.moves.len(), counted(EventKind::Move)),
    ];
    for (what, rows, told) in sums {
        if rows != told {
            outcome.find(format!("the ledger has {rows} {what}, and its events tell of {told}"));
        }
    }
    outcome.checked(format!("{traces} events are what the ledger's tables hold of them"));
}

fn held(ledger: &mut dyn LedgerQuery) -> Result<Held> {
    let purges = purges(ledger)?;
    let mut restores = Vec::new();
    for purge in &purges {
        restores.extend(restore_statements(ledger, purge.number)?);
    }
    Ok(Held {
        packages: packages(ledger)?,
        evidence: all_evidence(ledger)?,
        purges,
        restores,
        moves: moves(ledger)?,
        inventory: inventory_digest(ledger)?,
    })
}

fn inventory_digest(ledger: &mut dyn LedgerQuery) -> Result<Option<Digest>> {
    if !ledger.has_table("inventory")? {
        return Ok(None);
    }
    let table = ledger.table("inventory");
    let rows = ledger.query(&format!("SELECT document FROM {table}"))?;
    let document = rows.into_iter().flatten().flatten().next();
    Ok(document.map(|document| Digest::of(document.as_bytes())))
}

/// Whether evidence has the signature of its event, or neither has one.
fn has_the_signature(evidence: &Evidence, recorded: &RecordedEvent, detail: &EventDetail) -> bool {
    match &evidence.signature {
        Some(signed) => signed.is_as_loaded(evidence, recorded).is_ok(),
        None => detail.signature.is_none(),
    }
}

/// Whether the tables hold what an event tells; nothing for events that leave no trace of their own.
fn leaves_trace(
    recorded: &RecordedEvent,
    detail: &EventDetail,
    held: &Held,
    is_last_inventory: bool,
) -> Option<bool> {
    let purge = || {
        let number = i64::try_from(detail.number?).ok()?;
        held.purges.iter().find(|purge| purge.number == number)
    };
    let of_purge = |digest: fn(&PurgeEntry) -> Option<Digest>| {
        purge().is_some_and(|purge| digest(purge) == detail.sha256)
    };
    match recorded.event.kind {
        EventKind::Package => Some(held.packages.iter().any(|one| {
            Some(one.seal) == detail.sha256
                && detail.subject.as_ref() == Some(&one.name)
                && Some(one.files) == detail.count
        })),
        EventKind::Evidence => Some(held.evidence.iter().any(|one| {
            Some(one.sha256) == detail.sha256
                && detail.subject.as_ref() == Some(&one.name)
                && Some(one.rows) == detail.count
                && has_the_signature(one, recorded, detail)
        })),
        EventKind::Artifacts => is_last_inventory.then(|| held.inventory == detail.sha256),
        EventKind::Select => Some(of_purge(|purge| Some(purge.selection.root))),
        EventKind::Backup => {
            Some(of_purge(|purge| purge.backup.as_ref().map(|backup| backup.seal)))
        }
        EventKind::Approve => Some(purge().is_some_and(|purge| {
            let mut used = purge.authorities.iter();
            used.any(|one| Some(Digest::of(one.approval.as_bytes())) == detail.sha256)
        })),
        EventKind::Certify => Some(of_purge(|purge| {
            purge.certificate.as_ref().map(|text| Digest::of(text.as_bytes()))
        })),
        EventKind::ClosePurge => {
            Some(of_purge(|purge| purge.closing.as_ref().map(|text| Digest::of(text.as_bytes()))))
        }
        EventKind::Execute => Some(of_purge(|purge| {
            let outcome = serde_json::to_vec(purge.outcome.as_ref()?).ok()?;
            Some(Digest::of(&outcome))
        })),
        EventKind::Restore => Some(held.restores.iter().any(|(number, statement)| {
            u64::try_from(*number).ok() == detail.number
                && Some(Digest::of(statement.as_bytes())) == detail.sha256
        })),
        EventKind::Move => Some(held.moves.iter().any(|one| {
            Some(one.number) == detail.number
                && Some(Digest::of(one.statement.as_bytes())) == detail.sha256
        })),
        EventKind::Plan
        | EventKind::Copy
        | EventKind::Settle
        | EventKind::Abandon
        | EventKind::Attest
        | EventKind::Close => None,
    }
}
