//! Archives: packages of rows that are about to be deleted (`FORMAT.md` part 3).

pub mod index;
pub mod loose;
pub mod manifest;
pub mod normal;
pub mod record;
pub mod recovery;
pub mod row_leaf;
pub mod search;
