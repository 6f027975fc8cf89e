//! Random schemas with rows, for both engines: the same seed makes the same statements.
//!
//! Whoever uses one copies it, compares, makes one of its [`Change`]s in the target and compares again.

mod change;
mod name;
mod postgres;
mod random;
mod sqlite;

pub use change::Change;
pub use name::names_something;
pub use postgres::postgres;
pub(crate) use random::Random;
pub use sqlite::{sqlite, to_postgres};

/// A schema, as statements that make it.
#[derive(Clone, Debug)]
pub struct RandomSchema {
    /// The statements, rows included.
    pub sql: String,
    /// The change to be made in the target.
    pub change: Change,
}
