//! PostgreSQL, read-only.

mod beside;
mod blocked;
mod boundaries;
mod condition;
mod copy_stream;
mod describe;
mod error;
mod exchange;
mod explain;
mod extension_sequences;
pub(crate) mod figures;
mod free;
mod large_objects;
pub mod lexer;
mod own_function;
mod owners;
mod place;
mod read;
mod room;
mod server_message;
mod session;
mod silence;
mod snapshot;
mod wire;
mod written;

pub use beside::Beside;
pub use boundaries::boundaries;
pub use copy_stream::{CopyIn, CopyOut};
pub use describe::{
    Description, ForeignTable, Uncopied, UncopiedKind, can_scan_ranges, describe, foreign_tables,
};
pub use error::{ConnectionLost, Refused};
pub use explain::explain;
pub use extension_sequences::extension_sequences;
pub use free::wait_until_free;
pub use large_objects::large_objects;
pub use own_function::{MAKING_FUNCTION, making_call};
pub use owners::{HeldByRowSecurity, held_by_row_security};
pub use place::place;
pub use read::{
    PostgresRows, canonical_columns, count, from_table, order_by, parts, range_condition,
    read_query, read_range, read_whole,
};
pub use session::{Access, NoAnswer, PINNED, Session, TextRow, TypedRows};
pub use snapshot::{Snapshot, SnapshotHolder};
