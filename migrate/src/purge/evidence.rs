//! The evidence that a rule rests on.

use anyhow::{Context, Result};
use handover_schemas::config::PurgeRule;
use handover_schemas::purge::record::SelectedEvidence;

use super::PurgeDatabase;
use crate::ledger;

/// What the ledger holds of the rule's evidence: it has to be loaded.
pub(super) fn selected_evidence(
    database: &mut PurgeDatabase,
    rule: &PurgeRule,
) -> Result<Option<SelectedEvidence>> {
    let Some(evidence) = &rule.evidence else { return Ok(None) };
    let store = database.store();
    let not_loaded = || {
        format!(
            "the rule {:?} rests on evidence {:?}, which is not loaded: handover-migrate evidence \
             --name {} --file FILE.csv",
            rule.name, evidence.name, evidence.name
        )
    };
    let loaded = ledger::evidence(store, &evidence.name)?.with_context(not_loaded)?;
    Ok(Some(SelectedEvidence {
        name: loaded.name,
        sha256: loaded.sha256,
        rows: loaded.rows,
        signature: loaded.signature.map(|signed| signed.found),
    }))
}
