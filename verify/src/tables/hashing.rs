//! Reading both ends to their last row: the digest of each table, and of each chunk.
//!
//! The source's workers cut its tables into chunks; the target's follow and read the same ranges,
//! so that one lost row shifts nothing. At the source workers render ahead, a chunk each, and one
//! hasher takes their lines in order. At the target each chunk is hashed: if all have the source's
//! digests, then so has the table, and only where some differ its lines are hashed in order too.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use handover_cli_kit::interrupt::{Interrupt, Interrupted};
use handover_cli_kit::progress::Progress;
use handover_engine::chunking::Chunks;
use handover_engine::postgres::Refused;
use handover_engine::reader::{
    ChunkVisitor, End, LARGE_ROW_BYTES, ReadMode, ReadOptions, RowsBesideRanges, is_read_by_key,
};
use handover_engine::rows::RowStream;
use handover_engine::sqlite::{ApplicationOnly, Misfit};
use handover_schemas::chunk::KeyRange;
use handover_schemas::digest::{LineDigest, LineHasher};
use handover_schemas::plan::TableShape;
use rusqlite::Connection;

use super::chunk_lines::{Lines, NulSearch, hash_chunk};
use super::turnstile::Turnstile;

/// A chunk as one end holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HashedChunk {
    pub(super) range: KeyRange,
    pub(super) lines: LineDigest,
}

/// A table as one end holds it.
#[derive(Clone, Debug, Default)]
pub(super) struct HashedTable {
    /// Chunks in order.
    pub(super) chunks: Vec<HashedChunk>,
    /// Digest of all lines.
    pub(super) lines: Option<LineDigest>,
    /// Some text has a NUL character, which no shell command prints.
    pub(super) has_nul: bool,
    /// Why the table could not be read to its end.
    pub(super) failure: Option<String>,
}

/// A table to be read at one end.
#[derive(Clone)]
pub(super) struct TableToRead<'a> {
    /// Position among all pairs of tables.
    pub(super) pair: usize,
    /// As this end has it.
    pub(super) shape: &'a TableShape,
    /// Planned ranges to read; all of them, or a sample.
    pub(super) ranges: Vec<KeyRange>,
    /// How many ranges the whole table has.
    pub(super) ranges_in_all: usize,
}

/// One piece of reading: a planned range, or all of a table.
struct Unit {
    table: usize,
    ranges: std::ops::Range<usize>,
    /// Lines go to the hasher as they come, instead of being kept until their turn.
    streamed: bool,
    is_last: bool,
}

/// Ranges of chunks that the source's readers found, for the target's readers to follow.
#[derive(Default)]
pub(super) struct Cuts {
    found: Mutex<BTreeMap<(usize, usize), Vec<KeyRange>>>,
    changed: Condvar,
    broken: Mutex<bool>,
}

impl Cuts {
    fn tell(&self, pair: usize, range: usize, cuts: Vec<KeyRange>) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert((pair, range), cuts);
        self.changed.notify_all();
    }

    fn break_down(&self) {
        *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    fn wait(&self, pair: usize, range: usize, interrupt: &Interrupt) -> Result<Vec<KeyRange>> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(cuts) = found.get(&(pair, range)) {
                return Ok(cuts.clone());
            }
            interrupt.check()?;
            if *self.broken.lock().unwrap_or_else(PoisonError::into_inner) {
                return Err(OtherWorkerFailed.into());
            }
            let waited = self.changed.wait_timeout(found, Duration::from_millis(100));
            found = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Whether an end cuts chunks, follows the other's cuts, or is alone with its table.
#[derive(Clone, Copy)]
pub(super) enum Role<'a> {
    /// Cuts, and tells.
    Leads(&'a Cuts),
    /// Reads the ranges told; tables in `alone` are at this end only, and are cut here.
    Follows(&'a Cuts, &'a [usize], Digests),
}

/// What is hashed of a table that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digests {
    /// Its chunks.
    OfChunks,
    /// Its chunks, and all its lines in order.
    OfAll,
}

/// What ends a worker that waits for one that failed; that one's own error says why.
#[derive(Debug, thiserror::Error)]
#[error("another worker failed")]
pub(super) struct OtherWorkerFailed;

/// A fault of this program ended a worker.
#[derive(Debug, thiserror::Error)]
#[error(
    "a worker of this program failed by a fault of its own; please report what it printed above"
)]
pub(super) struct WorkerPanicked;

