//! Making sealed packages (`schemas/FORMAT.md` part 2).
//!
//! A package is made in `packages/.ID.partial/`: files go into its `bag/`, and what is known of
//! them into a [`Journal`]. Nothing in the partial folder is trusted: before the seal, everything
//! is on the disk (`syncfs`, once) and read back. Then the bag is renamed to `packages/ID`.
//!
//! Killed at any moment, the same command goes on: a file whose journal entry stands is kept, any
//! other is written again.

mod encode;
mod journal;
mod journal_line;
mod lists;
mod partial;
mod read_back;
mod seal;

pub use encode::{Encoder, Recipients, StoredDigests};
pub use journal::{Entry, EntryContent, Journal, identity_text};
pub use lists::{ContentsDigest, Sums};
pub use partial::{Partial, Storing, sealed_dir};
pub use read_back::read_back;
pub use seal::{ArchivePart, Sealed, Sealing, listing_digest};
