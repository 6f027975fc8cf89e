//! The hand-over folder: generated SQL for staff to read, findings, spill files.

pub mod attestations;

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_schemas::package::PACKAGES_DIR;

use self::attestations::{ATTESTATIONS_DIR, BOUND_DIRS, FINDINGS_DIR};
use crate::private_file::{self, make_folder};

/// A folder that belongs to one hand-over. Files in it are 0600, folders 0700.
#[derive(Clone, Debug)]
pub struct HandoverDir {
    root: PathBuf,
}

impl HandoverDir {
    /// Opens the folder; makes it if it is not there. Refuses one in which others could change
    /// something unnoticed.
    pub fn open(root: &Path) -> Result<Self> {
        make_folder(root)?;
        refuse_open_to_others(root)?;
        refuse_links(root)?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folder, made, and looked at as in [`open`](Self::open), only once something is put into it.
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
            make_folder(parent)?;
        }
        refuse_open_to_others(&self.root)?;
        refuse_links(&self.root)?;
        Ok(path)
    }

    /// Writes a file whole or not at all, in the place of the old one. What a killed run left beside
    /// it goes.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> Result<PathBuf> {
        let path = self.file(relative)?;
        if let Some(folder) = path.parent() {
            private_file::remove_left_over(folder);
        }
        private_file::replace(&path, bytes)?;
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

/// Refuses a hand-over folder in which a folder is a link: what lies elsewhere is not what is handed over, and whoever
/// may write there could exchange it.
pub fn refuse_links(root: &Path) -> Result<()> {
    match links(root)?.first() {
        None => Ok(()),
        Some(name) => bail!(
            "cannot use the hand-over folder {}: {name} in it is a symbolic link, and nothing is followed there. Put \
             what it leads to in its place",
            root.display()
        ),
    }
}

/// The links in the place of folders of a hand-over folder, by their names below it: its own, packages, and folders of
/// statements about purges. Links in the place of files are not followed by whoever reads or writes them.
pub fn links(root: &Path) -> Result<Vec<String>> {
    let mut links = Vec::new();
    for folder in [PACKAGES_DIR, ATTESTATIONS_DIR, FINDINGS_DIR].into_iter().chain(BOUND_DIRS) {
        let path = root.join(folder);
        let place = || format!("cannot look at {}", path.display());
        match fs::symlink_metadata(&path) {
            Ok(status) if status.is_symlink() => links.push(folder.to_owned()),
            Ok(status) if status.is_dir() && HOLDS_FOLDERS.contains(&folder) => {
                for entry in fs::read_dir(&path).with_context(place)? {
                    let entry = entry.with_context(place)?;
                    if entry.file_type().with_context(place)?.is_symlink() {
                        links.push(format!("{folder}/{}", entry.file_name().to_string_lossy()));
                    }
                }
            }
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(error).with_context(place),
        }
    }
    links.sort();
    Ok(links)
}

/// Refuses a folder that somebody else owns or may write to, and one below a folder in which others
/// may rename what is there. What a ledger says is signed; what lies in this folder is read again
/// (statements, lists, the config), and nobody would see that another had put it there.
///
/// An owner of a folder above is not looked for: whoever owns `/home/anh` may do there what he likes.
/// The superuser may be the owner, since nothing keeps him out.
fn refuse_open_to_others(folder: &Path) -> Result<()> {
    let place = || format!("cannot use the hand-over folder {}", folder.display());
    let folder = fs::canonicalize(folder).with_context(place)?;
    let status = fs::metadata(&folder).with_context(place)?;
    if !status.is_dir() {
        bail!("{}: it is no folder", place());
    }
    let me = rustix::process::geteuid().as_raw();
    if status.uid() != me && status.uid() != 0 {
        bail!(
            "{}: it belongs to another user (uid {}, and this runs as uid {me}), who could change \
             what is in it. Run this as that user, or use a folder of your own",
            place(),
            status.uid()
        );
    }
    let quoted = |path: &Path| crate::shell::quote(&path.display().to_string());
    if status.mode() & OTHERS_WRITE != 0 {
        bail!(
            "{}: others may write in it (mode {:04o}), and could change what is in it: \
             chmod go-w {}",
            place(),
            status.mode() & 0o7777,
            quoted(&folder)
        );
    }
    for above in folder.ancestors().skip(1) {
        let mode = fs::metadata(above).with_context(place)?.mode();
        // In a folder with the sticky bit, such as /tmp, nobody renames what is another's.
        if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
            bail!(
                "{}: others may write in {} above it (mode {:04o}), and could put another folder in \
                 its place: chmod go-w {}, or use another folder",
                place(),
                above.display(),
                mode & 0o7777,
                quoted(above)
            );
        }
    }
    Ok(())
}

