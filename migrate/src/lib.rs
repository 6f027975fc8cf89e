//! Copies a platform into the new owner's infrastructure and records what was done.

//CMD
pub mod copy;
pub mod findings;
pub mod handover_dir;
pub mod ledger;
pub mod target;
