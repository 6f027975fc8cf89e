//! Everything but rows from SQLite to SQLite: the source's own statements, word for word.

use anyhow::{Context, Result};
use handover_engine::inventory::sqlite::header_numbers;
use handover_engine::sql::literal;
use handover_engine::sqlite::{ObjectKind, SchemaStatement, sqlite_error, virtual_tables};
use rusqlite::Connection;

/// `CREATE TABLE` statements of the tables copied, in order of creation: name and SQL.
pub fn table_statements(source: &Connection, wanted: &[String]) -> Result<Vec<(String, String)>> {
    let all = statements(source, "type = 'table'")?;
    let wanted = all.into_iter().filter(|statement| wanted.contains(&statement.name));
    Ok(wanted.map(|statement| (statement.name, statement.sql)).collect())
}

/// Virtual tables, but for those that are not copied or keep what they hold in a table that is not: name and
/// SQL. The statement goes into the schema as it is, as `.dump` of sqlite3 does it: whoever ran it would
/// make those tables anew, and would need the application's own modules.
pub fn virtual_table_statements(
    source: &Connection,
    left_out: &[&str],
) -> Result<VirtualTableStatements> {
    let mut found = VirtualTableStatements::default();
    let described = virtual_tables(source)?;
    for Statement { name, sql, .. } in statements(source, "type = 'table' AND rootpage = 0")? {
        if left_out.contains(&name.as_str()) {
            continue;
        }
        let own_tables = described.iter().filter(|table| table.name.name == name);
        let mut own_tables = own_tables.flat_map(|table| &table.own_tables);
        if let Some(own) = own_tables.find(|own| left_out.contains(&own.as_str())) {
            found.not_carried.push((
                format!("virtual table main.{name}"),
                format!("it keeps what it holds in main.{own}, which is not copied"),
            ));
            continue;
        }
        let statement = SchemaStatement { kind: ObjectKind::VirtualTable, name: &name, sql: &sql };
        if let Err(reason) =
            statement.check(&mut Connection::open_in_memory().map_err(sqlite_error)?)
        {
            found.not_carried.push((format!("virtual table main.{name}"), reason.to_string()));
            continue;
        }
        let (name_text, sql) = (literal(&name), literal(&sql));
        let sql = format!(
            "PRAGMA writable_schema = ON; \
             INSERT INTO main.sqlite_schema (type, name, tbl_name, rootpage, sql) \
             VALUES ('table', {name_text}, {name_text}, 0, {sql}); \
             PRAGMA writable_schema = RESET"
        );
        found.statements.push((format!("VIRTUAL TABLE {name}"), sql));
    }
    Ok(found)
}

/// What becomes of virtual tables.
#[derive(Default)]
pub struct VirtualTableStatements {
    /// Name and SQL of those that are made.
    pub statements: Vec<(String, String)>,
    /// Those that are not, and why.
    pub not_carried: Vec<(String, String)>,
}

/// Indexes, views and triggers, but for those of tables that are not copied, in order of creation.
pub fn later_statements(source: &Connection, left_out: &[&str]) -> Result<Vec<LaterStatement>> {
    let all = statements(source, "type IN ('index', 'view', 'trigger')")?;
    let kept = all.into_iter().filter(|statement| !left_out.contains(&statement.table.as_str()));
    kept.map(|Statement { kind, name, sql, .. }| {
        let kind = ObjectKind::parse(&kind).context("the file's schema has an unknown kind")?;
        Ok(LaterStatement { kind, name, sql })
    })
    .collect()
}

/// A statement of the source's own, to be run after the rows are there.
pub struct LaterStatement {
    /// What it makes.
    pub kind: ObjectKind,
    /// The name of that.
    pub name: String,
    /// Its text.
    pub sql: String,
}

/// A foreign key that points at a table which is not copied.
pub struct ForeignKeyTo {
    /// Its columns, with commas between them.
    pub columns: String,
    /// The table at which it points.
    pub parent: String,
}

/// The foreign keys of a table that point at tables which are not copied.
pub fn foreign_keys_to(
    source: &Connection,
    table: &str,
    left_out: &[&str],
) -> Result<Vec<ForeignKeyTo>> {
    let mut statement = source
        .prepare(
            "SELECT group_concat(\"from\", ', '), \"table\" FROM \
             (SELECT * FROM pragma_foreign_key_list(?1) ORDER BY id, seq) GROUP BY id ORDER BY id",
        )
        .map_err(sqlite_error)?;
    let keys: Vec<ForeignKeyTo> = statement
        .query_map([table], |row| Ok(ForeignKeyTo { columns: row.get(0)?, parent: row.get(1)? }))
        .and_then(Iterator::collect)
        .map_err(sqlite_error)?;
    // SQLite finds a parent whatever its case.
    let is_left_out =
        |key: &ForeignKeyTo| left_out.iter().any(|table| table.eq_ignore_ascii_case(&key.parent));
    Ok(keys.into_iter().filter(is_left_out).collect())
}

/// Statements that let `AUTOINCREMENT` tables go on counting where the source's would, rows
/// deleted since included: name and SQL.
pub fn sequence_statements(
    source: &Connection,
    wanted: &[String],
) -> Result<Vec<(String, String)>> {
    let mut statements = Vec::new();
    for table in wanted {
        let Some(number) = highest_ever(source, table)? else { continue };
        let name = literal(table);
        let sql = format!(
            "DELETE FROM main.sqlite_sequence WHERE name = {name}; \
             INSERT INTO main.sqlite_sequence (name, seq) VALUES ({name}, {number})"
        );
        statements.push((format!("SEQUENCE {table}"), sql));
    }
    Ok(statements)
}

/// Statements that set the numbers which applications keep in the file's header, such as the version
/// of their tables: name and SQL.
pub fn header_statements(source: &Connection) -> Result<Vec<(String, String)>> {
    let numbers = header_numbers(source)?.into_iter();
    let statement =
        |(name, number)| (format!("HEADER {name}"), format!("PRAGMA {name} = {number}"));
    Ok(numbers.map(statement).collect())
}

/// The highest number that an `AUTOINCREMENT` table ever had.
pub fn highest_ever(source: &Connection, table: &str) -> Result<Option<i64>> {
    let counts: bool = source
        .query_row(
            "SELECT count(*) FROM main.sqlite_master WHERE name = 'sqlite_sequence'",
            [],
            |row| row.get(0),
        )
        .map_err(sqlite_error)?;
    if !counts {
        return Ok(None);
    }
    // Anybody may write anything into that table.
    source
        .query_row(
            "SELECT max(seq) FROM main.sqlite_sequence \
             WHERE name = ?1 AND typeof(seq) = 'integer'",
            [table],
            |row| row.get(0),
        )
        .map_err(sqlite_error)
}

/// A statement that makes an object, and the table it belongs to.
struct Statement {
    kind: String,
    name: String,
    sql: String,
    table: String,
}

fn statements(source: &Connection, condition: &str) -> Result<Vec<Statement>> {
    let mut statement = source
        .prepare(&format!(
            "SELECT name, sql, tbl_name, type FROM main.sqlite_master \
             WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND {condition} \
             ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 \
                      ELSE 3 END, rowid"
        ))
        .map_err(sqlite_error)?;
    statement
        .query_map([], |row| {
            let (name, sql, table) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Statement { kind: row.get(3)?, name, sql, table })
        })
        .and_then(Iterator::collect)
        .map_err(sqlite_error)
}
