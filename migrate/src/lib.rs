//! Copies a platform into the new owner's infrastructure and records what was done.

pub mod artifacts;
pub mod cli;
pub mod command;
pub mod copy;
pub mod deliverable;
pub mod evidence;
pub mod ledger;
pub mod package;
pub mod rehearse;
pub mod target;
