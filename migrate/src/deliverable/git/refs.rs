//! What git says of refs and objects.

use anyhow::Result;

use super::program::{Ended, Git};
use super::{GitRef, MOST};

/// Problems that `git fsck --full` finds.
pub(super) fn fsck(git: &Git<'_>) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let arguments = ["fsck", "--full", "--no-dangling", "--no-progress"];
    let ended = git.each_line(&arguments, &mut |line| {
        if problems.len() <= MOST {
            problems.push(git.text(line));
        }
    })?;
    problems.extend(ended.messages.iter().cloned());
    // "notice: HEAD points to an unborn branch" is not wrong.
    problems.retain(|line| !line.is_empty() && !line.starts_with("notice: "));
    if problems.is_empty() && !ended.status.success() {
        problems.push(ended.reason());
    }
    Ok(problems)
}

/// All refs, and what is wrong with some.
pub(super) fn all(git: &Git<'_>) -> Result<(Vec<GitRef>, Vec<String>)> {
    let (ended, lines) = git.lines(&["for-each-ref", "--format=%(objectname) %(refname)"])?;
    let refs = lines.iter().filter_map(|line| {
        let (object, name) = line.split_at_checked(memchr::memchr(b' ', line)?)?;
        Some(GitRef { name: name.get(1..)?.to_vec(), object: hex(object) })
    });
    Ok((refs.collect(), failed(ended)))
}

/// The tags among `refs`, with the objects that are tagged.
pub(super) fn tags(git: &Git<'_>, refs: &[GitRef]) -> Result<Vec<GitRef>> {
    let mut tags: Vec<_> = refs
        .iter()
        .filter_map(|one| {
            let name = one.name.strip_prefix(b"refs/tags/")?.to_vec();
            Some(GitRef { name, object: one.object.clone() })
        })
        .collect();
    // Of a tag with a message git reads the object; where one is broken, it gives none at all.
    let format = "--format=%(*objectname) %(refname:strip=2)";
    let (ended, lines) = git.lines(&["for-each-ref", format, "refs/tags/"])?;
    if ended.status.success() && lines.len() == tags.len() {
        for (tag, line) in tags.iter_mut().zip(&lines) {
            let object = line.split(|&byte| byte == b' ').next().unwrap_or_default();
            if !object.is_empty() {
                tag.object = hex(object);
            }
        }
    }
    Ok(tags)
}

/// The branch that HEAD names.
pub(super) fn head(git: &Git<'_>) -> Result<Option<Vec<u8>>> {
    let (_ended, lines) = git.lines(&["symbolic-ref", "-q", "HEAD"])?;
    Ok(lines.into_iter().next())
}

/// The commit that HEAD comes to.
pub(super) fn head_commit(git: &Git<'_>) -> Result<Option<String>> {
    let (ended, lines) = git.lines(&["rev-parse", "-q", "--verify", "HEAD^{commit}"])?;
    Ok(lines.first().filter(|_| ended.status.success()).map(|line| hex(line)))
}

/// Objects that are there.
pub(super) fn count_objects(git: &Git<'_>) -> Result<u64> {
    let mut count = 0;
    let arguments =
        ["cat-file", "--batch-check=%(objectname)", "--batch-all-objects", "--unordered"];
    git.each_line(&arguments, &mut |_object| count += 1)?;
    Ok(count)
}

/// Other repositories that are named in the tree of HEAD.
pub(super) fn count_submodules(git: &Git<'_>) -> Result<u64> {
    let mut count = 0;
    git.each_line(&["ls-tree", "-r", "--full-tree", "HEAD"], &mut |line| {
        count += u64::from(line.starts_with(b"160000 "));
    })?;
    Ok(count)
}

fn failed(ended: Ended) -> Vec<String> {
    if ended.messages.is_empty() && !ended.status.success() {
        return vec![ended.reason()];
    }
    ended.messages
}

fn hex(object: &[u8]) -> String {
    String::from_utf8_lossy(object).into_owned()
}
