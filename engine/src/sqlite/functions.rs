//! Functions for predicates that SQLite does not have.

use anyhow::{Context, Result};
use handover_schemas::identity_number::{IdentityNumberClass, SQLITE_FUNCTION};
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

use super::open::sqlite_error;

/// Adds `handover_identity_number_class(x)` to a connection: `missing`, `malformed`, `cmnd` or
/// `cccd`. The same as PostgreSQL's `handover.identity_number_class(text)`.
pub fn add_identity_number_class(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    connection
        .create_scalar_function(SQLITE_FUNCTION, 1, flags, |call| {
            Ok(class_of(call.get_raw(0)).as_str())
        })
        .map_err(sqlite_error)
        .with_context(|| format!("cannot add the function {SQLITE_FUNCTION}"))
}

fn class_of(value: ValueRef<'_>) -> IdentityNumberClass {
    match value {
        ValueRef::Null => IdentityNumberClass::of(None),
        ValueRef::Text(text) => IdentityNumberClass::of(Some(text)),
        ValueRef::Integer(number) => IdentityNumberClass::of(Some(number.to_string().as_bytes())),
        ValueRef::Real(_) | ValueRef::Blob(_) => IdentityNumberClass::Malformed,
    }
}
