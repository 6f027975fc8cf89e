//! The closing statement: which report and which minutes belong to an attestation.
//!
//! Report and minutes are made from an attestation, so it cannot name them. This one is made when
//! they are there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::signing::statement::{Predicate, Subject, U64Text};

/// What was made from an attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Closing {
    /// Identity of the database.
    pub database: String,
    /// Number of the attestation.
    pub attestation: U64Text,
    /// SHA-256 of the attestation's statement: of the bytes that are signed.
    pub statement: Digest,
    /// Head of the chain of events with the attestation's own event.
    pub head: Digest,
    /// The report, the minutes, the config, the SQL that the copy ran and the statements about
    /// purges.
    pub files: Vec<ClosedFile>,
    /// When: `YYYY-MM-DDTHH:MM:SSZ`.
    pub closed_on: String,
}

/// A file that was made from an attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ClosedFile {
    /// Its place in the hand-over folder, parts separated by `/`.
    pub name: String,
    /// Its size.
    pub bytes: U64Text,
    /// Its SHA-256.
    pub sha256: Digest,
}

impl Predicate for Closing {
    const TYPE: &'static str = "urn:handover:closing:v1";
}

impl Closing {
    /// What it is about: the attestation and the files.
    pub fn subjects(&self) -> Vec<Subject> {
        let attestation = Subject::new(format!("attestation:{}", self.attestation), self.statement);
        let files = self.files.iter().map(|file| Subject::new(file.name.clone(), file.sha256));
        std::iter::once(attestation).chain(files).collect()
    }
}
