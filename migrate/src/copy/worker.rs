//! One worker: takes pieces of work off the board and does them on its own connections.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::PoisonError;

use anyhow::{Context, Result};
use handover_engine::chunking::Chunks;
use handover_engine::postgres::{self, Session};
use handover_engine::reader::{
    ChunkVisitor, End, LARGE_ROW_BYTES, ReadMode, Reader, RowsBesideRanges, is_read_by_key,
};
use handover_engine::rows::RowStream;
use handover_engine::sorted_rows::LineSorter;
use handover_schemas::chunk::KeyRange;
use handover_schemas::digest::{LineDigest, LineHasher};
use handover_schemas::ledger::{ChunkEntry, ChunkState};
use handover_schemas::plan::TableShape;

use super::board::{Block, ChunkJob, Unit, WriteJob};
use super::failure::{
    ChangedAtSource, ReadBackDiffers, ReaderGone, Severity, TargetCountDiffers, is_beyond_limits,
    severity,
};
use super::shared::Shared;
use crate::ledger::{self, Store};
use crate::target::postgres::{KeyIndex, pinned_again};
use crate::target::{ChunkWrite, Filled, Target, shape_at_postgres};

/// Opens a session on the source, in the run's snapshot.
pub(super) type OpenSource<'a> = dyn Fn() -> Result<End> + Sync + 'a;
/// Opens a session on the target.
pub(super) type OpenTarget<'a> = dyn Fn() -> Result<Target> + Sync + 'a;

/// A worker with its connections, opened when first needed.
pub(super) struct Worker<'a> {
    shared: &'a Shared<'a>,
    open_source: &'a OpenSource<'a>,
    open_target: &'a OpenTarget<'a>,
    keys: &'a BTreeMap<i64, KeyIndex>,
    source: Option<End>,
    target: Option<Target>,
}

impl<'a> Worker<'a> {
    /// A worker without connections.
    pub(super) fn new(
        shared: &'a Shared<'a>,
        open_source: &'a OpenSource<'a>,
        open_target: &'a OpenTarget<'a>,
        keys: &'a BTreeMap<i64, KeyIndex>,
    ) -> Self {
        Self { shared, open_source, open_target, keys, source: None, target: None }
    }

    /// Works until there is nothing left.
    pub(super) fn run(&mut self) {
        while let Some(unit) = self.shared.board.take() {
            let table = unit.table();
            let done = self.do_unit(unit);
            self.drop_broken_sessions();
            let follow_up = match done {
                Ok(follow_up) => follow_up,
                Err(error) => {
                    self.fail(table, error);
                    Vec::new()
                }
            };
            self.shared.board.done(follow_up);
            if self.shared.board.is_source_done() {
                // A reader that stays open would hold the source's snapshot.
                self.source = None;
            }
        }
    }

    fn fail(&self, table: i64, error: anyhow::Error) {
        match severity(&error) {
            Severity::Everything => self.shared.board.fail(error),
            Severity::Table => {
                if !self.shared.board.is_stopped(table) {
                    self.shared.board.stop_table(table);
                    self.shared.stop_table(table, &error);
                }
            }
        }
    }

    fn do_unit(&mut self, unit: Unit) -> Result<Vec<Unit>> {
        match unit {
            Unit::Copy(job) => {
                self.copy(&job)?;
                self.after_copy(job.table, job.entries.len())
            }
            Unit::Write(job) => {
                let table = job.table;
                if self.write(&job)? {
                    self.shared.board.expect_more(table);
                }
                self.after_copy(table, 1)
            }
            Unit::Kept(job) => {
                self.keep(&job.entries)?;
                self.after_copy(job.table, job.entries.len())
            }
            Unit::BuildKey(table) => {
                self.build_key(table)?;
                self.read_back_units(table, &is_not_read_back)
            }
            Unit::ReadAgain(table) => self.read_back_units(table, &|_any| true),
            Unit::ReadBack(job) => {
                self.read_back(&job)?;
                Ok(Vec::new())
            }
            Unit::CountTarget(table) => {
                self.count_target(table)?;
                Ok(Vec::new())
            }
        }
    }

