//! The evidence that a purge rests on.

use anyhow::Result;
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;

use super::Check;
use crate::sql::literal;

impl Check<'_> {
    /// The evidence is loaded as it was when the rows were selected.
    pub(super) fn check_evidence(&mut self) -> Result<()> {
        let Some(evidence) = self.purge.selection.evidence.clone() else { return Ok(()) };
        let ledger = self.ledger();
        let table = ledger.table("evidence");
        let rows = if ledger.has_table("evidence")? {
            ledger.query(&format!(
                "SELECT sha256, row_count FROM {table} WHERE name = {}",
                literal(&evidence.name)
            ))?
        } else {
            Vec::new()
        };
        let expected = vec![Some(evidence.sha256.to_string()), Some(evidence.rows.to_string())];
        if rows.first() == Some(&expected) {
            self.checked(format!("evidence: {} is the file it rests on", evidence.name));
        } else {
            self.find(
                Kind::List,
                format!("the evidence {:?} is not the one the list rests on", evidence.name),
            );
        }
        Ok(())
    }
}