/// Folders that hold folders.
const HOLDS_FOLDERS: [&str; 2] = [PACKAGES_DIR, "purges"];

/// Group and others may write (inode(7)).
const OTHERS_WRITE: u32 = 0o022;

/// What is in the folder is renamed and removed by its owner only (inode(7)).
const STICKY: u32 = 0o1000;

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_refused() {
        let above = tempfile::tempdir().unwrap();
        let root = above.path().join("handover");
        HandoverDir::open(&root).unwrap();
        for (of_root, of_above, refused) in [
            (0o700, 0o700, None),
            (0o755, 0o755, None),
            (0o700, 0o1777, None),
            (0o770, 0o700, Some("others may write in it (mode 0770)")),
            (0o702, 0o700, Some("others may write in it (mode 0702)")),
            (0o1777, 0o700, Some("others may write in it (mode 1777)")),
            (0o700, 0o777, Some("above it (mode 0777)")),
            (0o700, 0o775, Some("above it (mode 0775)")),
        ] {
            mode(&root, of_root);
            mode(above.path(), of_above);
            let opened = HandoverDir::open(&root).map(drop);
            let written = HandoverDir::at(&root).write("findings/x", b"x").map(drop);
            for outcome in [opened, written] {
                let said = outcome.err().map_or_else(String::new, |error| format!("{error:#}"));
                match refused {
                    None => assert_eq!(said, "", "{of_root:o} {of_above:o}"),
                    Some(part) => assert!(said.contains(part) && said.contains("chmod go-w")),
                }
            }
        }
        mode(above.path(), 0o700);
    }

    #[test]
    fn a_link_in_the_place_of_a_folder_is_refused() {
        let above = tempfile::tempdir().unwrap();
        let (root, elsewhere) = (above.path().join("handover"), above.path().join("elsewhere"));
        fs::create_dir(&elsewhere).unwrap();
        HandoverDir::open(&root).unwrap();
        // What is not ours may be a link.
        std::os::unix::fs::symlink(&elsewhere, root.join("deliveries")).unwrap();
        HandoverDir::open(&root).unwrap();
        for link in ["packages", "purges", "moves", "packages/portal", "purges/purge-1"] {
            let (link, folder) = (root.join(link), root.join(link).parent().unwrap().to_owned());
            fs::create_dir_all(&folder).unwrap();
            std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
            for said in [
                HandoverDir::open(&root).map(drop),
                HandoverDir::at(&root).write("findings/x", b"x").map(drop),
            ] {
                let said = format!("{:#}", said.unwrap_err());
                assert!(said.contains("is a symbolic link"), "{said}");
            }
            fs::remove_file(&link).unwrap();
        }
        HandoverDir::open(&root).unwrap();
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            // Nobody else may give a folder away.
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(folder.path(), Some(65_534), None).unwrap();
        let said = format!("{:#}", HandoverDir::open(folder.path()).unwrap_err());
        assert!(said.contains("belongs to another user (uid 65534"), "{said}");
    }
}
