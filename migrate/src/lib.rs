//! Copies a platform into the new owner's infrastructure and records what was done.

pub mod archive;
pub mod artifacts;
pub mod attest;
pub mod cli;
pub mod command;
pub mod copy;
pub mod deliverable;
pub mod evidence;
pub mod keys;
pub mod ledger;
mod moment;
pub mod moved;
pub mod package;
pub mod purge;
mod random;
pub mod rehearse;
pub mod report;
pub mod restore;
pub mod target;
