//! Opening a SQLite file for writing.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use handover_engine::sql::literal;
use handover_engine::sqlite::sqlite_error;
use handover_verify::ledger::own::OwnObjects;
use rusqlite::{Connection, OpenFlags};

/// How long a run waits for another one that is about to end.
const WAIT_FOR_ANOTHER: Duration = Duration::from_secs(5);

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Makes this run the only one that copies into the file, until what is given is dropped. The file is made
/// (0600) if it is not there.
///
/// SQLite's own lock ends with each transaction: another run could come between two chunks. This one is
/// flock(2)'s, which does not meet SQLite's (fcntl(2)); but closing any descriptor of the file gives up
/// all of the process's locks of that sort, so it has to outlive every connection.
pub fn hold_target(path: &Path) -> Result<File> {
    let place = || format!("cannot write SQLite file {}", path.display());
    make_target(path)?;
    let file = OpenOptions::new().read(true).write(true).open(path).with_context(place)?;
    let until = Instant::now() + WAIT_FOR_ANOTHER;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(LOOK_EVERY);
            }
            Err(TryLockError::WouldBlock) => bail!(
                "{}: another copy into this target is running; wait for it, or end it",
                place()
            ),
            Err(TryLockError::Error(error)) => return Err(error).with_context(place),
        }
    }
}

fn make_target(path: &Path) -> Result<()> {
    let place = || format!("cannot write SQLite file {}", path.display());
    if path.is_dir() {
        bail!("{}: it is a folder; name a file in it", place());
    }
    if !path.exists() {
        handover_cli_kit::private_file::new(path).with_context(place)?;
    }
    Ok(())
}

/// Opens the file, making it (0600) if it is not there.
///
/// Commits are synced: a chunk that the ledger calls copied survives a power cut.
pub fn open_target(path: &Path) -> Result<Connection> {
    let place = || format!("cannot write SQLite file {}", path.display());
    make_target(path)?;
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
