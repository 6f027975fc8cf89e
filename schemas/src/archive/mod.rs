//! Archives: packages of rows that are about to be deleted (`FORMAT.md` part 3).

pub mod manifest;
pub mod record;
pub mod recovery;
