//! Files of a folder that somebody else made: read only if they are files.

use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// Most that such a file may hold: a report of ten thousand tables has less than one per cent of it.
const LARGEST: u64 = 1 << 30;

/// The bytes of a file. A link, a pipe, a device or a file beyond all measure is an error: the first
/// leads elsewhere, and the others may never end.
pub fn read_regular(path: &Path) -> Result<Vec<u8>> {
    let status = std::fs::symlink_metadata(path)?;
    if !status.is_file() {
        return Err(Error::new(ErrorKind::InvalidData, "it is not a regular file"));
    }
    if status.len() > LARGEST {
        return Err(Error::new(ErrorKind::InvalidData, "it is far too large"));
    }
    std::fs::read(path)
}
