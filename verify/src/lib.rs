//! Reads both ends of a hand-over and judges.
//!
//! Nothing here writes to a database: sessions are made read-only and checked to be so, and the
//! crate has no statement that changes one. The reading half is also what `handover-migrate`
//! reads with.

pub mod all;
pub mod archive;
mod arguments;
pub mod attestation;
pub mod chunking;
pub mod cli;
pub mod command;
pub mod config_file;
pub mod endpoint;
pub mod evidence_signature;
pub mod exit_code;
pub mod figures;
pub mod file_tree;
pub mod findings;
pub mod handover_dir;
mod help_text;
pub mod interrupt;
pub mod inventory;
pub mod ledger;
pub mod line;
pub mod manual;
pub mod memory;
pub mod output;
pub mod package;
pub mod passphrase;
pub mod postgres;
pub mod private_file;
pub mod progress;
pub mod purge;
pub mod reader;
pub mod record;
pub mod rename;
pub mod rows;
pub mod running_program;
pub mod secret_file;
pub mod shell;
pub mod signing;
pub mod sort;
pub mod sorted_rows;
pub mod sql;
pub mod sqlite;
pub mod start;
pub mod table_root;
pub mod tables;
pub mod visible;
pub mod withheld;