    fn drop_broken_sessions(&mut self) {
        if let Some(End::Postgres(session)) = &self.source
            && !session.is_usable()
        {
            self.source = None;
        }
        if let Some(Target::Postgres(session)) = &self.target
            && !session.is_usable()
        {
            self.target = None;
        }
    }

    fn connections(&mut self) -> Result<(Reader<'_>, &mut Target)> {
        if self.source.is_none() {
            self.source = Some((self.open_source)()?);
        }
        if self.target.is_none() {
            self.target = Some((self.open_target)()?);
        }
        match (&mut self.source, &mut self.target) {
            (Some(source), Some(target)) => Ok((source.reader(), target)),
            _ => anyhow::bail!("a connection is missing"),
        }
    }

    fn target(&mut self) -> Result<&mut Target> {
        if self.target.is_none() {
            self.target = Some((self.open_target)()?);
        }
        self.target.as_mut().context("a connection is missing")
    }

    fn copy(&mut self, job: &ChunkJob) -> Result<()> {
        let shared = self.shared;
        let shape = shared.shape(job.table)?;
        let _alone = (shape.largest_row > LARGE_ROW_BYTES).then(|| shared.board.large_rows());
        let (mut source, target) = self.connections()?;
        let ranges: Vec<KeyRange> = job.entries.iter().map(|entry| entry.range.clone()).collect();
        let actions = decide(shared, &mut source, shape, &job.entries, &ranges)?;
        for (entry, action) in job.entries.iter().zip(&actions) {
            if *action == Action::Keep {
                keep(target.store(), entry, shared)?;
            }
        }
        if actions.iter().all(|action| *action == Action::Keep) {
            return Ok(());
        }
        let mut copying =
            Copying { shared, target, shape, entries: &job.entries, actions: &actions };
        source.read(shape, &ranges, shared.options.chunk_bytes, &shared.options, &mut copying)
    }

    fn keep(&mut self, entries: &[ChunkEntry]) -> Result<()> {
        let shared = self.shared;
        let target = self.target()?;
        entries.iter().try_for_each(|entry| keep(target.store(), entry, shared))
    }

    /// Writes one chunk whose rows a SQLite reader sends; whether a further part follows it.
    fn write(&mut self, job: &WriteJob) -> Result<bool> {
        let shared = self.shared;
        let shape = shared.shape(job.table)?;
        let target = self.target()?;
        let write = ChunkWrite {
            shape,
            entry: &job.entry,
            replace: job.replace,
            snapshot: &shared.snapshot,
            spill_dir: &shared.options.spill_dir,
            settings: &shared.settings,
            owner: &shared.owner,
        };
        let mut sent = None;
        let rest = target.write_chunk(write, &mut |send| loop {
            match job.blocks.recv() {
                Ok(Block::Rows(block)) => send(&block.rows)?,
                Ok(Block::End(filled)) => {
                    sent = Some(filled.clone());
                    return Ok(filled);
                }
                Err(_reader_gone) => return Err(ReaderGone.into()),
            }
        })?;
        shared.copied(shape, &job.entry, sent.as_ref(), rest.as_ref());
        // A reader that is gone does not wait for this.
        let _reader_waits = job.committed.send(()).is_ok();
        Ok(rest.is_some())
    }

    fn after_copy(&mut self, table: i64, chunks: usize) -> Result<Vec<Unit>> {
        if !self.shared.board.is_table_complete(table, chunks) {
            return Ok(Vec::new());
        }
        self.count_source(table)?;
        let Target::Postgres(_) = self.target()? else {
            // A SQLite target is read back by its own readers, after the last write.
            return Ok(Vec::new());
        };
        if self.keys.contains_key(&table) {
            return Ok(vec![Unit::BuildKey(table)]);
        }
        self.read_back_units(table, &is_not_read_back)
    }

