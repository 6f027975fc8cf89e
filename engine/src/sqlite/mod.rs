//! SQLite, read-only.

mod boundaries;
mod describe;
mod exact;
mod explain;
pub(crate) mod figures;
mod functions;
mod integrity;
mod key_classes;
mod misfit;
mod moment;
mod open;
mod read;
mod respelled;
mod schema_statement;
mod stand_ins;
mod tokens;
mod told;
mod typed;
pub mod values;
#[cfg(test)]
mod vectors;
mod virtual_tables;

pub use boundaries::boundaries;
pub use describe::{
    Description, Mapping, TypeOverride, describe, index_columns, rowid_column, virtual_tables,
};
pub use exact::stored_field;
pub use explain::explain;
pub use functions::add_identity_number_class;
pub use integrity::{Integrity, check_integrity};
pub use misfit::{Misfit, Misfits};
pub use open::{ApplicationOnly, ConstraintViolated, open_read_only, sqlite_error};
pub use read::{
    PreparedRead, Reading, SqliteRows, count, misfits, order_by, prepare_query, prepare_range,
    prepare_whole, range_literals,
};
pub use respelled::{Respelled, written_another_way};
pub use schema_statement::{ObjectKind, SchemaStatement, SchemaStatementError};
pub use stand_ins::{Missing, StandIns};
pub use tokens::{Token, TokenKind, tokens};
pub use virtual_tables::{VirtualRows, VirtualTable};
