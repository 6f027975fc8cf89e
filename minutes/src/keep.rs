//! Keeping the file: whole or not at all, and never over another one.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::private_file::{self, IfThere};

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
    match private_file::write(path, bytes, IfThere::Refuse) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => bail!(already_there(path)),
        written => written.with_context(place)?,
    }
    Ok(Kept::Written)
}

fn already_there(path: &Path) -> String {
    format!(
        "{} is there already and holds something else; it is not overwritten. Give another name \
         with --out, or put the old one away",
        path.display()
    )
}
