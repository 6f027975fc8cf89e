//! One end of a hand-over, opened for reading under one snapshot: the seam where engines meet.

use std::path::{Path, PathBuf};

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::digest::{LineDigest, LineHasher};
use handover_schemas::plan::TableShape;
use rusqlite::Connection;

use crate::chunking::{Chunks, CutChunk, check_ascending};
use crate::postgres::{self, Session};
use crate::rows::{RowStream, Wire};
use crate::sorted_rows::{LineSorter, RowSorter, RowsWithin, SortedRows, sort_rows};
use crate::sqlite::{self, Reading, Respelled, values::TextLimit};

/// An open database.
pub enum End {
    /// A PostgreSQL session.
    Postgres(Session),
    /// The one connection to a SQLite file.
    Sqlite(Connection),
}

impl End {
    /// Reads on this session.
    pub fn reader(&mut self) -> Reader<'_> {
        match self {
            Self::Postgres(session) => Reader::Postgres(session),
            Self::Sqlite(connection) => Reader::Sqlite(connection),
        }
    }
}

/// A session to read on.
pub enum Reader<'a> {
    /// A PostgreSQL session.
    Postgres(&'a mut Session),
    /// A connection to a SQLite file.
    Sqlite(&'a Connection),
}

/// How rows are read.
#[derive(Clone)]
pub struct ReadOptions {
    /// Form in which rows are handed on.
    pub wire: Wire,
    /// What SQLite texts have to fit into.
    pub text_limit: TextLimit,
    /// Tables of SQLite in which values were found that are written another way.
    pub respelled: Respelled,
    /// Most canonical text in a chunk.
    pub chunk_bytes: u64,
    /// Where sorts spill.
    pub spill_dir: PathBuf,
    /// Ends the reading early.
    pub interrupt: Interrupt,
}

impl ReadOptions {
    fn reading(&self) -> Reading<'_> {
        Reading {
            wire: self.wire,
            text_limit: self.text_limit,
            respelled: Some(&self.respelled),
            interrupt: &self.interrupt,
        }
    }
}

/// How a table is read at one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadMode {
    /// Range by range, in order.
    Ranges,
    /// All at once and unordered; the tool sorts by key and cuts at the boundaries.
    WholeThenSort,
    /// No key: one chunk, in whatever order, its lines sorted for the digest.
    Keyless,
}

/// Rows of at least this size move one at a time.
pub const LARGE_ROW_BYTES: u64 = 1024 * 1024;

/// The ranges of a table's key do not hold what the table holds.
#[derive(Debug, thiserror::Error)]
#[error(
    "{table}: by its key {key} it gives {by_key} row(s), and counted without it has {counted}; have \
     the index of that key built anew, and run the same command again"
)]
pub struct RowsBesideRanges {
    /// The table.
    pub table: String,
    /// Name of the key.
    pub key: String,
    /// Rows in all ranges.
    pub by_key: u64,
    /// Rows in the table.
    pub counted: u64,
}

impl RowsBesideRanges {
    /// What was found of a table.
    pub fn of(shape: &TableShape, by_key: u64, counted: u64) -> Self {
        let key = shape.key.as_ref().map(|key| key.name.clone()).unwrap_or_default();
        Self { table: shape.name.to_string(), key, by_key, counted }
    }
}

/// Whether a table of so many chunks is read in ranges of its key. What an index lacks is then
/// missed, so that the sum of the ranges has to be held against a count of the whole
/// ([`Reader::check_count`]).
pub fn is_read_by_key(shape: &TableShape, chunks: usize) -> bool {
    shape.key.is_some()
        && !shape.whole_only
        && ReadMode::of(shape, chunks) == ReadMode::Ranges
        && (chunks > 1 || shape.largest_row > LARGE_ROW_BYTES)
}

/// Whether PostgreSQL gives a range by a query, and not as part of the whole: a part of it, or rows
/// too large to be sorted here.
fn is_queried(shape: &TableShape, range: &KeyRange) -> bool {
    shape.key.is_some()
        && !shape.whole_only
        && (*range != KeyRange::everything() || shape.largest_row > LARGE_ROW_BYTES)
}

