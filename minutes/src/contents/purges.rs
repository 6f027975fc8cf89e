//! Rows that were taken out of operation, and rows that were put back.

use handover_schemas::attestation::{StatedPurge, StatedPurgeTable, StatedRestore, StatedSummary};
use serde_json::{Value, json};

use super::{ROWS_MAX, cut, sum};

/// Most groups of a summary that are printed: there were 63 provinces.
const GROUPS_MAX: usize = 70;

/// Most purges that are printed.
const PURGES_MAX: usize = 20;

/// What the minutes say of purges.
pub(super) fn purges(purges: &[StatedPurge]) -> Value {
    let left = purges.iter().skip(PURGES_MAX);
    json!({
        "rows": purges.iter().take(PURGES_MAX).map(purge).collect::<Vec<_>>(),
        "left": left.len(),
        "leftRows": sum(left.map(|purge| purge.rows)),
        "all": purges.len(),
    })
}

fn purge(purge: &StatedPurge) -> Value {
    json!({
        "number": purge.number,
        "rule": purge.rule,
        "state": purge.state,
        "reasonVi": purge.reason_vi,
        "reasonEn": purge.reason_en,
        "legalBasis": cut(&purge.legal_basis, ROWS_MAX),
        "retainUntil": purge.retain_until,
        "origin": purge.origin,
        "root": purge.root,
        "rows": purge.rows,
        "package": purge.package,
        "seal": purge.seal,
        "tables": tables(&purge.tables),
        "summary": purge.summary.iter().take(ROWS_MAX).map(summary).collect::<Vec<_>>(),
        "approvals": purge.approvals.len(),
        "certificate": purge.certificate,
        "residualCopies": cut(&purge.residual_copies, ROWS_MAX),
    })
}

fn tables(tables: &[StatedPurgeTable]) -> Value {
    json!({
        "rows": tables.iter().take(ROWS_MAX).collect::<Vec<_>>(),
        "left": tables.len().saturating_sub(ROWS_MAX),
        "leftRows": sum(tables.iter().skip(ROWS_MAX).map(|table| table.selected)),
    })
}

fn summary(summary: &StatedSummary) -> Value {
    json!({
        "by": summary.by,
        "table": summary.table,
        "groups": cut(&summary.groups, GROUPS_MAX),
    })
}

/// What the minutes say of restores.
pub(super) fn restores(restores: &[StatedRestore]) -> Value {
    json!({
        "list": cut(restores, ROWS_MAX),
        "rows": sum(restores.iter().map(|restore| restore.rows)),
    })
}
