//! The two places where a ledger can stand.

use anyhow::Result;
use handover_schemas::identity_number::POSTGRES_FUNCTION;
use handover_schemas::ledger::{
    EVIDENCE_POSTGRES_DDL, EVIDENCE_SQLITE_DDL, PACKAGES_POSTGRES_DDL, PACKAGES_SQLITE_DDL,
    PURGE_POSTGRES_DDL, PURGE_SQLITE_DDL,
};
use handover_verify::ledger::LedgerQuery;
use handover_verify::postgres::Session;
use rusqlite::Connection;

use crate::target::sqlite::failed;

/// SQL on the connection that also writes the rows.
pub trait Store: LedgerQuery {
    /// Statements that make the tables of packages, unless they are there.
    fn packages_ddl(&self) -> &'static str;
    /// Statements that make the table of evidence files, unless it is there.
    fn evidence_ddl(&self) -> &'static str;
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
    /// Runs statements.
    fn execute(&mut self, sql: &str) -> Result<()>;
}

impl Store for Session {
    fn packages_ddl(&self) -> &'static str {
        PACKAGES_POSTGRES_DDL
    }

    fn evidence_ddl(&self) -> &'static str {
        EVIDENCE_POSTGRES_DDL
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

    fn execute(&mut self, sql: &str) -> Result<()> {
        Session::execute(self, sql)
    }
}

impl Store for Connection {
    fn packages_ddl(&self) -> &'static str {
        PACKAGES_SQLITE_DDL
    }

    fn evidence_ddl(&self) -> &'static str {
        EVIDENCE_SQLITE_DDL
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

    fn execute(&mut self, sql: &str) -> Result<()> {
        self.execute_batch(sql).map_err(|error| failed(self, error))
    }
}
