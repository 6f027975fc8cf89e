//! One module per command: arguments in, text or JSON out, exit code.

pub mod copy;
pub mod init;
pub mod rehearse;
pub mod status;
