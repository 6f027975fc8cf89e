//! Names of tables.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A table, named exactly as its database names it: never folded, never quoted.
///
/// SQLite has one schema that matters here, `main`; it corresponds to PostgreSQL's `public`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct TableName {
    /// Schema (PostgreSQL) or `main` (SQLite).
    pub schema: String,
    /// Name within the schema.
    pub name: String,
}

impl TableName {
    /// A name from its two parts.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}
