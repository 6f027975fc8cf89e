//! The roots that are attested: of every table that was read back, over the chunks of FORMAT.md section 8, whatever
//! chunks it was copied in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::postgres;
use handover_engine::reader::{End, LARGE_ROW_BYTES, ReadOptions};
use handover_engine::sqlite::values::TextLimit;
use handover_engine::table_root::{OtherRows, RootedTable, TableRoot, at_end};
use handover_schemas::leaf::logical_name;
use handover_schemas::ledger::{ChunkEntry, ChunkState};
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use handover_schemas::report::{Finding, FindingKind};
use handover_verify::ledger::open;

use super::CopyRequest;
use super::failure::{Severity, WorkerPanicked, severity};
use super::target::OpenedTarget;
use crate::ledger::{self, FrozenPlan};

/// A table without a root yet.
struct Rootless<'a> {
    number: i64,
    shape: &'a TableShape,
    entries: Vec<ChunkEntry>,
}

/// What became of tables without a root.
#[derive(Default)]
struct Found {
    roots: Vec<(i64, TableRoot)>,
    findings: Vec<Finding>,
}

/// Records the roots of tables that were read back and have none yet. To be called once the structure is begun: rows
/// and chunks of such tables stay as they are from then on. A finding for each table whose rows are others by now.
pub(super) fn record_missing(
    request: &CopyRequest,
    plan: &FrozenPlan,
    target: &mut OpenedTarget<'_>,
    options: &ReadOptions,
    (interrupt, progress): (&Interrupt, &Progress),
) -> Result<Vec<Finding>> {
    let mut found = Found::default();
    let mut to_read = Vec::new();
    for table in without_root(plan, target)? {
        match TableRoot::of_one_chunk(table.shape, &table.entries) {
            Some(root) => found.roots.push((table.number, root)),
            None => to_read.push(table),
        }
    }
    if !to_read.is_empty() {
        progress.phase(&format!("making the roots of {} tables", to_read.len()));
        let options = ReadOptions { text_limit: TextLimit::None, ..options.clone() };
        let read = read(request, &to_read, &options, interrupt)?;
        found.roots.extend(read.roots);
        found.findings.extend(read.findings);
    }
    ledger::record_roots(target.store(), &found.roots)?;
    Ok(found.findings)
}

fn without_root<'p>(
    plan: &'p FrozenPlan,
    target: &mut OpenedTarget<'_>,
) -> Result<Vec<Rootless<'p>>> {
    let known = ledger::roots(target.store())?;
    let mut by_table: BTreeMap<i64, Vec<ChunkEntry>> = BTreeMap::new();
    for entry in ledger::chunks(target.store())? {
        by_table.entry(entry.id.table).or_default().push(entry);
    }
    let tables = plan.tables.iter().filter_map(|(number, table)| {
        let entries = by_table.remove(number)?;
        let is_read_back = entries.iter().all(|entry| entry.state == ChunkState::ReadBack);
        let is_wanted = is_read_back && !known.contains_key(number);
        is_wanted.then_some(Rootless { number: *number, shape: &table.shape, entries })
    });
    Ok(tables.collect())
}

/// Reads the target by several readers, a table each.
fn read(
    request: &CopyRequest,
    tables: &[Rootless<'_>],
    options: &ReadOptions,
    interrupt: &Interrupt,
) -> Result<Found> {
    let described = described(&mut open(&request.target, interrupt)?)?;
    let (next, large_rows) = (AtomicUsize::new(0), Mutex::new(()));
    let found = Mutex::new(Found::default());
    let work = || -> Result<()> {
        let mut end = open(&request.target, interrupt)?;
        while let Some(table) = tables.get(next.fetch_add(1, Ordering::Relaxed)) {
            let large = table.shape.largest_row > LARGE_ROW_BYTES;
            let alone = large.then(|| large_rows.lock().unwrap_or_else(PoisonError::into_inner));
            let root = table.root(&mut end, &described, options);
            drop(alone);
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            match root {
                Ok(root) => found.roots.push((table.number, root)),
                Err(error) if is_about_one_table(&error) => {
                    found.findings.push(table.finding(&error));
                    // A statement that was refused ends the session's moment.
                    end = open(&request.target, interrupt)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let readers = request.jobs.min(tables.len());
        let readers: Vec<_> = (0..readers).map(|_| scope.spawn(work)).collect();
        readers
            .into_iter()
            .try_for_each(|one| one.join().unwrap_or_else(|_panic| Err(WorkerPanicked.into())))
    })?;
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Tables of a PostgreSQL target by their logical names: which indexes they have decides how they are read. A file of
/// SQLite is read as its copy was.
fn described(end: &mut End) -> Result<BTreeMap<TableName, TableShape>> {
    let tables = match end {
        End::Postgres(session) => postgres::describe(session)?.tables,
        End::Sqlite(_) => Vec::new(),
    };
    Ok(tables.into_iter().map(|shape| (logical_name(&shape.name), shape)).collect())
}

impl Rootless<'_> {
    fn root(
        &self,
        end: &mut End,
        described: &BTreeMap<TableName, TableShape>,
        options: &ReadOptions,
    ) -> Result<TableRoot> {
        let at_target = self.shape.under_target_names();
        let here = match (&*end, described.get(&logical_name(&at_target.name))) {
            (End::Sqlite(_), _) => at_target,
            (End::Postgres(_), Some(described)) => at_end(&at_target, described),
            (End::Postgres(_), None) => return Err(self.other_rows().into()),
        };
        let rooted = RootedTable { here: &here, planned: self.shape };
        rooted.read_back(&mut end.reader(), &self.entries, options)
    }

    fn other_rows(&self) -> OtherRows {
        OtherRows { table: self.shape.name.to_string() }
    }

    fn finding(&self, error: &anyhow::Error) -> Finding {
        let (kind, since) = if error.is::<OtherRows>() {
            (FindingKind::RowsDiffer, "something changed them since they were read back")
        } else {
            (FindingKind::TableUnreadable, "it has no root that could be attested")
        };
        let object = Some(self.shape.name.to_string());
        Finding { object, ..Finding::new(kind, format!("{error:#}; {since}")) }
    }
}

fn is_about_one_table(error: &anyhow::Error) -> bool {
    error.is::<OtherRows>() || severity(error) == Severity::Table
}