impl ReadMode {
    /// How a table of so many chunks has to be read at the end that has this shape.
    pub fn of(shape: &TableShape, chunks: usize) -> Self {
        match &shape.key {
            None => Self::Keyless,
            Some(key) if key.range_scan || chunks <= 1 => Self::Ranges,
            Some(_) => Self::WholeThenSort,
        }
    }
}

/// Whether SQLite has no expression by which it gives rows in canonical order, as PostgreSQL has
/// with `COLLATE "C"`: it compares the texts of a UTF-16 file as UTF-16, and dates as text.
fn needs_sorting(shape: &TableShape) -> bool {
    shape.key.as_ref().is_some_and(|key| !key.range_scan)
}

/// What chunks of rows are given to.
pub trait ChunkVisitor {
    /// Takes what was cut; called until the rows are used up.
    fn visit<R: RowStream>(&mut self, chunks: Chunks<'_, R>) -> Result<()>;
}

impl Reader<'_> {
    /// Where the chunks of a table begin.
    pub fn boundaries(
        &mut self,
        shape: &TableShape,
        options: &ReadOptions,
    ) -> Result<Vec<KeyValue>> {
        let (limit, dir) = (options.chunk_bytes, options.spill_dir.as_path());
        let boundaries = match self {
            Self::Postgres(session) => postgres::boundaries(session, shape, limit, dir)?,
            Self::Sqlite(connection) => {
                sqlite::boundaries(connection, shape, limit, dir, options.reading())?
            }
        };
        check_ascending(shape, &boundaries)?;
        Ok(boundaries)
    }

    /// Gives the rows of consecutive ranges to the visitor, cut into chunks of at most `limit`
    /// bytes of canonical text. One range is read by itself; several are the whole table.
    pub fn read(
        &mut self,
        shape: &TableShape,
        ranges: &[KeyRange],
        limit: u64,
        options: &ReadOptions,
        visitor: &mut impl ChunkVisitor,
    ) -> Result<()> {
        let dir = options.spill_dir.as_path();
        match (self, ranges) {
            (Self::Postgres(session), [range]) if is_queried(shape, range) => {
                let rows = postgres::read_range(session, shape, range)?;
                visitor.visit(Chunks::new(rows, shape, ranges, limit))
            }
            (Self::Postgres(session), _) => {
                let parts = postgres::parts(session, shape)?;
                if let ([part], None) = (parts.as_slice(), &shape.key) {
                    let rows = postgres::read_whole(session, part)?;
                    return visitor.visit(Chunks::new(rows, shape, ranges, limit));
                }
                let mut sorter = RowSorter::new(shape, dir);
                for part in &parts {
                    sorter.take(postgres::read_whole(session, part)?)?;
                }
                visit_sorted(sorter.finish()?, shape, ranges, limit, visitor)
            }
            (Self::Sqlite(connection), [range]) if !needs_sorting(shape) => {
                let mut statement = sqlite::prepare_range(connection, shape, range)?;
                let rows = statement.rows(shape, options.reading())?;
                visitor.visit(Chunks::new(rows, shape, ranges, limit))
            }
            (Self::Sqlite(connection), _) => {
                let mut statement = sqlite::prepare_whole(connection, shape)?;
                let rows = statement.rows(shape, options.reading())?;
                visit_sorted(sort_rows(shape, rows, dir)?, shape, ranges, limit, visitor)
            }
        }
    }

    /// How many rows a table has, counted without any index on its key.
    pub fn count(&mut self, shape: &TableShape) -> Result<u64> {
        match self {
            Self::Postgres(session) => postgres::count(session, shape),
            Self::Sqlite(connection) => sqlite::count(connection, shape),
        }
    }

    /// Holds the sum of all ranges of a table against a count of the whole, in the same snapshot.
    /// A difference is [`RowsBesideRanges`].
    pub fn check_count(&mut self, shape: &TableShape, by_key: u64) -> Result<()> {
        let counted = self.count(shape)?;
        if counted == by_key {
            return Ok(());
        }
        Err(RowsBesideRanges::of(shape, by_key, counted).into())
    }

