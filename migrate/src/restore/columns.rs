//! What became of a table's columns since its rows were archived, and whether the rows still go into it.
//!
//! A row is put back into the columns that were archived, and read back from them: it has to give its leaf
//! whatever was added beside them.

use anyhow::{Result, bail};
use handover_engine::sql::{literal, qualified};
use handover_schemas::archive::manifest::{ArchivedColumn, ArchivedTable};
use handover_schemas::config::ChangedColumn;
use handover_schemas::plan::{Column, Key, TableShape};
use handover_schemas::purge::columns::ColumnChange;

use super::wanted::is_named;
use crate::purge::PurgeDatabase;

/// A table as the database has it, with the archived columns alone, and what is otherwise than it was.
pub(super) struct Fitted {
    pub(super) shape: TableShape,
    pub(super) key: Key,
    pub(super) changes: Vec<ColumnChange>,
}

/// Finds the column of the table that each archived one is by now. Refuses, with every reason at once, a
/// table into which the rows do not go.
pub(super) fn fit(
    database: &mut PurgeDatabase,
    table: &TableShape,
    archived: &ArchivedTable,
    declared: &[ChangedColumn],
) -> Result<Fitted> {
    let declared: Vec<&ChangedColumn> =
        declared.iter().filter(|one| is_named(&archived.name, &one.table)).collect();
    let (mut columns, mut changes, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for one in &archived.columns {
        let change = declared.iter().find(|change| change.archived == one.name);
        match now(table, one, change.copied()) {
            Ok((column, changed)) => {
                columns.push(column);
                changes.extend(changed);
            }
            Err(reason) => reasons.push(reason),
        }
    }
    for column in &table.columns {
        if columns.iter().any(|one| one.name == column.name) {
            continue;
        }
        if column.not_null && !has_default(database, table, column)? {
            reasons.push(format!(
                "{:?} was added, must not be NULL and has no default: give it one",
                column.name
            ));
        }
        changes.push(ColumnChange::added(&column.name));
    }
    reasons.extend(refused_links(archived, &changes));
    let key = key_of(table, archived, &columns);
    if key.is_none() && reasons.is_empty() {
        reasons.push("the key is of other columns".to_owned());
    }
    match key {
        Some(key) if reasons.is_empty() => {
            Ok(Fitted { shape: TableShape { columns, ..table.clone() }, key, changes })
        }
        _ => bail!(
            "{} is not what it was when its rows were archived: {}. Nothing was put back. RECOVERY.md of the \
             archive tells how its rows are loaded elsewhere",
            archived.name,
            reasons.join("; ")
        ),
    }
}

/// The column that an archived one is by now.
fn now(
    table: &TableShape,
    archived: &ArchivedColumn,
    declared: Option<&ChangedColumn>,
) -> Result<(Column, Option<ColumnChange>), String> {
    let name = declared.map_or(&archived.name, |declared| &declared.now);
    let Some(column) = table.columns.iter().find(|column| column.name == *name) else {
        return Err(format!(
            "{name:?} ({}) is not there any more: add it again, or say in handover.toml what it is called now \
             ([[purge.changed_column]] with table, archived and now)",
            archived.type_name
        ));
    };
    let is_same_type = column.type_name == archived.type_name;
    let is_declared =
        declared.and_then(|declared| declared.type_name.as_ref()) == Some(&column.type_name);
    if !is_same_type && !is_declared {
        return Err(format!(
            "{name:?} was {} and is {}: if its values are written alike, say so in handover.toml \
             ([[purge.changed_column]] with table, archived, now and type = {:?})",
            archived.type_name, column.type_name, column.type_name
        ));
    }
    let is_changed = !is_same_type || *name != archived.name;
    let change = is_changed.then(|| ColumnChange {
        archived: Some(archived.name.clone()),
        now: name.clone(),
        archived_type: (!is_same_type).then(|| archived.type_name.clone()),
        type_now: (!is_same_type).then(|| column.type_name.clone()),
    });
    Ok((column.clone(), change))
}

/// Renamed columns by which tables of the archive refer to each other: what hangs together is told by their
/// archived names.
fn refused_links(archived: &ArchivedTable, changes: &[ColumnChange]) -> Vec<String> {
    let linked = archived.parents.iter().flat_map(|link| &link.columns);
    let renamed = |name: &&String| {
        changes.iter().any(|one| one.archived.as_ref() == Some(*name) && one.now != **name)
    };
    linked
        .filter(renamed)
        .map(|name| {
            format!("{name:?} refers to another table, and has another name now: name it as it was")
        })
        .collect()
}

/// The table's key, which has to be of the columns that it was of.
fn key_of(table: &TableShape, archived: &ArchivedTable, columns: &[Column]) -> Option<Key> {
    let key = table.key.as_ref()?;
    let names = |places: &[usize], columns: &[Column]| -> Option<Vec<String>> {
        places.iter().map(|at| columns.get(*at).map(|column| column.name.clone())).collect()
    };
    let is_same = names(&key.columns, &table.columns)? == names(&archived.key, columns)?;
    is_same.then(|| Key { columns: archived.key.clone(), ..key.clone() })
}

fn has_default(database: &mut PurgeDatabase, table: &TableShape, column: &Column) -> Result<bool> {
    let (name, column) = (&table.name, literal(&column.name));
    let sql = match database {
        PurgeDatabase::Postgres(_) => format!(
            "SELECT 1 FROM pg_attribute WHERE attrelid = {}::regclass AND attname = {column} \
             AND (atthasdef OR attidentity <> '')",
            literal(&qualified(&name.schema, &name.name))
        ),
        PurgeDatabase::Sqlite(_) => format!(
            "SELECT 1 FROM pragma_table_xinfo({}) WHERE name = {column} AND dflt_value IS NOT NULL",
            literal(&name.name)
        ),
    };
    Ok(!database.store().query(&sql)?.is_empty())
}
