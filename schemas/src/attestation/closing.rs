//! The closing statement: which report and which minutes belong to an attestation.
//!
//! Report and minutes are made from an attestation, so it cannot name them. This one is made when
//! they are there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chain::{Event, EventDetail, EventKind};
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
    /// SHA-256 of each signature under the attestation, in their order. Others may come behind them
    /// later; none of these may go.
    pub signatures: Vec<Digest>,
    /// The report, the minutes, the config, the SQL that the copy ran, the statements about purges
    /// and the sets of figures.
    pub files: Vec<ClosedFile>,
    /// When: `YYYY-MM-DDTHH:MM:SSZ`. This, and the next four, are what the event of the closing says
    /// too: no later event binds that one.
    pub closed_on: String,
    /// The account under which the program ran.
    pub operator: String,
    /// The host on which it ran.
    pub host: String,
    /// Name and version of the program.
    pub program: String,
    /// SHA-256 of the program's file.
    pub program_sha256: Digest,
    /// Number of the event of the closing; absent in closings of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub event: Option<U64Text>,
    /// Connections less than `verify-full` of the program, as the event has them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lesser_lines: Vec<String>,
    /// SHA-256 of the DER SubjectPublicKeyInfo of the key that signs it first; absent if it is
    /// signed elsewhere.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closed_by: Option<Digest>,
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
    /// The head of the chain with the closing's own event, which follows from the statement (of which this is the
    /// SHA-256); nothing of closings of earlier versions, which do not tell the event's number.
    pub fn head_with_it(&self, statement: Digest) -> Option<Digest> {
        let detail = EventDetail {
            number: Some(self.attestation.0),
            sha256: Some(statement),
            count: Some(self.files.len() as u64),
            lesser_lines: self.lesser_lines.clone(),
            ..EventDetail::default()
        };
        let event = Event {
            number: self.event?.0,
            kind: EventKind::Close,
            at: self.closed_on.clone(),
            operator: self.operator.clone(),
            host: self.host.clone(),
            program: self.program.clone(),
            program_sha256: self.program_sha256,
            detail: detail.to_text(),
            previous: self.head,
        };
        Some(event.digest())
    }

    /// What it is about: the attestation and the files.
    pub fn subjects(&self) -> Vec<Subject> {
        let attestation = Subject::new(format!("attestation:{}", self.attestation), self.statement);
        let files = self.files.iter().map(|file| Subject::new(file.name.clone(), file.sha256));
        std::iter::once(attestation).chain(files).collect()
    }
}
