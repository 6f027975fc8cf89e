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
    /// Its name in the target, where `handover.toml` gives it another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<String>,
    /// How stored values become canonical text, if it is a column of a SQLite file.
    #[serde(default, skip_serializing_if = "Form::is_default")]
    pub form: Form,
}

impl Column {
    /// Its name in the target.
    pub fn target_name(&self) -> &str {
        self.renamed.as_deref().unwrap_or(&self.name)
    }

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

/// Which rows of a table are meant, where those that a plain `SELECT` gives are too many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// All of them.
    #[default]
    Whole,
    /// All of a materialised view, which is read by a query only.
    Computed,
    /// Those in these partitions of a partitioned table. Others of its partitions are foreign
    /// tables: no statement may reach the servers behind them.
    LocalPartitions(Vec<TableName>),
    /// Those of a table of an extension that the extension declares to be configuration: what
    /// follows `FROM` and the table (`pg_extension.extcondition`), e.g. `WHERE custom`, or nothing.
    Configuration(String),
}

impl Extent {
    /// Whether all rows are meant.
    pub fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
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
    /// Which of its rows are meant.
    #[serde(default, skip_serializing_if = "Extent::is_whole")]
    pub extent: Extent,
    /// No query over it can be planned without what its indexes call, which only the database's own
    /// `search_path` finds: its rows come by plain `COPY`, whole and unordered.
    #[serde(default)]
    pub whole_only: bool,
    /// Estimated rows, from the engine's statistics. For display and scheduling only.
    pub estimated_rows: u64,
    /// Upper bound, in bytes, that the source gives for its largest value in one row; rows beyond
    /// a mebibyte are moved one at a time.
    pub largest_row: u64,
    /// Its name in the target, without the schema, where `handover.toml` gives it another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<String>,
}

impl TableShape {
    /// A whole table of which nothing else is known: without a key, without estimates.
    pub fn of(name: TableName, columns: Vec<Column>) -> Self {
        Self {
            name,
            columns,
            generated: Vec::new(),
            key: None,
            partitioned: false,
            extent: Extent::Whole,
            whole_only: false,
            estimated_rows: 0,
            largest_row: 0,
            renamed: None,
        }
    }

    /// Its name in the target, in the source's schema.
    pub fn target_name(&self) -> TableName {
        let name = self.renamed.as_ref().unwrap_or(&self.name.name);
        TableName::new(self.name.schema.as_str(), name.as_str())
    }

    /// The same table with the names that it and its columns have in the target.
    #[must_use]
    pub fn under_target_names(&self) -> Self {
        let mut shape = Self { name: self.target_name(), renamed: None, ..self.clone() };
        for column in &mut shape.columns {
            if let Some(name) = column.renamed.take() {
                column.name = name;
            }
        }
        shape
    }

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
