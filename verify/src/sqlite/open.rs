//! Opening a SQLite file for reading.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, ErrorCode, OpenFlags};

/// How long to wait for somebody else's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a file read-only, checks that it is so, and begins the one read transaction under which
/// everything is read: two readers of a WAL file can see different data.
pub fn open_read_only(path: &Path) -> Result<Connection> {
    let place = || format!("cannot read SQLite file {}", path.display());
    if !path.exists() {
        bail!("{}: there is no such file", place());
    }
    if path.is_dir() {
        bail!("{}: it is a folder; name the file in it", place());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(sqlite_error).with_context(place)?;
    begin_reading(&connection).with_context(place)?;
    Ok(connection)
}

fn begin_reading(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite_error)?;
    connection
        .execute_batch(
            "PRAGMA query_only = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = FILE; BEGIN;",
        )
        .map_err(sqlite_error)?;
    let query_only: i64 =
        connection.query_row("PRAGMA query_only", [], |row| row.get(0)).map_err(sqlite_error)?;
    if query_only != 1 {
        bail!("the connection did not become read-only");
    }
    // A transaction sees one moment from its first read on.
    let _objects: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .map_err(sqlite_error)?;
    Ok(())
}

/// A row that its table refuses.
#[derive(Debug, thiserror::Error)]
#[error("a row violates a constraint of its table ({code})")]
pub struct ConstraintViolated {
    code: String,
}

/// Turns a SQLite error into one that says what to do, without quoting values.
pub fn sqlite_error(error: rusqlite::Error) -> anyhow::Error {
    let remedy = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "it is not a SQLite database (or it is encrypted)",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "it is locked by another program; end that program, or work on a copy"
        }
        Some(ErrorCode::DiskFull) => "there is no room left on the disk; free some and run again",
        Some(ErrorCode::DatabaseCorrupt) => {
            "its pages are damaged; run `PRAGMA integrity_check` on a copy of it"
        }
        Some(ErrorCode::CannotOpen) => "it cannot be opened; check the path and its rights",
        Some(ErrorCode::ReadOnly) if code_is(&error, rusqlite::ffi::SQLITE_READONLY_ROLLBACK) => {
            "a program that was killed left its journal beside it; open it once with write access \
             (sqlite3 FILE .tables), or copy it together with its -journal and do so there"
        }
        Some(ErrorCode::ReadOnly) => {
            "it cannot be written, nor can files be made beside it, which SQLite needs even to read \
             a file in WAL mode; give the right to, or work on a copy"
        }
        Some(ErrorCode::ConstraintViolation) => {
            return ConstraintViolated { code: code(&error) }.into();
        }
        _ => return anyhow::Error::new(error),
    };
    anyhow::anyhow!("{remedy}")
}

fn code_is(error: &rusqlite::Error, code: std::ffi::c_int) -> bool {
    error.sqlite_error().is_some_and(|inner| inner.extended_code == code)
}

fn code(error: &rusqlite::Error) -> String {
    error
        .sqlite_error()
        .map_or_else(String::new, |inner| format!("SQLite code {}", inner.extended_code))
}
