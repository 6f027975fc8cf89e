//! Where chunks of a SQLite table begin: the same rule as for PostgreSQL.

use std::path::Path;

use anyhow::Result;
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::plan::TableShape;
use rusqlite::Connection;

use super::read::{Reading, prepare_nth, prepare_range, prepare_whole};
use crate::chunking::{RowsPerChunk, SampleSize, every_nth_key, keys_only};
use crate::rows::{RowStream, key_value};
use crate::sorted_rows::sort_rows;

/// The first keys of the second and later chunks.
pub fn boundaries(
    connection: &Connection,
    shape: &TableShape,
    chunk_bytes: u64,
    spill_dir: &Path,
    reading: Reading<'_>,
) -> Result<Vec<KeyValue>> {
    let Some(key) = &shape.key else { return Ok(Vec::new()) };
    let everything = KeyRange::everything();
    let mut sample = SampleSize::default();
    let mut first_rows = prepare_range(connection, shape, &everything)?;
    let mut first_rows = first_rows.rows(shape, reading)?;
    while !sample.is_full() && first_rows.advance()? {
        sample.add_length(first_rows.row().line.length());
    }
    let rows = sample.rows_per_chunk(chunk_bytes);
    let keys_only = keys_only(shape, key);
    if key.range_scan {
        walk_index(connection, &keys_only, rows, reading)
    } else {
        let mut statement = prepare_whole(connection, &keys_only)?;
        let unsorted = statement.rows(&keys_only, reading)?;
        every_nth_key(sort_rows(&keys_only, unsorted, spill_dir)?, &keys_only, rows)
    }
}

/// SQLite counts the rows between two boundaries by itself, faster than they could be read.
fn walk_index(
    connection: &Connection,
    keys_only: &TableShape,
    rows: RowsPerChunk,
    reading: Reading<'_>,
) -> Result<Vec<KeyValue>> {
    let Some(key) = &keys_only.key else { return Ok(Vec::new()) };
    let mut boundaries: Vec<KeyValue> = Vec::new();
    let mut before = rows.get();
    loop {
        reading.interrupt.check()?;
        let range = KeyRange { lower: boundaries.last().cloned(), upper: None };
        let mut statement = prepare_nth(connection, keys_only, &range, before)?;
        let mut next = statement.rows(keys_only, reading)?;
        if !next.advance()? {
            return Ok(boundaries);
        }
        match key_value(next.row().line, key) {
            Ok(boundary) => {
                boundaries.push(boundary);
                before = rows.get();
            }
            // A text that is not valid UTF-8 cannot be written down as a boundary; the next can.
            Err(_invalid) => before += 1,
        }
    }
}
