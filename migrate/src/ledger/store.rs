//! The two places where a ledger can stand.

use anyhow::Result;
use handover_engine::postgres::Session;
use handover_schemas::identity_number::POSTGRES_FUNCTION;
use handover_schemas::ledger::{
    CLOSINGS_POSTGRES_DDL, CLOSINGS_SQLITE_DDL, EVENTS_POSTGRES_DDL, EVENTS_SQLITE_DDL,
    EVIDENCE_POSTGRES_DDL, EVIDENCE_SQLITE_DDL, MOVES_POSTGRES_DDL, MOVES_SQLITE_DDL,
    PACKAGES_POSTGRES_DDL, PACKAGES_SQLITE_DDL, PURGE_POSTGRES_DDL, PURGE_SQLITE_DDL,
    SIGNED_EVIDENCE_POSTGRES_DDL, SIGNED_EVIDENCE_SQLITE_DDL,
};
use handover_verify::ledger::LedgerQuery;
use rusqlite::Connection;

use crate::target::sqlite::failed;

/// SQL on the connection that also writes the rows.
pub trait Store: LedgerQuery {
    /// Statements that make the tables of packages, unless they are there.
    fn packages_ddl(&self) -> &'static str;
    /// Statements that make the tables of events and attestations, unless they are there.
    fn events_ddl(&self) -> &'static str;
    /// Statements that make the table of moves, unless it is there.
    fn moves_ddl(&self) -> &'static str;
    /// Statements that make the table of purges that were closed, unless it is there.
    fn closings_ddl(&self) -> &'static str;
    /// A statement that keeps others from appending events until the transaction ends.
    fn lock_events(&self) -> &'static str;
    /// A statement that begins a transaction which will write.
    fn begin(&self) -> &'static str;
    /// Statements that make the table of evidence files, unless it is there.
    fn evidence_ddl(&self) -> &'static str;
    /// Statements that make the table of their signatures, unless it is there.
    fn signed_evidence_ddl(&self) -> &'static str;
    /// The type of the key of an evidence file's table.
    fn line_number_type(&self) -> &'static str;
    /// The key of a table of one row, in SQL.
    fn only_row(&self) -> &'static str;
    /// The present moment, in SQL.
    fn now(&self) -> &'static str;
    /// Statements that make the tables of purges, unless they are there.
    fn purge_ddl(&self) -> &'static str;
    /// Statements that make the functions that rules may use, where they are not the program's own.
    fn functions_ddl(&self) -> &'static str;
    /// Bytes, given as hexadecimal digits, in SQL.
    fn bytes_literal(&self, hex: &str) -> String;
    /// The session, if the ledger's database is a server's.
    fn session(&mut self) -> Option<&mut Session> {
        None
    }
    /// The URL of the ledger's database, if it is a server's.
    fn url(&self) -> Option<&str>;
    /// Runs statements.
    fn execute(&mut self, sql: &str) -> Result<()>;
}

impl Store for Session {
    fn session(&mut self) -> Option<&mut Session> {
        Some(self)
    }

    fn packages_ddl(&self) -> &'static str {
        PACKAGES_POSTGRES_DDL
    }

    fn events_ddl(&self) -> &'static str {
        EVENTS_POSTGRES_DDL
    }

    fn moves_ddl(&self) -> &'static str {
        MOVES_POSTGRES_DDL
    }

    fn closings_ddl(&self) -> &'static str {
        CLOSINGS_POSTGRES_DDL
    }

    fn lock_events(&self) -> &'static str {
        // Needs no right but that to add rows. The number is this chain's own.
        "SELECT pg_advisory_xact_lock(7521440927)"
    }

    fn begin(&self) -> &'static str {
        "BEGIN"
    }

    fn evidence_ddl(&self) -> &'static str {
        EVIDENCE_POSTGRES_DDL
    }

    fn signed_evidence_ddl(&self) -> &'static str {
        SIGNED_EVIDENCE_POSTGRES_DDL
    }

    fn line_number_type(&self) -> &'static str {
        "bigint"
    }

    fn purge_ddl(&self) -> &'static str {
        PURGE_POSTGRES_DDL
    }

    fn functions_ddl(&self) -> &'static str {
        POSTGRES_FUNCTION
    }

    fn bytes_literal(&self, hex: &str) -> String {
        format!("'\\x{hex}'::bytea")
    }

    fn only_row(&self) -> &'static str {
        "true"
    }

    fn now(&self) -> &'static str {
        "now()"
    }

    fn url(&self) -> Option<&str> {
        Some(Session::url(self))
    }

    fn execute(&mut self, sql: &str) -> Result<()> {
        Session::execute(self, sql)
    }
}

impl Store for Connection {
    fn packages_ddl(&self) -> &'static str {
        PACKAGES_SQLITE_DDL
    }

    fn events_ddl(&self) -> &'static str {
        EVENTS_SQLITE_DDL
    }

    fn moves_ddl(&self) -> &'static str {
        MOVES_SQLITE_DDL
    }

    fn closings_ddl(&self) -> &'static str {
        CLOSINGS_SQLITE_DDL
    }

    fn lock_events(&self) -> &'static str {
        // The transaction has the file's write lock, since it has made the tables or found them.
        ""
    }

    fn begin(&self) -> &'static str {
        "BEGIN IMMEDIATE"
    }

    fn evidence_ddl(&self) -> &'static str {
        EVIDENCE_SQLITE_DDL
    }

    fn signed_evidence_ddl(&self) -> &'static str {
        SIGNED_EVIDENCE_SQLITE_DDL
    }

    fn line_number_type(&self) -> &'static str {
        "INTEGER"
    }

    fn purge_ddl(&self) -> &'static str {
        PURGE_SQLITE_DDL
    }

    fn functions_ddl(&self) -> &'static str {
        ""
    }

    fn bytes_literal(&self, hex: &str) -> String {
        format!("x'{hex}'")
    }

    fn only_row(&self) -> &'static str {
        "1"
    }

    fn now(&self) -> &'static str {
        "CURRENT_TIMESTAMP"
    }

    fn url(&self) -> Option<&str> {
        None
    }

    fn execute(&mut self, sql: &str) -> Result<()> {
        self.execute_batch(sql).map_err(|error| failed(self, error))
    }
}

/// Runs work in a transaction: committed if it succeeds, rolled back if it does not.
pub fn transaction<T>(
    store: &mut dyn Store,
    work: impl FnOnce(&mut dyn Store) -> Result<T>,
) -> Result<T> {
    let begin = store.begin();
    store.execute(begin)?;
    let done = work(store);
    end_transaction(store, done)
}

/// Ends the transaction that is open: commits if its work succeeded, rolls back if it did not.
pub fn end_transaction<T>(store: &mut dyn Store, done: Result<T>) -> Result<T> {
    match done {
        Ok(done) => store.execute("COMMIT").map(|()| done),
        Err(error) => match store.execute("ROLLBACK") {
            Ok(()) => Err(error),
            Err(also) => Err(error.context(format!("and it could not be undone: {also:#}"))),
        },
    }
}
