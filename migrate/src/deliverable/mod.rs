//! Looking into what was delivered: archives, secrets lying in files, checksum files, git
//! repositories.
//!
//! All of it was made by somebody who may not want the hand-over. Memory and time are bounded,
//! wrong bytes are findings and not errors, and nothing that is named inside a file is opened.

pub mod git;
pub mod members;
pub mod secrets;
pub mod split;
pub mod vendor_checksums;
