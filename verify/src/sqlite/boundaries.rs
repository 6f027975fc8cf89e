//! Where chunks of a SQLite table begin: the same rule as for PostgreSQL.

use std::path::Path;

use anyhow::Result;
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::plan::TableShape;
use rusqlite::Connection;

use super::read::{Reading, prepare_range, prepare_whole};
use crate::chunking::{SampleSize, every_nth_key, keys_only};
use crate::rows::RowStream;
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
        sample.add(first_rows.row().line);
    }
    let rows = sample.rows_per_chunk(chunk_bytes);
    let keys_only = keys_only(shape, key);
    if key.range_scan {
        let mut statement = prepare_range(connection, &keys_only, &everything)?;
        every_nth_key(statement.rows(&keys_only, reading)?, &keys_only, rows)
    } else {
        let mut statement = prepare_whole(connection, &keys_only)?;
        let unsorted = statement.rows(&keys_only, reading)?;
        every_nth_key(sort_rows(&keys_only, unsorted, spill_dir)?, &keys_only, rows)
    }
}
