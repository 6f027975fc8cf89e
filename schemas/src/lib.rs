//! Formats of the handover toolkit.
//!
//! Pure: bytes in, bytes out. This crate opens no file, no socket and no database, and knows no
//! clock. `FORMAT.md` beside it specifies, for somebody who never sees this code, everything
//! that decides a digest; where the two disagree, `FORMAT.md` is right.

pub mod archive;
pub mod attestation;
pub mod chain;
pub mod chunk;
pub mod config;
pub mod copy_binary;
pub mod date;
pub mod digest;
pub mod evidence;
pub mod figures;
pub mod hidden;
pub mod identity_number;
pub mod leaf;
pub mod ledger;
pub mod merkle;
pub mod moved;
pub mod name;
pub mod package;
pub mod pg_type;
pub mod plan;
pub mod purge;
pub mod quoting;
pub mod report;
pub mod signing;
pub mod sort_key;
pub mod sqlite_form;
pub mod sqlite_type;
pub mod strict_json;
pub mod value;

/// Version of the canonical form; part of every leaf.
pub const FORM_VERSION: u32 = 1;
