//! Opening a SQLite file for writing.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use handover_verify::ledger::own::OwnObjects;
use handover_verify::sql::literal;
use handover_verify::sqlite::sqlite_error;
use rusqlite::{Connection, OpenFlags};

/// Opens the file, making it (0600) if it is not there.
///
/// Commits are synced: a chunk that the ledger calls copied survives a power cut.
pub fn open_target(path: &Path) -> Result<Connection> {
    let place = || format!("cannot write SQLite file {}", path.display());
    if path.is_dir() {
        bail!("{}: it is a folder; name a file in it", place());
    }
    if !path.exists() {
        handover_verify::private_file::new(path).with_context(place)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(sqlite_error).with_context(place)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(sqlite_error)?;
    connection
        .execute_batch(
            "PRAGMA trusted_schema = OFF; PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; \
             PRAGMA foreign_keys = OFF; \
             PRAGMA cache_size = -8192; PRAGMA temp_store = FILE;",
        )
        .map_err(sqlite_error)
        .with_context(place)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens the file to read its ledger. A killed run may have left it in the middle of a transaction,
/// which SQLite rolls back first; that it may not do in a file opened read-only.
pub fn open_ledger(path: &Path) -> Result<Connection> {
    let place = || format!("cannot read SQLite file {}", path.display());
    if !path.exists() {
        bail!("{}: there is no such file", place());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(sqlite_error).with_context(place)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(sqlite_error)?;
    connection
        .execute_batch("PRAGMA query_only = ON; BEGIN;")
        .map_err(sqlite_error)
        .with_context(place)?;
    Ok(connection)
}

/// The name of an object of somebody else's, if there is one. Seals of packages and evidence files
/// that were received before the copy may be there, with their events.
pub fn foreign_object(connection: &Connection, own: &OwnObjects) -> Result<Option<String>> {
    let names: Vec<String> = own.tables().map(|table| literal(&table.name)).collect();
    let sql = format!(
        "SELECT min(name) FROM main.sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND name NOT IN ({})",
        names.join(", ")
    );
    connection.query_row(&sql, [], |row| row.get(0)).map_err(sqlite_error)
}
