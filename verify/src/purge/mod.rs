//! Purges: what the ledger holds of them, and rows read beside the list of a purge.

pub mod check;
pub mod ledger;
pub mod list;
