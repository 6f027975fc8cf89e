//! The delivered files that rows may name, in a database file without a name: there may be millions.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use handover_engine::sqlite::sqlite_error;
use handover_schemas::config::PathReading;
use handover_schemas::package::contents::Entry;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::notes::Notes;
use super::reading::compared;
use crate::artifacts::finding::ArtifactFindingKind as Kind;
use crate::package::Journal;

const TABLES: &str = "
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;
    CREATE TABLE file (path BLOB PRIMARY KEY, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
      alike BLOB NOT NULL, named_by INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
    BEGIN;";

const INDEXES: &str = "
    COMMIT;
    CREATE INDEX file_alike ON file (alike);
    CREATE INDEX file_sha256 ON file (sha256);
    BEGIN;";

/// As many files as are looked at that are called alike.
const ALIKE_MAX: u32 = 100;

/// What is not as it should be with files.
const CHECKS: [(Kind, Option<&str>, &str); 4] = [
    (Kind::FileWithoutReference, None, "SELECT path FROM file WHERE named_by = 0"),
    (
        Kind::FileWithoutReference,
        Some("a row would name it if it were read otherwise, as the other findings say"),
        "SELECT path FROM file WHERE named_by = 1",
    ),
    (Kind::FileEmpty, None, "SELECT path FROM file WHERE named_by = 2 AND size = 0"),
    // Of files with one content, all but the first.
    (
        Kind::FileDuplicate,
        None,
        "SELECT f.path FROM file f WHERE f.size > 0 \
           AND EXISTS (SELECT 1 FROM file e WHERE e.sha256 = f.sha256 AND e.path < f.path)",
    ),
];

/// The files.
pub(super) struct Files {
    connection: Connection,
}

/// One of them.
pub(super) struct DeliveredFile {
    /// Path below the deliverable.
    pub(super) path: Vec<u8>,
    /// Bytes.
    pub(super) size: u64,
    /// SHA-256 in hexadecimal digits.
    pub(super) sha256: String,
    named_by: i64,
}

/// What names a file.
#[derive(Clone, Copy)]
pub(super) enum NamedBy {
    /// A row, if it is read as nobody declared.
    RowReadOtherwise = 1,
    /// A row.
    Row = 2,
}

/// What a text leads to.
pub(super) enum Found {
    /// No file.
    None,
    /// A file.
    One(DeliveredFile),
    /// Files whose names are the same by the readings that compare.
    Several(Vec<DeliveredFile>),
}

impl Files {
    /// The files of a deliverable, from the journal of its package.
    pub(super) fn of(journal: &Journal, deliverable: &str) -> Result<Self> {
        let connection = Connection::open("").map_err(sqlite_error)?;
        connection.execute_batch(TABLES).map_err(sqlite_error)?;
        journal.contents(|entry| {
            let Entry::File(file) = entry else { return Ok(()) };
            if file.deliverable == deliverable {
                let path = file.name.bytes().context("a name of the journal is none")?;
                let (size, sha256) = (file.size.cast_signed(), file.sha256.to_string());
                let values = params![path, size, sha256, alike(&path)];
                connection
                    .prepare_cached(
                        "INSERT INTO file (path, size, sha256, alike) VALUES (?1, ?2, ?3, ?4)",
                    )
                    .and_then(|mut insert| insert.execute(values))
                    .map_err(sqlite_error)?;
            }
            Ok(())
        })?;
        connection.execute_batch(INDEXES).map_err(sqlite_error)?;
        Ok(Self { connection })
    }

    /// The file with this path.
    pub(super) fn exact(&self, path: &[u8]) -> Result<Option<DeliveredFile>> {
        self.connection
            .prepare_cached("SELECT path, size, sha256, named_by FROM file WHERE path = ?1")
            .and_then(|mut select| select.query_row([path], file).optional())
            .map_err(sqlite_error)
    }

    /// The file with this path, else the one that is called so by the readings that compare.
    pub(super) fn find(&self, path: &[u8], readings: &BTreeSet<PathReading>) -> Result<Found> {
        if let Some(file) = self.exact(path)? {
            return Ok(Found::One(file));
        }
        if !readings.contains(&PathReading::Unicode) && !readings.contains(&PathReading::Case) {
            return Ok(Found::None);
        }
        let wanted = compared(path, readings);
        let mut found = self.alike(path)?;
        found.retain(|file| compared(&file.path, readings) == wanted);
        Ok(match (found.len(), found.pop()) {
            (1, Some(file)) => Found::One(file),
            (_, None) => Found::None,
            (_, Some(last)) => {
                found.push(last);
                Found::Several(found)
            }
        })
    }

    /// Whether a file is called so, or so but for what the readings that compare pass over.
    pub(super) fn has_alike(&self, path: &[u8]) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT 1 FROM file WHERE alike = ?1")
            .and_then(|mut select| select.exists([alike(path)]))
            .map_err(sqlite_error)
    }

    /// Whether a file has this SHA-256.
    pub(super) fn has_digest(&self, digest: &str) -> Result<bool> {
        self.connection
            .prepare_cached("SELECT 1 FROM file WHERE sha256 = ?1 AND size > 0")
            .and_then(|mut select| select.exists([digest]))
            .map_err(sqlite_error)
    }

    /// Notes what names a file.
    pub(super) fn mark(&self, file: &DeliveredFile, by: NamedBy) -> Result<()> {
        let by = by as i64;
        if by > file.named_by {
            self.connection
                .prepare_cached("UPDATE file SET named_by = ?2 WHERE path = ?1")
                .and_then(|mut update| update.execute(params![file.path, by]))
                .map_err(sqlite_error)?;
        }
        Ok(())
    }

    /// What is to be said of the files, once all rows are read.
    pub(super) fn check(&self, notes: &mut Notes) -> Result<()> {
        for (kind, cause, sql) in CHECKS {
            let mut select = self.connection.prepare(sql).map_err(sqlite_error)?;
            let mut rows = select.query([]).map_err(sqlite_error)?;
            while let Some(row) = rows.next().map_err(sqlite_error)? {
                let path: Vec<u8> = row.get(0).map_err(sqlite_error)?;
                notes.add(kind, cause, Some(&path), "");
            }
        }
        Ok(())
    }

    fn alike(&self, path: &[u8]) -> Result<Vec<DeliveredFile>> {
        let sql = "SELECT path, size, sha256, named_by FROM file WHERE alike = ?1 LIMIT ?2";
        let mut select = self.connection.prepare_cached(sql).map_err(sqlite_error)?;
        let found =
            select.query_map(params![alike(path), ALIKE_MAX], file).map_err(sqlite_error)?;
        found.collect::<rusqlite::Result<_>>().map_err(sqlite_error)
    }
}

/// What names have in common that differ only in what readings that compare pass over.
fn alike(path: &[u8]) -> Vec<u8> {
    compared(path, &BTreeSet::from([PathReading::Unicode, PathReading::Case]))
}

fn file(row: &Row<'_>) -> rusqlite::Result<DeliveredFile> {
    let size: i64 = row.get(1)?;
    Ok(DeliveredFile {
        path: row.get(0)?,
        size: size.cast_unsigned(),
        sha256: row.get(2)?,
        named_by: row.get(3)?,
    })
}
