//! A SQLite target.

mod open;
mod structure;
mod write;

pub use open::{foreign_object, open_ledger, open_target};
pub use structure::{highest_ever, later_statements, sequence_statements, table_statements};
pub use write::write_chunk;
