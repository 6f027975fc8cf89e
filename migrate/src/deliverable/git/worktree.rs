//! Files beside a repository that no commit has as they are.

use std::ffi::OsStr;
use std::io::BufRead;
use std::path::Path;

use anyhow::Result;

use super::MOST;
use super::program::Git;

/// Files that are not committed, or otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uncommitted {
    /// Their paths.
    pub paths: Vec<Vec<u8>>,
    /// How many more there are.
    pub more: u64,
}

/// Longest path that is taken from git.
const PATH: u64 = 64 * 1024;

/// Compares the files of `repo` with HEAD. Files that `.gitignore` passes over are passed over.
pub(super) fn uncommitted(
    git: &Git<'_>,
    repo: &Path,
    has_head: bool,
    folder: &Path,
) -> Result<Uncommitted> {
    let mut found = Uncommitted::default();
    if !repo.join(".git").exists() {
        return Ok(found);
    }
    // The vendor's own index may say that a file need not be looked at.
    let index = folder.join("index");
    let git = git.beside(repo, &index);
    if has_head {
        git.lines(&["read-tree", "HEAD"])?;
    }
    // Of files with the line ends of Windows git takes those of the repository.
    let arguments = [
        "-c",
        "core.autocrlf=input",
        "-c",
        "core.safecrlf=false",
        "-c",
        "core.fileMode=false",
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
        "--untracked-files=all",
        "--ignore-submodules=all",
    ]
    .map(OsStr::new);
    git.run(&arguments, None, &mut |output| {
        let mut entry = Vec::new();
        while next(output, &mut entry)? {
            // Two letters and a blank before each path.
            let Some(path) = entry.get(3..).filter(|path| !path.is_empty()) else { continue };
            if found.paths.len() < MOST {
                found.paths.push(path.to_vec());
            } else {
                found.more += 1;
            }
        }
        Ok(())
    })?;
    Ok(found)
}

/// Reads up to a zero byte; false at the end.
fn next(from: &mut dyn BufRead, entry: &mut Vec<u8>) -> std::io::Result<bool> {
    entry.clear();
    let count = std::io::Read::take(&mut *from, PATH).read_until(0, entry)?;
    if entry.last() == Some(&0) {
        entry.pop();
    } else if count as u64 == PATH {
        from.skip_until(0)?;
    }
    Ok(count > 0)
}
