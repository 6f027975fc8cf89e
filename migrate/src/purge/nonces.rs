//! Approvals that were used, as the hand-over folder knows them. The ledger knows them too: a
//! database that was restored from an older backup has forgotten, the folder has not.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;

use anyhow::{Context, Result, bail};
use handover_schemas::digest::Digest;
use handover_verify::handover_dir::HandoverDir;
use serde::{Deserialize, Serialize};

/// The file, below the hand-over folder.
const FILE: &str = "purges/approvals-used.jsonl";

/// How far the purge of an approval came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Use {
    /// Rows may have been deleted.
    Begun,
    /// All rows were dealt with.
    Finished,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    nonce: Digest,
    origin: String,
    state: Use,
}

/// What the folder knows of an approval.
pub(super) fn known(dir: &HandoverDir, nonce: &Digest) -> Result<Option<Use>> {
    let path = dir.path().join(FILE);
    let place = || format!("cannot read the approvals that were used, {}", path.display());
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(place),
    };
    let mut uses: BTreeMap<Digest, Use> = BTreeMap::new();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        // The last line may have been cut by a kill: then what it says had not happened yet.
        if !line.ends_with('\n') {
            break;
        }
        let Ok(line) = serde_json::from_str::<Line>(line) else {
            bail!("{}: line {number} is damaged", place());
        };
        let state = uses.entry(line.nonce).or_insert(line.state);
        *state = (*state).max(line.state);
    }
    Ok(uses.get(nonce).copied())
}

/// Adds a line, and waits until it is on the disk.
pub(super) fn note(dir: &HandoverDir, nonce: &Digest, origin: &str, state: Use) -> Result<()> {
    let path = dir.file(FILE)?;
    let place = || format!("cannot write {}", path.display());
    let line = Line { nonce: *nonce, origin: origin.to_owned(), state };
    let mut line = serde_json::to_string(&line).with_context(place)?;
    // A line that a kill cut off is ended first; it is skipped as damaged no more than once.
    let cut = fs::read(&path).is_ok_and(|text| text.last().is_some_and(|byte| *byte != b'\n'));
    if cut {
        let text = fs::read(&path).with_context(place)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        dir.write(FILE, text.get(..whole).unwrap_or_default())?;
    }
    line.push('\n');
    let mut file =
        OpenOptions::new().append(true).create(true).mode(0o600).open(&path).with_context(place)?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).with_context(place)?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(place)?;
    }
    Ok(())
}
