//! The evidence that a rule rests on.

use anyhow::{Context, Result, bail};
use handover_schemas::config::PurgeRule;
use handover_schemas::purge::record::SelectedEvidence;
use handover_verify::sql::literal;

use super::PurgeDatabase;

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
    if !store.has_table("evidence")? {
        bail!(not_loaded());
    }
    let table = store.table("evidence");
    let rows = store.query(&format!(
        "SELECT sha256, row_count FROM {table} WHERE name = {}",
        literal(&evidence.name)
    ))?;
    let row = rows.into_iter().next().with_context(not_loaded)?;
    let mut values = row.into_iter().flatten();
    let digest = values.next().and_then(|digest| digest.parse().ok());
    let count = values.next().and_then(|count| count.parse().ok());
    let (sha256, rows) =
        digest.zip(count).context("the ledger's entry of the evidence is damaged")?;
    Ok(Some(SelectedEvidence { name: evidence.name.clone(), sha256, rows }))
}
