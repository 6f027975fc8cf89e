//! A bundle that the vendor made: cloned, and then looked at as any repository. That is the only check
//! of one: `git bundle verify` calls a bundle of a cut history "okay".

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;

use super::NotUsable;
use super::program::Git;

/// Clones the bundle into the new folder `into`; gives the folder.
///
/// # Errors
/// It is no bundle, is damaged or is only a part of a history ([`NotUsable`]); git cannot be run.
pub fn unbundle(bundle: &Path, into: &Path, interrupt: &Interrupt) -> Result<PathBuf> {
    // Under a name of ours: git takes some names for addresses, and arguments are seen by everybody.
    let named = into.with_extension("bundle");
    check_header(bundle)?;
    let real =
        bundle.canonicalize().with_context(|| format!("cannot read {}", bundle.display()))?;
    symlink(&real, &named).with_context(|| format!("cannot write {}", named.display()))?;
    let arguments = ["clone", "--quiet", "--mirror", "--template="].map(OsStr::new);
    let arguments = [&arguments[..], &[named.as_os_str(), into.as_os_str()]].concat();
    let ended = Git::alone(interrupt).run(&arguments, None, &mut |_output| Ok(()))?;
    if !ended.status.success() {
        let reason = ended.reason().replace(&format!("{}", named.display()), "it");
        let reason = format!("it is no bundle that can be cloned: {reason}");
        return Err(NotUsable(reason).into());
    }
    Ok(into.to_owned())
}

/// Longest header that is read: that of some ten thousand refs.
const HEADER_MAX: u64 = 1 << 20;

/// Whether the header is that of a bundle that needs nothing else (gitformat-bundle(5)).
fn check_header(bundle: &Path) -> Result<()> {
    let place = || format!("cannot read {}", bundle.display());
    let file = File::open(bundle).with_context(place)?;
    let mut lines = BufReader::new(file.take(HEADER_MAX)).split(b'\n');
    let first = lines.next().transpose().with_context(place)?.unwrap_or_default();
    if !matches!(first.as_slice(), b"# v2 git bundle" | b"# v3 git bundle") {
        return Err(NotUsable("it is neither a git repository nor a git bundle".to_owned()).into());
    }
    for line in lines {
        let line = line.with_context(place)?;
        if line.is_empty() {
            break;
        }
        if line.starts_with(b"-") {
            let what = "it is a part of a history, and needs commits that are not in it; ask for one \
                        that git bundle create FILE --all makes";
            return Err(NotUsable(what.to_owned()).into());
        }
    }
    Ok(())
}