    /// Holds what was copied of a table in ranges of its key against a count of the whole.
    fn count_source(&mut self, table: i64) -> Result<()> {
        let shared = self.shared;
        let shape = shared.shape(table)?;
        let entries = ledger::chunks_of(self.target()?.store(), table)?;
        if !is_read_by_key(shape, entries.len()) {
            return Ok(());
        }
        let by_key = rows_in(&entries);
        if let Some(source) = &mut self.source {
            return source.reader().check_count(shape, by_key);
        }
        // Of a SQLite source, its one reader counted.
        let counted = shared.counted.lock().unwrap_or_else(PoisonError::into_inner);
        match counted.get(&table) {
            Some(counted) if *counted != by_key => {
                Err(RowsBesideRanges::of(shape, by_key, *counted).into())
            }
            _ => Ok(()),
        }
    }

    /// Holds the ranges that are read back against a count of what the target has.
    fn count_target(&mut self, table: i64) -> Result<()> {
        let shape = self.shared.shape(table)?;
        let has_index = self.keys.contains_key(&table);
        let target = self.target()?;
        let copied = rows_in(&ledger::chunks_of(target.store(), table)?);
        let Target::Postgres(session) = target else { return Ok(()) };
        let at_target = shape_for_read_back(session, shape, has_index)?;
        check_target(&mut Reader::Postgres(session), &at_target, copied)
    }

    fn build_key(&mut self, table: i64) -> Result<()> {
        let Some(key) = self.keys.get(&table) else { return Ok(()) };
        let step = key_step(key);
        if self.shared.has_step(&step) {
            return Ok(());
        }
        let owner = self.shared.owner.clone();
        let statement = owner.run(&key.definition);
        let settings = format!("BEGIN; {}", self.shared.settings.begin());
        let Target::Postgres(session) = self.target()? else { return Ok(()) };
        let record = ledger::step_statement(session, &step, None);
        // By themselves, so that whoever looks at the server's activity sees what takes its time.
        session.execute(&settings)?;
        let built = session.execute(&format!(
            "SET LOCAL maintenance_work_mem = '256MB'; {statement}; {} {record} {}",
            pinned_again(),
            owner.commit("")
        ));
        if built.is_err() && session.is_usable() {
            session.execute("ROLLBACK")?;
        }
        if built.is_ok() {
            self.shared.written.step(&step);
        }
        match built {
            Err(error) if is_beyond_limits(&error) => {
                self.shared.go_without_key(table, &error);
                Ok(())
            }
            built => built,
        }
    }

    /// What has to be done to read the chunks of a table that are wanted.
    fn read_back_units(
        &mut self,
        table: i64,
        is_wanted: &dyn Fn(&ChunkEntry) -> bool,
    ) -> Result<Vec<Unit>> {
        let shape = self.shared.shape(table)?;
        let has_index = self.keys.contains_key(&table);
        let target = self.target()?;
        let entries = ledger::chunks_of(target.store(), table)?;
        let Target::Postgres(session) = target else { return Ok(Vec::new()) };
        let shape = shape_for_read_back(session, shape, has_index)?;
        let count = is_read_by_key(&shape, entries.len()).then_some(Unit::CountTarget(table));
        let mut units: Vec<Unit> = match ReadMode::of(&shape, entries.len()) {
            ReadMode::Ranges | ReadMode::Keyless => entries
                .into_iter()
                .filter(|entry| is_wanted(entry))
                .map(|entry| Unit::ReadBack(ChunkJob { table, entries: vec![entry] }))
                .collect(),
            ReadMode::WholeThenSort if entries.iter().any(is_wanted) => {
                vec![Unit::ReadBack(ChunkJob { table, entries })]
            }
            ReadMode::WholeThenSort => Vec::new(),
        };
        units.extend(count);
        Ok(units)
    }

