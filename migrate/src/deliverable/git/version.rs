//! Which git is installed, and which one a repository takes.

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;

use super::program::Git;
use super::view::View;

/// Major and minor number.
pub(super) type Version = (u32, u32);

/// See the release notes of these versions.
const REFTABLE: Version = (2, 45);
const SHA256: Version = (2, 29);

/// The version of the git in `PATH`.
pub(super) fn installed(interrupt: &Interrupt) -> Result<Version> {
    let (_ended, lines) = Git::alone(interrupt).lines(&["version"])?;
    let line = String::from_utf8_lossy(lines.first().map_or(&b""[..], Vec::as_slice)).into_owned();
    parse(&line).with_context(|| format!("git does not say its version, but {line:?}"))
}

fn parse(line: &str) -> Option<Version> {
    let mut numbers = line.strip_prefix("git version ")?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Refuses a repository that takes a newer git.
pub(super) fn check(view: &View, installed: Version) -> Result<()> {
    let refs = view.ref_storage.as_deref() == Some("reftable");
    let objects = view.object_format == "sha256";
    for (is_so, what, needed) in [
        (refs, "its refs are in the format reftable", REFTABLE),
        (objects, "its objects are named by SHA-256", SHA256),
    ] {
        if is_so && installed < needed {
            bail!(
                "{what}, which takes git {}.{} or later; this machine has {}.{}: install a newer \
                 git, and run the same command again",
                needed.0,
                needed.1,
                installed.0,
                installed.1
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_git_prints_them() {
        assert_eq!(parse("git version 2.39.5"), Some((2, 39)));
        assert_eq!(parse("git version 2.50.1 (Apple Git-155)"), Some((2, 50)));
        assert_eq!(parse("git version 2.47.1.windows.1"), Some((2, 47)));
        assert_eq!(parse("hub 2"), None);
    }
}
