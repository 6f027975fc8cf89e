//! Where the files of attestations are, below the hand-over folder.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use handover_schemas::moved::MOVES_DIR;

/// The folder.
pub const ATTESTATIONS_DIR: &str = "attestations";

/// What is made from an attestation and bound by its closing.
pub const MADE_FROM_IT: [&str; 2] = ["report.html", "minutes.pdf"];

/// Folders of which a closing binds every file: the SQL that the copy ran, the statements about
/// purges and about moves, the sets of figures.
pub const BOUND_DIRS: [&str; 4] = ["schema", "purges", MOVES_DIR, "figures"];

/// The folder of what checks found: the keys of rows and places in files. It is working output, no
/// part of the hand-over.
pub const FINDINGS_DIR: &str = "findings";

/// The envelope of an attestation.
pub fn envelope_file(number: u64) -> String {
    format!("{ATTESTATIONS_DIR}/{number:04}.dsse.json")
}

/// The envelope of its closing.
pub fn closing_file(number: u64) -> String {
    format!("{ATTESTATIONS_DIR}/{number:04}-closing.dsse.json")
}

/// A file that was made from it, one of [`MADE_FROM_IT`].
pub fn made_file(number: u64, what: &str) -> String {
    format!("{ATTESTATIONS_DIR}/{number:04}-{what}")
}

/// Numbers of attestations of which there is an envelope, or a closing's, in a hand-over folder.
pub fn numbers_in_folder(handover: &Path) -> Result<BTreeSet<u64>> {
    let folder = handover.join(ATTESTATIONS_DIR);
    let place = || format!("cannot read {}", folder.display());
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(error).with_context(place),
    };
    let mut numbers = BTreeSet::new();
    for entry in entries {
        let name = entry.with_context(place)?.file_name().to_string_lossy().into_owned();
        let digits = name.split(['.', '-']).next().unwrap_or_default();
        let Ok(number) = digits.parse() else { continue };
        let path = format!("{ATTESTATIONS_DIR}/{name}");
        if path == envelope_file(number) || path == closing_file(number) {
            numbers.insert(number);
        }
    }
    Ok(numbers)
}