    fn read_back(&mut self, job: &ChunkJob) -> Result<()> {
        let shared = self.shared;
        let shape = shared.shape(job.table)?;
        let has_index = self.keys.contains_key(&job.table);
        let _alone = (shape.largest_row > LARGE_ROW_BYTES).then(|| shared.board.large_rows());
        let Target::Postgres(session) = self.target()? else {
            anyhow::bail!("a SQLite target is read back elsewhere");
        };
        let at_target = shape_for_read_back(session, shape, has_index)?;
        let ranges: Vec<KeyRange> = job.entries.iter().map(|entry| entry.range.clone()).collect();
        let digests =
            Reader::Postgres(&mut *session).digests(&at_target, &ranges, &shared.options)?;
        for (entry, digest) in job.entries.iter().zip(digests) {
            settle(session, shape, entry, &digest)?;
            shared.written.read_back(entry.id);
            shared.progress.advance(&shape.name.to_string(), digest.rows, digest.bytes);
        }
        Ok(())
    }
}

fn is_not_read_back(entry: &ChunkEntry) -> bool {
    entry.state != ChunkState::ReadBack
}

/// Rows of all chunks, as they were copied.
pub(super) fn rows_in(entries: &[ChunkEntry]) -> u64 {
    entries.iter().filter_map(|entry| entry.digest).map(|digest| digest.rows).sum()
}

/// Refuses a target that holds other rows of a table beside those in the ranges that were copied.
pub(super) fn check_target(reader: &mut Reader<'_>, shape: &TableShape, copied: u64) -> Result<()> {
    match reader.count(shape)? {
        counted if counted == copied => Ok(()),
        counted => {
            Err(TargetCountDiffers { table: shape.name.to_string(), copied, counted }.into())
        }
    }
}

/// Records that a chunk copied under an older snapshot is still what the source holds.
fn keep(store: &mut dyn Store, entry: &ChunkEntry, shared: &Shared<'_>) -> Result<()> {
    let snapshot = shared.snapshot.as_str();
    if entry.snapshot.as_deref() == Some(snapshot) {
        return Ok(());
    }
    ledger::record_rechecked(store, entry.id, snapshot)?;
    shared.written.rechecked(entry.id, snapshot);
    Ok(())
}

/// Records that a chunk was read back, if it was with the source's digest.
pub(super) fn settle(
    store: &mut dyn Store,
    shape: &TableShape,
    entry: &ChunkEntry,
    read: &LineDigest,
) -> Result<()> {
    if entry.digest.as_ref() != Some(read) {
        let copied = entry.digest.map(|digest| digest.rows);
        let table = shape.name.to_string();
        return Err(ReadBackDiffers { table, copied, read: read.rows }.into());
    }
    if entry.state == ChunkState::ReadBack {
        return Ok(());
    }
    ledger::record_read_back(store, entry.id, read)
}

/// How the target's rows are read: through the key's index once it is there.
fn shape_for_read_back(
    session: &mut Session,
    shape: &TableShape,
    has_index: bool,
) -> Result<TableShape> {
    let mut at_target = shape_at_postgres(shape);
    let range_scan = has_index && postgres::can_scan_ranges(session, &at_target)?;
    if let Some(key) = &mut at_target.key {
        key.range_scan = range_scan;
    }
    Ok(at_target)
}

/// The step of the ledger that says that a key's index is built.
pub(super) fn key_step(key: &KeyIndex) -> String {
    format!("key {} {}", key.table, key.index_name())
}

/// What happens to a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Its rows are still the source's.
    Keep,
    /// Its rows are copied for the first time.
    Copy,
    /// Its rows changed at the source since they were copied.
    Replace,
}

/// Decides what happens to each chunk: those copied under an older snapshot are read again at the
/// source under this one.
pub(super) fn decide(
    shared: &Shared<'_>,
    source: &mut Reader<'_>,
    shape: &TableShape,
    entries: &[ChunkEntry],
    ranges: &[KeyRange],
) -> Result<Vec<Action>> {
    let is_old = |entry: &ChunkEntry| {
        entry.state != ChunkState::Planned && entry.snapshot.as_deref() != Some(&shared.snapshot)
    };
    let digests = if entries.iter().any(is_old) {
        source.digests(shape, ranges, &shared.options)?
    } else {
        Vec::new()
    };
    let actions = entries.iter().enumerate().map(|(index, entry)| {
        if entry.state == ChunkState::Planned {
            Action::Copy
        } else if is_old(entry) && entry.digest.as_ref() != digests.get(index) {
            Action::Replace
        } else {
            Action::Keep
        }
    });
    let actions: Vec<Action> = actions.collect();
    if !shared.may_replace && actions.contains(&Action::Replace) {
        return Err(ChangedAtSource { table: shape.name.to_string() }.into());
    }
    Ok(actions)
}

