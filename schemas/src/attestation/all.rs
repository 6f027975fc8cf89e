//! What `handover-verify all` says: one JSON document, the same bytes for the same data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CheckVerdict, Outcome};
use crate::digest::Digest;

/// Every check there is, on everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllReport {
    /// The worst of all.
    pub verdict: CheckVerdict,
    /// Identity of the database; absent if none was looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub database: Option<String>,
    /// Digest of the ledger's last event; absent if no ledger was looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<Digest>,
    /// The checks, in the order in which they were done.
    pub checks: Vec<AllCheck>,
    /// What was not looked at by any check, and what it would take.
    pub not_checked: Vec<String>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllCheck {
    /// What was checked: `tables`, `package portal`, `purge 1`, …
    pub name: String,
    /// The judgement.
    pub verdict: CheckVerdict,
    /// What was looked at.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl AllCheck {
    /// A check with what came of it.
    pub fn new(name: impl Into<String>, outcome: Outcome) -> Self {
        Self { name: name.into(), verdict: outcome.verdict(), outcome }
    }
}
