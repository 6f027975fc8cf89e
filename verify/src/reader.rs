//! One end of a hand-over, opened for reading under one snapshot: the seam where engines meet.

use std::path::{Path, PathBuf};

use anyhow::Result;
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::digest::{LineDigest, LineHasher};
use handover_schemas::plan::TableShape;
use rusqlite::Connection;

use crate::chunking::{Chunks, CutChunk, check_ascending};
use crate::interrupt::Interrupt;
use crate::postgres::{self, Session};
use crate::rows::{RowStream, Wire};
use crate::sorted_rows::{LineSorter, RowsWithin, sort_rows};
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
            (Self::Postgres(session), [range]) => {
                let rows = postgres::read_range(session, shape, range)?;
                visitor.visit(Chunks::new(rows, shape, ranges, limit))
            }
            (Self::Postgres(session), _) => {
                let rows = postgres::read_whole(session, shape)?;
                let sorted = sort_rows(shape, rows, dir)?;
                visitor.visit(Chunks::new(sorted, shape, ranges, limit))
            }
            (Self::Sqlite(connection), [range]) if !needs_sorting(shape) => {
                let mut statement = sqlite::prepare_range(connection, shape, range)?;
                let rows = statement.rows(shape, options.reading())?;
                visitor.visit(Chunks::new(rows, shape, ranges, limit))
            }
            (Self::Sqlite(connection), _) => {
                let mut statement = sqlite::prepare_whole(connection, shape)?;
                let rows = statement.rows(shape, options.reading())?;
                let sorted = sort_rows(shape, rows, dir)?;
                if let [range] = ranges {
                    let within = RowsWithin::new(sorted, shape, range)?;
                    return visitor.visit(Chunks::new(within, shape, ranges, limit));
                }
                visitor.visit(Chunks::new(sorted, shape, ranges, limit))
            }
        }
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
                chunks.next_chunk(|row| {
                    hasher.push(row.line);
                    Ok(())
                })?;
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
                    lines.extend_from_slice(row.line);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}
