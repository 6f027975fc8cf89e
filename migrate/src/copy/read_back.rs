//! Reading a SQLite target again: by several readers, while the writer keeps others from writing.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use handover_engine::reader::{ReadMode, Reader, is_read_by_key};
use handover_engine::sqlite::open_read_only;
use handover_schemas::chunk::KeyRange;
use handover_schemas::digest::LineDigest;
use handover_schemas::ledger::{ChunkEntry, ChunkState};
use rusqlite::Connection;

use super::board::ChunkJob;
use super::shared::Shared;
use super::worker::{check_target, rows_in, settle};
use crate::ledger;
use crate::target::sqlite::failed;

/// Reads every copied chunk again and records those that are as they were at the source.
pub(super) fn read_back_sqlite(
    shared: &Shared<'_>,
    target: &mut Connection,
    path: &Path,
    jobs: usize,
) -> Result<()> {
    let work = chunk_jobs(shared, &ledger::chunks(target)?);
    // Other programs may read from here on, and none may write.
    target.execute_batch("BEGIN IMMEDIATE").map_err(|error| failed(target, error))?;
    let read = read_all(shared, path, &work, jobs);
    let settled = read.and_then(|digests| {
        for (job, digests) in work.iter().zip(digests) {
            let shape = shared.shape(job.table)?;
            for (entry, digest) in job.entries.iter().zip(&digests) {
                settle(target, shape, entry, digest)?;
            }
        }
        check_counts(shared, target)
    });
    let end = if settled.is_ok() { "COMMIT" } else { "ROLLBACK" };
    target.execute_batch(end).map_err(|error| failed(target, error))?;
    settled
}

/// Holds what was read back in ranges against a count of the whole.
fn check_counts(shared: &Shared<'_>, target: &mut Connection) -> Result<()> {
    let entries = ledger::chunks(target)?;
    for (table, plan) in &shared.plan.tables {
        let of_table: Vec<ChunkEntry> =
            entries.iter().filter(|entry| entry.id.table == *table).cloned().collect();
        let is_whole = of_table.iter().all(|entry| entry.state == ChunkState::ReadBack);
        if is_whole && is_read_by_key(&plan.shape, of_table.len()) {
            check_target(&mut Reader::Sqlite(target), &plan.shape, rows_in(&of_table))?;
        }
    }
    Ok(())
}

fn chunk_jobs(shared: &Shared<'_>, entries: &[ChunkEntry]) -> Vec<ChunkJob> {
    let mut jobs: Vec<ChunkJob> = Vec::new();
    for (table, plan) in &shared.plan.tables {
        let of_table: Vec<ChunkEntry> =
            entries.iter().filter(|entry| entry.id.table == *table).cloned().collect();
        let is_open = |entry: &ChunkEntry| entry.state == ChunkState::Copied;
        if of_table.iter().any(|entry| entry.state == ChunkState::Planned) {
            continue;
        }
        match ReadMode::of(&plan.shape, of_table.len()) {
            ReadMode::Ranges | ReadMode::Keyless => jobs.extend(
                of_table
                    .into_iter()
                    .filter(is_open)
                    .map(|entry| ChunkJob { table: *table, entries: vec![entry] }),
            ),
            ReadMode::WholeThenSort if of_table.iter().any(is_open) => {
                jobs.push(ChunkJob { table: *table, entries: of_table });
            }
            ReadMode::WholeThenSort => {}
        }
    }
    jobs
}

fn read_all(
    shared: &Shared<'_>,
    path: &Path,
    work: &[ChunkJob],
    jobs: usize,
) -> Result<Vec<Vec<LineDigest>>> {
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<(usize, Vec<LineDigest>)>> = Mutex::default();
    let read = || -> Result<()> {
        let connection = open_read_only(path)?;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = work.get(index) else { return Ok(()) };
            let shape = shared.shape(job.table)?;
            let ranges: Vec<KeyRange> =
                job.entries.iter().map(|entry| entry.range.clone()).collect();
            let digests = Reader::Sqlite(&connection).digests(shape, &ranges, &shared.options)?;
            for digest in &digests {
                shared.progress.advance(&shape.name.to_string(), digest.rows, digest.bytes);
            }
            found.lock().unwrap_or_else(PoisonError::into_inner).push((index, digests));
        }
    };
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..jobs.min(work.len())).map(|_| scope.spawn(read)).collect();
        readers.into_iter().try_for_each(|reader| {
            reader.join().unwrap_or_else(|_panic| anyhow::bail!("a reader panicked"))
        })
    })
    .context("cannot read the target back")?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(index, _)| *index);
    Ok(found.into_iter().map(|(_, digests)| digests).collect())
}
