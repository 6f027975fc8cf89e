//! A line of the findings files that name rows of a purge.

use handover_schemas::chunk::KeyValue;
use serde::Serialize;

/// One row, by its key.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ListedRow {
    /// `schema.name`.
    pub(super) table: String,
    /// Its key; null if it is not text.
    pub(super) key: Option<KeyValue>,
    /// What is said of it.
    pub(super) why: &'static str,
}
