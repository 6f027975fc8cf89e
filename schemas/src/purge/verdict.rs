//! What `handover-verify purge` says: one JSON document, the same bytes for the same purge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::PurgeState;

/// The judgement.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PurgeVerdict {
    /// Archive, list, approvals, ledger, certificate and database agree, as far as they were looked
    /// at.
    Holds,
    /// Something could not be looked at though it was asked for.
    Unverified,
    /// Something does not agree.
    Differs,
}

/// Report of `handover-verify purge`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeVerdictReport {
    /// The worst of all.
    pub verdict: PurgeVerdict,
    /// The purges that were looked at, in the order of their numbers.
    pub purges: Vec<PurgeVerdictEntry>,
}

/// The judgement on one purge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeVerdictEntry {
    /// Its number in this database.
    pub number: i64,
    /// Name of its rule.
    pub rule: String,
    /// How far it has come.
    pub state: PurgeState,
    /// The judgement on it.
    pub verdict: PurgeVerdict,
    /// What was looked at, and agrees.
    pub checked: Vec<String>,
    /// What does not agree.
    pub findings: Vec<PurgeFinding>,
    /// What changed in the tables after the rows were deleted: later, not lost.
    pub later: Vec<String>,
    /// What was not looked at, and what it would take.
    pub not_checked: Vec<String>,
}

/// One thing that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeFinding {
    /// What sort of thing.
    pub kind: PurgeFindingKind,
    /// The same in a sentence.
    pub message: String,
}

/// What sort of thing does not agree.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PurgeFindingKind {
    /// The list in the ledger is not the one that was frozen.
    List,
    /// The archive is missing, damaged, or another one.
    Archive,
    /// The approval is missing, or not what it should be.
    Approval,
    /// The operator's statement is missing, or not what it should be.
    Execution,
    /// The ledger of what was deleted does not add up.
    Ledger,
    /// The certificate is missing, or not what it should be.
    Certificate,
    /// A row that was deleted is there, and no restore put it back.
    DeletedRowPresent,
    /// Rows that were not on the list changed or went away while the purge was under way.
    OutsideChanged,
    /// Rows changed since they were selected.
    SelectedChanged,
    /// What a restore says does not hold.
    Restore,
}
