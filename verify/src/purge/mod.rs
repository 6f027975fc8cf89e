//! Purges: what the ledger holds of them, and rows read beside the list of a purge.

mod belonging;
pub mod check;
pub mod ledger;
pub mod list;

pub use belonging::is_archive_of;
