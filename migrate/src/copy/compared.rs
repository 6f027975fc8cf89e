//! What `handover-verify tables` says of everything but the rows that this copy read back: a copy ends with no better
//! word than that.

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::chunk::CHUNK_BYTES_MAX;
use handover_schemas::report::{Finding, TablesReport};
use handover_verify::tables::{TablesRequest, compare};

use super::CopyRequest;
use super::beside::Watched;
use super::report::Compared;
use crate::ledger::FrozenPlan;

/// Compares both ends as the verifier does, each at the present moment. Rows of the plan's tables, and what is watched
/// beside them, were compared already and are not read again; of these, columns and catalogs are.
pub(super) fn compared(
    request: &CopyRequest,
    plan: &FrozenPlan,
    watched: &Watched,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Compared> {
    let planned = plan.tables.iter().map(|(_, table)| &table.shape.name);
    let beside = watched.uncopied.iter().map(|table| &table.shape.name);
    let request = TablesRequest {
        source: request.source.clone(),
        target: request.target.clone(),
        handover: request.handover.clone(),
        jobs: request.jobs,
        chunk_bytes: CHUNK_BYTES_MAX,
        sample_percent: None,
        type_overrides: request.type_overrides.clone(),
        leave_out: request.leave_out.clone(),
        rename: request.rename.clone(),
        rows_elsewhere: planned.chain(beside).cloned().collect(),
        chunks: None,
        findings_in: "findings/copy-compared.jsonl",
        show_keys: request.show_keys,
    };
    let report = compare(&request, interrupt, progress).context(
        "the rows were copied, and both ends could not be compared as handover-verify tables does",
    )?;
    Ok(of_report(report))
}

fn of_report(report: TablesReport) -> Compared {
    let of_tables = report.tables.into_iter().flat_map(|table| table.findings);
    let findings: Vec<Finding> = of_tables.chain(report.findings).collect();
    Compared { verdict: report.verdict, findings, not_checked: report.not_checked }
}
