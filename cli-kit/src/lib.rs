//! What every program of the toolkit has on its command line: arguments, exit codes, the one printer, progress,
//! interruption, secrets that are asked for, the hand-over folder and its private files.
//!
//! Everything that reaches a terminal goes through [`output`] and [`progress`], which let no control character pass.

mod arguments;
pub mod exit_code;
pub mod findings;
pub mod handover_dir;
pub mod interrupt;
pub mod manual;
mod memory;
pub mod output;
pub mod passphrase;
pub mod private_file;
pub mod progress;
pub mod secret_file;
pub mod shell;
pub mod start;
pub mod visible;
pub mod withheld;
