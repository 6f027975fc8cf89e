//! Attestations: what a ledger says, gathered; and whether a signed one says what is.

mod copied;
mod findings;
mod gather;
pub mod place;
mod purged;

pub use gather::{detail_of, gather};
