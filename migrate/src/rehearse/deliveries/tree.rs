//! Files of a delivery, and the modes and times they have once everything is there.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result};
use filetime::FileTime;
use handover_cli_kit::private_file;

use crate::rehearse::platform::dice::Dice;

/// 18 March 2022, 00:00 in Hà Nội: the earliest time a delivered file has.
const FIRST_MOMENT: i64 = 1_647_536_400;
/// From then to 20 September 2022, in seconds.
const SPAN: u32 = 186 * 86_400;

/// Makes a folder, and those it is in.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Writes a file that is not there yet; the folders it is in are made.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let mut file =
        private_file::new(path).with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Gives everything below a folder, and the folder, a mode and a time that come from the dice
/// only. A folder is set after what is in it, since that changes its time.
pub(super) fn settle(path: &Path, dice: &mut Dice) -> Result<()> {
    let kind = fs::symlink_metadata(path)
        .with_context(|| format!("cannot look at {}", path.display()))?
        .file_type();
    if kind.is_dir() {
        let mut names: Vec<OsString> = fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect())
            .with_context(|| format!("cannot list {}", path.display()))?;
        names.sort();
        names.iter().try_for_each(|name| settle(&path.join(name), dice))?;
    }
    if !kind.is_symlink() {
        let is_script = path.extension().is_some_and(|extension| extension == "sh");
        let mode = if kind.is_dir() || is_script { 0o700 } else { 0o600 };
        fs::set_permissions(path, Permissions::from_mode(mode))
            .with_context(|| format!("cannot set the mode of {}", path.display()))?;
    }
    let time = FileTime::from_unix_time(FIRST_MOMENT + i64::from(dice.below(SPAN)), 0);
    // The standard library can only set the time of what a link leads to.
    filetime::set_symlink_file_times(path, time, time)
        .with_context(|| format!("cannot set the time of {}", path.display()))
}
