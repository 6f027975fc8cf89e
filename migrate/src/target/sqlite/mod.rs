//! A SQLite target.

mod application;
mod make;
mod open;
mod structure;
mod write;

pub use application::{Made, judge, stand_in_for_rows};
pub use make::{in_transaction, make};
pub use open::{foreign_object, hold_target, open_ledger, open_target};
pub use structure::{
    ForeignKeyTo, LaterStatement, foreign_keys_to, header_statements, highest_ever,
    later_statements, sequence_statements, table_statements, virtual_table_statements,
};
pub use write::write_chunk;

use handover_engine::sqlite::sqlite_error;
use rusqlite::Connection;

/// What went wrong, and in which file.
pub fn failed(connection: &Connection, error: rusqlite::Error) -> anyhow::Error {
    let path = connection.path().unwrap_or_default();
    sqlite_error(error).context(format!("cannot use SQLite file {path}"))
}
