//! Files that only their owner may read, and their folders: the one place where they are made.
//!
//! A name may have been taken by somebody before us, by a link that leads elsewhere. So a file is made
//! with `O_EXCL` and `O_NOFOLLOW` (open(2)), or under a random name and then renamed, which replaces a
//! link and does not follow it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use rustix::fs::OFlags;
use tempfile::NamedTempFile;

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
    let mut file = being_written(parent)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    match if_there {
        IfThere::Replace => file.persist(path),
        IfThere::Refuse => file.persist_noclobber(path),
    }
    .map_err(|failed| failed.error)?;
    File::open(parent)?.sync_all()
}

/// How the name of a file begins that is being written, and how many letters and digits follow.
const BEING_WRITTEN: (&str, usize) = (".new-", 6);

/// A new file under a random name: 0600 from the beginning, made with `O_EXCL`, and locked (flock(2))
/// as long as its writer lives.
fn being_written(folder: &Path) -> io::Result<NamedTempFile> {
    let (prefix, random) = BEING_WRITTEN;
    loop {
        let file =
            tempfile::Builder::new().prefix(prefix).rand_bytes(random).tempfile_in(folder)?;
        // Where a file system has no locks, nothing is ever taken for left over.
        drop(file.as_file().lock());
        // Before it was locked, somebody may have taken it for left over.
        if file.as_file().metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
}

/// Removes what killed writers left in a folder: files as [`write()`] makes them, of this account, which
/// nobody has locked. What cannot be removed stays; it is in nobody's way.
pub(crate) fn remove_left_over(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(is_name_while_written) {
            // Gone already, or another's.
            drop(remove_if_left_over(&entry.path()));
        }
    }
}

fn is_name_while_written(name: &str) -> bool {
    let (prefix, random) = BEING_WRITTEN;
    name.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == random && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn remove_if_left_over(path: &Path) -> io::Result<()> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    file.try_lock()?;
    let (opened, named) = (file.metadata()?, fs::symlink_metadata(path)?);
    let is_ours = opened.is_file()
        && opened.uid() == rustix::process::geteuid().as_raw()
        && opened.mode() & 0o7777 == 0o600
        && opened.nlink() == 1;
    if is_ours && (opened.dev(), opened.ino()) == (named.dev(), named.ino()) {
        fs::remove_file(path)?;
    }
    Ok(())
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

    /// In a process of its own, which writes until it is killed: this very test once more.
    #[test]
    fn what_a_killed_writer_left_goes() {
        const NAME: &str = "private_file::tests::what_a_killed_writer_left_goes";
        const WRITES_IN: &str = "HANDOVER_TEST_WRITES_IN";
        if let Some(folder) = std::env::var_os(WRITES_IN) {
            let file = Path::new(&folder).join("file");
            loop {
                write(&file, &vec![b'x'; 8 << 20], IfThere::Replace).unwrap();
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let begun = || {
            let entries = fs::read_dir(folder.path()).unwrap().flatten();
            let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            names.find(|name| is_name_while_written(name))
        };
        let writer = || {
            handover_testkit::Run::program(std::env::current_exe().unwrap())
                .args(["--exact", NAME, "--nocapture"])
                .env(WRITES_IN, folder.path())
                .spawn()
        };
        // A kill between two files leaves nothing.
        while begun().is_none() {
            let mut running = writer();
            assert!(running.wait_for(|_| begun().is_some()), "{}", running.stderr());
            running.kill();
        }
        // One that lives, and stands still, is left alone.
        let left = begun().unwrap();
        let mut living = writer();
        let is_another = |name: &String| *name != left;
        let others = || {
            let entries = fs::read_dir(folder.path()).unwrap().flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            names.filter(|name| is_name_while_written(name)).find(is_another)
        };
        loop {
            assert!(living.wait_for(|_| others().is_some()), "{}", living.stderr());
            living.signal("STOP");
            if others().is_some() {
                break;
            }
            living.signal("CONT");
        }
        let its = others().unwrap();
        remove_left_over(folder.path());
        assert!(!folder.path().join(&left).exists(), "what was left is there");
        assert!(folder.path().join(&its).exists(), "the file of a living writer is gone");
        living.kill();
        remove_left_over(folder.path());
        assert_eq!(begun(), None);
    }
}
