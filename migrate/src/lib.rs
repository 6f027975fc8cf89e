//! Copies a platform into the new owner's infrastructure and records what was done.

pub mod cli;
pub mod command;
pub mod copy;
pub mod findings;
pub mod handover_dir;
pub mod ledger;
pub mod target;
