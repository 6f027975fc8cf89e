//! One chunk: rows by COPY and the ledger's entry, in one transaction.

use anyhow::{Context, Result, bail};
use handover_engine::postgres::{Session, from_table, range_condition};
use handover_engine::sql::{ident, literal, qualified};
use handover_schemas::copy_binary::{HEADER, TRAILER};
use handover_schemas::ledger::ChunkEntry;
use handover_schemas::plan::{Extent, Key, TableShape};

use super::source_settings::pinned_again;
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
            session.execute(&write.owner.commit("")).context("cannot commit a chunk")?;
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
    refuse_foreign_partition(session, shape)?;
    let owner = write.owner;
    if write.replace {
        let delete = delete_statement(shape, write.entry);
        session.execute(&format!("{}{delete}", owner.begin_rows()))?;
    } else if let Extent::Configuration(_) = shape.extent {
        refuse_rows_there(session, shape, write.entry)?;
    }
    let settings = write.settings;
    let begin = if shape.has_renderer() { settings.begin() } else { settings.begin_text_wire() };
    session.execute(&format!("{begin}{}", owner.begin_rows()))?;
    let filled = copy_rows(session, shape, fill)
        .with_context(|| format!("cannot copy into {}", shape.name))?;
    session.execute(&format!("{}{}", owner.end_rows(), pinned_again()))?;
    let written =
        Written { range: filled.range, digest: filled.digest, snapshot: write.snapshot.to_owned() };
    record_copied(session, write.entry, &written)
}

/// Rows that a statement gives a partitioned table go wherever its partitions are: also to another
/// server, if somebody has attached a foreign table since.
pub fn refuse_foreign_partition(session: &mut Session, shape: &TableShape) -> Result<()> {
    if !shape.partitioned {
        return Ok(());
    }
    let name = &shape.name;
    let foreign = session.query_value(&format!(
        "SELECT t.relid::text FROM pg_partition_tree(to_regclass({})) t \
         JOIN pg_class c ON c.oid = t.relid WHERE c.relkind = 'f' LIMIT 1",
        literal(&qualified(&name.schema, &name.name))
    ))?;
    match foreign {
        Some(partition) => Err(ReachesAnotherServer { table: name.to_string(), partition }.into()),
        None => Ok(()),
    }
}

/// A partitioned table of the target has a foreign table among its partitions.
#[derive(Debug, thiserror::Error)]
#[error(
    "{table} of the target has the foreign table {partition} as a partition: nothing is written \
     through it to another server; detach it (ALTER TABLE … DETACH PARTITION) until the copy is done"
)]
pub struct ReachesAnotherServer {
    table: String,
    partition: String,
}

/// A table that an extension made may hold rows already, which would be there twice.
fn refuse_rows_there(session: &mut Session, shape: &TableShape, entry: &ChunkEntry) -> Result<()> {
    let name = &shape.name;
    let condition = range_in_byte_order(shape, entry)
        .map_or_else(String::new, |condition| format!(" WHERE {condition}"));
    let sql = format!("SELECT count(*) FROM {}{condition}", from_table(shape));
    let there = session.query_value(&sql)?.unwrap_or_default();
    if there != "0" {
        return Err(RowsThere { table: name.to_string(), rows: there }.into());
    }
    Ok(())
}

/// A table of an extension holds rows in the target that its extension, or somebody, put there.
#[derive(Debug, thiserror::Error)]
#[error(
    "{table}, which belongs to an extension, holds {rows} row(s) in the target that nobody copied \
     and that its extension declares to be configuration of the platform: delete them there, or \
     leave the table out"
)]
pub struct RowsThere {
    table: String,
    rows: String,
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

/// Deletes what an earlier copy of the chunk left.
fn delete_statement(shape: &TableShape, entry: &ChunkEntry) -> String {
    let table = qualified(&shape.name.schema, &shape.name.name);
    let table = if shape.partitioned { table } else { format!("ONLY {table}") };
    let mut conditions: Vec<String> = range_in_byte_order(shape, entry).into_iter().collect();
    if let Extent::Configuration(condition) = &shape.extent
        && !condition.is_empty()
    {
        let rows = format!("(tableoid, ctid) IN (SELECT tableoid, ctid FROM {table} {condition})");
        conditions.push(rows);
    }
    if conditions.is_empty() {
        return format!("DELETE FROM {table}");
    }
    format!("DELETE FROM {table} WHERE {}", conditions.join(" AND "))
}

/// The condition of a chunk's range, told in byte order, whatever order the target's indexes have.
fn range_in_byte_order(shape: &TableShape, entry: &ChunkEntry) -> Option<String> {
    let key = shape.key.as_ref()?;
    let in_byte_order = Key { range_scan: false, ..key.clone() };
    range_condition(shape, &in_byte_order, &entry.range)
}
