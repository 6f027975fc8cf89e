//! Files with secrets: never in the place of another one.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::private_file::{self, IfThere};

/// Refuses a place where something is already, before anybody is asked for a passphrase.
pub(super) fn refuse_existing(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        bail!(
            "{} is there already, and a key is never overwritten; give another file",
            path.display()
        );
    }
    Ok(())
}

/// Writes a new file that only its owner may read, whole or not at all, and waits until it is on the
/// disk.
pub(super) fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    match private_file::write(path, content, IfThere::Refuse) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            refuse_existing(path)?;
            Err(error)
        }
        written => written,
    }
    .with_context(|| format!("cannot write the key file {}", path.display()))
}
