//! What `handover-migrate attest` says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StatedFinding;
use crate::digest::Digest;

/// An attestation, or its closing, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttestReport {
    /// The envelope.
    pub file: String,
    /// Type of the statement in it.
    pub predicate_type: String,
    /// SHA-256 of the statement: of the bytes that are signed.
    pub statement: Digest,
    /// Number of the attestation; absent if something else was signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub number: Option<u64>,
    /// Head of the chain of events with the attestation's own, or with the closing's: the one for paper.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<Digest>,
    /// Root of the copied tables.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<Digest>,
    /// Names of those who signed with keys that count today.
    pub signed_by: Vec<String>,
    /// Who still has to sign, in words; absent if nobody has to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub missing: Option<String>,
    /// What is not as it should be.
    pub findings: Vec<StatedFinding>,
}
