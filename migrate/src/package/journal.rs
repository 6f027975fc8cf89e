//! What is known of the files of a package while it is made: a SQLite file beside the bag.
//!
//! It makes the work resumable, gives every list in its order, and holds in little memory what is
//! known of millions of files. It is not a record: what it says of stored files is checked by
//! reading them back.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use handover_cli_kit::private_file;
use handover_engine::sqlite::sqlite_error;
use handover_schemas::digest::Digest;
use handover_schemas::package::contents::{Entry as Line, NotStoredReason};
use handover_verify::file_tree::Status;
use rusqlite::{Connection, ErrorCode, Row, params};

use super::encode::StoredDigests;
use super::journal_line::line_of;

const TABLES: &str = include_str!("journal.sql");

/// Entries between two commits: what a kill can cost.
const ENTRIES_PER_COMMIT: u32 = 500;

/// One entry of a deliverable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Deliverable it belongs to.
    pub deliverable: String,
    /// Path below the deliverable.
    pub path: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// Seconds since 1970 with nine decimals.
    pub modified: Option<String>,
    /// What it is.
    pub content: EntryContent,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryContent {
    /// A file.
    File {
        /// Path in the package.
        stored: String,
        /// Bytes as delivered.
        size: u64,
        /// SHA-256 as delivered.
        sha256: Digest,
        /// How it was stored; `None` if it was only read.
        digests: Option<StoredDigests>,
        /// State of the delivered file when it was read.
        identity: String,
    },
    /// A folder.
    Directory,
    /// A symbolic link and where it points.
    Symlink(Vec<u8>),
    /// Something that cannot be stored.
    NotStored(NotStoredReason),
}

/// Text that is the same as long as nobody wrote to a file.
pub fn identity_text(status: &Status) -> String {
    let identity = status.identity;
    format!(
        "{}:{}:{}:{}.{:09}:{}.{:09}",
        identity.device,
        identity.inode,
        status.size,
        status.modified.0,
        status.modified.1,
        identity.changed.0,
        identity.changed.1
    )
}

/// A stored file that is to be read back.
#[derive(Clone, Debug)]
pub struct ToReadBack {
    /// Path in the package.
    pub stored: String,
    /// What its bytes have to be.
    pub sha256: Digest,
    /// How many there have to be.
    pub bytes: u64,
}

/// The journal of one package.
pub struct Journal {
    connection: Connection,
    run: i64,
    uncommitted: u32,
}

