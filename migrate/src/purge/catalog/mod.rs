//! What hangs together: foreign keys, and triggers that fire when a row is deleted.

mod postgres;
mod sqlite;

use anyhow::Result;
use handover_schemas::name::TableName;

use super::PurgeDatabase;

/// What happens to a row when the row it refers to is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// The deletion is refused.
    Refuse,
    /// It is deleted too.
    Cascade,
    /// It is changed.
    Change,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its name; of SQLite its number.
    pub name: String,
    /// The table that refers.
    pub child: TableName,
    /// Its columns.
    pub child_columns: Vec<String>,
    /// The table that is referred to.
    pub parent: TableName,
    /// Its columns, in the same order.
    pub parent_columns: Vec<String>,
    /// What a deletion there does here.
    pub on_delete: OnDelete,
    /// Whether the last columns are periods: a row refers to all rows that cover its period
    /// together (`PERIOD`, PostgreSQL 18), which is no equality of columns.
    pub temporal: bool,
}

/// Something that acts when rows are deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteTrigger {
    /// The table.
    pub table: TableName,
    /// Its name.
    pub name: String,
    /// Whether it is a rule (`CREATE RULE`), which rewrites the statement, and no trigger.
    pub is_rule: bool,
}

/// All foreign keys of the database.
pub fn foreign_keys(database: &mut PurgeDatabase) -> Result<Vec<ForeignKey>> {
    match database {
        PurgeDatabase::Postgres(session) => postgres::foreign_keys(session),
        PurgeDatabase::Sqlite(connection) => sqlite::foreign_keys(connection),
    }
}

/// All triggers and rules that act when rows are deleted.
pub fn delete_triggers(database: &mut PurgeDatabase) -> Result<Vec<DeleteTrigger>> {
    match database {
        PurgeDatabase::Postgres(session) => postgres::delete_triggers(session),
        PurgeDatabase::Sqlite(connection) => sqlite::delete_triggers(connection),
    }
}
