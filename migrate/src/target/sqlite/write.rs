//! One chunk: rows by a prepared INSERT and the ledger's entry, in one transaction.

use super::failed;
use anyhow::{Context, Result};
use handover_schemas::ledger::ChunkEntry;
use handover_schemas::plan::TableShape;
use handover_verify::sql::ident;
use handover_verify::sqlite::{range_literals, values::take_stored};
use rusqlite::Connection;

use crate::ledger::{Written, record_copied};
use crate::target::{ChunkWrite, Fill, Filled};

/// Writes a chunk; see [`crate::target::Target::write_chunk`].
pub fn write_chunk(
    connection: &mut Connection,
    write: ChunkWrite<'_>,
    fill: &mut Fill<'_>,
) -> Result<Option<ChunkEntry>> {
    connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| failed(connection, error))?;
    let written = write_in_transaction(connection, write, fill);
    let (end, written) = match written {
        Ok(rest) => ("COMMIT", Ok(rest)),
        Err(error) => ("ROLLBACK", Err(error)),
    };
    // A full disk rolls back by itself; there is nothing left to end then.
    if !connection.is_autocommit() {
        let ended = connection.execute_batch(end).map_err(|error| failed(connection, error));
        if written.is_ok() {
            ended.context("cannot commit a chunk")?;
        }
    }
    written
}

fn write_in_transaction(
    connection: &mut Connection,
    write: ChunkWrite<'_>,
    fill: &mut Fill<'_>,
) -> Result<Option<ChunkEntry>> {
    if write.replace {
        connection
            .execute_batch(&delete_statement(write.shape, write.entry))
            .map_err(|error| failed(connection, error))?;
    }
    let filled = insert_rows(connection, write.shape, fill)
        .with_context(|| format!("cannot copy into {}", write.shape.name))?;
    let written =
        Written { range: filled.range, digest: filled.digest, snapshot: write.snapshot.to_owned() };
    record_copied(connection, write.entry, &written)
}

fn insert_rows(connection: &Connection, shape: &TableShape, fill: &mut Fill<'_>) -> Result<Filled> {
    let columns: Vec<String> = shape.columns.iter().map(|column| ident(&column.name)).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let table = ident(&shape.name.name);
    let sql = format!("INSERT INTO main.{table} ({}) VALUES ({marks})", columns.join(", "));
    let mut insert = connection.prepare_cached(&sql).map_err(|error| failed(connection, error))?;
    fill(&mut |mut rows| {
        while !rows.is_empty() {
            for index in 1..=columns.len() {
                let value = take_stored(&mut rows)?;
                insert
                    .raw_bind_parameter(index, rusqlite::types::ToSqlOutput::Borrowed(value))
                    .map_err(|error| failed(connection, error))?;
            }
            insert.raw_execute().map_err(|error| failed(connection, error))?;
        }
        Ok(())
    })
}

/// Deletes what an earlier copy of the chunk left.
fn delete_statement(shape: &TableShape, entry: &ChunkEntry) -> String {
    let table = ident(&shape.name.name);
    match range_literals(shape, &entry.range) {
        Some((condition, _order)) if !condition.is_empty() => {
            format!("DELETE FROM main.{table} WHERE {condition}")
        }
        _ => format!("DELETE FROM main.{table}"),
    }
}
