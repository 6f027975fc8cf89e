//! A line of the findings files that name rows of a purge.

use handover_schemas::chunk::KeyValue;
use serde::Serialize;

/// One row, by its key.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ListedRow {
    /// `schema.name`.
    pub(crate) table: String,
    /// Its key; null if it is not text.
    pub(crate) key: Option<KeyValue>,
    /// What is said of it.
    pub(crate) why: &'static str,
}
