//! Whether the values that a key's columns hold are those of its type.
//!
//! SQLite lets a column hold anything. A key that holds values in another form than its type's own
//! is ordered by SQLite as no other database would order it.

use anyhow::Result;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, Key};
use handover_schemas::sqlite_form::Form;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::exact::is_kept_as_text;
use super::open::{cannot_prepare, sqlite_error};
use super::values::{ColumnRule, Spelling, TextLimit, push_value};
use crate::rows::Wire;
use crate::sql::ident;

/// The key that `find` finds, as far as it is one: in the exact form a column with values that are
/// not its type's own is no key column, and another key is looked for; elsewhere its rows cannot be
/// read in order by an index, but the values are what they are.
pub(super) fn usable_key(
    connection: &Connection,
    table: &str,
    columns: &[Column],
    rowid_alias: Option<&str>,
    find: impl Fn(&[Column]) -> Result<Option<Key>>,
) -> Result<Option<Key>> {
    let mut columns = columns.to_vec();
    loop {
        let Some(mut key) = find(&columns)? else { return Ok(None) };
        let is_exact = columns.iter().all(|column| column.form == Form::Exact);
        if !is_exact && !key.range_scan {
            return Ok(Some(key));
        }
        let mut strange = Vec::new();
        for at in &key.columns {
            if let Some(column) = columns.get(*at)
                && !(is_integer(&column.ty) && rowid_alias == Some(column.name.as_str()))
                && holds_others(connection, table, column)?
            {
                strange.push(*at);
            }
        }
        if strange.is_empty() {
            return Ok(Some(key));
        }
        if !is_exact {
            key.range_scan = false;
            return Ok(Some(key));
        }
        for at in strange {
            if let Some(column) = columns.get_mut(at) {
                column.not_null = false;
            }
        }
    }
}

fn is_integer(ty: &PgType) -> bool {
    matches!(ty, PgType::Int2 | PgType::Int4 | PgType::Int8)
}

/// Whether a column holds a value that is not in its type's own form, or whose text is not what is
/// ordered. Asked without indexes: one may be in an order that only the application has.
fn holds_others(connection: &Connection, table: &str, column: &Column) -> Result<bool> {
    if column.form == Form::Described {
        return Ok(true);
    }
    let name = ident(&column.name);
    let class = match &column.ty {
        ty if is_integer(ty) => "integer",
        PgType::Bytea => "blob",
        PgType::Float8 => "real",
        PgType::Text => "text",
        ty if column.form == Form::Exact && is_kept_as_text(ty) => "text",
        _ => return any_is_other(connection, table, column),
    };
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM main.{} NOT INDEXED WHERE typeof({name}) <> '{class}')",
        ident(table)
    );
    connection.query_row(&sql, [], |row| row.get(0)).map_err(cannot_prepare)
}

/// The same for types of whose own form SQLite knows nothing.
fn any_is_other(connection: &Connection, table: &str, column: &Column) -> Result<bool> {
    let rule = ColumnRule::new(column);
    let sql = format!("SELECT {} FROM main.{} NOT INDEXED", ident(&column.name), ident(table));
    let mut statement = connection.prepare(&sql).map_err(cannot_prepare)?;
    let mut rows = statement.raw_query();
    let mut line = Vec::new();
    while let Some(row) = rows.next().map_err(sqlite_error)? {
        line.clear();
        let value = row.get_ref(0).map_err(sqlite_error)?;
        let pushed =
            push_value(&rule, value, TextLimit::None, Wire::None, &mut line, &mut Vec::new());
        if value != ValueRef::Null && pushed != Ok(Spelling::Own) {
            return Ok(true);
        }
    }
    Ok(false)
}
