//! Everything in a folder and below, in the order of whole paths compared as bytes.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use handover_schemas::digest::Digest;
use handover_schemas::package::stored_name::case_folded;

use super::folder::{FileKind, Folder};

/// One entry.
#[derive(Clone, Debug)]
pub struct Found {
    /// The folder it is in.
    pub folder: Arc<Folder>,
    /// Path below the folder that is walked.
    pub path: Vec<u8>,
    /// Where its name begins in `path`.
    pub name_at: usize,
    /// What it is.
    pub kind: FileKind,
    /// Folders between it and the folder that is walked.
    pub depth: usize,
    /// Another entry of its folder has a name that differs in the case of letters only.
    pub collides: bool,
}

impl Found {
    /// Its name in its folder.
    pub fn name(&self) -> &OsStr {
        OsStr::from_bytes(self.path.get(self.name_at..).unwrap_or_default())
    }
}

/// Walks a folder. Memory: the names of the folders between the present place and the root.
///
/// An error is of one entry (a folder that cannot be read, or is gone); the walk goes on after it.
pub struct Walk {
    levels: Vec<Level>,
    /// A folder that was just given and is to be entered next.
    enter: Option<Found>,
}

struct Level {
    folder: Arc<Folder>,
    /// Path of the folder, ended by a slash; empty for the root.
    path: Vec<u8>,
    entries: std::vec::IntoIter<(Box<[u8]>, FileKind)>,
    colliding: HashSet<Box<[u8]>>,
}

/// A folder that could not be read.
#[derive(Debug)]
pub struct WalkError {
    /// Path below the folder that is walked.
    pub path: Vec<u8>,
    /// Why.
    pub error: io::Error,
}

impl Walk {
    /// Opens the folder.
    pub fn new(root: &Path) -> io::Result<Self> {
        let level = Level::open(Folder::open(root)?, Vec::new())?;
        Ok(Self { levels: vec![level], enter: None })
    }

    fn descend(&mut self, found: &Found) -> Result<(), WalkError> {
        let mut path = found.path.clone();
        let level = found.folder.folder(found.name()).and_then(|folder| {
            path.push(b'/');
            Level::open(folder, path)
        });
        let level = level.map_err(|error| WalkError { path: found.path.clone(), error })?;
        self.levels.push(level);
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Result<Found, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(found) = self.enter.take()
            && let Err(error) = self.descend(&found)
        {
            return Some(Err(error));
        }
        loop {
            let depth = self.levels.len().checked_sub(1)?;
            let level = self.levels.last_mut()?;
            let Some((name, kind)) = level.entries.next() else {
                self.levels.pop();
                continue;
            };
            let mut path = level.path.clone();
            path.extend_from_slice(&name);
            let found = Found {
                folder: level.folder.clone(),
                name_at: level.path.len(),
                path,
                kind,
                depth,
                collides: level.colliding.contains(&name),
            };
            if kind == FileKind::Directory {
                self.enter = Some(found.clone());
            }
            return Some(Ok(found));
        }
    }
}

impl Level {
    fn open(folder: Folder, path: Vec<u8>) -> io::Result<Self> {
        let mut names = folder.names()?;
        names.sort_by(|(a, a_kind), (b, b_kind)| {
            in_path_order(a, *a_kind).cmp(in_path_order(b, *b_kind))
        });
        let colliding = colliding(&names);
        Ok(Self { folder: Arc::new(folder), path, entries: names.into_iter(), colliding })
    }
}

/// The bytes by which a name is ordered: what is below a folder `a` follows `a-b`, for `/` follows
/// `-`.
fn in_path_order(name: &[u8], kind: FileKind) -> impl Iterator<Item = &u8> {
    let slash: &[u8] = if kind == FileKind::Directory { b"/" } else { b"" };
    name.iter().chain(slash)
}

/// The names that another name equals but for the case of letters. Digests instead of names keep
/// a folder with millions of files small.
fn colliding(names: &[(Box<[u8]>, FileKind)]) -> HashSet<Box<[u8]>> {
    let folded = |name: &[u8]| {
        let digest = Digest::of(&case_folded(name));
        digest.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    };
    let mut digests: Vec<u64> = names.iter().map(|(name, _)| folded(name)).collect();
    digests.sort_unstable();
    let mut twice = digests.windows(2).filter(|pair| pair.first() == pair.last());
    let twice: Vec<u64> = twice.by_ref().filter_map(|pair| pair.first().copied()).collect();
    if twice.is_empty() {
        return HashSet::new();
    }
    let collides = |name: &[u8]| twice.binary_search(&folded(name)).is_ok();
    names.iter().map(|(name, _)| name).filter(|name| collides(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn walked(root: &Path) -> Vec<Found> {
        Walk::new(root).unwrap().map(|found| found.unwrap()).collect()
    }

    #[test]
    fn entries_come_in_the_order_of_whole_paths() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a/x", "a/b/y", "a-b", "a.c", "a0", "ab/z"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let files: Vec<Vec<u8>> = walked(folder.path())
            .into_iter()
            .filter(|found| found.kind == FileKind::File)
            .map(|found| found.path)
            .collect();
        let mut sorted = files.clone();
        sorted.sort();
        assert_eq!(files, sorted);
        assert_eq!(files.len(), 6);
    }

    #[test]
    fn links_are_not_followed_and_names_that_collide_are_marked() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("Dir")).unwrap();
        for name in ["dir", "alone", "Dir/x"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        std::os::unix::fs::symlink("/etc", folder.path().join("link")).unwrap();
        let found = walked(folder.path());
        let names: Vec<(&str, FileKind, bool, usize)> = found
            .iter()
            .map(|found| {
                (str::from_utf8(&found.path).unwrap(), found.kind, found.collides, found.depth)
            })
            .collect();
        assert_eq!(
            names,
            [
                ("Dir", FileKind::Directory, true, 0),
                ("Dir/x", FileKind::File, false, 1),
                ("alone", FileKind::File, false, 0),
                ("dir", FileKind::File, true, 0),
                ("link", FileKind::Symlink, false, 0),
            ]
        );
        let link = found.last().unwrap();
        assert!(link.folder.file(link.name()).is_err());
        assert_eq!(link.folder.link_target(link.name()).unwrap(), "/etc");
    }

    #[test]
    fn a_path_may_be_longer_than_the_system_takes_at_once() {
        let root = tempfile::tempdir().unwrap();
        super::super::allow_many_open_files();
        let part = "d".repeat(100);
        let script = format!(
            "for i in $(seq 60); do mkdir {part} && cd -P {part} || exit 1; done; echo x > f"
        );
        let mut shell = std::process::Command::new("sh");
        let made = shell.args(["-c", &script]).current_dir(root.path()).status();
        assert!(made.unwrap().success());
        let found = walked(root.path());
        let last = found.last().unwrap();
        assert_eq!(last.path.len(), 60 * 101 + 1);
        assert_eq!(last.folder.file(last.name()).unwrap().1.size, 2);
    }
}
