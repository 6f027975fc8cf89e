//! Files with secrets: never in the place of another one.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};

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

/// Writes a new file that only its owner may read, and waits until it is on the disk. A file that
/// could not be written whole is taken away again.
pub(super) fn write_new(path: &Path, content: &[u8]) -> Result<()> {
    let place = || format!("cannot write the key file {}", path.display());
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            refuse_existing(path)?;
            return Err(error).with_context(place);
        }
        made => made.with_context(place)?,
    };
    if let Err(error) = file.write_all(content).and_then(|()| file.sync_all()) {
        let removed = fs::remove_file(path);
        let left = if removed.is_err() { "; what is there now is no key" } else { "" };
        return Err(error).with_context(|| format!("{}{left}", place()));
    }
    Ok(())
}
