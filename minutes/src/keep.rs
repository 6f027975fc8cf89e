//! Keeping the file: whole or not at all, and never over another one.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// What became of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is new.
    Written,
    /// It was there already, byte by byte.
    WasThere,
}

/// Writes a file that only its owner may read: under a temporary name, synced, renamed.
///
/// An error if another file is there already: it may have been signed.
pub fn keep(path: &Path, bytes: &[u8]) -> Result<Kept> {
    let place = || format!("cannot write {}", path.display());
    match fs::read(path) {
        Ok(there) if there == bytes => return Ok(Kept::WasThere),
        Ok(_) => bail!(already_there(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(place),
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    // A temporary file is 0600 from the beginning.
    let mut temporary = tempfile::Builder::new()
        .prefix(".handover-minutes.")
        .tempfile_in(parent)
        .with_context(place)?;
    temporary.write_all(bytes).and_then(|()| temporary.as_file().sync_all()).with_context(place)?;
    match temporary.persist_noclobber(path) {
        Ok(_file) => {}
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => bail!(already_there(path)),
        Err(error) => return Err(error.error).with_context(place),
    }
    File::open(parent).and_then(|folder| folder.sync_all()).with_context(place)?;
    Ok(Kept::Written)
}

fn already_there(path: &Path) -> String {
    format!(
        "{} is there already and holds something else; it is not overwritten. Give another name \
         with --out, or put the old one away",
        path.display()
    )
}
