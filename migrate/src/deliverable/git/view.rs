//! A git directory of our own with the vendor's objects in it, by symbolic links, and copies of the
//! vendor's refs: since 2.48 git's fsck calls refs that are links damaged.
//!
//! What else a git directory has can make git run programs (configuration, hooks), read other
//! folders (alternates) or believe another history (grafts, the commit graph). None of it is in
//! the view. Of the configuration two values are read, without which refs and objects cannot be.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_verify::file_tree::{FileKind, Folder, Found, Walk};

use super::program::Git;

/// What holds refs; which of them are there depends on the ref storage. See gitrepository-layout(5)
/// and git's Documentation/technical/reftable.adoc.
const REFS: [&str; 4] = ["HEAD", "refs", "packed-refs", "reftable"];

/// The linked worktree in the view.
const LINKED_WORKTREE: &str = "worktrees/delivered";

pub(super) struct View {
    /// Everything of it is in here.
    pub(super) path: PathBuf,
    /// What git is given: the same, or below it the git directory of a linked worktree, which has
    /// a HEAD of its own.
    pub(super) git_dir: PathBuf,
    pub(super) object_format: String,
    /// The format of refs, if the configuration names one.
    pub(super) ref_storage: Option<String>,
    pub(super) shallow: bool,
    /// Objects were left out when it was cloned.
    pub(super) partial: bool,
    /// Objects are in another repository.
    pub(super) borrowed: bool,
    /// What was left out and may be missed.
    pub(super) problems: Vec<String>,
}

impl View {
    /// Makes the view of `repo` in `folder`.
    pub(super) fn make(repo: &Path, folder: &Path, interrupt: &Interrupt) -> Result<Self> {
        let (git_dir, common) = git_dirs(repo)?;
        let path = folder.join("view");
        let config = common.join("config");
        let is_linked = git_dir != common;
        let mut view = Self {
            git_dir: if is_linked { path.join(LINKED_WORKTREE) } else { path.clone() },
            path,
            object_format: "sha1".to_owned(),
            ref_storage: None,
            shallow: false,
            partial: false,
            borrowed: false,
            problems: Vec::new(),
        };
        if let Some(format) = view.setting(&config, "extensions.objectFormat", interrupt)? {
            view.object_format = format;
        }
        view.ref_storage = view.setting(&config, "extensions.refStorage", interrupt)?;
        view.shallow = is_file(&common.join("shallow"));
        view.partial = has_promisor_pack(&common.join("objects/pack"));
        view.borrowed = is_file(&common.join("objects/info/alternates"));
        if view.borrowed {
            view.problems.push(
                "objects/info/alternates: objects of another repository are used, which is not \
                 part of this one; ask for a full clone"
                    .to_owned(),
            );
        }
        let place = || format!("cannot prepare {} for git", repo.display());
        view.fill(&common, interrupt).with_context(place)?;
        if is_linked {
            view.link_worktree(&git_dir, interrupt).with_context(place)?;
        }
        Ok(view)
    }

    /// A value of the vendor's configuration, if it is one that git knows.
    fn setting(&mut self, of: &Path, key: &str, interrupt: &Interrupt) -> Result<Option<String>> {
        if !is_file(of) {
            return Ok(None);
        }
        // By standard input: the path is the vendor's words, and arguments are seen by everybody.
        let arguments = ["config", "--no-includes", "--file", "-", "--get", key].map(OsStr::new);
        let file = File::open(of).with_context(|| format!("cannot read {}", of.display()))?;
        let mut value = Vec::new();
        let ended = Git::alone(interrupt).run(&arguments, Some(file), &mut |output| {
            output.take(64).read_to_end(&mut value)?;
            Ok(())
        })?;
        let value = String::from_utf8_lossy(&value).trim().to_ascii_lowercase();
        match (ended.status.code(), value.as_str()) {
            (Some(0), "sha1" | "sha256" | "files" | "reftable") => Ok(Some(value)),
            // Not set.
            (Some(1), _) => Ok(None),
            _ => {
                self.problems.push(format!("config: {key} cannot be read; git's default is used"));
                Ok(None)
            }
        }
    }

    fn fill(&self, common: &Path, interrupt: &Interrupt) -> Result<()> {
        make_dir(&self.path)?;
        let mut config = "[core]\n\tbare = true\n\trepositoryFormatVersion = 1\n".to_owned();
        if self.object_format != "sha1" {
            config += &format!("[extensions]\n\tobjectFormat = {}\n", self.object_format);
        }
        if let Some(storage) = &self.ref_storage {
            config += &format!("[extensions]\n\trefStorage = {storage}\n");
        }
        fs::write(self.path.join("config"), config)?;
        for name in REFS.into_iter().chain(["shallow"]) {
            copy(&common.join(name), &self.path.join(name), interrupt)?;
        }
        let from = common.join("objects");
        each_honest_entry(&from, &mut |_entry| Ok(()))?;
        let objects = self.path.join("objects");
        make_dir(&objects)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            let name = entry.file_name();
            let fan = name.len() == 2 && name.as_bytes().iter().all(u8::is_ascii_hexdigit);
            if entry.file_type()?.is_dir() && (fan || name == "pack") {
                symlink(entry.path(), objects.join(name))?;
            }
        }
        Ok(())
    }

    /// A linked worktree beside the repository, as `git worktree add` makes one.
    fn link_worktree(&self, git_dir: &Path, interrupt: &Interrupt) -> Result<()> {
        let here = &self.git_dir;
        fs::DirBuilder::new().mode(0o700).recursive(true).create(here)?;
        fs::write(here.join("commondir"), "../..\n")?;
        // The place of its files. There are none, but git knows no worktree without a place.
        fs::write(here.join("gitdir"), format!("{}\n", here.join("files").display()))?;
        for name in REFS {
            copy(&git_dir.join(name), &here.join(name), interrupt)?;
        }
        Ok(())
    }
}

