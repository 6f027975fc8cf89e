//! Making the bundle and checking it by cloning.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::program::Git;
use super::{Bundle, GitRef, refs};

/// What a bundle is made of.
pub(super) struct Making<'a> {
    pub(super) git: &'a Git<'a>,
    /// Our temporary folder.
    pub(super) folder: &'a Path,
    pub(super) refs: &'a [GitRef],
    /// Problems that the repository has itself.
    pub(super) problems: &'a [String],
}

impl Making<'_> {
    /// Makes `bundle` and checks it. It gets its name only once it is right.
    pub(super) fn make(&self, head_commit: Option<&str>, bundle: &Path) -> Result<Bundle> {
        let made = self.folder.join("bundle");
        let create = ["bundle", "create", "--quiet"].map(OsStr::new);
        let mut arguments = [&create[..], &[made.as_os_str(), OsStr::new("--all")]].concat();
        if head_commit.is_some() {
            arguments.push(OsStr::new("HEAD"));
        }
        let ended = self.git.run(&arguments, None, &mut |_output| Ok(()))?;
        if !ended.status.success() {
            return Ok(Bundle::NotMade(format!("git cannot make one: {}", ended.reason())));
        }
        if let Some(wrong) = self.check(&made, head_commit)? {
            return Ok(Bundle::NotMade(wrong));
        }
        let place = || format!("cannot write {}", bundle.display());
        fs::set_permissions(&made, Permissions::from_mode(0o600)).with_context(place)?;
        File::open(&made).and_then(|file| file.sync_all()).with_context(place)?;
        fs::rename(&made, bundle).with_context(place)?;
        Ok(Bundle::Made)
    }

    /// What is wrong with a bundle: a clone of it lacks something.
    fn check(&self, made: &Path, head_commit: Option<&str>) -> Result<Option<String>> {
        let clone = self.folder.join("clone");
        let arguments = ["clone", "--quiet", "--mirror", "--template="].map(OsStr::new);
        let arguments = [&arguments[..], &[made.as_os_str(), clone.as_os_str()]].concat();
        let ended = self.git.off().run(&arguments, None, &mut |_output| Ok(()))?;
        if !ended.status.success() {
            let reason = ended.reason();
            return Ok(Some(format!("what git made cannot be cloned: {reason}")));
        }
        let git = self.git.on(&clone);
        let known: BTreeSet<_> = self.problems.iter().collect();
        if let Some(problem) = refs::fsck(&git)?.iter().find(|line| !known.contains(line)) {
            return Ok(Some(format!("a clone of what git made is damaged: {problem}")));
        }
        let (cloned, _messages) = refs::all(&git)?;
        if cloned != self.refs {
            return Ok(Some("a clone of what git made has other refs".to_owned()));
        }
        if head_commit.is_some() && refs::head_commit(&git)?.as_deref() != head_commit {
            return Ok(Some("a clone of what git made has another HEAD".to_owned()));
        }
        Ok(None)
    }
}
