//! Reading archives: packages of rows (`schemas/FORMAT.md` part 3).
//!
//! Nothing that is read from an archive is believed before its stored bytes have the digest of the
//! manifest, the manifest that of the tag manifest, and that the seal, if one is known.

mod check;
mod entries;
mod gaps;
mod leaves;
mod reader;

pub use check::{CheckedArchive, check_archive};
pub use entries::{IndexEntries, SortedEntries, TableTags};
pub use leaves::StoredLeaves;
pub use reader::ArchiveReader;
