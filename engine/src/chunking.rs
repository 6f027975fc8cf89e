//! The rule by which a table is cut into chunks; `FORMAT.md` has it in prose.

use anyhow::{Context, Result, bail};
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::plan::{Key, TableShape};
use handover_schemas::sort_key;
use handover_schemas::value::{Cell, parse};

use crate::line::Line;
use crate::rows::{Row, RowStream, key_value};

/// How many rows a chunk is planned with; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowsPerChunk(u64);

impl RowsPerChunk {
    /// Most rows in a planned chunk, however short they are.
    const MAX: u64 = 1 << 18;

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

/// Size of the first rows in canonical order, from which the size of chunks follows.
#[derive(Debug, Default)]
pub struct SampleSize {
    rows: u64,
    bytes: u64,
}

impl SampleSize {
    /// Rows to look at.
    pub const ROWS: usize = 1000;

    /// Takes one canonical line of so many bytes.
    pub fn add_length(&mut self, bytes: u64) {
        self.rows += 1;
        self.bytes += bytes;
    }

    /// Whether all rows to look at were seen.
    pub fn is_full(&self) -> bool {
        self.rows >= Self::ROWS as u64
    }

    /// Half the limit, so that rows somewhat longer than the first ones still fit.
    pub fn rows_per_chunk(&self, chunk_bytes: u64) -> RowsPerChunk {
        let rows = (chunk_bytes / 2).saturating_mul(self.rows) / self.bytes.max(1);
        RowsPerChunk(rows.clamp(1, RowsPerChunk::MAX))
    }
}

/// The table reduced to its key columns.
pub fn keys_only(shape: &TableShape, key: &Key) -> TableShape {
    TableShape {
        columns: key.columns.iter().filter_map(|at| shape.columns.get(*at)).cloned().collect(),
        key: Some(Key { columns: (0..key.columns.len()).collect(), ..key.clone() }),
        ..shape.clone()
    }
}

/// Every *n*-th key of ordered rows that hold key columns only. A key that is no text (SQLite takes
/// any bytes) cannot be written down as a boundary: the next one that can is taken.
pub fn every_nth_key(
    mut keys: impl RowStream,
    keys_only: &TableShape,
    rows: RowsPerChunk,
) -> Result<Vec<KeyValue>> {
    let key = keys_only.key.as_ref().context("a table without a key has no boundaries")?;
    let mut boundaries = Vec::new();
    let mut index = 0_u64;
    while keys.advance()? {
        if index >= rows.get()
            && let Ok(boundary) = key_value(keys.row().line, key)
        {
            boundaries.push(boundary);
            index = 0;
        }
        index += 1;
    }
    Ok(boundaries)
}

/// Refuses boundaries that do not ascend: chunks between them would overlap or leave rows out.
pub fn check_ascending(shape: &TableShape, boundaries: &[KeyValue]) -> Result<()> {
    let Some(key) = &shape.key else { return Ok(()) };
    let mut last: Option<Vec<u8>> = None;
    for boundary in boundaries {
        let sort_key = value_sort_key(shape, key, boundary)?;
        if last.is_some_and(|last| last >= sort_key) {
            bail!(
                "{}: by its index {} the database gives keys that do not ascend; have the index \
                 checked (bt_index_check of amcheck for PostgreSQL, PRAGMA integrity_check for \
                 SQLite)",
                shape.name,
                key.name
            );
        }
        last = Some(sort_key);
    }
    Ok(())
}

/// First byte of a sort key: keys, then rows that have none because a column of it is NULL.
const HAS_KEY: u8 = 0;
const HAS_NULL: u8 = 1;

/// The sort key of a canonical line. A NULL, which a key's column may hold where nothing forbids
/// it, puts a row behind all keys, into the last range.
pub fn line_sort_key(shape: &TableShape, key: &Key, line: Line<'_>) -> Result<Vec<u8>> {
    let value: Option<Vec<Vec<u8>>> = line.key_bytes(key)?.into_iter().collect();
    match value {
        Some(value) => sort_key_of(shape, key, value.iter().map(Vec::as_slice)),
        None => Ok([&[HAS_NULL], &*line.bytes()?].concat()),
    }
}

/// The sort key of a boundary.
pub fn value_sort_key(shape: &TableShape, key: &Key, value: &KeyValue) -> Result<Vec<u8>> {
    sort_key_of(shape, key, value.iter().map(String::as_bytes))
}

fn sort_key_of<'v>(
    shape: &TableShape,
    key: &Key,
    value: impl Iterator<Item = &'v [u8]>,
) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(32);
    out.push(HAS_KEY);
    for (position, bytes) in key.columns.iter().zip(value) {
        let column = shape.columns.get(*position).context("a key names an unknown column")?;
        let form = || format!("column {} has an unexpected form", column.name);
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                let cell = parse::cell(column.order(), text).with_context(form)?;
                sort_key::push(&cell.as_cell(), &mut out)?;
            }
            // Only texts can be other bytes, and texts are ordered by them.
            Err(_other_bytes) => sort_key::push(&Cell::Text(bytes), &mut out)?,
        }
    }
    Ok(out)
}