impl Journal {
    /// Opens the journal in a file; makes it, 0600, if it is not there.
    pub fn open(path: &Path) -> Result<Self> {
        if !path.exists() {
            private_file::new(path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        let connection = Connection::open(path).map_err(sqlite_error);
        Self::on(connection.with_context(|| format!("cannot open {}", path.display()))?)
    }

    /// A journal that lives as long as this process: a file without a name.
    pub fn temporary() -> Result<Self> {
        Self::on(Connection::open("").map_err(sqlite_error)?)
    }

    fn on(connection: Connection) -> Result<Self> {
        let mut journal = Self { connection, run: 0, uncommitted: 0 };
        journal.run = journal.begin_run().map_err(journal.error())?;
        Ok(journal)
    }

    fn begin_run(&self) -> rusqlite::Result<i64> {
        // NORMAL: a power cut leaves a journal that is sound, if old.
        // EXCLUSIVE: nobody else has business with it, so that no lock is taken for each statement.
        let settings = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; \
                        PRAGMA synchronous = NORMAL; PRAGMA cache_size = -24576; \
                        PRAGMA temp_store = FILE;";
        self.connection.execute_batch(settings)?;
        let exists = "SELECT count(*) FROM sqlite_master WHERE name = 'entry'";
        let tables: i64 = self.connection.query_row(exists, [], |row| row.get(0))?;
        if tables == 0 {
            self.connection.execute_batch(&format!("BEGIN; {TABLES} COMMIT;"))?;
        }
        self.connection.set_prepared_statement_cache_capacity(64);
        let last = "SELECT coalesce(max(run), 0) + 1 FROM entry";
        self.connection.query_row(last, [], |row| row.get(0))
    }

    /// Says of an error which journal it is about, and of a damaged one what to do.
    fn error(&self) -> impl Fn(rusqlite::Error) -> anyhow::Error {
        let path = self.connection.path().filter(|path| !path.is_empty()).unwrap_or("the journal");
        move |error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => anyhow!(
                "{path} is damaged; delete the folder it is in, and run the same command again"
            ),
            _ => sqlite_error(error).context(format!("cannot use {path}")),
        }
    }

    fn begin(&mut self) -> Result<()> {
        if self.uncommitted == 0 {
            self.connection.execute_batch("BEGIN").map_err(self.error())?;
        }
        self.uncommitted += 1;
        Ok(())
    }

    fn commit_if_due(&mut self) -> Result<()> {
        if self.uncommitted >= ENTRIES_PER_COMMIT { self.commit() } else { Ok(()) }
    }

    /// Makes everything so far outlive this process.
    pub fn commit(&mut self) -> Result<()> {
        if self.uncommitted > 0 {
            self.connection.execute_batch("COMMIT").map_err(self.error())?;
            self.uncommitted = 0;
        }
        Ok(())
    }

    /// Records an entry, in place of an older one of the same path.
    pub fn record(&mut self, entry: &Entry) -> Result<()> {
        self.begin()?;
        let (kind, stored, size, sha256, digests, identity, target, reason) = match &entry.content {
            EntryContent::File { stored, size, sha256, digests, identity } => (
                "file",
                Some(stored),
                Some(size.cast_signed()),
                Some(sha256.to_string()),
                digests.as_ref(),
                Some(identity),
                None,
                None,
            ),
            EntryContent::Directory => ("directory", None, None, None, None, None, None, None),
            EntryContent::Symlink(target) => {
                ("symlink", None, None, None, None, None, Some(target), None)
            }
            EntryContent::NotStored(reason) => {
                ("not_stored", None, None, None, None, None, None, Some(reason.as_str()))
            }
        };
        if let Some(stored) = stored {
            // An entry of an earlier run may have had the place; one of this run may not: two
            // names would share a file.
            let sql = "DELETE FROM entry WHERE stored = ?1 AND run < ?2";
            let delete = self.connection.prepare_cached(sql);
            delete
                .and_then(|mut delete| delete.execute(params![stored, self.run]))
                .map_err(self.error())?;
        }
        let sql = "INSERT INTO entry (deliverable, path, kind, stored, size, sha256, \
                     mode, modified, target, reason, identity, stored_bytes, stored_sha256, \
                     stored_sha512, read_back, run) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, NULL, ?15) \
                   ON CONFLICT (deliverable, path) DO UPDATE SET kind = excluded.kind, \
                     stored = excluded.stored, size = excluded.size, sha256 = excluded.sha256, \
                     mode = excluded.mode, modified = excluded.modified, \
                     target = excluded.target, reason = excluded.reason, \
                     identity = excluded.identity, stored_bytes = excluded.stored_bytes, \
                     stored_sha256 = excluded.stored_sha256, \
                     stored_sha512 = excluded.stored_sha512, read_back = NULL, run = excluded.run";
        let recorded = self.connection.prepare_cached(sql).and_then(|mut insert| {
            insert.execute(params![
                entry.deliverable,
                entry.path,
                kind,
                stored,
                size,
                sha256,
                entry.mode,
                entry.modified,
                target,
                reason,
                identity,
                digests.map(|digests| digests.bytes.cast_signed()),
                digests.map(|digests| digests.sha256.to_string()),
                digests.and_then(|digests| digests.sha512.clone()),
                self.run,
            ])
        });
        recorded.map_err(self.error())?;
        self.commit_if_due()
    }

    /// Keeps the entry of an earlier run if the delivered file is still the one that was read
    /// then, and is stored where it belongs; `false` if there is none.
    pub fn keep(
        &mut self,
        deliverable: &str,
        path: &[u8],
        stored: &str,
        identity: &str,
    ) -> Result<bool> {
        self.begin()?;
        let sql = "UPDATE entry SET run = ?5 \
                   WHERE deliverable = ?1 AND path = ?2 AND stored = ?3 AND identity = ?4";
        let values = params![deliverable, path, stored, identity, self.run];
        let kept = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut update| update.execute(values))
            .map_err(self.error())?;
        self.commit_if_due()?;
        Ok(kept > 0)
    }

