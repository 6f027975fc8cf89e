//! One chunk: rows by COPY and the ledger's entry, in one transaction.

use anyhow::{Context, Result, bail};
use handover_schemas::copy_binary::{HEADER, TRAILER};
use handover_schemas::ledger::ChunkEntry;
use handover_schemas::plan::{Key, TableShape};
use handover_verify::postgres::{Session, range_condition};
use handover_verify::sql::{ident, qualified};

use crate::ledger::{Written, record_copied};
use crate::target::{ChunkWrite, Fill, Filled, shape_at_postgres};

/// Writes a chunk; see [`crate::target::Target::write_chunk`].
pub fn write_chunk(
    session: &mut Session,
    write: ChunkWrite<'_>,
    fill: &mut Fill<'_>,
) -> Result<Option<ChunkEntry>> {
    let shape = shape_at_postgres(write.shape);
    session.execute("BEGIN")?;
    let written = write_in_transaction(session, &shape, write, fill);
    match written {
        Ok(rest) => {
            session.execute("COMMIT").context("cannot commit a chunk")?;
            Ok(rest)
        }
        Err(error) => {
            if session.is_usable()
                && let Err(rollback) = session.execute("ROLLBACK")
            {
                return Err(error.context(format!("and cannot roll back: {rollback:#}")));
            }
            Err(error)
        }
    }
}

fn write_in_transaction(
    session: &mut Session,
    shape: &TableShape,
    write: ChunkWrite<'_>,
    fill: &mut Fill<'_>,
) -> Result<Option<ChunkEntry>> {
    if write.replace {
        session.execute(&delete_statement(shape, write.entry))?;
    }
    let filled = copy_rows(session, shape, fill)
        .with_context(|| format!("cannot copy into {}", shape.name))?;
    let written =
        Written { range: filled.range, digest: filled.digest, snapshot: write.snapshot.to_owned() };
    record_copied(session, write.entry, &written)
}

fn copy_rows(session: &mut Session, shape: &TableShape, fill: &mut Fill<'_>) -> Result<Filled> {
    let binary = shape.has_renderer();
    let mut copy = session.copy_in(&copy_statement(shape, binary))?;
    if binary {
        copy.send(&HEADER)?;
    }
    let filled = fill(&mut |rows| copy.send(rows))?;
    if binary {
        copy.send(&TRAILER)?;
    }
    let rows = copy.finish()?;
    if rows != filled.digest.rows {
        bail!("{} rows were sent and the server took {rows}", filled.digest.rows);
    }
    Ok(filled)
}

fn copy_statement(shape: &TableShape, binary: bool) -> String {
    let table = qualified(&shape.name.schema, &shape.name.name);
    let columns: Vec<String> = shape.columns.iter().map(|column| ident(&column.name)).collect();
    let columns =
        if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
    let format = if binary { " (FORMAT binary)" } else { "" };
    format!("COPY {table}{columns} FROM STDIN{format}")
}

/// Deletes what an earlier copy of the chunk left. The range is told in byte order, whatever
/// order the target's indexes have.
fn delete_statement(shape: &TableShape, entry: &ChunkEntry) -> String {
    let table = qualified(&shape.name.schema, &shape.name.name);
    let condition = shape.key.as_ref().and_then(|key| {
        let in_byte_order = Key { range_scan: false, ..key.clone() };
        range_condition(shape, &in_byte_order, &entry.range)
    });
    let only = if shape.partitioned { "" } else { "ONLY " };
    match condition {
        Some(condition) => format!("DELETE FROM {only}{table} WHERE {condition}"),
        None => format!("DELETE FROM {only}{table}"),
    }
}
