//! The root of a table over the chunks of `FORMAT.md` section 8: a function of its rows and nothing else, whatever
//! chunks a copy was made in.

use std::path::Path;

use anyhow::{Result, bail};
use handover_schemas::chunk::{CHUNK_BYTES_MAX, KeyRange};
use handover_schemas::digest::{Digest, LineDigest, LineHasher};
use handover_schemas::leaf::{ChunkLeaf, table_root};
use handover_schemas::ledger::ChunkEntry;
use handover_schemas::plan::{Extent, TableShape};

use crate::chunking::{Chunks, SampleSize};
use crate::line::Line;
use crate::reader::{ChunkVisitor, ReadMode, ReadOptions, Reader, is_read_by_key};
use crate::rows::{RowStream, Wire};
use crate::sorted_rows::LineSorter;

/// The root of a table, and what a table's leaf says beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableRoot {
    /// Leaves under it.
    pub chunks: u64,
    /// The root.
    pub root: Digest,
}

impl TableRoot {
    /// The root over these chunks of a table that are in the ledger, whatever chunks they are.
    pub fn over(planned: &TableShape, entries: &[ChunkEntry]) -> Self {
        let hashed = entries.iter().filter_map(|entry| Some((&entry.range, entry.digest?)));
        let leaves: Vec<Digest> =
            hashed.map(|(range, lines)| leaf(planned, range, &lines)).collect();
        Self { chunks: leaves.len() as u64, root: table_root(&leaves) }
    }

    /// The root of a table that was read back as one chunk, where section 8 makes one chunk of it whatever its rows
    /// are: it has no key, or all rows are among the first, from whose size the number of rows per chunk follows.
    pub fn of_one_chunk(planned: &TableShape, entries: &[ChunkEntry]) -> Option<Self> {
        let [entry] = entries else { return None };
        let is_small = |lines: LineDigest| {
            lines.rows <= SampleSize::ROWS as u64 && lines.bytes <= CHUNK_BYTES_MAX / 2
        };
        let is_one = entry.range == KeyRange::everything()
            && (planned.key.is_none() || entry.digest.is_some_and(is_small));
        is_one.then(|| Self::over(planned, entries))
    }
}

fn leaf(planned: &TableShape, range: &KeyRange, lines: &LineDigest) -> Digest {
    let LineDigest { rows, bytes, digest } = *lines;
    ChunkLeaf { table: planned, range, rows, bytes, digest }.hash()
}

/// The table is another one than the ledger's chunks are of.
#[derive(Debug, thiserror::Error)]
#[error("{table}: its rows are not those that the ledger has digests of")]
pub struct OtherRows {
    /// The table.
    pub table: String,
}

/// A table, as it is read at one end.
#[derive(Clone, Copy)]
pub struct RootedTable<'a> {
    /// As this end has it.
    pub here: &'a TableShape,
    /// As it was planned: its leaves bind the source's names and types.
    pub planned: &'a TableShape,
}

impl RootedTable<'_> {
    /// Reads the table and makes its root.
    ///
    /// # Errors
    ///
    /// If it cannot be read to its end.
    pub fn read(&self, reader: &mut Reader<'_>, options: &ReadOptions) -> Result<TableRoot> {
        let options = of_section_8(options);
        let boundaries = reader.boundaries(self.here, &options)?;
        let (root, _rows_held) = self.read_in(reader, &boundaries, &[], &options)?;
        Ok(root)
    }

    /// The root of a table that was read back with the digests of these chunks. It is read once more only
    /// where the chunks are not those of section 8, and then held against them.
    ///
    /// # Errors
    ///
    /// [`OtherRows`] if the table does not hold those rows; or if it cannot be read.
    pub fn read_back(
        &self,
        reader: &mut Reader<'_>,
        entries: &[ChunkEntry],
        options: &ReadOptions,
    ) -> Result<TableRoot> {
        if let Some(root) = TableRoot::of_one_chunk(self.planned, entries) {
            return Ok(root);
        }
        let options = of_section_8(options);
        let boundaries = reader.boundaries(self.here, &options)?;
        if are_ranges(entries, &KeyRange::between(&boundaries)) {
            return Ok(TableRoot::over(self.planned, entries));
        }
        match self.read_in(reader, &boundaries, entries, &options)? {
            (root, true) => Ok(root),
            (_, false) => Err(OtherRows { table: self.planned.name.to_string() }.into()),
        }
    }

    /// Reads the table between these boundaries, beside chunks of the ledger; whether it holds their rows.
    fn read_in(
        &self,
        reader: &mut Reader<'_>,
        boundaries: &[Vec<String>],
        entries: &[ChunkEntry],
        options: &ReadOptions,
    ) -> Result<(TableRoot, bool)> {
        let ranges = KeyRange::between(boundaries);
        let mut rooting = Rooting {
            planned: self.planned,
            dir: &options.spill_dir,
            leaves: Vec::new(),
            rows: 0,
            beside: Beside::of(entries),
        };
        let limit = options.chunk_bytes;
        match ReadMode::of(self.here, ranges.len()) {
            ReadMode::WholeThenSort => {
                reader.read(self.here, &ranges, limit, options, &mut rooting)?;
            }
            ReadMode::Ranges | ReadMode::Keyless => {
                for range in ranges.chunks(1) {
                    reader.read(self.here, range, limit, options, &mut rooting)?;
                }
            }
        }
        if is_read_by_key(self.here, ranges.len()) {
            reader.check_count(self.here, rooting.rows)?;
        }
        let chunks = rooting.leaves.len() as u64;
        let root = TableRoot { chunks, root: table_root(&rooting.leaves) };
        Ok((root, rooting.beside.is_all_of_it()))
    }
}

