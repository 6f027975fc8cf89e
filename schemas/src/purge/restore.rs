//! What `handover-migrate restore` says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::ColumnChange;
use crate::digest::Digest;
use crate::name::TableName;

/// What is, or would be, put back of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreReport {
    /// Name of the archive.
    pub archive: String,
    /// Its seal.
    pub seal: Digest,
    /// Number of the purge that it is of.
    pub purge: i64,
    /// Whether it was to be done, or only told.
    pub apply: bool,
    /// The tables with chosen rows, parents before the tables that refer to them.
    pub tables: Vec<RestoreTable>,
    /// How many people were chosen: rows of the table that the purge's rule is about. Absent unless
    /// rows were chosen by person.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub people: Option<u64>,
    /// What was written; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub written: Option<RestoreWritten>,
}

/// The chosen rows of one table: each is counted once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreTable {
    /// The table.
    pub name: TableName,
    /// Chosen rows.
    pub chosen: u64,
    /// Not there: put back with their keys.
    pub insert: u64,
    /// There as they are in the archive.
    pub identical: u64,
    /// There otherwise, and replaced because somebody said so.
    pub replace: u64,
    /// There otherwise, or a value that has to be unique is another row's by now, or rows that were
    /// not chosen refer to the row that would give way.
    pub conflict: u64,
    /// They refer to a row that is neither there nor chosen.
    pub parent_missing: u64,
    /// They hang together with a row of the last two sorts.
    pub held_back: u64,
    /// Columns that are otherwise than when the rows were archived.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub columns: Vec<ColumnChange>,
    /// Values that have to be unique and that other rows have by now.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub taken: Vec<TakenValues>,
}

/// Values that another row has by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakenValues {
    /// The columns that have to be unique together.
    pub columns: Vec<String>,
    /// Chosen rows that are not put back for it.
    pub rows: u64,
}

/// What a restore left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreWritten {
    /// Its number in this database.
    pub number: i64,
    /// SHA-256 of the leaves of the rows that were put back, in their order.
    pub leaves: Digest,
    /// The operator's statement, below the hand-over folder.
    pub statement: String,
    /// The archive of the rows that were replaced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replaced: Option<ReplacedRows>,
}

/// An archive of rows that were replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplacedRows {
    /// Name of the package.
    pub archive: String,
    /// Its seal.
    pub seal: Digest,
}

impl RestoreReport {
    /// Whether every chosen row is there, or would be.
    pub fn is_whole(&self) -> bool {
        let held = |table: &RestoreTable| table.conflict + table.parent_missing + table.held_back;
        self.tables.iter().all(|table| held(table) == 0)
    }
}
