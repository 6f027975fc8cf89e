//! Files that only their owner may read, and their folders: the one place where they are made.
//!
//! A name may have been taken by somebody before us, by a link that leads elsewhere. So a file is made
//! with `O_EXCL` and `O_NOFOLLOW` (open(2)), or under a random name and then renamed, which replaces a
//! link and does not follow it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::OFlags;

/// A new file, 0600. An error if there is anything of its name.
pub fn new(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().write(true).create_new(true)).open(path)
}

/// A new file, 0600, in the place of what has its name. Who has the old one open keeps that.
pub fn anew(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    new(path)
}

/// A file to lock or to write behind what is in it, made with 0600 if it is not there. A link is
/// refused.
pub fn kept(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().append(true).create(true)).open(path)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600).custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
}

/// What is done with a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfThere {
    /// The new one takes its place.
    Replace,
    /// It stays, and an error of [`ErrorKind::AlreadyExists`] says so.
    Refuse,
}

/// Writes a file, 0600, whole or not at all: under a random name beside it, synced, renamed.
pub fn write(path: &Path, bytes: &[u8], if_there: IfThere) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    // 0600 from the beginning, and made with O_EXCL.
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(parent)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    match if_there {
        IfThere::Replace => file.persist(path),
        IfThere::Refuse => file.persist_noclobber(path),
    }
    .map_err(|failed| failed.error)?;
    File::open(parent)?.sync_all()
}

/// The same for a file that people named, in a folder that is made if it is not there. What is there
/// gives way to it; an error says the file.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_folder(parent)?;
    }
    write(path, bytes, IfThere::Replace).with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a folder, 0700, and those above it that are not there.
pub fn make_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the folder {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A folder with a file, and a link to it of the name that is to be written.
    fn planted() -> (tempfile::TempDir, std::path::PathBuf, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (victim, link) = (folder.path().join("victim"), folder.path().join("link"));
        fs::write(&victim, "not ours").unwrap();
        symlink(&victim, &link).unwrap();
        (folder, victim, link)
    }

    #[test]
    fn no_link_is_followed() {
        let (_folder, victim, link) = planted();
        assert_eq!(new(&link).unwrap_err().kind(), ErrorKind::AlreadyExists);
        assert!(kept(&link).is_err());
        let refused = write(&link, b"ours", IfThere::Refuse).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        assert!(link.is_symlink());

        write(&link, b"ours", IfThere::Replace).unwrap();
        assert!(!link.is_symlink());
        assert_eq!(fs::read(&link).unwrap(), b"ours");
        assert_eq!(fs::read(&victim).unwrap(), b"not ours");

        let (_folder, victim, link) = planted();
        anew(&link).unwrap().write_all(b"ours").unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"not ours");
        assert_eq!(fs::read(&link).unwrap(), b"ours");
    }

    #[test]
    fn files_are_their_owners() {
        let (folder, ..) = planted();
        let at = |name: &str| folder.path().join(name);
        new(&at("a")).unwrap();
        kept(&at("b")).unwrap();
        anew(&at("c")).unwrap();
        write(&at("d"), b"", IfThere::Refuse).unwrap();
        for name in ["a", "b", "c", "d"] {
            let mode = fs::metadata(at(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 6, "nothing is left beside them");
    }
}