/// The plan's table, read under the name and by the indexes that it is described with at one end.
pub fn at_end(planned: &TableShape, described: &TableShape) -> TableShape {
    let mut shape = planned.clone();
    shape.name = described.name.clone();
    if !matches!(shape.extent, Extent::Configuration(_)) {
        shape.extent = described.extent.clone();
    }
    shape.whole_only = described.whole_only;
    if let Some(key) = &mut shape.key {
        let known = described.key.as_ref();
        key.range_scan =
            known.is_some_and(|known| known.range_scan && known.columns == key.columns);
    }
    shape
}

/// Rows as lines, cut where section 8 says.
fn of_section_8(options: &ReadOptions) -> ReadOptions {
    ReadOptions { wire: Wire::None, chunk_bytes: CHUNK_BYTES_MAX, ..options.clone() }
}

/// Whether chunks of the ledger are those that section 8 makes of these ranges: each is a range, and holds
/// no more than a chunk may hold.
fn are_ranges(entries: &[ChunkEntry], ranges: &[KeyRange]) -> bool {
    let fits = |entry: &ChunkEntry| {
        entry.digest.is_some_and(|lines| lines.bytes <= CHUNK_BYTES_MAX || lines.rows <= 1)
    };
    entries.iter().map(|entry| &entry.range).eq(ranges) && entries.iter().all(fits)
}

struct Rooting<'a> {
    planned: &'a TableShape,
    dir: &'a Path,
    leaves: Vec<Digest>,
    rows: u64,
    beside: Beside,
}

impl ChunkVisitor for Rooting<'_> {
    fn visit<R: RowStream>(&mut self, mut chunks: Chunks<'_, R>) -> Result<()> {
        while chunks.has_next() {
            let (cut, lines) = if self.planned.key.is_none() {
                let mut sorter = LineSorter::new(self.dir);
                let cut = chunks.next_chunk(|row| sorter.push(row.line))?;
                (cut, sorter.finish(|_line| Ok(()))?)
            } else {
                let (mut hasher, beside) = (LineHasher::new(), &mut self.beside);
                let cut = chunks.next_chunk(|row| {
                    row.line.hash_into(&mut hasher)?;
                    beside.take(row.line)
                })?;
                (cut, hasher.finish())
            };
            let Some(cut) = cut else { bail!("a chunk is missing") };
            self.rows += lines.rows;
            self.leaves.push(leaf(self.planned, &cut.range, &lines));
        }
        Ok(())
    }
}

/// The lines of a whole table, in order, held against the digests of chunks that tile it.
struct Beside {
    /// Digests to come, the next one last. Chunks without rows take no line.
    expected: Vec<LineDigest>,
    hasher: LineHasher,
    differs: bool,
}

impl Beside {
    fn of(entries: &[ChunkEntry]) -> Self {
        let digests = entries.iter().filter_map(|entry| entry.digest);
        let mut expected: Vec<LineDigest> = digests.filter(|lines| lines.rows > 0).collect();
        expected.reverse();
        Self { expected, hasher: LineHasher::new(), differs: false }
    }

    fn take(&mut self, line: Line<'_>) -> Result<()> {
        let Some(expected) = self.expected.last() else {
            self.differs = true;
            return Ok(());
        };
        line.hash_into(&mut self.hasher)?;
        if self.hasher.rows() == expected.rows {
            let found = std::mem::replace(&mut self.hasher, LineHasher::new()).finish();
            self.differs |= found != *expected;
            self.expected.pop();
        }
        Ok(())
    }

    fn is_all_of_it(&self) -> bool {
        !self.differs && self.expected.is_empty()
    }
}
