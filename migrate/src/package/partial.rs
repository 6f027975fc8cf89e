//! The folder in which a package is made.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::private_file;
use handover_schemas::package::PACKAGES_DIR;
use handover_schemas::package::manifest::Encoding;
use handover_verify::file_tree::Folder;
use serde::{Deserialize, Serialize};

use super::encode::Recipients;
use super::journal::{Journal, identity_text};

/// Where a component's sealed package is.
pub fn sealed_dir(dir: &HandoverDir, identifier: &str) -> PathBuf {
    dir.path().join(PACKAGES_DIR).join(identifier)
}

/// How the files of a package are stored. A run with other settings begins anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storing {
    /// What is done to each file.
    pub encoding: Encoding,
    /// SHA-512 digests too.
    pub sha512: bool,
}

/// A package that is being made. No other process works on it as long as this lives.
pub struct Partial {
    dir: PathBuf,
    lock: File,
    /// How files are stored.
    pub storing: Storing,
    /// To whom they are encrypted.
    pub recipients: Recipients,
    /// What is known of them.
    pub journal: Journal,
    /// An earlier run began it.
    pub resumed: bool,
}

impl Partial {
    /// Opens the partial package of a component, or begins one.
    pub fn open(dir: &HandoverDir, identifier: &str, storing: Storing) -> Result<Self> {
        let recipients = Recipients::parse(&storing.encoding.age_recipients)?;
        let name = format!("packages/.{identifier}.partial");
        let path = dir.path().join(&name);
        let place = || format!("cannot use {}", path.display());
        let lock = lock(&dir.file(&format!("{name}/lock"))?, identifier)?;
        let settings = serde_json::to_vec(&storing).with_context(place)?;
        let before = match fs::read(path.join("storing.json")) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(place),
        };
        let resumed = before.as_ref() == Some(&settings);
        if !resumed {
            clear(&path).with_context(place)?;
            dir.write(&format!("{name}/storing.json"), &settings)?;
        }
        dir.file(&format!("{name}/bag/data/x")).with_context(place)?;
        let mut journal = Journal::open(&path.join("journal.db"))?;
        let bag = Folder::open(&path.join("bag")).with_context(place)?;
        journal.forget_touched(|stored| {
            bag.status(stored.as_ref()).ok().map(|status| identity_text(&status))
        })?;
        Ok(Self { dir: path, lock, storing, recipients, journal, resumed })
    }

    /// Takes away what a run left that was killed once its package was in its place.
    pub fn remove_leftover(dir: &HandoverDir, identifier: &str) -> Result<()> {
        let name = format!("packages/.{identifier}.partial");
        let path = dir.path().join(&name);
        if !path.exists() {
            return Ok(());
        }
        let _lock = lock(&dir.file(&format!("{name}/lock"))?, identifier)?;
        fs::remove_dir_all(&path).with_context(|| format!("cannot remove {}", path.display()))
    }

    /// The unfinished bag.
    pub fn bag(&self) -> PathBuf {
        self.dir.join("bag")
    }

    /// A place for what is made on the way (a git bundle).
    pub fn scratch(&self) -> PathBuf {
        self.dir.join("scratch")
    }

    /// Takes the folder away, once the bag has left it.
    pub fn remove(self) -> Result<()> {
        let Self { dir, lock, journal, .. } = self;
        drop(journal);
        let removed = fs::remove_dir_all(&dir);
        drop(lock);
        removed.with_context(|| format!("cannot remove {}", dir.display()))
    }
}

/// Takes away what an earlier run with other settings left; the lock stays.
fn clear(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name() == "lock" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn lock(path: &Path, identifier: &str) -> Result<File> {
    let place = || format!("cannot lock {}", path.display());
    let file = private_file::kept(path).with_context(place)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another run makes the package {identifier}; wait for it, or end it")
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(place),
    }
}
