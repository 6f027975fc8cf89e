//! The same in a SQLite file.

use anyhow::{Context, Result};
use handover_engine::sqlite::sqlite_error;
use handover_schemas::name::TableName;
use rusqlite::Connection;

use super::{DeleteTrigger, ForeignKey, OnDelete};

pub(super) fn foreign_keys(connection: &Connection) -> Result<Vec<ForeignKey>> {
    let mut statement = connection
        .prepare(
            "SELECT t.name, f.id, f.\"table\", f.\"from\", f.\"to\", f.on_delete, f.seq \
             FROM main.sqlite_master t, pragma_foreign_key_list(t.name) f \
             WHERE t.type = 'table' ORDER BY t.name, f.id, f.seq",
        )
        .map_err(sqlite_error)?;
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    let mut rows = statement.query([]).map_err(sqlite_error)?;
    while let Some(row) = rows.next().map_err(sqlite_error)? {
        let text = |at: usize| row.get::<_, String>(at).map_err(sqlite_error);
        let (child, id) = (text(0)?, row.get::<_, i64>(1).map_err(sqlite_error)?);
        let parent = real_name(connection, &text(2)?)?;
        let to: Option<String> = row.get(4).map_err(sqlite_error)?;
        let sequence: i64 = row.get(6).map_err(sqlite_error)?;
        let to = match to {
            Some(to) => to,
            None => primary_key_column(connection, &parent, sequence)?,
        };
        let child = TableName::new("main", &child);
        if keys.last().is_none_or(|(last, key)| *last != id || key.child != child) {
            let on_delete = match text(5)?.as_str() {
                "CASCADE" => OnDelete::Cascade,
                "SET NULL" | "SET DEFAULT" => OnDelete::Change,
                _refused => OnDelete::Refuse,
            };
            let key = ForeignKey {
                name: format!("number {id}"),
                child,
                child_columns: Vec::new(),
                parent: TableName::new("main", &parent),
                parent_columns: Vec::new(),
                on_delete,
                temporal: false,
            };
            keys.push((id, key));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.child_columns.push(text(3)?);
            key.parent_columns.push(to);
        }
    }
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// A table's name as it was declared; SQLite finds it whatever its case.
fn real_name(connection: &Connection, written: &str) -> Result<String> {
    let sql = "SELECT name FROM main.sqlite_master WHERE type = 'table' \
               AND lower(name) = lower(?1)";
    let found = connection.query_row(sql, [written], |row| row.get(0));
    match found {
        Ok(name) => Ok(name),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(written.to_owned()),
        Err(error) => Err(sqlite_error(error)),
    }
}

/// The column that a foreign key means that names none.
fn primary_key_column(connection: &Connection, table: &str, sequence: i64) -> Result<String> {
    let sql = "SELECT name FROM pragma_table_info(?1) WHERE pk = ?2";
    connection
        .query_row(sql, (table, sequence + 1), |row| row.get(0))
        .map_err(sqlite_error)
        .with_context(|| format!("a foreign key refers to {table}, which has no such key"))
}

/// Every trigger of a table: what fires when is told by its text alone.
pub(super) fn delete_triggers(connection: &Connection) -> Result<Vec<DeleteTrigger>> {
    let mut statement = connection
        .prepare(
            "SELECT tbl_name, name FROM main.sqlite_master WHERE type = 'trigger' ORDER BY 1, 2",
        )
        .map_err(sqlite_error)?;
    let named: Vec<(String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(sqlite_error)?;
    // A trigger's table is kept as the trigger was written, in whatever case.
    named
        .into_iter()
        .map(|(table, name)| {
            let table = TableName::new("main", real_name(connection, &table)?);
            Ok(DeleteTrigger { table, name, is_rule: false })
        })
        .collect()
}