/// Rows in canonical order, cut into chunks: at the planned boundaries, and before a row that
/// would take a chunk past the limit.
pub struct Chunks<'a, R> {
    rows: R,
    shape: &'a TableShape,
    limit: u64,
    /// Planned ranges not begun yet, the next one last.
    planned: Vec<(usize, KeyRange)>,
    current: Option<(usize, KeyRange)>,
    /// Sort key of the current range's end, for rows that cover several ranges.
    current_end: Option<Vec<u8>>,
    /// The stream stands on a row that no chunk has taken yet.
    row_waiting: bool,
    started: bool,
}

/// A chunk that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutChunk {
    /// Position of its planned range among the ranges given.
    pub planned: usize,
    /// What it covers; the planned range or, where that passed the limit, a part of it.
    pub range: KeyRange,
}

impl<'a, R: RowStream> Chunks<'a, R> {
    /// Cuts `rows`, which hold exactly what lies in `ranges`, in order.
    pub fn new(rows: R, shape: &'a TableShape, ranges: &[KeyRange], limit: u64) -> Self {
        let mut planned: Vec<_> = ranges.iter().cloned().enumerate().collect();
        planned.reverse();
        Self {
            rows,
            shape,
            limit,
            planned,
            current: None,
            current_end: None,
            row_waiting: false,
            started: false,
        }
    }

    /// Cuts the following chunks at another limit.
    pub fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Whether another chunk follows. Every range has at least one, even if it holds no row.
    pub fn has_next(&self) -> bool {
        self.current.is_some() || !self.planned.is_empty()
    }

    /// Gives the rows of the next chunk to `each` and says what the chunk covers.
    pub fn next_chunk(
        &mut self,
        mut each: impl FnMut(Row<'_>) -> Result<()>,
    ) -> Result<Option<CutChunk>> {
        if self.current.is_none() && !self.begin_range()? {
            return Ok(None);
        }
        if !self.started {
            self.started = true;
            self.row_waiting = self.rows.advance()?;
        }
        let mut bytes = 0_u64;
        while self.row_waiting && !self.is_beyond_range() {
            let row = self.rows.row();
            let length = row.line.length();
            if bytes > 0
                && bytes + length > self.limit
                && let Some(key) = &self.shape.key
                && let Ok(begins) = key_value(row.line, key)
            {
                return Ok(self.cut_at(begins));
            }
            bytes += length;
            each(row)?;
            self.row_waiting = self.rows.advance()?;
        }
        if self.row_waiting && self.planned.is_empty() {
            bail!("{}: a row lies outside the range that was asked for", self.shape.name);
        }
        Ok(self.current.take().map(|(planned, range)| CutChunk { planned, range }))
    }

    fn begin_range(&mut self) -> Result<bool> {
        self.current = self.planned.pop();
        let Some((_, range)) = &self.current else { return Ok(false) };
        self.current_end = match (&range.upper, &self.shape.key) {
            (Some(upper), Some(key)) => Some(value_sort_key(self.shape, key, upper)?),
            _ => None,
        };
        Ok(true)
    }

    /// Only streams sorted by the tool cover several ranges; they know their rows' sort keys.
    fn is_beyond_range(&self) -> bool {
        match (self.rows.sort_key(), &self.current_end) {
            (Some(key), Some(end)) => key >= end.as_slice(),
            _ => false,
        }
    }

    /// Ends the chunk before the key; the rest of the range is the next one.
    fn cut_at(&mut self, begins: KeyValue) -> Option<CutChunk> {
        let (planned, range) = self.current.as_mut()?;
        let lower = range.lower.replace(begins.clone());
        Some(CutChunk { planned: *planned, range: KeyRange { lower, upper: Some(begins) } })
    }
}
