//! One module per command: arguments in, text or JSON out, exit code.

pub mod package;
pub mod tables;
