//! What people are told: on the way, and at the end.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use handover_cli_kit::findings::{FindingsFile, KeyLine};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::progress::Progress;
use handover_engine::reader::ReadOptions;
use handover_engine::rename::renamed;
use handover_engine::sqlite;
use handover_schemas::chunk::KeyValue;
use handover_schemas::config::CONFIG_FILE;
use handover_schemas::ledger::{ChunkEntry, ChunkState, LeftOutBy};
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use handover_schemas::report::{Finding, FindingKind, LeftOut, Renamed};
use handover_schemas::sqlite_form::Form;

use super::board::ChunkJob;
use super::report::{CopiedTable, CopyOutcome, CopyReport};
use super::shared::{Shared, StoppedTable};
use super::source::Source;
use super::structure::Structure;
use super::vendor_code::VendorCode;
use crate::ledger::{self, Store};
use crate::target::shape_at_postgres;

/// Says that an earlier run is continued, if there was one.
pub(super) fn resumed(store: &mut dyn Store, progress: &Progress) -> Result<()> {
    let (runs, _) = ledger::runs(store)?;
    if runs > 1 {
        let entries = ledger::chunks(store)?;
        let kept = entries.iter().filter(|entry| entry.state != ChunkState::Planned).count();
        progress.note(&format!(
            "resuming: {kept} of {} chunks are in the target already; those copied at an older \
             moment are compared with the source again",
            entries.len()
        ));
    }
    Ok(())
}

/// The rows expected in each table.
pub(super) fn expected(shared: &Shared<'_>) -> Vec<(String, u64)> {
    let shapes = shared.plan.tables.iter().map(|(_, table)| &table.shape);
    shapes.map(|shape| (shape.name.to_string(), shape.estimated_rows)).collect()
}

/// Says what is about to be copied.
pub(super) fn begin_rows(shared: &Shared<'_>, jobs: &[ChunkJob]) {
    let open: usize = jobs
        .iter()
        .flat_map(|job| &job.entries)
        .filter(|entry| entry.state == ChunkState::Planned)
        .count();
    let read_back_too = if shared.board.is_feeding() { 1 } else { 2 };
    let expected = expected(shared).into_iter().map(|(name, rows)| (name, rows * read_back_too));
    let stage = if read_back_too == 2 { "copying and reading back" } else { "copying" };
    shared.progress.begin(stage, expected);
    shared.progress.note(&format!("copying {open} chunks"));
}

/// The report, from the ledger.
pub(super) fn report(
    shared: &Shared<'_>,
    store: &mut dyn Store,
    structure: &Structure,
) -> Result<CopyReport> {
    let entries = ledger::chunks(store)?;
    let mut findings = left_out_by_source(shared.plan);
    findings.extend(not_carried(structure));
    findings.extend(structure.findings.iter().cloned());
    for table in shared.tables_without_key() {
        findings.push(without_key(shared.shape(table.table)?, &table.reason));
    }
    Ok(CopyReport {
        outcome: CopyOutcome::Copied,
        tables: copied_tables(shared.plan, &entries),
        left_out: left_out_by_config(shared.plan),
        vendor_code: None,
        renamed: renamed_in(shared.plan),
        findings,
        compared: None,
    })
}

/// The report of a run that makes nothing: what will not be as it is at the source, and what has to be read.
pub(super) fn planned(
    plan: &ledger::FrozenPlan,
    structure: &Structure,
    vendor_code: &VendorCode,
) -> CopyReport {
    let mut findings = left_out_by_source(plan);
    findings.extend(not_carried(structure));
    findings.extend(structure.findings.iter().cloned());
    CopyReport {
        outcome: CopyOutcome::Planned,
        tables: copied_tables(plan, &[]),
        left_out: left_out_by_config(plan),
        vendor_code: vendor_code.to_read(),
        renamed: renamed_in(plan),
        findings,
        compared: None,
    }
}

fn not_carried(structure: &Structure) -> impl Iterator<Item = Finding> {
    structure.not_carried.iter().map(|(object, reason)| Finding {
        object: Some(object.clone()),
        ..Finding::new(
            FindingKind::ObjectMissing,
            format!("{object} is not carried over: {reason}; make it by hand"),
        )
    })
}

