//! PostgreSQL, read-only.

mod beside;
mod boundaries;
mod copy_stream;
mod describe;
mod error;
mod explain;
mod extension_sequences;
mod owners;
mod read;
mod session;
mod snapshot;

pub use beside::Beside;
pub use boundaries::boundaries;
pub use copy_stream::{CopyIn, CopyOut};
pub use describe::{
    Description, ForeignTable, LEDGER_SCHEMA, Uncopied, UncopiedKind, can_scan_ranges, describe,
    foreign_tables,
};
pub use error::Refused;
pub use explain::explain;
pub use extension_sequences::extension_sequences;
pub use owners::{HeldByRowSecurity, held_by_row_security};
pub use read::{
    PostgresRows, canonical_columns, from_table, order_by, range_condition, read_query, read_range,
    read_whole,
};
pub use session::{Access, NoAnswer, PINNED, Session, TextRow, TypedRows};
pub use snapshot::{Snapshot, SnapshotHolder};
