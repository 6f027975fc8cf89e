//! Reading the ledger, wherever it stands.

mod agree;
pub mod check;
pub mod copied;
pub mod events;
pub mod evidence;
pub mod moves;
pub mod own;
pub mod packages;
pub mod signed_evidence;
pub mod tables;
pub mod times;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::{Access, Session, TextRow};
use handover_engine::reader::End;
use handover_engine::sqlite::{open_read_only, sqlite_error};
use handover_schemas::name::TableName;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

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

    /// A table of the ledger as descriptions of databases name it.
    fn place(&self, name: &str) -> TableName;

    /// A query for what has the ledger's schema or prefix: names without these, for other objects
    /// than tables with their kind before them, and for triggers and rules the table they are on.
    fn objects_query(&self) -> &'static str;

    /// A query for tables with the ledger's schema or prefix and their columns, in order.
    fn columns_query(&self) -> &'static str;

    /// The functions in the ledger's schema: name with its arguments' types, and text.
    fn functions(&mut self) -> Result<Vec<(String, String)>>;

    /// Whether the account may read a table of the ledger that is there.
    fn may_read(&mut self, name: &str) -> Result<bool>;

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

    fn place(&self, name: &str) -> TableName {
        TableName::new("handover", name)
    }

    fn objects_query(&self) -> &'static str {
        "SELECT CASE c.relkind WHEN 'r' THEN '' WHEN 'S' THEN 'sequence ' ELSE 'view ' END \
                || c.relname, NULL \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'handover' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') \
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
                           AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0) \
         UNION ALL SELECT 'type ' || t.typname, NULL FROM pg_type t \
         JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid \
         WHERE n.nspname = 'handover' AND (t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c') \
         UNION ALL SELECT 'trigger ' || t.tgname, c.relname FROM pg_trigger t \
         JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'handover' AND NOT t.tgisinternal \
         UNION ALL SELECT 'rule ' || r.rulename, c.relname FROM pg_rewrite r \
         JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'handover' AND r.rulename <> '_RETURN'"
    }

    fn columns_query(&self) -> &'static str {
        "SELECT c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         WHERE n.nspname = 'handover' AND c.relkind = 'r' ORDER BY c.relname, a.attnum"
    }

    fn functions(&mut self) -> Result<Vec<(String, String)>> {
        let rows = Session::query(
            self,
            "SELECT p.proname || '(' || oidvectortypes(p.proargtypes) || ')', coalesce(p.prosrc, '') \
             FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
             WHERE n.nspname = 'handover' ORDER BY 1",
        )?;
        Ok(rows
            .into_iter()
            .filter_map(|row| match row.as_slice() {
                [Some(name), Some(body)] => Some((name.clone(), body.clone())),
                _ => None,
            })
            .collect())
    }

    fn may_read(&mut self, name: &str) -> Result<bool> {
        let may = self.query_value(&format!(
            "SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') \
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = 'handover' AND c.relname = '{name}'"
        ))?;
        Ok(may.as_deref() == Some("t"))
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

    fn place(&self, name: &str) -> TableName {
        TableName::new("main", format!("handover_{name}"))
    }

    fn objects_query(&self) -> &'static str {
        "SELECT CASE type WHEN 'table' THEN substr(name, 10) ELSE type || ' ' || name END, \
                CASE type WHEN 'trigger' THEN substr(tbl_name, 10) END \
         FROM main.sqlite_master WHERE type IN ('table', 'view', 'trigger') \
         AND tbl_name LIKE 'handover\\_%' ESCAPE '\\'"
    }

    fn columns_query(&self) -> &'static str {
        "SELECT substr(t.name, 10), c.name FROM main.sqlite_master t, pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.rootpage > 0 AND substr(t.name, 1, 9) = 'handover_' \
         ORDER BY t.name, c.cid"
    }

    fn functions(&mut self) -> Result<Vec<(String, String)>> {
        Ok(Vec::new())
    }

    fn may_read(&mut self, _name: &str) -> Result<bool> {
        Ok(true)
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
