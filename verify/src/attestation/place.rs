//! Where the files of attestations are, below the hand-over folder.

/// The folder.
pub const ATTESTATIONS_DIR: &str = "attestations";

/// What is made from an attestation and bound by its closing.
pub const MADE_FROM_IT: [&str; 2] = ["report.html", "minutes.pdf"];

/// Folders of which a closing binds every file: the SQL that the copy ran, the statements about
/// purges, the sets of figures.
pub const BOUND_DIRS: [&str; 3] = ["schema", "purges", "figures"];

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
