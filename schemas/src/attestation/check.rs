//! What the checks of a ledger and of an attestation say: one JSON document, the same bytes for the
//! same data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CheckVerdict;
use crate::digest::Digest;

/// What was looked at, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// What is as it should be.
    pub checked: Vec<String>,
    /// What is not.
    pub findings: Vec<String>,
    /// What was asked for and could not be looked at.
    pub unverified: Vec<String>,
    /// What was not looked at, and what it would take.
    pub not_checked: Vec<String>,
}

impl Outcome {
    /// The judgement. If nothing at all was looked at, nothing holds.
    pub fn verdict(&self) -> CheckVerdict {
        if !self.findings.is_empty() {
            CheckVerdict::Differs
        } else if !self.unverified.is_empty() || self.checked.is_empty() {
            CheckVerdict::Unverified
        } else {
            CheckVerdict::Holds
        }
    }

    /// Something is as it should be.
    pub fn checked(&mut self, what: impl Into<String>) {
        self.checked.push(what.into());
    }

    /// Something is not as it should be.
    pub fn find(&mut self, what: impl Into<String>) {
        self.findings.push(what.into());
    }

    /// Something could not be looked at though it was asked for.
    pub fn unverified(&mut self, what: impl Into<String>) {
        self.unverified.push(what.into());
    }

    /// Something was not looked at.
    pub fn not_checked(&mut self, what: impl Into<String>) {
        self.not_checked.push(what.into());
    }
}

/// Report of `handover-verify ledger`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerReport {
    /// The judgement.
    pub verdict: CheckVerdict,
    /// Events in the chain.
    pub events: u64,
    /// Digest of the last one; absent if the chain cannot be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<Digest>,
    /// What was looked at.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Report of `handover-verify attestation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttestationReport {
    /// The judgement.
    pub verdict: CheckVerdict,
    /// Number of the attestation; absent if it could not be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub number: Option<u64>,
    /// SHA-256 of the statement.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub statement: Option<Digest>,
    /// Head of the chain of events before the attestation's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<Digest>,
    /// Names of those whose signatures hold.
    pub signed_by: Vec<String>,
    /// Findings that the attestation itself states.
    pub stated_findings: u64,
    /// What was looked at.
    #[serde(flatten)]
    pub outcome: Outcome,
}
