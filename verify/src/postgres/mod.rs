//! PostgreSQL, read-only.

mod blocked;
mod boundaries;
mod copy_stream;
mod describe;
mod error;
mod exchange;
mod explain;
mod free;
mod place;
mod read;
mod session;
mod snapshot;
mod written;

pub use boundaries::boundaries;
pub use copy_stream::{CopyIn, CopyOut};
pub use describe::{Description, can_scan_ranges, describe};
pub use error::{ConnectionLost, Refused};
pub use explain::explain;
pub use free::wait_until_free;
pub use place::place;
pub use read::{
    PostgresRows, canonical_columns, count, from_table, order_by, parts, range_condition,
    read_query, read_range, read_whole,
};
pub use session::{Access, NoAnswer, Session, TextRow, TypedRows};
pub use snapshot::{Snapshot, SnapshotHolder};