/// The git directory, and the one that it shares objects and refs with: the same but for linked
/// worktrees.
fn git_dirs(repo: &Path) -> Result<(PathBuf, PathBuf)> {
    let place = || format!("cannot read {}", repo.display());
    let repo = repo.canonicalize().with_context(place)?;
    let dot_git = repo.join(".git");
    let git_dir = if is_file(&dot_git) {
        let text = read_small(&dot_git)?;
        let Some(named) = text.strip_prefix(b"gitdir: ") else {
            bail!("{} does not name a git repository", dot_git.display());
        };
        beside(&repo, &repo, named)?
    } else if dot_git.is_dir() {
        beside(&repo, &repo, b".git")?
    } else {
        repo.clone()
    };
    let common = match git_dir.join("commondir") {
        file if is_file(&file) => beside(&repo, &git_dir, &read_small(&file)?)?,
        _ => git_dir.clone(),
    };
    let objects = common.join("objects");
    let is_dir = fs::symlink_metadata(&objects).is_ok_and(|metadata| metadata.is_dir());
    if !is_file(&git_dir.join("HEAD")) || !is_dir || !common.join("refs").is_dir() {
        bail!(
            "{} is not a git repository: it has neither .git nor HEAD, objects and refs",
            repo.display()
        );
    }
    Ok((git_dir, common))
}

/// A folder that a file of the delivery names. It has to be delivered itself, beside `repo` or
/// in it: otherwise a vendor could have us hand over repositories of our own.
fn beside(repo: &Path, from: &Path, named: &[u8]) -> Result<PathBuf> {
    let named = PathBuf::from(std::ffi::OsString::from_vec(named.trim_ascii().to_vec()));
    let path = from.join(named);
    let within = repo.parent().unwrap_or(repo);
    let canonical = path.canonicalize().with_context(|| {
        format!(
            "{} belongs to the repository {}, which is not there; ask for that one",
            repo.display(),
            path.display()
        )
    })?;
    if !canonical.starts_with(within) {
        bail!(
            "{} belongs to the repository {}, which is outside of {}; give that one",
            repo.display(),
            canonical.display(),
            within.display()
        );
    }
    Ok(canonical)
}

/// Copies a file, or a folder with everything in it; nothing if nothing is there.
fn copy(from: &Path, to: &Path, interrupt: &Interrupt) -> Result<()> {
    let Ok(metadata) = fs::symlink_metadata(from) else { return Ok(()) };
    if metadata.is_dir() {
        make_dir(to)?;
        return each_honest_entry(from, &mut |found| {
            interrupt.check()?;
            let to = to.join(OsStr::from_bytes(&found.path));
            if found.kind == FileKind::Directory {
                return Ok(make_dir(&to)?);
            }
            copy_file(&found.folder, found.name(), &to)
        });
    }
    let (Some(parent), Some(name)) = (from.parent(), from.file_name()) else { return refuse(from) };
    if !metadata.is_file() {
        return refuse(from);
    }
    copy_file(&Folder::open(parent)?, name, to)
}

fn copy_file(folder: &Folder, name: &OsStr, to: &Path) -> Result<()> {
    let place = || format!("cannot read {}", name.display());
    let (mut file, _status) = folder.file(name).with_context(place)?;
    let mut copy = File::create_new(to)?;
    std::io::copy(&mut file, &mut copy).with_context(place)?;
    Ok(())
}

/// Goes through a folder. Nothing but files and folders may be where refs and objects are: a link
/// could lead to a repository of ours.
fn each_honest_entry(path: &Path, each: &mut dyn FnMut(&Found) -> Result<()>) -> Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return refuse(path);
    }
    for found in Walk::new(path)? {
        let found = found.map_err(|error| error.error)?;
        if !matches!(found.kind, FileKind::File | FileKind::Directory) {
            return refuse(&path.join(OsStr::from_bytes(&found.path)));
        }
        each(&found)?;
    }
    Ok(())
}

fn refuse(place: &Path) -> Result<()> {
    bail!(
        "{} is neither a file nor a folder: a repository with links, pipes or devices in it is not \
         taken over; ask for a new clone (git clone --mirror)",
        place.display()
    )
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// A pack of a partial clone: what it lacks was promised by the other side.
fn has_promisor_pack(packs: &Path) -> bool {
    let Ok(entries) = fs::read_dir(packs) else { return false };
    entries
        .flatten()
        .any(|entry| Path::new(&entry.file_name()).extension() == Some("promisor".as_ref()))
}

/// A file that has one line in an honest repository.
fn read_small(path: &Path) -> Result<Vec<u8>> {
    let place = || format!("cannot read {}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(place)?;
    file.take(4096).read_to_end(&mut bytes).with_context(place)?;
    Ok(bytes)
}

fn make_dir(path: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}
