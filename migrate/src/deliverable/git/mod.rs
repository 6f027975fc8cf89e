//! A vendor's git repository as one file, and what is in it.
//!
//! The real `git` does the work, without the repository's configuration, hooks, attributes,
//! grafts and borrowed objects: it is given a folder of our own in which only the vendor's objects
//! and refs are (see `view`). Nothing is checked out, so that no filter runs.

mod bundle;
mod delivered_bundle;
mod history;
mod program;
mod refs;
#[cfg(test)]
mod tests;
mod version;
mod view;
mod worktree;

use std::path::Path;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;

use crate::deliverable::secrets::SecretKind;
pub use delivered_bundle::unbundle;
use program::Git;
use view::View;
pub use worktree::Uncommitted;

/// Lines of problems, and findings, that a report has; the rest is counted.
const MOST: usize = 10_000;

/// A ref and the object it names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitRef {
    /// For example `refs/heads/main`; in a list of tags, without `refs/tags/`.
    pub name: Vec<u8>,
    /// In hexadecimal.
    pub object: String,
}

/// A secret in a file of some commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistorySecret {
    /// A path under which some commit has the file.
    pub path: Vec<u8>,
    /// The blob: `git cat-file -p OBJECT` shows it.
    pub object: String,
    /// What it is.
    pub kind: SecretKind,
    /// The line, from 1; None if the file is a secret by its name.
    pub line: Option<u64>,
}

/// What became of the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bundle {
    /// It was made, cloned from, and the clone has the same refs and no problem of its own.
    Made,
    /// There is none, and why.
    NotMade(String),
}

/// What was delivered is no repository that this machine's git can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotUsable(pub String);

/// What is known of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitReport {
    /// The branch that HEAD names; None if it names a commit.
    pub head: Option<Vec<u8>>,
    /// The commit that HEAD comes to; None if the branch has none yet, or it is broken.
    pub head_commit: Option<String>,
    /// All refs, in git's order.
    pub refs: Vec<GitRef>,
    /// The tags, each with the object that is tagged.
    pub tags: Vec<GitRef>,
    /// `sha1` or `sha256`.
    pub object_format: String,
    /// Objects that are there, reachable or not.
    pub objects: u64,
    /// What `git fsck --full` finds, and what else is wrong: object ids and names of refs.
    pub problems: Vec<String>,
    /// How many more there are, at least.
    pub more_problems: u64,
    /// Whether the history was cut.
    pub shallow: bool,
    /// Files of the history that only point to git-lfs's storage, which a bundle does not have.
    pub lfs_pointers: u64,
    /// Other repositories that HEAD's commit names, which a bundle does not have.
    pub submodules: u64,
    /// Files beside the repository that it does not have as they are.
    pub uncommitted: Uncommitted,
    /// What became of the bundle.
    pub bundle: Bundle,
    /// Secrets in the history.
    pub secrets: Vec<HistorySecret>,
    /// How many more there are.
    pub more_secrets: u64,
    /// Why not the whole history was looked through for secrets.
    pub unscanned: Option<String>,
}

/// Checks the repository `repo`, writes all its refs with their history to the new file
/// `bundle`, checks that one by cloning it, and looks for secrets in the whole history.
///
/// `repo` is a bare repository, a folder with `.git` in it, or a linked worktree whose repository
/// was delivered beside it. It is not written to. The bundle has the same bytes whenever it is
/// made from the same files with the same git; a temporary folder beside it is taken away again.
///
/// # Errors
/// `repo` is no repository that can be used ([`NotUsable`]), git is not installed, `bundle` exists or
/// cannot be written, or the interrupt was raised. A broken repository is no error; its report says
/// so.
pub fn inspect_and_bundle(repo: &Path, bundle: &Path, interrupt: &Interrupt) -> Result<GitReport> {
    let beside = bundle.parent().filter(|parent| !parent.as_os_str().is_empty());
    let beside = beside.unwrap_or(Path::new("."));
    let beside = beside.canonicalize().with_context(|| {
        format!("cannot find {}, in which the bundle is to be; make it", beside.display())
    })?;
    if bundle.try_exists().with_context(|| format!("cannot read {}", bundle.display()))? {
        anyhow::bail!("{} exists; move it away first", bundle.display());
    }
    let folder = tempfile::Builder::new()
        .prefix(".git-")
        .tempdir_in(&beside)
        .with_context(|| format!("cannot make a temporary folder in {}", beside.display()))?;
    let installed = version::installed(interrupt)?;
    let view = View::make(repo, folder.path(), interrupt).and_then(|view| {
        version::check(&view, installed)?;
        Ok(view)
    });
    let view = match view {
        Ok(view) => view,
        Err(error) => {
            interrupt.check()?;
            return Err(NotUsable(format!("{error:#}")).into());
        }
    };
    let report = inspect(&view, repo, folder.path(), bundle, interrupt);
    folder.close().context("cannot take away the temporary folder of git")?;
    report
}

fn inspect(
    view: &View,
    repo: &Path,
    folder: &Path,
    bundle: &Path,
    interrupt: &Interrupt,
) -> Result<GitReport> {
    let git = Git::of(view, interrupt);
    let mut problems = view.problems.clone();
    problems.extend(refs::fsck(&git)?);
    let (refs, broken) = refs::all(&git)?;
    problems.extend(broken.into_iter().filter(|line| !problems.contains(line)).collect::<Vec<_>>());
    let head_commit = refs::head_commit(&git)?;
    if head_commit.is_none() && !refs.is_empty() {
        problems.push(
            "HEAD leads to no commit, so that a clone shows no files; ask which branch it is"
                .to_owned(),
        );
    }
    let made = bundle::Making { git: &git, folder, refs: &refs, problems: &problems };
    let bundle = match () {
        () if refs.is_empty() && problems.is_empty() => {
            Bundle::NotMade("the repository is empty".to_owned())
        }
        () if refs.is_empty() => {
            Bundle::NotMade("the repository has no ref that can be read".to_owned())
        }
        () if view.shallow => Bundle::NotMade(
            "the repository is shallow, its history was cut; ask for a full clone".to_owned(),
        ),
        () => match made.make(head_commit.as_deref(), bundle)? {
            Bundle::NotMade(reason) if view.partial => Bundle::NotMade(format!(
                "the repository is partial, objects were left out; ask for a full clone: {reason}"
            )),
            Bundle::NotMade(reason) if view.borrowed => Bundle::NotMade(format!(
                "objects are in another repository; ask for a full clone: {reason}"
            )),
            made => made,
        },
    };
    let uncommitted = worktree::uncommitted(&git, repo, head_commit.is_some(), folder)?;
    let history = history::scan(&git, folder)?;
    let more_problems = problems.len().saturating_sub(MOST) as u64;
    problems.truncate(MOST);
    Ok(GitReport {
        head: refs::head(&git)?,
        tags: refs::tags(&git, &refs)?,
        head_commit,
        refs,
        object_format: view.object_format.clone(),
        objects: refs::count_objects(&git)?,
        problems,
        more_problems,
        shallow: view.shallow,
        lfs_pointers: history.lfs_pointers,
        submodules: refs::count_submodules(&git)?,
        uncommitted,
        bundle,
        secrets: history.secrets,
        more_secrets: history.more_secrets,
        unscanned: history.unscanned,
    })
}
