//! Where chunks begin: every *n*-th key, *n* from the first thousand rows in order. A function of
//! the rows alone, so that two runs over the same data cut alike.

use std::path::Path;

use anyhow::{Context, Result};
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Key, TableShape};

use super::read::{from_table, order_by, range_condition, range_query, read_query, read_whole};
use super::session::Session;
use crate::chunking::{RowsPerChunk, SampleSize, every_nth_key, keys_only};
use crate::rows::RowStream;
use crate::sorted_rows::sort_rows;
use crate::sql::ident;

/// The first keys of the second and later chunks.
pub fn boundaries(
    session: &mut Session,
    shape: &TableShape,
    chunk_bytes: u64,
    spill_dir: &Path,
) -> Result<Vec<KeyValue>> {
    let Some(key) = &shape.key else { return Ok(Vec::new()) };
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
        sample.add(rows.row().line);
    }
    Ok(sample.rows_per_chunk(chunk_bytes))
}

fn has_more_rows(session: &mut Session, shape: &TableShape, rows: RowsPerChunk) -> Result<bool> {
    let sql = format!("SELECT 1 FROM {} OFFSET {} LIMIT 1", from_table(shape), rows.get());
    Ok(session.query_value(&sql)?.is_some())
}

/// The texts of the key columns, as a canonical line would have them.
fn key_text(shape: &TableShape, key: &Key) -> String {
    let list: Vec<String> = key
        .columns
        .iter()
        .filter_map(|position| shape.columns.get(*position))
        .map(|column| {
            let name = ident(&column.name);
            match column.ty {
                PgType::Bool => format!("CASE WHEN {name} THEN 't' ELSE 'f' END"),
                PgType::Other => format!("format('%s', {name})"),
                _ => format!("{name}::text"),
            }
        })
        .collect();
    list.join(", ")
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
    let unsorted = read_whole(session, &keys_only)?;
    every_nth_key(sort_rows(&keys_only, unsorted, spill_dir)?, &keys_only, rows)
}
