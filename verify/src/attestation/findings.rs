//! What of a hand-over is not as it should be, as far as the ledger tells.

use anyhow::Result;
use handover_schemas::attestation::{
    HandoverAttestation, StatedCopy, StatedDeliverable, StatedFinding, StatedFindingKind,
    StatedPurge, TableState,
};
use handover_schemas::ledger::{SourceCheck, Stage};
use handover_schemas::package::inventory::DeliverableState;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::report::FindingKind;
use handover_schemas::signing::statement::U64Text;

use crate::ledger::LedgerQuery;
use crate::ledger::copied;

/// The findings that follow from what is stated, and those that the copy left in the ledger.
pub(super) fn findings(
    ledger: &mut dyn LedgerQuery,
    stated: &HandoverAttestation,
) -> Result<Vec<StatedFinding>> {
    let mut found = Vec::new();
    match &stated.copy {
        None => found.push(finding(StatedFindingKind::NoCopy, stated.target.identity.as_str())),
        Some(copy) => {
            of_copy(copy, &mut found);
            for recorded in copied::findings(ledger)? {
                let (kind, subject) = match recorded.kind {
                    FindingKind::FileDamaged => {
                        (StatedFindingKind::SourceDamaged, copy.source.identity.clone())
                    }
                    _ => (StatedFindingKind::Structure, recorded.object.unwrap_or_default()),
                };
                found.push(StatedFinding {
                    detail: Some(recorded.message),
                    count: recorded.count.map(U64Text),
                    ..finding(kind, subject)
                });
            }
            // A copy that stopped before its end left nothing but the answer.
            let is_told = found.iter().any(|one| one.kind == StatedFindingKind::SourceDamaged);
            if copy.source_check == Some(SourceCheck::Damaged) && !is_told {
                let subject = copy.source.identity.as_str();
                found.push(finding(StatedFindingKind::SourceDamaged, subject));
            }
        }
    }
    stated.deliverables.iter().for_each(|one| of_deliverable(one, &mut found));
    stated.purges.iter().for_each(|purge| of_purge(purge, &mut found));
    Ok(found)
}

fn finding(kind: StatedFindingKind, subject: impl Into<String>) -> StatedFinding {
    StatedFinding { kind, subject: subject.into(), count: None, detail: None }
}

fn of_copy(copy: &StatedCopy, found: &mut Vec<StatedFinding>) {
    if copy.stage != Stage::Done {
        found.push(finding(StatedFindingKind::CopyUnfinished, copy.source.identity.as_str()));
    }
    for table in copy.tables.iter().filter(|table| table.state != TableState::Settled) {
        found.push(finding(StatedFindingKind::TableNotSettled, table.name.to_string()));
    }
    for table in copy.left_out.iter().filter(|table| !table.decided) {
        found.push(StatedFinding {
            detail: Some(table.reason.clone()),
            ..finding(StatedFindingKind::TableNotGiven, table.name.to_string())
        });
    }
}

fn of_deliverable(one: &StatedDeliverable, found: &mut Vec<StatedFinding>) {
    let subject = format!("{} {}", one.component, one.id);
    match one.state {
        DeliverableState::Verified => {}
        DeliverableState::Missing => {
            found.push(finding(StatedFindingKind::DeliverableMissing, subject.as_str()));
        }
        DeliverableState::Received | DeliverableState::Unseen => {
            found.push(finding(StatedFindingKind::DeliverableUnverified, subject.as_str()));
        }
    }
    if one.findings.0 > 0 {
        found.push(StatedFinding {
            count: Some(one.findings),
            ..finding(StatedFindingKind::DeliverableFindings, subject)
        });
    }
}

fn of_purge(purge: &StatedPurge, found: &mut Vec<StatedFinding>) {
    let subject = format!("{} ({})", purge.number, purge.rule);
    match purge.state {
        PurgeState::Certified | PurgeState::Abandoned => {}
        PurgeState::Closed => found.push(finding(StatedFindingKind::PurgeClosed, subject.as_str())),
        PurgeState::Selected
        | PurgeState::BackedUp
        | PurgeState::Executing
        | PurgeState::Executed => {
            found.push(finding(StatedFindingKind::PurgeUnfinished, subject.as_str()));
        }
    }
    let counts = purge.tables.iter().filter_map(|table| table.counts);
    let kept = counts.fold(0_u64, |kept, counts| {
        kept.saturating_add(counts.changed).saturating_add(counts.referenced)
    });
    if kept > 0 {
        found.push(StatedFinding {
            count: Some(kept.into()),
            ..finding(StatedFindingKind::PurgeKeptRows, subject)
        });
    }
}
