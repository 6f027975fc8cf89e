//! The two places where a ledger can stand.

use anyhow::Result;
use handover_schemas::ledger::{
    EVIDENCE_POSTGRES_DDL, EVIDENCE_SQLITE_DDL, PACKAGES_POSTGRES_DDL, PACKAGES_SQLITE_DDL,
};
use handover_verify::postgres::{Session, TextRow};
use handover_verify::sqlite::sqlite_error;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::target::sqlite::failed;

/// SQL on the connection that also writes the rows.
pub trait Store {
    /// Full name of one of the ledger's tables.
    fn table(&self, name: &str) -> String;
    /// A query that gives a row if there is a ledger.
    fn exists_query(&self) -> &'static str;
    /// A query that gives a row if there are the tables of packages.
    fn packages_query(&self) -> &'static str;
    /// Statements that make the tables of packages, unless they are there.
    fn packages_ddl(&self) -> &'static str;
    /// A query that gives a row if there is the table of evidence files.
    fn evidence_query(&self) -> &'static str;
    /// Statements that make the table of evidence files, unless it is there.
    fn evidence_ddl(&self) -> &'static str;
    /// The type of the key of an evidence file's table.
    fn line_number_type(&self) -> &'static str;
    /// The key of a table of one row, in SQL.
    fn only_row(&self) -> &'static str;
    /// The present moment, in SQL.
    fn now(&self) -> &'static str;
    /// Runs statements.
    fn execute(&mut self, sql: &str) -> Result<()>;
    /// Runs a query; every value as text.
    fn query(&mut self, sql: &str) -> Result<Vec<TextRow>>;
}

impl Store for Session {
    fn table(&self, name: &str) -> String {
        format!("handover.{name}")
    }

    fn exists_query(&self) -> &'static str {
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'handover' AND c.relname = 'ledger'"
    }

    fn packages_query(&self) -> &'static str {
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'handover' AND c.relname = 'package'"
    }

    fn packages_ddl(&self) -> &'static str {
        PACKAGES_POSTGRES_DDL
    }

    fn evidence_query(&self) -> &'static str {
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'handover' AND c.relname = 'evidence'"
    }

    fn evidence_ddl(&self) -> &'static str {
        EVIDENCE_POSTGRES_DDL
    }

    fn line_number_type(&self) -> &'static str {
        "bigint"
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

    fn query(&mut self, sql: &str) -> Result<Vec<TextRow>> {
        Session::query(self, sql)
    }
}

impl Store for Connection {
    fn table(&self, name: &str) -> String {
        format!("main.handover_{name}")
    }

    fn exists_query(&self) -> &'static str {
        "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = 'handover_ledger'"
    }

    fn packages_query(&self) -> &'static str {
        "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = 'handover_package'"
    }

    fn packages_ddl(&self) -> &'static str {
        PACKAGES_SQLITE_DDL
    }

    fn evidence_query(&self) -> &'static str {
        "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = 'handover_evidence'"
    }

    fn evidence_ddl(&self) -> &'static str {
        EVIDENCE_SQLITE_DDL
    }

    fn line_number_type(&self) -> &'static str {
        "INTEGER"
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

    fn query(&mut self, sql: &str) -> Result<Vec<TextRow>> {
        let mut statement = self.prepare(sql).map_err(|error| failed(self, error))?;
        let width = statement.column_count();
        let mut rows = statement.query([]).map_err(|error| failed(self, error))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| failed(self, error))? {
            let values: Result<TextRow> = (0..width)
                .map(|index| Ok(text(row.get_ref(index).map_err(sqlite_error)?)))
                .collect();
            found.push(values?);
        }
        Ok(found)
    }
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}
