//! Approvals that were used, as the hand-over folder knows them (`handover_schemas::purge::used`).

use std::fs;
use std::io::{ErrorKind, Write};

use anyhow::{Context, Result};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::private_file;
use handover_schemas::digest::Digest;
use handover_schemas::purge::used::{
    ApprovalUse, USED_APPROVALS_FILE, UsedApproval, used_approvals,
};

/// What the folder knows of an approval.
pub(super) fn known(dir: &HandoverDir, nonce: &Digest) -> Result<Option<ApprovalUse>> {
    let path = dir.path().join(USED_APPROVALS_FILE);
    let place = || format!("cannot read the approvals that were used, {}", path.display());
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(place),
    };
    Ok(used_approvals(&text).with_context(place)?.get(nonce).copied())
}

/// Adds a line, and waits until it is on the disk. What a kill left of a line is taken away first.
pub(super) fn note(
    dir: &HandoverDir,
    nonce: &Digest,
    origin: &str,
    state: ApprovalUse,
) -> Result<()> {
    let path = dir.file(USED_APPROVALS_FILE)?;
    let place = || format!("cannot write {}", path.display());
    let line = UsedApproval { nonce: *nonce, origin: origin.to_owned(), state };
    let line = format!("{}\n", serde_json::to_string(&line).with_context(place)?);
    if let Ok(text) = fs::read(&path)
        && text.last().is_some_and(|byte| *byte != b'\n')
    {
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        dir.write(USED_APPROVALS_FILE, text.get(..whole).unwrap_or_default())?;
    }
    let mut file = private_file::kept(&path).with_context(place)?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).with_context(place)?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(place)?;
    }
    Ok(())
}
