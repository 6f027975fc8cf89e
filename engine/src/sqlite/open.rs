//! Opening a SQLite file for reading.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use handover_cli_kit::withheld::Told;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::told::{told, told_of_row};

/// How long to wait for somebody else's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Opens a file read-only, checks that it is so, and begins the one read transaction under which
/// everything is read: two readers of a WAL file can see different data.
///
/// Refuses what SQLite would take for a database without tables, or wait for: an empty file, a pipe.
pub fn open_read_only(path: &Path) -> Result<Connection> {
    let place = || format!("cannot read SQLite file {}", path.display());
    refuse_no_database(path).with_context(place)?;
    if !may_be_continued_beside(path)
        && let Some(problem) = cut_off(path)
    {
        return Err(anyhow::anyhow!(problem)).with_context(place);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection =
        Connection::open_with_flags(path, flags).map_err(sqlite_error).with_context(place)?;
    begin_reading(&connection)
        .map_err(|error| match cut_off(path) {
            Some(problem) if error.is::<NotWhole>() => anyhow::anyhow!(problem),
            _ => error,
        })
        .with_context(place)?;
    Ok(connection)
}

fn refuse_no_database(path: &Path) -> Result<()> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("there is no such file"),
        Err(error) => return Err(error.into()),
    };
    if metadata.is_dir() {
        bail!("it is a folder; name the file in it");
    }
    if !metadata.is_file() {
        bail!("it is no regular file");
    }
    if metadata.len() > 0 {
        return Ok(());
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push("-wal");
    if std::fs::metadata(&beside).is_ok_and(|wal| wal.len() > 0) {
        bail!(
            "it is empty (0 bytes), and the -wal beside it is not: rows may be in there. Let no \
             program open it, since SQLite deletes such a -wal; ask for the file and its -wal anew"
        );
    }
    bail!("it is empty (0 bytes), which is no database; ask for the file anew")
}

/// Whether pages of the file may be in a file beside it: a journal or a -wal. SQLite itself takes a
/// file for whole that lacks less than a page, and reads zeros in place of the rest.
fn may_be_continued_beside(path: &Path) -> bool {
    ["-journal", "-wal"].iter().any(|suffix| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        std::fs::metadata(&beside).is_ok_and(|file| file.len() > 0)
    })
}

/// Whether the file is shorter than its own header says (`fileformat2.html`, 1.3.7).
fn cut_off(path: &Path) -> Option<String> {
    let mut header = [0; 100];
    let mut file = File::open(path).ok()?;
    let bytes = file.metadata().ok()?.len();
    if bytes < 100 {
        return Some(format!("it has {bytes} bytes, fewer than any SQLite database"));
    }
    file.read_exact(&mut header).ok()?;
    let number = |at: usize| -> Option<u32> {
        Some(u32::from_be_bytes(*header.get(at..)?.first_chunk::<4>()?))
    };
    // The number of pages counts only where the last writer knew of it.
    if !header.starts_with(b"SQLite format 3\0") || number(24)? != number(92)? {
        return None;
    }
    let page = match u16::from_be_bytes(*header.get(16..)?.first_chunk::<2>()?) {
        1 => 65_536,
        size => u64::from(size),
    };
    let expected = u64::from(number(28)?) * page;
    (bytes < expected).then(|| {
        format!(
            "it was cut off: it has {bytes} bytes, and its header speaks of {expected}; ask for it \
             anew, and compare its size and digest"
        )
    })
}

fn begin_reading(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sqlite_error)?;
    // What `security.html` has for files of others: no function of a schema's choice that has side
    // effects, and every page looked at more closely.
    connection
        .execute_batch(
            "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA query_only = ON; \
             PRAGMA cache_size = -4096; PRAGMA temp_store = FILE; BEGIN;",
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
#[error("{0}")]
pub struct ConstraintViolated(Told);

/// A file that is no database, or not a whole one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotWhole(&'static str);

/// SQLite cannot read a table without something that only the application has.
#[derive(Debug, thiserror::Error)]
#[error("SQLite cannot read it without what only the application has ({message})")]
pub struct ApplicationOnly {
    message: String,
}

/// Tells what a statement lacks that would be right if the application's collations and functions
/// were there; other errors as [`sqlite_error`] does.
pub(super) fn cannot_prepare(error: rusqlite::Error) -> anyhow::Error {
    let message = match &error {
        rusqlite::Error::SqlInputError { msg, .. } => Some(msg),
        rusqlite::Error::SqliteFailure(_, message) => message.as_ref(),
        _ => None,
    };
    let lacking =
        ["no such collation sequence", "no such function", "unknown function", "no query solution"];
    match message {
        Some(message) if lacking.iter().any(|lacking| message.starts_with(lacking)) => {
            ApplicationOnly { message: message.clone() }.into()
        }
        _ => sqlite_error(error),
    }
}

/// Turns a SQLite error into one that says what to do, without quoting values.
#[expect(clippy::needless_pass_by_value, reason = "as `map_err` has it")]
pub fn sqlite_error(error: rusqlite::Error) -> anyhow::Error {
    let remedy = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            return NotWhole("it is not a SQLite database (or it is encrypted)").into();
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "it is locked by another program; end that program, or work on a copy"
        }
        Some(ErrorCode::DiskFull) => "there is no room left on the disk; free some and run again",
        Some(ErrorCode::DatabaseCorrupt) => {
            let damaged =
                "its pages or its schema are damaged; run `PRAGMA integrity_check` on a copy of it";
            return NotWhole(damaged).into();
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
            return ConstraintViolated(told_of_row(&error)).into();
        }
        _ => return told(&error).into(),
    };
    anyhow::anyhow!("{remedy}")
}

fn code_is(error: &rusqlite::Error, code: std::ffi::c_int) -> bool {
    error.sqlite_error().is_some_and(|inner| inner.extended_code == code)
}
