//! What was checked, counted from the statement.

use handover_schemas::attestation::{HandoverAttestation, TableState};
use handover_schemas::package::inventory::DeliverableState;
use handover_schemas::purge::record::PurgeState;
use serde_json::{Value, json};

/// For each check how many things there are and how many of them passed it. A check of nothing is
/// not in it.
pub(super) fn checks(predicate: &HandoverAttestation) -> Value {
    let mut checks = Vec::new();
    let mut add = |check: &str, all: usize, passed: usize| {
        if all > 0 {
            checks.push(json!({
                "check": check, "all": all.to_string(), "passed": passed.to_string(),
                "holds": passed == all,
            }));
        }
    };
    if let Some(copy) = &predicate.copy {
        let settled = copy.tables.iter().filter(|table| table.state == TableState::Settled);
        add("tables", copy.tables.len(), settled.count());
    }
    let deliverables = &predicate.deliverables;
    let verified = deliverables.iter().filter(|one| one.state == DeliverableState::Verified);
    add("deliverables", deliverables.len(), verified.count());
    let purges: Vec<_> =
        predicate.purges.iter().filter(|purge| purge.state != PurgeState::Abandoned).collect();
    let opened = purges.iter().filter(|purge| purge.seal.is_some());
    add("archives", purges.len(), opened.count());
    let certified = purges.iter().filter(|purge| purge.certificate.is_some());
    add("certificates", purges.len(), certified.count());
    Value::Array(checks)
}