/// Does a worker's work to its end, even if that is a panic: those who wait for it have to know.
fn to_its_end<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| Err(WorkerPanicked.into()))
}

/// Reads one end.
pub(super) struct EndHasher<'a> {
    pub(super) tables: &'a [TableToRead<'a>],
    pub(super) role: Role<'a>,
    pub(super) options: &'a ReadOptions,
    pub(super) progress: &'a Progress,
    /// Held while rows larger than a mebibyte are read, at either end.
    pub(super) large_rows: &'a Mutex<()>,
}

pub(super) struct Gathered {
    tables: Vec<HashedTable>,
    pub(super) hasher: LineHasher,
}

impl EndHasher<'_> {
    /// Reads everything on the one connection to a SQLite file, and gives it back.
    pub(super) fn run_on(&self, connection: Connection) -> Result<(Vec<HashedTable>, Connection)> {
        let mut end = End::Sqlite(connection);
        let turns = self.turns();
        let mut kept = Vec::new();
        let done = to_its_end(|| {
            self.units().iter().enumerate().try_for_each(|(turn, unit)| {
                self.read_unit(&mut end, unit, turn, &turns, &mut kept)
            })
        });
        if let (Err(_), Role::Leads(cuts)) = (&done, self.role) {
            cuts.break_down();
        }
        done?;
        match end {
            End::Sqlite(connection) => Ok((turns.into_inner().tables, connection)),
            End::Postgres(_) => bail!("a SQLite end became another"),
        }
    }

    fn turns(&self) -> Turnstile<Gathered> {
        let tables = vec![HashedTable::default(); self.tables.len()];
        Turnstile::new(Gathered { tables, hasher: LineHasher::new() })
    }

    /// Reads everything with sessions of a PostgreSQL end; one result per table.
    pub(super) fn run(
        &self,
        open: &(dyn Fn() -> Result<End> + Sync),
        workers: usize,
    ) -> Result<Vec<HashedTable>> {
        let units = self.units();
        let next = AtomicUsize::new(0);
        let turns = self.turns();
        let work = || -> Result<()> {
            let mut end = open()?;
            let mut kept = Vec::new();
            loop {
                let turn = next.fetch_add(1, Ordering::Relaxed);
                let Some(unit) = units.get(turn) else { return Ok(()) };
                self.read_unit(&mut end, unit, turn, &turns, &mut kept)?;
                if let End::Postgres(session) = &end
                    && !session.is_usable()
                {
                    end = open()?;
                }
            }
        };
        let guarded = || {
            let done = to_its_end(work);
            if done.is_err() {
                turns.break_down();
                if let Role::Leads(cuts) = self.role {
                    cuts.break_down();
                }
            }
            done
        };
        let done = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(guarded)).collect();
            let mut results: Vec<Result<()>> = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_panic| Err(WorkerPanicked.into())))
                .collect();
            // The first cause counts, not those whom it made fail.
            results.sort_by_key(|done| match done {
                Err(error) => error.is::<OtherWorkerFailed>(),
                Ok(()) => true,
            });
            results.into_iter().collect::<Result<Vec<()>>>()
        });
        done?;
        Ok(turns.into_inner().tables)
    }

    fn units(&self) -> Vec<Unit> {
        let mut units = Vec::new();
        for (table, to_read) in self.tables.iter().enumerate() {
            let count = to_read.ranges.len();
            let whole = Unit { table, ranges: 0..count, streamed: true, is_last: true };
            match ReadMode::of(to_read.shape, to_read.ranges_in_all) {
                ReadMode::WholeThenSort | ReadMode::Keyless => units.push(whole),
                ReadMode::Ranges => units.extend((0..count).map(|index| Unit {
                    table,
                    ranges: index..index + 1,
                    streamed: to_read.shape.largest_row > LARGE_ROW_BYTES,
                    is_last: index + 1 == count,
                })),
            }
        }
        units
    }

    fn read_unit(
        &self,
        end: &mut End,
        unit: &Unit,
        turn: usize,
        turns: &Turnstile<Gathered>,
        kept: &mut Vec<u8>,
    ) -> Result<()> {
        let Some(table) = self.tables.get(unit.table) else { return Ok(()) };
        let interrupt = &self.options.interrupt;
        let follow = match self.role {
            Role::Leads(_) => None,
            Role::Follows(_, alone, _) if alone.contains(&table.pair) => None,
            Role::Follows(cuts, ..) => {
                let ranges = unit.ranges.clone().map(|at| cuts.wait(table.pair, at, interrupt));
                Some(ranges.collect::<Result<Vec<_>>>()?.concat())
            }
        };
        if unit.streamed {
            return turns.take(turn, interrupt, |gathered| {
                let _alone = self.large_rows.lock().unwrap_or_else(PoisonError::into_inner);
                let hasher = &mut gathered.hasher;
                let done = self.read(end, table, unit, follow.as_deref(), Lines::Pass(hasher));
                self.gather(gathered, unit, done)
            });
        }
        // One buffer per worker, kept from chunk to chunk: it is the larger part of its memory.
        kept.clear();
        let only_chunks = matches!(self.role, Role::Follows(_, _, Digests::OfChunks));
        if only_chunks && follow.is_some() {
            let done = self.read(end, table, unit, follow.as_deref(), Lines::Drop(kept));
            return turns.take(turn, interrupt, |gathered| {
                self.gather(gathered, unit, done)?;
                if let Some(table) = gathered.tables.get_mut(unit.table) {
                    table.lines = None;
                }
                Ok(())
            });
        }
        let done = self.read(
            end,
            table,
            unit,
            follow.as_deref(),
            Lines::Keep { kept: &mut *kept, turns, turn },
        );
        turns.take(turn, interrupt, |gathered| {
            gathered.hasher.push_text(kept);
            self.gather(gathered, unit, done)
        })
    }

    fn gather(&self, gathered: &mut Gathered, unit: &Unit, done: Result<UnitRead>) -> Result<()> {
        let Some(table) = gathered.tables.get_mut(unit.table) else { return Ok(()) };
        match done {
            Ok(read) => {
                table.chunks.extend(read.chunks);
                table.has_nul |= read.has_nul;
                self.hold_against_count(unit, table, read.counted);
            }
            Err(error) if is_about_one_table(&error) => table.failure = Some(format!("{error:#}")),
            Err(error) => return Err(error),
        }
        if unit.is_last {
            let hasher = std::mem::replace(&mut gathered.hasher, LineHasher::new());
            if table.failure.is_none() {
                table.lines = Some(hasher.finish());
            }
        }
        Ok(())
    }

    /// With the last of a table's ranges: they hold what the table holds, or it was not read.
    fn hold_against_count(&self, unit: &Unit, table: &mut HashedTable, counted: Option<u64>) {
        let by_key = table.chunks.iter().map(|chunk| chunk.lines.rows).sum();
        let (Some(counted), Some(to_read)) = (counted, self.tables.get(unit.table)) else { return };
        if counted != by_key && table.failure.is_none() {
            let beside = RowsBesideRanges::of(to_read.shape, by_key, counted);
            table.failure = Some(beside.to_string());
        }
    }

    /// Whether a unit is the last of a table that is read whole, range by range: by planned ones,
    /// or by what the other end cut the only one into.
    fn is_to_be_counted(table: &TableToRead<'_>, unit: &Unit, follow: Option<&[KeyRange]>) -> bool {
        let parts = follow.map_or(1, <[KeyRange]>::len);
        unit.is_last
            && table.ranges.len() == table.ranges_in_all
            && is_read_by_key(table.shape, table.ranges_in_all.max(parts))
    }

    /// Reads a unit's ranges; gives its chunks, and its lines in order.
    fn read(
        &self,
        end: &mut End,
        table: &TableToRead<'_>,
        unit: &Unit,
        follow: Option<&[KeyRange]>,
        lines: Lines<'_>,
    ) -> Result<UnitRead> {
        let planned = table.ranges.get(unit.ranges.clone()).unwrap_or_default();
        let mut hashing = Hashing {
            keyless: table.shape.key.is_none(),
            nul: NulSearch { is_on: matches!(end, End::Sqlite(_)), found: false },
            options: self.options,
            chunks: Vec::new(),
            lines,
        };
        let read = match follow {
            None => {
                let limit = self.options.chunk_bytes;
                end.reader().read(table.shape, planned, limit, self.options, &mut hashing)
            }
            // Consecutive ranges are read one by one where the engine can, all at once otherwise.
            Some(ranges) => match ReadMode::of(table.shape, table.ranges_in_all) {
                ReadMode::Ranges | ReadMode::Keyless => ranges.iter().try_for_each(|range| {
                    let range = std::slice::from_ref(range);
                    end.reader().read(table.shape, range, u64::MAX, self.options, &mut hashing)
                }),
                ReadMode::WholeThenSort => {
                    end.reader().read(table.shape, ranges, u64::MAX, self.options, &mut hashing)
                }
            },
        };
        let (chunks, has_nul) = (hashing.chunks, hashing.nul.found);
        if let Role::Leads(cuts) = self.role {
            tell_cuts(cuts, table.pair, unit, planned, read.is_ok().then_some(&chunks));
        }
        read?;
        let counted = if Self::is_to_be_counted(table, unit, follow) {
            Some(end.reader().count(table.shape)?)
        } else {
            None
        };
        for chunk in &chunks {
            let name = table.shape.name.to_string();
            self.progress.advance(&name, chunk.lines.rows, chunk.lines.bytes);
        }
        Ok(UnitRead { chunks, has_nul, counted })
    }
}