    /// The digest of each of a table's ranges, which tile it: read one by one where the engine can,
    /// and then held against a count.
    pub fn digests_of_all(
        &mut self,
        shape: &TableShape,
        ranges: &[KeyRange],
        options: &ReadOptions,
    ) -> Result<Vec<LineDigest>> {
        if ReadMode::of(shape, ranges.len()) == ReadMode::WholeThenSort {
            return self.digests(shape, ranges, options);
        }
        let mut digests = Vec::with_capacity(ranges.len());
        for range in ranges {
            digests.extend(self.digests(shape, std::slice::from_ref(range), options)?);
        }
        if is_read_by_key(shape, ranges.len()) {
            self.check_count(shape, digests.iter().map(|digest| digest.rows).sum())?;
        }
        Ok(digests)
    }

    /// The digest of each range, without cutting any: consecutive ranges of a table with a key, or
    /// the one range of a table without.
    pub fn digests(
        &mut self,
        shape: &TableShape,
        ranges: &[KeyRange],
        options: &ReadOptions,
    ) -> Result<Vec<LineDigest>> {
        let mut digester =
            Digester { keyless: shape.key.is_none(), dir: &options.spill_dir, digests: Vec::new() };
        self.read(shape, ranges, u64::MAX, options, &mut digester)?;
        Ok(digester.digests)
    }

    /// The lines of one range, in canonical order.
    pub fn lines(
        &mut self,
        shape: &TableShape,
        range: &KeyRange,
        options: &ReadOptions,
    ) -> Result<Vec<u8>> {
        let mut collector = LineCollector {
            keyless: shape.key.is_none(),
            dir: &options.spill_dir,
            lines: Vec::new(),
        };
        self.read(shape, std::slice::from_ref(range), u64::MAX, options, &mut collector)?;
        Ok(collector.lines)
    }
}

/// Gives sorted rows of a whole table to the visitor: all of them, or those in the one range that
/// was asked for. Without a key there is nothing to tell a part by.
fn visit_sorted(
    sorted: SortedRows,
    shape: &TableShape,
    ranges: &[KeyRange],
    limit: u64,
    visitor: &mut impl ChunkVisitor,
) -> Result<()> {
    if let ([range], Some(_)) = (ranges, &shape.key) {
        let within = RowsWithin::new(sorted, shape, range)?;
        return visitor.visit(Chunks::new(within, shape, ranges, limit));
    }
    visitor.visit(Chunks::new(sorted, shape, ranges, limit))
}

struct Digester<'a> {
    keyless: bool,
    dir: &'a Path,
    digests: Vec<LineDigest>,
}

impl ChunkVisitor for Digester<'_> {
    fn visit<R: RowStream>(&mut self, mut chunks: Chunks<'_, R>) -> Result<()> {
        while chunks.has_next() {
            let digest = if self.keyless {
                let mut sorter = LineSorter::new(self.dir);
                chunks.next_chunk(|row| sorter.push(row.line))?;
                sorter.finish(|_line| Ok(()))?
            } else {
                let mut hasher = LineHasher::new();
                chunks.next_chunk(|row| row.line.hash_into(&mut hasher))?;
                hasher.finish()
            };
            self.digests.push(digest);
        }
        Ok(())
    }
}

struct LineCollector<'a> {
    keyless: bool,
    dir: &'a Path,
    lines: Vec<u8>,
}

impl ChunkVisitor for LineCollector<'_> {
    fn visit<R: RowStream>(&mut self, mut chunks: Chunks<'_, R>) -> Result<()> {
        let lines = &mut self.lines;
        while chunks.has_next() {
            if self.keyless {
                let mut sorter = LineSorter::new(self.dir);
                chunks.next_chunk(|row| sorter.push(row.line))?;
                sorter.finish(|line| {
                    lines.extend_from_slice(line);
                    Ok(())
                })?;
            } else {
                let _cut: Option<CutChunk> = chunks.next_chunk(|row| {
                    row.line.pieces(&mut |piece| {
                        lines.extend_from_slice(piece);
                        Ok(())
                    })
                })?;
            }
        }
        Ok(())
    }
}
