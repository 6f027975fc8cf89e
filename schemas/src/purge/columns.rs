//! Columns of a table that are otherwise than when its rows were archived.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One column that was added, renamed, or given another type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ColumnChange {
    /// Its name in the archive; absent if it was added since: rows that are put back have NULL there, or
    /// its default.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub archived: Option<String>,
    /// Its name now.
    pub now: String,
    /// Its type in the archive, if it has another now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub archived_type: Option<String>,
    /// That one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub type_now: Option<String>,
}

impl ColumnChange {
    /// One that was added.
    pub fn added(name: &str) -> Self {
        Self { archived: None, now: name.to_owned(), archived_type: None, type_now: None }
    }
}

impl fmt::Display for ColumnChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(archived) = &self.archived else {
            return write!(f, "{} was added since; rows get its default there, or NULL", self.now);
        };
        write!(f, "{archived} of the archive is {}", self.now)?;
        if let Some((then, now)) = self.archived_type.as_ref().zip(self.type_now.as_ref()) {
            write!(f, ", was {then} and is {now}")?;
        }
        Ok(())
    }
}
