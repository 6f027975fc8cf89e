//! Reading the ledger, wherever it stands.

mod agree;
pub mod check;
pub mod copied;
pub mod events;
pub mod evidence;
pub mod moves;
pub mod packages;
pub mod tables;

use anyhow::{Context, Result};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::endpoint::Endpoint;
use crate::interrupt::Interrupt;
use crate::postgres::{Access, Session, TextRow};
use crate::reader::End;
use crate::sqlite::{open_read_only, sqlite_error};

/// A database at one moment, read-only.
pub fn open(target: &Endpoint, interrupt: &Interrupt) -> Result<End> {
    match target {
        Endpoint::Postgres(postgres) => {
            let mut session = Session::open(postgres, Access::ReadOnly, interrupt)?;
            session.execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_hashjoin = off",
            )?;
            Ok(End::Postgres(session))
        }
        Endpoint::Sqlite(path) => Ok(End::Sqlite(open_read_only(path)?)),
    }
}

/// The ledger in an open database.
pub fn ledger_of(end: &mut End) -> &mut dyn LedgerQuery {
    match end {
        End::Postgres(session) => session,
        End::Sqlite(connection) => connection,
    }
}

/// A database with a ledger: schema `handover` of PostgreSQL, tables `handover_*` of SQLite.
pub trait LedgerQuery {
    /// Full name of one of the ledger's tables.
    fn table(&self, name: &str) -> String;
    /// Runs a query; every value as text.
    fn query(&mut self, sql: &str) -> Result<Vec<TextRow>>;
    /// A column of bytes as hexadecimal digits, in SQL.
    fn hex_of(&self, column: &str) -> String;
    /// A column of text that is compared and sorted by its bytes, in SQL.
    fn by_bytes(&self, column: &str) -> String;
    /// A query that gives a row if there is a table of this name in the ledger.
    fn table_query(&self, name: &str) -> String;

    /// A query that gives the name of every table of the ledger, and of every view and trigger in
    /// it with its kind before it.
    fn objects_query(&self) -> &'static str;

    /// Whether there is a table of this name in the ledger.
    fn has_table(&mut self, name: &str) -> Result<bool> {
        let sql = self.table_query(name);
        Ok(!self.query(&sql)?.is_empty())
    }
}

impl LedgerQuery for Session {
    fn table(&self, name: &str) -> String {
        format!("handover.{name}")
    }

    fn query(&mut self, sql: &str) -> Result<Vec<TextRow>> {
        Session::query(self, sql)
    }

    fn hex_of(&self, column: &str) -> String {
        format!("encode({column}, 'hex')")
    }

    fn by_bytes(&self, column: &str) -> String {
        format!("{column} COLLATE \"C\"")
    }

    fn table_query(&self, name: &str) -> String {
        format!(
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = 'handover' AND c.relname = '{name}'"
        )
    }

    fn objects_query(&self) -> &'static str {
        "SELECT CASE WHEN c.relkind = 'r' THEN '' ELSE 'view ' END || c.relname \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'handover' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
         UNION ALL SELECT 'trigger ' || t.tgname FROM pg_trigger t \
         JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'handover' AND NOT t.tgisinternal \
         UNION ALL SELECT 'rule ' || r.rulename FROM pg_rewrite r \
         JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'handover' AND r.rulename <> '_RETURN'"
    }
}

impl LedgerQuery for Connection {
    fn table(&self, name: &str) -> String {
        format!("main.handover_{name}")
    }

    fn query(&mut self, sql: &str) -> Result<Vec<TextRow>> {
        query_file(self, sql)
            .with_context(|| format!("cannot use SQLite file {}", self.path().unwrap_or_default()))
    }

    fn hex_of(&self, column: &str) -> String {
        format!("lower(hex({column}))")
    }

    fn by_bytes(&self, column: &str) -> String {
        format!("{column} COLLATE BINARY")
    }

    fn table_query(&self, name: &str) -> String {
        format!(
            "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = 'handover_{name}'"
        )
    }

    fn objects_query(&self) -> &'static str {
        "SELECT CASE type WHEN 'table' THEN substr(name, 10) ELSE type || ' ' || name END \
         FROM main.sqlite_master WHERE type IN ('table', 'view', 'trigger') \
         AND tbl_name LIKE 'handover\\_%' ESCAPE '\\'"
    }
}

fn query_file(connection: &Connection, sql: &str) -> Result<Vec<TextRow>> {
    let mut statement = connection.prepare(sql).map_err(sqlite_error)?;
    let width = statement.column_count();
    let mut rows = statement.query([]).map_err(sqlite_error)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sqlite_error)? {
        let values: Result<TextRow> =
            (0..width).map(|index| Ok(text(row.get_ref(index).map_err(sqlite_error)?))).collect();
        found.push(values?);
    }
    Ok(found)
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
