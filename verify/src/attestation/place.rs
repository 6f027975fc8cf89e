//! Where the files of attestations are, below the hand-over folder.

/// The folder.
pub const ATTESTATIONS_DIR: &str = "attestations";

/// What is made from an attestation and bound by its closing.
pub const MADE_FROM_IT: [&str; 2] = ["report.html", "minutes.pdf"];

/// The folder of the SQL that the copy ran.
pub const SCHEMA_DIR: &str = "schema";

/// The folder of the statements about purges.
pub const PURGES_DIR: &str = "purges";

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
