//! The one reader of a SQLite source: sends every chunk's rows to the writers in blocks.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::mpsc::{self, Receiver, Sender};

use anyhow::Result;
use handover_engine::chunking::Chunks;
use handover_engine::reader::{ChunkVisitor, Reader, is_read_by_key};
use handover_engine::rows::{RowStream, Wire};
use handover_schemas::chunk::KeyRange;
use handover_schemas::ledger::{ChunkEntry, ChunkId, ChunkState};
use handover_schemas::plan::TableShape;
use rusqlite::Connection;

use super::board::{Block, ChunkJob, Unit, WriteJob};
use super::failure::{Severity, severity};
use super::shared::Shared;
use super::worker::{Action, decide, fill_keyless, fill_ordered};
use crate::target::Filled;

/// Rows are gathered until this many bytes are together.
const BLOCK_BYTES: usize = 256 * 1024;

/// Reads all jobs in order and puts what is to be written on the board.
pub(super) fn feed(shared: &Shared<'_>, source: &Connection, jobs: &[ChunkJob]) {
    let mut counted = BTreeSet::new();
    for job in jobs {
        if shared.board.is_over() {
            break;
        }
        if shared.board.is_stopped(job.table) {
            continue;
        }
        let fed = if counted.insert(job.table) {
            count(shared, source, job.table).and_then(|()| feed_job(shared, source, job))
        } else {
            feed_job(shared, source, job)
        };
        let Err(error) = fed else { continue };
        match severity(&error) {
            Severity::Everything => shared.board.fail(error),
            Severity::Table => {
                shared.board.stop_table(job.table);
                shared.stop_table(job.table, &error);
            }
        }
    }
    shared.board.feeding_done();
}

/// Counts a table that is read in ranges, before its last chunk is written.
fn count(shared: &Shared<'_>, source: &Connection, table: i64) -> Result<()> {
    let plan = shared.plan.table(table)?;
    if is_read_by_key(&plan.shape, plan.boundaries.len() + 1) {
        let rows = Reader::Sqlite(source).count(&plan.shape)?;
        shared.counted.lock().unwrap_or_else(PoisonError::into_inner).insert(table, rows);
    }
    Ok(())
}

fn feed_job(shared: &Shared<'_>, source: &Connection, job: &ChunkJob) -> Result<()> {
    let shape = shared.shape(job.table)?;
    let mut reader = Reader::Sqlite(source);
    let ranges: Vec<KeyRange> = job.entries.iter().map(|entry| entry.range.clone()).collect();
    let actions = decide(shared, &mut reader, shape, &job.entries, &ranges)?;
    if actions.iter().all(|action| *action == Action::Keep) {
        shared.board.add(Unit::Kept(ChunkJob { table: job.table, entries: job.entries.clone() }));
        return Ok(());
    }
    let mut feeding = Feeding { shared, shape, job, actions: &actions };
    reader.read(shape, &ranges, shared.options.chunk_bytes, &shared.options, &mut feeding)
}

/// Sends the chunks of one reading.
struct Feeding<'a> {
    shared: &'a Shared<'a>,
    shape: &'a TableShape,
    job: &'a ChunkJob,
    actions: &'a [Action],
}

impl ChunkVisitor for Feeding<'_> {
    fn visit<R: RowStream>(&mut self, mut chunks: Chunks<'_, R>) -> Result<()> {
        for (entry, action) in self.job.entries.iter().zip(self.actions) {
            match action {
                Action::Keep => {
                    chunks.set_limit(u64::MAX);
                    chunks.next_chunk(|_row| Ok(()))?;
                    let entries = vec![entry.clone()];
                    self.shared.board.add(Unit::Kept(ChunkJob { table: self.job.table, entries }));
                }
                Action::Copy => {
                    chunks.set_limit(self.shared.options.chunk_bytes);
                    self.send_parts(&mut chunks, entry)?;
                }
                Action::Replace => {
                    chunks.set_limit(u64::MAX);
                    self.send(&mut chunks, entry, true)?;
                }
            }
        }
        Ok(())
    }
}

impl Feeding<'_> {
    /// Sends a planned range in as many parts as the limit makes of it.
    fn send_parts<R: RowStream>(
        &self,
        chunks: &mut Chunks<'_, R>,
        planned: &ChunkEntry,
    ) -> Result<()> {
        let mut entry = planned.clone();
        loop {
            let (filled, committed) = self.send(chunks, &entry, false)?;
            if filled.range.upper == entry.range.upper {
                return Ok(());
            }
            // The next part's entry is made by the transaction that writes this one.
            if committed.recv().is_err() {
                return Ok(());
            }
            entry = ChunkEntry {
                id: ChunkId { part: entry.id.part + 1, ..entry.id },
                range: KeyRange { lower: filled.range.upper, upper: planned.range.upper.clone() },
                state: ChunkState::Planned,
                digest: None,
                snapshot: None,
            };
        }
    }

    fn send<R: RowStream>(
        &self,
        chunks: &mut Chunks<'_, R>,
        entry: &ChunkEntry,
        replace: bool,
    ) -> Result<(Filled, Receiver<()>)> {
        let board = &self.shared.board;
        let (blocks, receiver) = mpsc::channel();
        let (committed, told) = mpsc::channel();
        board.add(Unit::Write(WriteJob {
            table: self.job.table,
            entry: entry.clone(),
            replace,
            blocks: receiver,
            committed,
        }));
        let mut block = Vec::with_capacity(BLOCK_BYTES * 2);
        // A writer of a file needs its rows whole; to a server they are a stream.
        let at_once = match self.shared.options.wire {
            Wire::SqliteValues => usize::MAX,
            Wire::Copy | Wire::None => BLOCK_BYTES,
        };
        let mut gather = |rows: &[u8]| {
            for piece in rows.chunks(at_once) {
                block.extend_from_slice(piece);
                self.shared.rate.spend(piece.len() as u64)?;
                if block.len() >= BLOCK_BYTES {
                    let next = Vec::with_capacity(BLOCK_BYTES * 2);
                    self.hand_over(&blocks, std::mem::replace(&mut block, next))?;
                }
            }
            Ok(())
        };
        let filled = if self.shape.key.is_none() {
            fill_keyless(chunks, &self.shared.options.spill_dir, &mut gather)?
        } else {
            fill_ordered(chunks, &mut gather)?
        };
        self.hand_over(&blocks, block)?;
        blocks.send(Block::End(filled.clone())).map_err(|_unsent| WriterGone)?;
        Ok((filled, told))
    }

    fn hand_over(&self, blocks: &Sender<Block>, block: Vec<u8>) -> Result<()> {
        if self.shared.board.is_over() || self.shared.board.is_stopped(self.job.table) {
            return Err(WriterGone.into());
        }
        let rows = self.shared.gate.enter(block, &self.shared.options.interrupt)?;
        blocks.send(Block::Rows(rows)).map_err(|_unsent| WriterGone.into())
    }
}

/// The writer of a chunk stopped; its own error says why.
#[derive(Debug, thiserror::Error)]
#[error("the writer of a chunk stopped")]
pub(super) struct WriterGone;