/// What was read of one unit.
struct UnitRead {
    chunks: Vec<HashedChunk>,
    has_nul: bool,
    /// Rows of the whole table, counted, where the unit is the last of those that tile it.
    counted: Option<u64>,
}

/// Tells the target's readers what each planned range was cut into; where reading failed, the
/// planned range itself.
fn tell_cuts(
    cuts: &Cuts,
    pair: usize,
    unit: &Unit,
    planned: &[KeyRange],
    chunks: Option<&Vec<HashedChunk>>,
) {
    let mut chunks = chunks.map(|chunks| chunks.iter().map(|chunk| chunk.range.clone()));
    for (index, range) in unit.ranges.clone().zip(planned) {
        let mut parts = Vec::new();
        match &mut chunks {
            None => parts.push(range.clone()),
            Some(chunks) => {
                for part in chunks.by_ref() {
                    let is_last = part.upper == range.upper;
                    parts.push(part);
                    if is_last {
                        break;
                    }
                }
            }
        }
        cuts.tell(pair, index, parts);
    }
}

/// Whether an error concerns one table only.
pub(super) fn is_about_one_table(error: &anyhow::Error) -> bool {
    !error.chain().any(|cause| cause.is::<Interrupted>())
        && error.chain().any(|cause| {
            cause.is::<Refused>() || cause.is::<Misfit>() || cause.is::<ApplicationOnly>()
        })
}

