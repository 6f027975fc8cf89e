//! The hand-over folder: generated SQL for staff to read, findings, spill files.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A folder that belongs to one hand-over. Files in it are 0600, folders 0700.
#[derive(Clone, Debug)]
pub struct HandoverDir {
    root: PathBuf,
}

impl HandoverDir {
    /// Opens the folder; makes it if it is not there.
    pub fn open(root: &Path) -> Result<Self> {
        make_dir(root)?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folder, made only once something is put into it.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// A file of the folder; makes the folders above it.
    pub fn file(&self, relative: &str) -> Result<PathBuf> {
        let path = self.root.join(relative);
        if let Some(parent) = path.parent() {
            make_dir(parent)?;
        }
        Ok(path)
    }

    /// Writes a file whole or not at all: a temporary file, synced, renamed over the old one.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.file(relative)?;
        let place = || format!("cannot write {}", path.display());
        let temporary = path.with_extension("new");
        let mut file = private_file(&temporary).with_context(place)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).with_context(place)?;
        fs::rename(&temporary, &path).with_context(place)?;
        if let Some(parent) = path.parent() {
            File::open(parent).and_then(|dir| dir.sync_all()).with_context(place)?;
        }
        Ok(path)
    }

    /// Waits until no other run holds the folder, and holds it until what is given is dropped.
    pub fn lock(&self) -> Result<File> {
        let place = || format!("cannot lock the folder {}", self.root.display());
        let folder = File::open(&self.root).with_context(place)?;
        folder.lock().with_context(place)?;
        Ok(folder)
    }

    /// Takes a file away, if it is there.
    pub fn remove(&self, relative: &str) -> Result<()> {
        let path = self.root.join(relative);
        match fs::remove_file(&path) {
            // The folder may be a file; whoever writes there will say so.
            Err(error)
                if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}

fn make_dir(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Creates or truncates a file that only its owner may read.
pub fn private_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