    /// Whether a stored path belongs to an entry.
    pub fn has_stored(&self, stored: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM entry WHERE stored = ?1";
        let mut select = self.connection.prepare_cached(sql).map_err(self.error())?;
        select.exists([stored]).map_err(self.error())
    }

    /// Entries of a deliverable that this run saw, and those that only an earlier one did.
    pub fn seen_and_unseen(&self, deliverable: &str) -> Result<(u64, u64)> {
        let sql = "SELECT count(*) FILTER (WHERE run = ?2), count(*) FILTER (WHERE run < ?2) \
                   FROM entry WHERE deliverable = ?1";
        let counts = self.connection.query_row(sql, params![deliverable, self.run], |row| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
        });
        counts.map_err(self.error())
    }

    /// How many files are stored.
    pub fn files(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM entry WHERE kind = 'file'";
        let count = self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(count.map_err(self.error())?.cast_unsigned())
    }

    /// Forgets entries that this run did not see: what they were made from is gone.
    pub fn forget_unseen(&mut self) -> Result<()> {
        self.commit()?;
        let sql = "DELETE FROM finding WHERE (deliverable, path) IN \
                     (SELECT deliverable, path FROM entry WHERE run < ?1)";
        self.connection.execute(sql, [self.run]).map_err(self.error())?;
        let sql = "DELETE FROM entry WHERE run < ?1";
        self.connection.execute(sql, [self.run]).map_err(self.error())?;
        let sql = "DELETE FROM member WHERE archive NOT IN \
                     (SELECT stored FROM entry WHERE stored IS NOT NULL)";
        self.connection.execute(sql, []).map_err(self.error())?;
        Ok(())
    }

    /// Forgets what was noted of a file that is about to be read (again).
    pub fn forget_notes(&mut self, deliverable: &str, path: &[u8], stored: &str) -> Result<()> {
        self.begin()?;
        let delete = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
            let deleted =
                self.connection.prepare_cached(sql).and_then(|mut delete| delete.execute(values));
            deleted.map_err(self.error())
        };
        delete("DELETE FROM member WHERE archive = ?1", params![stored])?;
        delete(
            "DELETE FROM finding WHERE deliverable = ?1 AND path = ?2",
            params![deliverable, path],
        )?;
        Ok(())
    }

    /// Notes a line of `members.jsonl`.
    pub fn note_member(&mut self, archive: &str, position: u64, line: &str) -> Result<()> {
        self.begin()?;
        let sql = "INSERT OR REPLACE INTO member VALUES (?1, ?2, ?3)";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut insert| insert.execute(params![archive, position.cast_signed(), line]))
            .map_err(self.error())?;
        self.commit_if_due()
    }

    /// Notes a finding about a file, as a JSON document.
    pub fn note_finding(&mut self, deliverable: &str, path: &[u8], document: &str) -> Result<()> {
        self.begin()?;
        let sql = "INSERT INTO finding SELECT ?1, ?2, coalesce(max(position) + 1, 0), ?3 FROM finding \
                   WHERE deliverable = ?1 AND path = ?2";
        self.connection
            .prepare_cached(sql)
            .and_then(|mut insert| insert.execute(params![deliverable, path, document]))
            .map_err(self.error())?;
        self.commit_if_due()
    }

    /// All findings, in the order of deliverable and path.
    pub fn findings(&self, mut each: impl FnMut(&str, &[u8], &str) -> Result<()>) -> Result<()> {
        let sql = "SELECT deliverable, path, document FROM finding \
                   ORDER BY deliverable, path, position";
        self.for_each(
            sql,
            |row| {
                let (deliverable, path): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
                Ok((deliverable, path, row.get::<_, String>(2)?))
            },
            |(deliverable, path, document)| each(&deliverable, &path, &document),
        )
    }

    /// How many files were not read back since they were stored.
    pub fn files_to_read_back(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM entry WHERE kind = 'file' AND read_back IS NULL";
        let count = self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        Ok(count.map_err(self.error())?.cast_unsigned())
    }

    /// Files that were not read back since they were stored, in the order of stored paths: the
    /// next `limit` of them after `after`.
    pub fn to_read_back(&self, after: &str, limit: usize) -> Result<Vec<ToReadBack>> {
        let sql = "SELECT stored, stored_sha256, stored_bytes FROM entry \
                   WHERE kind = 'file' AND read_back IS NULL AND stored > ?1 ORDER BY stored LIMIT ?2";
        let mut select = self.connection.prepare_cached(sql).map_err(self.error())?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map(params![after, limit], |row| {
            let sha256: String = row.get(1)?;
            let bytes: i64 = row.get(2)?;
            Ok((row.get::<_, String>(0)?, sha256, bytes.cast_unsigned()))
        });
        let rows: Vec<_> = rows.and_then(Iterator::collect).map_err(self.error())?;
        rows.into_iter()
            .map(|(stored, sha256, bytes): (String, String, u64)| {
                let sha256 = sha256.parse().context("the journal has a digest that is none")?;
                Ok(ToReadBack { stored, sha256, bytes })
            })
            .collect()
    }

    /// Records that a file was read back and is what was written. `state`: text that is the same
    /// as long as nobody writes to the stored file.
    pub fn record_read_back(&mut self, stored: &str, state: &str) -> Result<()> {
        self.begin()?;
        self.connection
            .prepare_cached("UPDATE entry SET read_back = ?2 WHERE stored = ?1")
            .and_then(|mut update| update.execute([stored, state]))
            .map_err(self.error())?;
        self.commit_if_due()
    }

    /// Has files read back again that are not in the state any more in which they were read back.
    pub fn forget_touched(&mut self, now: impl Fn(&str) -> Option<String>) -> Result<()> {
        let mut touched = Vec::new();
        self.for_each(
            "SELECT stored, read_back FROM entry WHERE read_back IS NOT NULL",
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
            |(stored, state)| {
                if now(&stored).as_ref() != Some(&state) {
                    touched.push(stored);
                }
                Ok(())
            },
        )?;
        for stored in touched {
            self.begin()?;
            self.connection
                .prepare_cached("UPDATE entry SET read_back = NULL WHERE stored = ?1")
                .and_then(|mut update| update.execute([&stored]))
                .map_err(self.error())?;
        }
        self.commit()
    }

    /// Forgets a stored file, so that it is stored again.
    pub fn forget_stored(&mut self, stored: &str) -> Result<()> {
        self.begin()?;
        self.connection
            .execute("DELETE FROM entry WHERE stored = ?1", [stored])
            .map_err(self.error())?;
        Ok(())
    }

    /// The lines of `contents.jsonl`, in their order.
    pub fn contents(&self, mut each: impl FnMut(&Line) -> Result<()>) -> Result<()> {
        let columns =
            "deliverable, path, kind, stored, size, sha256, mode, modified, target, reason";
        let orders = [
            format!("SELECT {columns} FROM entry WHERE kind = 'file' ORDER BY stored"),
            format!("SELECT {columns} FROM entry WHERE kind <> 'file' ORDER BY deliverable, path"),
        ];
        orders.iter().try_for_each(|sql| self.for_each(sql, line_of, |line| each(&line?)))
    }

    /// Stored path, SHA-256 and SHA-512 of every stored file, in the order of stored paths.
    pub fn stored_files(
        &self,
        mut each: impl FnMut(&str, &str, Option<&str>, u64) -> Result<()>,
    ) -> Result<()> {
        let sql = "SELECT stored, stored_sha256, stored_sha512, stored_bytes FROM entry \
                   WHERE kind = 'file' ORDER BY stored";
        self.for_each(
            sql,
            |row| {
                let bytes: i64 = row.get(3)?;
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, bytes.cast_unsigned()))
            },
            |(stored, sha256, sha512, bytes): (String, String, Option<String>, u64)| {
                each(&stored, &sha256, sha512.as_deref(), bytes)
            },
        )
    }

    /// The lines of `members.jsonl`, in their order.
    pub fn members(&self, mut each: impl FnMut(&str) -> Result<()>) -> Result<()> {
        let sql = "SELECT line FROM member ORDER BY archive, position";
        self.for_each(sql, |row| row.get::<_, String>(0), |line| each(&line))
    }

    fn for_each<T>(
        &self,
        sql: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
        mut each: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let mut select = self.connection.prepare(sql).map_err(self.error())?;
        let mut rows = select.query([]).map_err(self.error())?;
        while let Some(row) = rows.next().map_err(self.error())? {
            each(read(row).map_err(self.error())?)?;
        }
        Ok(())
    }
}
