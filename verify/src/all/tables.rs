//! Source against target: less what certified purges deleted, and with what restores put back.
//!
//! Tables that no purge touched are compared as `handover-verify tables` does it. Of a table that
//! was purged, the source has to be what the table was before the first purge; that it was nothing
//! but the listed rows that went, and what is left, is for the check of the purge.

use anyhow::{Context, Result};
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres;
use handover_engine::reader::{End, ReadOptions};
use handover_engine::rename::rename;
use handover_engine::rows::Wire;
use handover_engine::sqlite::values::TextLimit;
use handover_engine::sqlite::{self, Mapping, Respelled, TypeOverride};
use handover_schemas::chunk::{CHUNK_BYTES_MAX, KeyRange};
use handover_schemas::digest::LineDigest;
use handover_schemas::leaf::logical_name;
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::report::{TablesReport, Verdict};

use super::{AllRequest, Outcome, Watch};
use crate::ledger::open;
use crate::purge::ledger::PurgeEntry;
use crate::tables::{FINDINGS_FILE, TablesRequest, compare};

/// What the ledger says about tables.
pub(super) struct PlannedTables<'a> {
    /// All purges.
    pub(super) purges: &'a [PurgeEntry],
    /// Types that people chose for columns of a SQLite source.
    pub(super) overrides: &'a [TypeOverride],
}

/// A purged table, as it was before the first purge that touched it.
struct Purged {
    name: TableName,
    before: LineDigest,
}

pub(super) fn check_tables(
    request: &AllRequest,
    (source, target): (&Endpoint, &Endpoint),
    tables: &PlannedTables<'_>,
    outcome: &mut Outcome,
    watch: Watch<'_>,
) -> Result<()> {
    let purged = purged_tables(tables.purges);
    let mut end = open(source, watch.interrupt).context("source")?;
    let mapping = match target {
        Endpoint::Postgres(_) => Mapping::Values(tables.overrides),
        Endpoint::Sqlite(_) => Mapping::Exact,
    };
    let mut shapes = describe(&mut end, mapping)?;
    let left_out: Vec<String> =
        request.config.leave_out.iter().map(|left_out| left_out.table.clone()).collect();
    rename(&request.config.rename, &mut shapes, &left_out)?;
    let mut rows_elsewhere = Vec::new();
    for table in &purged {
        let at_source = shapes.iter().find(|one| logical_name(&one.target_name()) == table.name);
        match at_source {
            Some(shape) => {
                rows_elsewhere.push(shape.name.clone());
                check_before(&mut end, shape, table, outcome, watch)?;
            }
            None => outcome.find(format!("the source lacks {}, which was purged", table.name)),
        }
    }
    let compared = TablesRequest {
        source: source.clone(),
        target: target.clone(),
        handover: request.handover.clone(),
        jobs: request.jobs,
        chunk_bytes: CHUNK_BYTES_MAX,
        sample_percent: None,
        type_overrides: tables.overrides.to_vec(),
        leave_out: request.config.leave_out.clone(),
        rename: request.config.rename.clone(),
        rows_elsewhere,
        chunks: None,
        findings_in: FINDINGS_FILE,
        show_keys: false,
    };
    let report = compare(&compared, watch.interrupt, watch.progress)?;
    take_over(&report, outcome);
    Ok(())
}

fn purged_tables(purges: &[PurgeEntry]) -> Vec<Purged> {
    let mut purged: Vec<Purged> = Vec::new();
    for purge in purges {
        match purge.state {
            PurgeState::Executing
            | PurgeState::Executed
            | PurgeState::Certified
            | PurgeState::Closed => {}
            PurgeState::Selected | PurgeState::BackedUp | PurgeState::Abandoned => continue,
        }
        for table in &purge.selection.tables {
            let name = logical_name(table.name());
            if purged.iter().all(|known| known.name != name) {
                purged.push(Purged { name, before: table.before });
            }
        }
    }
    purged
}

fn describe(end: &mut End, mapping: Mapping<'_>) -> Result<Vec<TableShape>> {
    match end {
        End::Postgres(session) => Ok(postgres::describe(session)?.tables),
        End::Sqlite(connection) => Ok(sqlite::describe(connection, mapping)?.tables),
    }
}

fn check_before(
    end: &mut End,
    shape: &TableShape,
    purged: &Purged,
    outcome: &mut Outcome,
    watch: Watch<'_>,
) -> Result<()> {
    let spill = tempfile::tempdir().context("cannot make a temporary folder (TMPDIR)")?;
    let options = ReadOptions {
        wire: Wire::None,
        text_limit: TextLimit::None,
        respelled: Respelled::default(),
        chunk_bytes: CHUNK_BYTES_MAX,
        spill_dir: spill.path().to_owned(),
        interrupt: watch.interrupt.clone(),
    };
    let found = end.reader().digests(shape, &[KeyRange::everything()], &options)?;
    if found.as_slice() == [purged.before] {
        outcome.checked(format!(
            "{}: the source's {} rows are what the target held before the purge",
            shape.name, purged.before.rows
        ));
    } else {
        outcome.find(format!(
            "{}: the source does not hold what the target held before the purge ({} rows now, {} \
             then)",
            shape.name,
            found.iter().map(|one| one.rows).sum::<u64>(),
            purged.before.rows
        ));
    }
    Ok(())
}

fn take_over(report: &TablesReport, outcome: &mut Outcome) {
    let mut rows = 0_u64;
    let mut equal = 0_u64;
    for table in &report.tables {
        match table.verdict {
            Verdict::Equal => {
                equal += 1;
                rows += table.target.as_ref().map_or(0, |end| end.rows);
            }
            Verdict::Unverified => {
                outcome.unverified(format!("{} could not be compared", table.table));
            }
            Verdict::Different => {
                for finding in &table.findings {
                    outcome.find(format!("{}: {}", table.table, finding.message));
                }
                if table.findings.is_empty() {
                    outcome.find(format!("{} differs", table.table));
                }
            }
        }
    }
    if equal > 0 {
        outcome.checked(format!("{rows} rows of {equal} tables are the same at both ends"));
    }
    for finding in &report.findings {
        outcome.find(finding.message.clone());
    }
    for what in &report.not_checked {
        outcome.not_checked(what.clone());
    }
}
