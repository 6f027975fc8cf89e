//! One module per command: arguments in, text or JSON out, exit code.

mod archive;
pub mod artifacts;
pub mod attest;
pub mod copy;
pub mod evidence;
pub mod find;
pub mod init;
mod inventory_text;
pub mod keygen;
pub mod moved;
pub mod prove;
pub mod purge;
pub mod rehearse;
pub mod report;
pub mod restore;
pub mod status;
