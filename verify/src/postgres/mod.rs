//! PostgreSQL, read-only.

mod boundaries;
mod copy_stream;
mod describe;
mod error;
mod explain;
mod read;
mod session;
mod snapshot;

pub use boundaries::boundaries;
pub use copy_stream::{CopyIn, CopyOut};
pub use describe::{Description, can_scan_ranges, describe};
pub use error::Refused;
pub use explain::explain;
pub use read::{
    PostgresRows, canonical_columns, from_table, order_by, range_condition, read_query, read_range,
    read_whole,
};
pub use session::{Access, NoAnswer, Session, TextRow, TypedRows};
pub use snapshot::{Snapshot, SnapshotHolder};
