//! Everything but rows from SQLite to SQLite: the source's own statements, word for word.

use anyhow::Result;
use handover_verify::sql::literal;
use handover_verify::sqlite::{is_ledger_table, sqlite_error};
use rusqlite::Connection;

/// `CREATE TABLE` statements of the tables copied, in order of creation: name and SQL.
pub fn table_statements(source: &Connection, wanted: &[String]) -> Result<Vec<(String, String)>> {
    let all = statements(source, "type = 'table'")?;
    Ok(all.into_iter().filter(|(name, _)| wanted.contains(name)).collect())
}

/// Indexes, views and triggers, in order of creation: name and SQL.
pub fn later_statements(source: &Connection) -> Result<Vec<(String, String)>> {
    statements(source, "type IN ('index', 'view', 'trigger')")
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

fn statements(source: &Connection, condition: &str) -> Result<Vec<(String, String)>> {
    let mut statement = source
        .prepare(&format!(
            "SELECT name, sql, tbl_name FROM main.sqlite_master \
             WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND {condition} \
             ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 \
                      ELSE 3 END, rowid"
        ))
        .map_err(sqlite_error)?;
    let rows: Vec<(String, String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .and_then(Iterator::collect)
        .map_err(sqlite_error)?;
    Ok(rows
        .into_iter()
        .filter(|(_, _, table)| !is_ledger_table(table))
        .map(|(name, sql, _)| (name, sql))
        .collect())
}
