//! Reads both ends of a hand-over and judges.
//!
//! Nothing here writes to a database: both ends are read through `handover-engine`, and the crate
//! has no statement that changes one.

pub mod all;
pub mod archive;
pub mod attestation;
pub mod cli;
pub mod command;
pub mod config_file;
pub mod evidence_signature;
pub mod figures;
pub mod file_tree;
mod help_text;
pub mod ledger;
pub mod package;
pub mod purge;
pub mod record;
pub mod running_program;
pub mod signing;
pub mod tables;
