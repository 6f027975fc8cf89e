//! Purges: records that nobody can verify are selected, backed up, approved, deleted, certified.
//!
//! Each step leaves what it did in the ledger, in the transaction that did it; the next step binds
//! itself to that, and refuses when it is not what it was. Killed at any moment, the same command
//! goes on.

mod answer_sql;
mod answers;
pub mod approve;
pub mod backup;
pub mod catalog;
pub mod certify;
pub mod close;
mod closure;
mod database;
mod evidence;
pub mod execute;
mod freeze;
mod inheritance;
mod list;
mod listed_row;
mod near_answers;
mod nonces;
mod scratch;
pub mod select;
mod summary;
pub mod trial;

pub use database::PurgeDatabase;
pub(crate) use listed_row::ListedRow;
