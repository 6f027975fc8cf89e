//! What is made of a SQLite source's schema in another file.

use anyhow::Result;
use handover_engine::sqlite::{SchemaStatement, SchemaStatementError};
use rusqlite::Connection;

use super::failed;
use crate::target::postgres::SchemaEntry;

/// Makes objects: those of the source by its own statements, each of which may do nothing else.
pub fn make(connection: &mut Connection, entries: &[SchemaEntry]) -> Result<()> {
    for entry in entries {
        let sql = entry.sql.as_str();
        let Some((kind, name)) = &entry.of_file else {
            connection.execute_batch(sql).map_err(|error| failed(connection, error))?;
            continue;
        };
        match (SchemaStatement { kind: *kind, name, sql }).run(connection) {
            Ok(()) => {}
            Err(SchemaStatementError::Sqlite(error)) => return Err(failed(connection, error)),
            Err(refused) => return Err(refused.into()),
        }
    }
    Ok(())
}

/// Does something in one transaction, or nothing.
pub fn in_transaction(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<()>,
) -> Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| failed(connection, error))?;
    let mut done = work(connection);
    if done.is_ok() {
        done = connection.execute_batch("COMMIT").map_err(|error| failed(connection, error));
    }
    // What failed may have rolled back by itself.
    if done.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(|error| failed(connection, error))?;
    }
    done
}
