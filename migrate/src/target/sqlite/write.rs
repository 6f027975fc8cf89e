//! One chunk: rows by a prepared INSERT and the ledger's entry, in one transaction.

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::chunking::keys_only;
use handover_engine::rows::{RowStream, Wire};
use handover_engine::sorted_rows::{RowsWithin, sort_rows};
use handover_engine::sql::ident;
use handover_engine::sqlite::values::{TextLimit, take_stored};
use handover_engine::sqlite::{Reading, prepare_whole, range_literals};
use handover_schemas::ledger::ChunkEntry;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Key, TableShape};
use rusqlite::Connection;
use rusqlite::types::ToSqlOutput;

use super::failed;
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
        delete_rows(connection, write)?;
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
                    .raw_bind_parameter(index, ToSqlOutput::Borrowed(value))
                    .map_err(|error| failed(connection, error))?;
            }
            insert.raw_execute().map_err(|error| failed(connection, error))?;
        }
        Ok(())
    })
}

/// Deletes what an earlier copy of the chunk left.
fn delete_rows(connection: &Connection, write: ChunkWrite<'_>) -> Result<()> {
    let table = ident(&write.shape.name.name);
    let everything = format!("DELETE FROM main.{table}");
    let statement = match &write.shape.key {
        Some(key) if !is_comparable(write.shape, key) => {
            return delete_by_key(connection, write, key);
        }
        Some(_) => match range_literals(write.shape, &write.entry.range) {
            Some((condition, _order)) if !condition.is_empty() => {
                format!("{everything} WHERE {condition}")
            }
            _ => everything,
        },
        None => everything,
    };
    connection.execute_batch(&statement).map_err(|error| failed(connection, error))
}

/// Whether SQL can tell which keys lie in a range: the canonical order of numbers with a fraction
/// in them is that of their texts, which SQLite does not print.
fn is_comparable(shape: &TableShape, key: &Key) -> bool {
    let mut columns = key.columns.iter().filter_map(|at| shape.columns.get(*at));
    !columns.any(|column| {
        matches!(column.ty, PgType::Float4 | PgType::Float8 | PgType::Interval | PgType::Other)
    })
}

/// Deletes the rows of a range one by one.
fn delete_by_key(connection: &Connection, write: ChunkWrite<'_>, key: &Key) -> Result<()> {
    let keys = keys_only(write.shape, key);
    let interrupt = Interrupt::default();
    let reading = Reading {
        wire: Wire::SqliteValues,
        text_limit: TextLimit::None,
        respelled: None,
        interrupt: &interrupt,
    };
    let mut stored: Vec<Vec<u8>> = Vec::new();
    {
        let mut all = prepare_whole(connection, &keys)?;
        let sorted = sort_rows(&keys, all.rows(&keys, reading)?, write.spill_dir)?;
        let mut rows = RowsWithin::new(sorted, &keys, &write.entry.range)?;
        while rows.advance()? {
            stored.push(rows.row().wire.to_vec());
        }
    }
    let conditions: Vec<String> =
        keys.columns.iter().map(|column| format!("{} IS ?", ident(&column.name))).collect();
    let sql = format!(
        "DELETE FROM main.{} WHERE {}",
        ident(&write.shape.name.name),
        conditions.join(" AND ")
    );
    let mut delete = connection.prepare(&sql).map_err(|error| failed(connection, error))?;
    for row in &stored {
        let mut wire = row.as_slice();
        for index in 1..=conditions.len() {
            let value = ToSqlOutput::Borrowed(take_stored(&mut wire)?);
            delete.raw_bind_parameter(index, value).map_err(|error| failed(connection, error))?;
        }
        delete.raw_execute().map_err(|error| failed(connection, error))?;
    }
    Ok(())
}
