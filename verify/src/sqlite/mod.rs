//! SQLite, read-only.

mod boundaries;
mod describe;
mod explain;
mod functions;
mod misfit;
mod open;
mod read;
pub mod values;

pub use boundaries::boundaries;
pub use describe::{Description, TypeOverride, describe, index_columns};
pub use explain::explain;
pub use functions::add_identity_number_class;
pub use misfit::{Misfit, Misfits};
pub use open::{ConstraintViolated, open_read_only, sqlite_error};
pub use read::{
    PreparedRead, Reading, SqliteRows, misfits, order_by, prepare_query, prepare_range,
    prepare_whole, range_literals, stored_value,
};