/// What the target refused, in the order in which it was to be made. Tables of the plan among it are
/// stopped, and told as such.
pub(super) fn refused(
    store: &mut dyn Store,
    structure: &Structure,
    plan: &ledger::FrozenPlan,
    not_made: &BTreeMap<i64, String>,
) -> Result<Vec<Finding>> {
    let mut refused: BTreeMap<String, Finding> = ledger::refused(store)?.into_iter().collect();
    let stopped: BTreeSet<TableName> = plan
        .tables
        .iter()
        .filter(|(number, _)| not_made.contains_key(number))
        .map(|(_, table)| shape_at_postgres(&table.shape).name)
        .collect();
    let mut findings = Vec::new();
    for entry in structure.before.iter().chain(&structure.after) {
        let is_told = entry.table.as_ref().is_some_and(|table| stopped.contains(table));
        let finding = refused.remove(&entry.step);
        findings.extend(finding.filter(|_| !is_told));
    }
    findings.extend(refused.into_values());
    Ok(findings)
}

/// How far each table of the plan has come.
pub(crate) fn copied_tables(plan: &ledger::FrozenPlan, entries: &[ChunkEntry]) -> Vec<CopiedTable> {
    let mut by_table: BTreeMap<i64, Vec<&ChunkEntry>> = BTreeMap::new();
    for entry in entries {
        by_table.entry(entry.id.table).or_default().push(entry);
    }
    plan.tables
        .iter()
        .map(|(number, table)| {
            let entries = by_table.remove(number).unwrap_or_default();
            let in_state = |wanted: &dyn Fn(ChunkState) -> bool| {
                entries.iter().filter(|entry| wanted(entry.state)).count() as u64
            };
            let digests = || entries.iter().filter_map(|entry| entry.digest);
            CopiedTable {
                table: table.shape.name.to_string(),
                chunks: entries.len() as u64,
                copied: in_state(&|state| state != ChunkState::Planned),
                read_back: in_state(&|state| state == ChunkState::ReadBack),
                rows: digests().map(|digest| digest.rows).sum(),
                bytes: digests().map(|digest| digest.bytes).sum(),
                written_another_way: Vec::new(),
                findings: Vec::new(),
            }
        })
        .collect()
}

/// Adds a finding for every table that stopped. For values that do not fit, the source is asked
/// for all such rows; their keys go into the findings file.
pub(super) fn stopped_tables(
    shared: &Shared<'_>,
    source: Option<&Source<'_>>,
    dir: &HandoverDir,
    show_keys: bool,
    report: &mut CopyReport,
) -> Result<()> {
    let mut file = FindingsFile::new(dir, "findings/copy.jsonl");
    for stopped in shared.stopped_tables() {
        let shape = shared.shape(stopped.table)?;
        let finding = match source {
            Some(Source::Sqlite(_, connection)) if stopped.is_misfit => {
                misfits(shared, connection, shape, &mut file, show_keys)?
            }
            _ => Finding::new(FindingKind::TableUnreadable, not_finished(shape, &stopped)),
        };
        let name = shape.name.to_string();
        if let Some(table) = report.tables.iter_mut().find(|table| table.table == name) {
            table.findings.push(finding);
        }
    }
    file.finish()
}

fn without_key(shape: &TableShape, reason: &str) -> Finding {
    let name = shape.key.as_ref().map_or_else(String::new, |key| key.name.clone());
    Finding {
        object: Some(name.clone()),
        ..Finding::new(
            FindingKind::ObjectMissing,
            format!(
                "the key {name} of {} has no index: {reason}; its rows are there, and were read back",
                shape.name
            ),
        )
    }
}

/// Adds what the source writes another way, of the tables that were copied.
pub(super) fn written_another_way(
    source: &Source<'_>,
    plan: &ledger::FrozenPlan,
    options: &ReadOptions,
    report: &mut CopyReport,
) -> Result<()> {
    let Source::Sqlite(_, connection) = source else { return Ok(()) };
    for (_, table) in &plan.tables {
        let shape = &table.shape;
        let is_exact = shape.columns.iter().any(|column| column.form == Form::Exact);
        if is_exact || !options.respelled.has(&shape.name) {
            continue;
        }
        let name = shape.name.to_string();
        if let Some(told) = report.tables.iter_mut().find(|table| table.table == name) {
            told.written_another_way =
                sqlite::written_another_way(connection, shape, &options.interrupt)?;
        }
    }
    Ok(())
}

