//! What the verifier says: one JSON document, the same bytes for the same data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The judgement on one table or on all of them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every row and everything else compared is the same.
    Equal,
    /// Something could not be compared, and nothing that was compared differs.
    Unverified,
    /// Something differs.
    Different,
}

impl Verdict {
    /// The verdict as reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Unverified => "unverified",
            Self::Different => "different",
        }
    }

    /// Of several verdicts any "different" decides, else any "unverified".
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max().unwrap_or(Self::Equal)
    }
}

/// Report of `handover-verify tables`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TablesReport {
    /// Judgement on everything asked for.
    pub verdict: Verdict,
    /// Every table of either end, sorted by name.
    pub tables: Vec<TableReport>,
    /// Tables that were not compared because they are left out of the hand-over.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// What has another name in the target because `handover.toml` says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// Findings that belong to no single table.
    pub findings: Vec<Finding>,
    /// What was not looked at.
    pub not_checked: Vec<String>,
}

/// A table or a column that has another name in the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renamed {
    /// `schema.table` or `schema.table.column`, as the source has it.
    pub source: String,
    /// The same, as the target has it.
    pub target: String,
}

/// A table that is left out of the hand-over on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// `schema.name`, as the source has it.
    pub table: String,
    /// Why.
    pub reason: String,
}

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TableReport {
    /// `schema.name`, as the source has it.
    pub table: String,
    /// Judgement on the table.
    pub verdict: Verdict,
    /// What the source holds; null where it has no such table or may not be read.
    pub source: Option<EndReport>,
    /// What the target holds; null where it has no such table or may not be read.
    pub target: Option<EndReport>,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

/// A table at one end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndReport {
    /// Rows read.
    pub rows: u64,
    /// Bytes of canonical text.
    pub bytes: u64,
    /// SHA-256 of all canonical lines in order; null if only a sample was read.
    pub digest: Option<Digest>,
    /// Root of the tree over the table's chunks; null if only a sample was read.
    pub root: Option<Digest>,
    /// A line for `bash -c` that prints `digest`.
    pub command: Option<String>,
    /// Why there is no such line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command_reason: Option<String>,
    /// Columns with values that are written another way there.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub written_another_way: Vec<WrittenAnotherWay>,
    /// Every chunk with its command, where `--explain TABLE` asked for them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub chunks: Vec<ChunkReport>,
}

/// Values of a SQLite column that are written another way than its type's own form. The target holds
/// the same values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WrittenAnotherWay {
    /// The column.
    pub column: String,
    /// Rows with such a value.
    pub rows: u64,
}

/// One chunk at one end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChunkReport {
    /// Position in the table, from 0.
    pub chunk: u64,
    /// Rows read.
    pub rows: u64,
    /// Bytes of canonical text.
    pub bytes: u64,
    /// SHA-256 of the chunk's canonical lines.
    pub digest: Digest,
    /// The text of its leaf in the table's tree (FORMAT.md section 9): columns with the source's types, the
    /// key, and the keys between which the chunk lies.
    pub leaf: String,
    /// A line for `bash -c` that prints `digest`; it holds the keys between which the chunk lies.
    pub command: Option<String>,
}

/// What is not as it should be.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The target lacks the table.
    TableMissing,
    /// The target has a table that the source does not have.
    TableExtra,
    /// The account may not read the table, or reading failed.
    TableUnreadable,
    /// The target lacks the column.
    ColumnMissing,
    /// The target has a column that the source does not have.
    ColumnExtra,
    /// The columns are declared in another order.
    ColumnOrder,
    /// The column has another type.
    ColumnType,
    /// The rows are ordered by another key at the target, or by none.
    KeyDiffers,
    /// Rows of the source that the target lacks.
    RowsMissing,
    /// Rows of the target that the source does not have.
    RowsExtra,
    /// Rows that the target has more than once.
    RowsDoubled,
    /// Rows with other values at the target.
    RowsDiffer,
    /// Key ranges that differ and were not looked into row by row.
    RangesDiffer,
    /// A value that the type of its column would not give back.
    ValueDoesNotFit,
    /// A catalog object that the target lacks.
    ObjectMissing,
    /// A catalog object that the source does not have.
    ObjectExtra,
    /// A catalog object that is defined otherwise at the target.
    ObjectDiffers,
    /// A catalog object whose definitions two versions of a server print differently, so that nobody
    /// can say whether it is the same.
    ObjectNotCompared,
    /// A sequence that would hand out numbers which are in use.
    SequenceBehind,
    /// A SQLite file fails SQLite's own integrity check, so that what can be read of it need not be what
    /// it held.
    FileDamaged,
    /// Only part of the rows was read, as asked.
    Sampled,
    /// There was nothing to compare.
    NothingCompared,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What sort of thing.
    pub kind: FindingKind,
    /// The same in a sentence.
    pub message: String,
    /// Catalog object or column it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// Sort of the catalog object (`check`, `index`, `view`, …).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object_kind: Option<String>,
    /// Columns whose values differ.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub columns: Vec<String>,
    /// Rows concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<u64>,
    /// Likely cause.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    /// The first keys concerned, one text per key column. Keys of a table whose key holds text are
    /// shown only on request; they are always in the file named by `keys_in`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub keys: Option<Vec<Vec<String>>>,
    /// File with all keys concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub keys_in: Option<String>,
    /// How the source has it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
    /// How the target has it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<String>,
}

impl Finding {
    /// A finding with nothing but its sentence.
    pub fn new(kind: FindingKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            object: None,
            object_kind: None,
            columns: Vec::new(),
            count: None,
            cause: None,
            keys: None,
            keys_in: None,
            source: None,
            target: None,
        }
    }
}