struct Hashing<'a> {
    keyless: bool,
    nul: NulSearch,
    options: &'a ReadOptions,
    chunks: Vec<HashedChunk>,
    lines: Lines<'a>,
}

impl ChunkVisitor for Hashing<'_> {
    fn visit<R: RowStream>(&mut self, mut chunks: Chunks<'_, R>) -> Result<()> {
        let Self { keyless, nul, options, lines, .. } = self;
        while chunks.has_next() {
            self.chunks.extend(hash_chunk(&mut chunks, lines, nul, *keyless, options)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use handover_engine::rows::Wire;
    use handover_engine::sqlite::Respelled;
    use handover_engine::sqlite::values::TextLimit;

    /// The other end waits for the ranges that it was to cut.
    #[test]
    fn an_end_whose_worker_panics_keeps_nobody_waiting() {
        let options = ReadOptions {
            wire: Wire::None,
            text_limit: TextLimit::None,
            respelled: Respelled::default(),
            chunk_bytes: 1,
            spill_dir: std::env::temp_dir(),
            interrupt: Interrupt::default(),
        };
        let (cuts, progress, large_rows) = (Cuts::default(), Progress::silent(), Mutex::new(()));
        let hasher = EndHasher {
            tables: &[],
            role: Role::Leads(&cuts),
            options: &options,
            progress: &progress,
            large_rows: &large_rows,
        };
        std::thread::scope(|scope| {
            let follower = scope.spawn(|| cuts.wait(0, 0, &options.interrupt));
            let led = hasher.run(&|| panic!("as a test may"), 2);
            assert!(led.unwrap_err().is::<WorkerPanicked>());
            assert!(follower.join().unwrap().unwrap_err().is::<OtherWorkerFailed>());
        });
    }
}