/// Writes the chunks of one reading.
struct Copying<'a> {
    shared: &'a Shared<'a>,
    target: &'a mut Target,
    shape: &'a TableShape,
    entries: &'a [ChunkEntry],
    actions: &'a [Action],
}

impl ChunkVisitor for Copying<'_> {
    fn visit<R: RowStream>(&mut self, mut chunks: Chunks<'_, R>) -> Result<()> {
        for (entry, action) in self.entries.iter().zip(self.actions) {
            match action {
                Action::Keep => {
                    chunks.set_limit(u64::MAX);
                    chunks.next_chunk(|_row| Ok(()))?;
                }
                Action::Copy => {
                    chunks.set_limit(self.shared.options.chunk_bytes);
                    let mut rest = Some(entry.clone());
                    while let Some(entry) = rest {
                        rest = self.write_next(&mut chunks, &entry, false)?;
                    }
                }
                Action::Replace => {
                    // The range stays the chunk's own, however much it holds now.
                    chunks.set_limit(u64::MAX);
                    self.write_next(&mut chunks, entry, true)?;
                }
            }
        }
        Ok(())
    }
}

impl Copying<'_> {
    fn write_next<R: RowStream>(
        &mut self,
        chunks: &mut Chunks<'_, R>,
        entry: &ChunkEntry,
        replace: bool,
    ) -> Result<Option<ChunkEntry>> {
        let shared = self.shared;
        let write = ChunkWrite {
            shape: self.shape,
            entry,
            replace,
            snapshot: &shared.snapshot,
            spill_dir: &shared.options.spill_dir,
            settings: &shared.settings,
            owner: &shared.owner,
        };
        let keyless = self.shape.key.is_none();
        let mut sent = None;
        let rest = self.target.write_chunk(write, &mut |send| {
            let mut send = |row: &[u8]| {
                // Such tables go over the text wire, whose rows are canonical lines.
                shared.intervals.check(self.shape, row)?;
                shared.rate.spend(row.len() as u64)?;
                send(row)
            };
            let filled = if keyless {
                fill_keyless(chunks, &shared.options.spill_dir, &mut send)?
            } else {
                fill_ordered(chunks, &mut send)?
            };
            sent = Some(filled.clone());
            Ok(filled)
        })?;
        shared.copied(self.shape, entry, sent.as_ref(), rest.as_ref());
        Ok(rest)
    }
}

/// Sends the next chunk's rows as they come, hashed on the way.
pub(super) fn fill_ordered<R: RowStream>(
    chunks: &mut Chunks<'_, R>,
    send: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<Filled> {
    let mut hasher = LineHasher::new();
    let cut = chunks.next_chunk(|row| {
        row.line.hash_into(&mut hasher)?;
        send(row.wire)
    })?;
    let range = cut.context("a chunk is missing")?.range;
    Ok(Filled { range, digest: hasher.finish() })
}

/// Sends the rows of a table without a key as they come; their lines are sorted for the digest.
pub(super) fn fill_keyless<R: RowStream>(
    chunks: &mut Chunks<'_, R>,
    spill_dir: &Path,
    send: &mut dyn FnMut(&[u8]) -> Result<()>,
) -> Result<Filled> {
    let mut sorter = LineSorter::new(spill_dir);
    let cut = chunks.next_chunk(|row| {
        sorter.push(row.line)?;
        send(row.wire)
    })?;
    let range = cut.context("a chunk is missing")?.range;
    Ok(Filled { range, digest: sorter.finish(|_line| Ok(()))? })
}
