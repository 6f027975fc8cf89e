//! The plan: what is copied, how its columns are typed, what its keys are and where its chunks
//! begin. Frozen from the source before the first row moves, and kept in the ledger.

use serde::{Deserialize, Serialize};

use crate::chunk::KeyValue;
use crate::name::TableName;
use crate::pg_type::PgType;
use crate::sqlite_form::Form;

/// A column that is copied and hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Exact name.
    pub name: String,
    /// PostgreSQL type with modifiers as `format_type` prints it, e.g. `character varying(160)`;
    /// for a SQLite column the type it is mapped to.
    pub type_name: String,
    /// Codec for its values.
    pub ty: PgType,
    /// Declared `NOT NULL`, and every row was held against it.
    pub not_null: bool,
    /// How stored values become canonical text, if it is a column of a SQLite file.
    #[serde(default, skip_serializing_if = "Form::is_default")]
    pub form: Form,
}

impl Column {
    /// The type by whose rule keys of this column are ordered: SQLite's texts are by their bytes
    /// where they are taken exactly as they are stored.
    pub fn order(&self) -> &PgType {
        match (&self.form, &self.ty) {
            (
                Form::Exact,
                PgType::Date
                | PgType::Time
                | PgType::Timestamp
                | PgType::TimestampTz
                | PgType::Uuid
                | PgType::Json,
            ) => &PgType::Text,
            (_, ty) => ty,
        }
    }
}

/// The columns by which a table's rows are ordered and told apart. All are declared `NOT NULL`
/// and together unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Name of the primary key constraint or the unique index.
    pub name: String,
    /// Positions in [`TableShape::columns`], in the key's own order.
    pub columns: Vec<usize>,
    /// Whether the engine can read a range of this key in canonical order by an index. Where it
    /// cannot, a table of more than one chunk is read whole and sorted by the tool.
    pub range_scan: bool,
}

/// One table as described by its database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableShape {
    /// The table.
    pub name: TableName,
    /// Columns in declared order, generated ones left out.
    pub columns: Vec<Column>,
    /// Generated columns: not copied, not hashed, computed by the target.
    pub generated: Vec<String>,
    /// How rows are ordered; `None` sorts whole lines and makes the table one chunk.
    pub key: Option<Key>,
    /// Read through a parent that holds no rows of its own.
    pub partitioned: bool,
    /// No query over it can be planned without what its indexes call, which only the database's own
    /// `search_path` finds: its rows come by plain `COPY`, whole and unordered.
    #[serde(default)]
    pub whole_only: bool,
    /// Estimated rows, from the engine's statistics. For display and scheduling only.
    pub estimated_rows: u64,
    /// Upper bound, in bytes, that the source gives for its largest value in one row; rows beyond
    /// a mebibyte are moved one at a time.
    pub largest_row: u64,
}

impl TableShape {
    /// Whether every column can be read over the binary wire.
    pub fn has_renderer(&self) -> bool {
        self.columns.iter().all(|c| c.ty.has_renderer())
    }
}

/// One table of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePlan {
    /// The table as the source describes it.
    pub shape: TableShape,
    /// The first keys of the second and every later chunk, ascending: *n* boundaries make *n* + 1
    /// half-open chunks, the first and last unbounded.
    pub boundaries: Vec<KeyValue>,
}
