//! Rows of a table whose engine cannot give them in canonical order, sorted by the tool.

use std::path::Path;

use anyhow::{Context, Result};
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::digest::{LineDigest, LineHasher};
use handover_schemas::plan::TableShape;

use crate::chunking::{line_sort_key, value_sort_key};
use crate::line::Line;
use crate::rows::{Row, RowStream};
use crate::sort::{Sorted, Sorter};

/// Memory a sort may take before it spills.
const SORT_MEMORY_BYTES: usize = 12 * 1024 * 1024;

const SPILL: &str = "cannot write to the spill file; free some disk space where it lies (TMPDIR)";

/// Rows in canonical order.
pub struct SortedRows {
    sorted: Sorted,
    sort_key: Vec<u8>,
    line: Vec<u8>,
    wire: Vec<u8>,
}

/// Sorts a table's rows by its key, from however many places they come. Those of a table without a
/// key come out in some order.
pub struct RowSorter<'s> {
    shape: &'s TableShape,
    sorter: Sorter,
    payload: Vec<u8>,
}

impl<'s> RowSorter<'s> {
    /// An empty sorter that spills to unlinked files in `spill_dir`.
    pub fn new(shape: &'s TableShape, spill_dir: &Path) -> Self {
        let sorter = Sorter::new(spill_dir, SORT_MEMORY_BYTES);
        Self { shape, sorter, payload: Vec::new() }
    }

    /// Takes all rows of a stream.
    pub fn take(&mut self, mut rows: impl RowStream) -> Result<()> {
        while rows.advance()? {
            let row = rows.row();
            self.payload.clear();
            self.payload.extend_from_slice(&row.line.length().to_le_bytes());
            row.line.pieces(&mut |piece| {
                self.payload.extend_from_slice(piece);
                Ok(())
            })?;
            self.payload.extend_from_slice(row.wire);
            let sort_key = match &self.shape.key {
                Some(key) => line_sort_key(self.shape, key, row.line)?,
                None => Vec::new(),
            };
            self.sorter.push(&sort_key, &self.payload).context(SPILL)?;
        }
        Ok(())
    }

    /// The rows, in order.
    pub fn finish(self) -> Result<SortedRows> {
        let sorted = self.sorter.finish().context(SPILL)?;
        Ok(SortedRows { sorted, sort_key: Vec::new(), line: Vec::new(), wire: Vec::new() })
    }
}

/// Reads all rows and sorts them by key.
pub fn sort_rows(shape: &TableShape, rows: impl RowStream, spill_dir: &Path) -> Result<SortedRows> {
    let mut sorter = RowSorter::new(shape, spill_dir);
    sorter.take(rows)?;
    sorter.finish()
}

impl RowStream for SortedRows {
    fn advance(&mut self) -> Result<bool> {
        let Some((sort_key, payload)) =
            self.sorted.next().context("cannot read the spill file back")?
        else {
            return Ok(false);
        };
        let damaged = "the spill file is damaged";
        let (length, rest) = payload.split_first_chunk::<8>().context(damaged)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).context(damaged)?;
        let (line, wire) = rest.split_at_checked(length).context(damaged)?;
        for (kept, new) in
            [(&mut self.sort_key, sort_key), (&mut self.line, line), (&mut self.wire, wire)]
        {
            kept.clear();
            kept.extend_from_slice(new);
        }
        Ok(true)
    }

    fn row(&self) -> Row<'_> {
        Row { line: Line::whole(&self.line), wire: &self.wire }
    }

    fn sort_key(&self) -> Option<&[u8]> {
        Some(&self.sort_key)
    }
}

/// Those of a table's rows that lie in one key range.
pub struct RowsWithin {
    rows: SortedRows,
    lower: Option<Vec<u8>>,
    upper: Option<Vec<u8>>,
}

impl RowsWithin {
    /// Takes sorted rows and passes on those in `range`.
    pub fn new(rows: SortedRows, shape: &TableShape, range: &KeyRange) -> Result<Self> {
        let key = shape.key.as_ref().context("a table without a key has no key ranges")?;
        let sort_key = |end: &Option<KeyValue>| {
            end.as_ref().map(|end| value_sort_key(shape, key, end)).transpose()
        };
        Ok(Self { rows, lower: sort_key(&range.lower)?, upper: sort_key(&range.upper)? })
    }
}

impl RowStream for RowsWithin {
    fn advance(&mut self) -> Result<bool> {
        while self.rows.advance()? {
            let key = &self.rows.sort_key;
            if self.lower.as_ref().is_none_or(|lower| key >= lower) {
                return Ok(self.upper.as_ref().is_none_or(|upper| key < upper));
            }
        }
        Ok(false)
    }

    fn row(&self) -> Row<'_> {
        self.rows.row()
    }
}

/// The lines of a table without a key, sorted as `LC_ALL=C sort` does, duplicates kept.
pub struct LineSorter {
    sorter: Sorter,
}

impl LineSorter {
    /// An empty sorter that spills to unlinked files in `spill_dir`.
    pub fn new(spill_dir: &Path) -> Self {
        Self { sorter: Sorter::new(spill_dir, SORT_MEMORY_BYTES) }
    }

    /// Takes one canonical line.
    pub fn push(&mut self, line: Line<'_>) -> Result<()> {
        if line.is_large() {
            return self.push_large(line);
        }
        let line = line.bytes()?;
        let without_end = line.strip_suffix(b"\n").unwrap_or(&line);
        self.sorter.push(&[], without_end).context(SPILL)
    }

    /// Takes a line to the disk as its pieces are made.
    fn push_large(&mut self, line: Line<'_>) -> Result<()> {
        let mut large = self.sorter.begin_large(line.length().saturating_sub(1)).context(SPILL)?;
        line.pieces(&mut |piece| {
            let without_end = piece.strip_suffix(b"\n").unwrap_or(piece);
            large.write(without_end).context(SPILL)
        })?;
        self.sorter.end_large(large).context(SPILL)
    }

    /// Gives every line, in order, to `each`, its text first and then its LF, and the digest of them
    /// all.
    pub fn finish(self, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<LineDigest> {
        let mut hasher = LineHasher::new();
        let mut sorted = self.sorter.finish().context(SPILL)?;
        while let Some((_key, text)) = sorted.next().context("cannot read the spill file back")? {
            for part in [text, b"\n"] {
                hasher.push_text(part);
                each(part)?;
            }
        }
        Ok(hasher.finish())
    }
}
