//! Making archives: packages of rows (`schemas/FORMAT.md` part 3).

mod files;
mod index;
mod writer;

pub use writer::{ArchiveHeader, ArchiveWriter, TableDraft};