fn not_finished(shape: &TableShape, stopped: &StoppedTable) -> String {
    let then = if stopped.is_for_good {
        "its keys and what reads its rows are not made either; correct the values at the source, or \
         leave the table out in handover.toml"
    } else {
        "run the same command again once this is put right"
    };
    format!("{} stopped: {}; the other tables went on; {then}", shape.name, stopped.reason)
}

fn misfits(
    shared: &Shared<'_>,
    connection: &rusqlite::Connection,
    shape: &TableShape,
    file: &mut FindingsFile<'_>,
    show_keys: bool,
) -> Result<Finding> {
    let options = &shared.options;
    let found = sqlite::misfits(connection, shape, options.text_limit, &options.interrupt)?;
    let mut reasons: Vec<String> = found.first.iter().map(ToString::to_string).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let mut columns: Vec<String> = found.first.iter().map(|m| m.column.clone()).collect();
    columns.sort_unstable();
    columns.dedup();
    for misfit in &found.first {
        file.add(&KeyLine {
            table: shape.name.to_string(),
            kind: FindingKind::ValueDoesNotFit,
            column: Some(misfit.column.clone()),
            reason: Some(misfit.unfit.reason.to_owned()),
            key: misfit.key.clone(),
        });
    }
    let mut keys: Vec<KeyValue> = found.first.iter().filter_map(|m| m.key.clone()).collect();
    keys.dedup();
    keys.truncate(20);
    let may_show = show_keys || !handover_cli_kit::findings::key_holds_text(shape);
    Ok(Finding {
        count: Some(found.rows),
        columns,
        keys: (may_show && !keys.is_empty()).then_some(keys),
        keys_in: Some(file.place()),
        ..Finding::new(
            FindingKind::ValueDoesNotFit,
            format!(
                "{} stopped: {} row(s) hold values that the target's types would not give back \
                 ({}); correct them at the source, or choose another type with --map-type or \
                 [[map_type]] in {CONFIG_FILE} and an empty target ('text, as stored' takes every \
                 value); their keys are in {}",
                shape.name,
                found.rows,
                reasons.join("; "),
                file.place()
            ),
        )
    })
}

/// Judges the whole report.
pub(super) fn set_outcome(report: &mut CopyReport) {
    let complete = report.tables.iter().all(|table| table.read_back == table.chunks);
    report.outcome = if complete && !report.has_findings() {
        CopyOutcome::Copied
    } else {
        CopyOutcome::Incomplete
    };
}

/// Tables that the config leaves out, which is no finding.
pub(super) fn left_out_by_config(plan: &ledger::FrozenPlan) -> Vec<LeftOut> {
    plan.left_out_by(LeftOutBy::Config)
        .map(|table| LeftOut { table: table.name.to_string(), reason: table.reason.clone() })
        .collect()
}

/// What has another name in the target.
pub(super) fn renamed_in(plan: &ledger::FrozenPlan) -> Vec<Renamed> {
    let shapes = plan.tables.iter().map(|(_, table)| table.shape.clone());
    renamed(&shapes.collect::<Vec<_>>())
}

/// Says, before anything is made, what will not be as it is at the source.
pub(super) fn before_anything_is_made(
    plan: &ledger::FrozenPlan,
    structure: &Structure,
    progress: &Progress,
) {
    for table in plan.left_out_by(LeftOutBy::Source) {
        progress.note(&format!("{} will not be copied: {}", table.name, table.reason));
    }
    for (object, reason) in &structure.not_carried {
        progress.note(&format!("{object} will not be carried over: {reason}"));
    }
    for name in renamed_in(plan) {
        progress.note(&format!("{} will be called {}", name.source, name.target));
    }
    for note in &structure.notes {
        progress.note(note);
    }
}

/// A finding for every table that the source cannot give.
fn left_out_by_source(plan: &ledger::FrozenPlan) -> Vec<Finding> {
    plan.left_out_by(LeftOutBy::Source)
        .map(|table| Finding {
            object: Some(table.name.to_string()),
            object_kind: Some("table".to_owned()),
            ..Finding::new(
                FindingKind::TableUnreadable,
                format!("{} is not copied: {}", table.name, table.reason),
            )
        })
        .collect()
}
