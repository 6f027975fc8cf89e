//! A finished copy, run again: what changed at the source since.

use anyhow::{Context, Result};
use handover_cli_kit::progress::Progress;
use handover_engine::reader::{ReadMode, ReadOptions, Reader, is_read_by_key};
use handover_engine::rows::Wire;
use handover_engine::sqlite::Integrity;
use handover_schemas::chunk::KeyRange;
use handover_schemas::ledger::ChunkEntry;
use handover_schemas::plan::TableShape;
use handover_schemas::report::{Finding, FindingKind};
use handover_verify::tables::row_diff::{compare_keyed, compare_keyless};

use super::report::{CopyOutcome, CopyReport};
use super::source::Source;
use super::target::OpenedTarget;
use super::tell::{copied_tables, left_out_by_config, renamed_in, written_another_way};
use crate::ledger::{self, FrozenPlan};
use crate::target::shape_at_postgres;

/// Rows that are not the same at the source as in the target.
#[derive(Clone, Copy, Debug, Default)]
struct Changes {
    added: u64,
    changed: u64,
    removed: u64,
}

/// Reads the source's digests again and compares them with the ledger's.
pub(super) fn changes_since(
    source: &mut Source<'_>,
    mut target: OpenedTarget<'_>,
    plan: &FrozenPlan,
    options: &ReadOptions,
    integrity: Option<&Integrity>,
    progress: &Progress,
) -> Result<CopyReport> {
    let entries = ledger::chunks(target.store())?;
    let mut findings = ledger::findings(target.store())?;
    // What was copied from a damaged file stays so, whatever is at its place now.
    if findings.iter().all(|finding| finding.kind != FindingKind::FileDamaged) {
        findings.extend(integrity.and_then(|integrity| integrity.finding("source")));
    }
    let mut report = CopyReport {
        outcome: CopyOutcome::Unchanged,
        tables: copied_tables(plan, &entries),
        left_out: left_out_by_config(plan),
        vendor_code: None,
        renamed: renamed_in(plan),
        findings,
        compared: None,
    };
    if !report.findings.is_empty() {
        report.outcome = CopyOutcome::Incomplete;
    }
    let options = ReadOptions { wire: Wire::None, ..options.clone() };
    let expected = plan
        .tables
        .iter()
        .map(|(_, table)| (table.shape.name.to_string(), table.shape.estimated_rows));
    progress.begin("comparing the source with the finished copy", expected);
    let per_table: Vec<(&TableShape, Vec<ChunkEntry>)> = plan
        .tables
        .iter()
        .map(|(number, table)| {
            let of_table = entries.iter().filter(|entry| entry.id.table == *number);
            (&table.shape, of_table.cloned().collect())
        })
        .collect();
    for ((shape, entries), told) in per_table.iter().zip(&mut report.tables) {
        let changed = changed_chunks(source, shape, entries, &options, progress)?;
        if changed.is_empty() {
            continue;
        }
        let mut changes = Changes::default();
        for entry in changed {
            changes.add(count(source, &mut target, shape, &entry.range, &options)?);
        }
        told.findings.push(finding(shape, changes));
        report.outcome = CopyOutcome::Changed;
    }
    written_another_way(source, plan, &options, &mut report)?;
    Ok(report)
}

fn changed_chunks<'e>(
    source: &mut Source<'_>,
    shape: &TableShape,
    entries: &'e [ChunkEntry],
    options: &ReadOptions,
    progress: &Progress,
) -> Result<Vec<&'e ChunkEntry>> {
    let mut reader = reader(source);
    let mut changed = Vec::new();
    let groups: Vec<&[ChunkEntry]> = match ReadMode::of(shape, entries.len()) {
        ReadMode::WholeThenSort => vec![entries],
        ReadMode::Ranges | ReadMode::Keyless => entries.chunks(1).collect(),
    };
    let mut rows = 0;
    for group in groups {
        let ranges: Vec<KeyRange> = group.iter().map(|entry| entry.range.clone()).collect();
        let digests = reader.digests(shape, &ranges, options)?;
        for (entry, digest) in group.iter().zip(digests) {
            progress.advance(&shape.name.to_string(), digest.rows, digest.bytes);
            rows += digest.rows;
            if entry.digest != Some(digest) {
                changed.push(entry);
            }
        }
    }
    if is_read_by_key(shape, entries.len()) {
        reader.check_count(shape, rows)?;
    }
    Ok(changed)
}

fn reader<'s>(source: &'s mut Source<'_>) -> Reader<'s> {
    match source {
        Source::Postgres(_, holder) => Reader::Postgres(holder.session()),
        Source::Sqlite(_, connection) => Reader::Sqlite(connection),
    }
}

fn count(
    source: &mut Source<'_>,
    target: &mut OpenedTarget<'_>,
    shape: &TableShape,
    range: &KeyRange,
    options: &ReadOptions,
) -> Result<Changes> {
    let at_source = reader(source).lines(shape, range, options)?;
    let at_target = match target {
        OpenedTarget::Postgres(_, session) => {
            let mut shape = shape_at_postgres(shape);
            if let Some(key) = &mut shape.key {
                key.range_scan = false;
            }
            Reader::Postgres(session).lines(&shape, range, options)
        }
        OpenedTarget::Sqlite(_, connection) => {
            Reader::Sqlite(connection).lines(shape, range, options)
        }
    }
    .context("cannot read the target")?;
    let types: Vec<String> = shape.columns.iter().map(|column| column.type_name.clone()).collect();
    Ok(if let Some(key) = &shape.key {
        let diff = compare_keyed(&key.columns, &types, &at_source, &at_target);
        let mut keys: Vec<_> = diff.differing.iter().map(|row| &row.key).collect();
        keys.dedup();
        Changes {
            added: diff.missing.len() as u64,
            changed: keys.len() as u64,
            removed: (diff.extra.len() + diff.doubled.len()) as u64,
        }
    } else {
        let diff = compare_keyless(&types, &at_source, &at_target);
        Changes {
            added: diff.missing.count + diff.repeats_lost.count,
            changed: diff.differing.len() as u64,
            removed: diff.extra.count + diff.doubled.count,
        }
    })
}

impl Changes {
    fn add(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.removed += other.removed;
    }
}

fn finding(shape: &TableShape, changes: Changes) -> Finding {
    let Changes { added, changed, removed } = changes;
    Finding {
        count: Some(added + changed + removed),
        ..Finding::new(
            FindingKind::RowsDiffer,
            format!(
                "{}: the source has {added} new row(s), {changed} changed and {removed} removed \
                 since the copy was finished",
                shape.name
            ),
        )
    }
}
