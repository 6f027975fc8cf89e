//! SQLite databases: whether the file has all the pages that its header counts (SQLite's "Database
//! File Format", section 1.3).

use std::fs::File;

use super::budget::Stop;
use super::zip_directory::bytes_at;

/// Whether a file begins as a database.
pub(super) fn is_sqlite(start: &[u8]) -> bool {
    start.starts_with(b"SQLite format 3\0")
}

/// Holds the number of pages against the size of the file.
pub(super) fn look(file: &File) -> Result<(), Stop> {
    let len = file.metadata()?.len();
    let header = bytes_at(file, 0, 100)?;
    let word = |at: usize| {
        header
            .get(at..)
            .and_then(|from| from.first_chunk())
            .map_or(0, |four| u32::from_be_bytes(*four))
    };
    let page = match word(16) >> 16 {
        1 => 65_536,
        size => u64::from(size),
    };
    // The count holds only if the version that wrote it was the last to write.
    let pages = if word(24) == word(92) { u64::from(word(28)) } else { 0 };
    let size = page * pages;
    if header.len() < 100 || size > len {
        return Err(Stop::Broken(format!(
            "it ends too early: it has {len} bytes, and its header counts {size}"
        )));
    }
    Ok(())
}
