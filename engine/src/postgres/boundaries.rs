//! Where chunks begin: every *n*-th key, *n* from the first thousand rows in order. A function of
//! the rows alone, so that two runs over the same data cut alike.

use std::collections::BinaryHeap;
use std::path::Path;

use anyhow::{Context, Result};
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::plan::{Key, TableShape};

use super::read::{
    from_table, order_by, parts, range_condition, range_query, read_query, read_whole,
};
use super::session::Session;
use super::written;
use crate::chunking::{
    RowsPerChunk, SampleSize, check_ascending, every_nth_key, keys_only, line_sort_key,
};
use crate::rows::RowStream;
use crate::sorted_rows::RowSorter;
use crate::sql::ident;

/// The first keys of the second and later chunks.
pub fn boundaries(
    session: &mut Session,
    shape: &TableShape,
    chunk_bytes: u64,
    spill_dir: &Path,
) -> Result<Vec<KeyValue>> {
    let Some(key) = &shape.key else { return Ok(Vec::new()) };
    if shape.whole_only {
        return without_queries(session, shape, key, chunk_bytes, spill_dir);
    }
    session.prefer_indexes(true)?;
    let rows_per_chunk = sample(session, shape, chunk_bytes)?;
    if !has_more_rows(session, shape, rows_per_chunk)? {
        return Ok(Vec::new());
    }
    if key.range_scan {
        walk_index(session, shape, key, rows_per_chunk)
    } else {
        sort_keys(session, shape, key, rows_per_chunk, spill_dir)
    }
}

fn sample(session: &mut Session, shape: &TableShape, chunk_bytes: u64) -> Result<RowsPerChunk> {
    let mut sample = SampleSize::default();
    let sql = format!("{} LIMIT {}", range_query(shape, &KeyRange::everything()), SampleSize::ROWS);
    let mut rows = read_query(session, shape, &sql)?;
    while rows.advance()? {
        sample.add_length(rows.row().line.length());
    }
    Ok(sample.rows_per_chunk(chunk_bytes))
}

fn has_more_rows(session: &mut Session, shape: &TableShape, rows: RowsPerChunk) -> Result<bool> {
    let sql = format!("SELECT 1 FROM {} OFFSET {} LIMIT 1", from_table(shape), rows.get());
    Ok(session.query_value(&sql)?.is_some())
}

/// The texts of the key columns, as a canonical line would have them.
fn key_text(shape: &TableShape, key: &Key) -> String {
    let columns = key.columns.iter().filter_map(|position| shape.columns.get(*position));
    columns.map(written::key_text).collect::<Vec<_>>().join(", ")
}

fn key_names(shape: &TableShape, key: &Key) -> String {
    let columns = key.columns.iter().filter_map(|position| shape.columns.get(*position));
    columns.map(|column| ident(&column.name)).collect::<Vec<_>>().join(", ")
}

fn walk_index(
    session: &mut Session,
    shape: &TableShape,
    key: &Key,
    rows: RowsPerChunk,
) -> Result<Vec<KeyValue>> {
    let mut boundaries: Vec<KeyValue> = Vec::new();
    loop {
        let range = KeyRange { lower: boundaries.last().cloned(), upper: None };
        let condition = range_condition(shape, key, &range)
            .map(|condition| format!("WHERE {condition}"))
            .unwrap_or_default();
        // Within one query, ORDER BY would mean the text that the select list makes of a column.
        let sql = format!(
            "SELECT {} FROM (SELECT {} FROM {} {condition} ORDER BY {} OFFSET {} LIMIT 1) AS next",
            key_text(shape, key),
            key_names(shape, key),
            from_table(shape),
            order_by(shape, key),
            rows.get()
        );
        let Some(row) = session.query(&sql)?.into_iter().next() else { return Ok(boundaries) };
        let boundary: Option<KeyValue> = row.into_iter().collect();
        boundaries.push(boundary.context("a key column holds NULL")?);
        // A server that gives the same key again would do so for ever.
        let newest = boundaries.len().saturating_sub(2);
        check_ascending(shape, boundaries.get(newest..).unwrap_or_default())?;
    }
}

fn sort_keys(
    session: &mut Session,
    shape: &TableShape,
    key: &Key,
    rows: RowsPerChunk,
    spill_dir: &Path,
) -> Result<Vec<KeyValue>> {
    let keys_only = keys_only(shape, key);
    let mut sorter = RowSorter::new(&keys_only, spill_dir);
    for part in parts(session, &keys_only)? {
        sorter.take(read_whole(session, &part)?)?;
    }
    every_nth_key(sorter.finish()?, &keys_only, rows)
}

/// The same for a table over which no query can be planned: its rows are read once for the lengths
/// of the first ones in order, and, if they are more than a chunk, their keys once more.
fn without_queries(
    session: &mut Session,
    shape: &TableShape,
    key: &Key,
    chunk_bytes: u64,
    spill_dir: &Path,
) -> Result<Vec<KeyValue>> {
    let mut first: BinaryHeap<(Vec<u8>, u64)> = BinaryHeap::new();
    let mut count = 0_u64;
    for part in parts(session, shape)? {
        let mut rows = read_whole(session, &part)?;
        while rows.advance()? {
            let line = rows.row().line;
            count += 1;
            first.push((line_sort_key(shape, key, line)?, line.length()));
            if first.len() > SampleSize::ROWS {
                first.pop();
            }
        }
    }
    let mut sample = SampleSize::default();
    for (_key, length) in first {
        sample.add_length(length);
    }
    let rows_per_chunk = sample.rows_per_chunk(chunk_bytes);
    if count <= rows_per_chunk.get() {
        return Ok(Vec::new());
    }
    sort_keys(session, shape, key, rows_per_chunk, spill_dir)
}
