//! What `handover-migrate artifacts` says.

use handover_schemas::digest::Digest;
use handover_schemas::package::inventory::Inventory;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::ArtifactFinding;

/// The report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactsReport {
    /// What came and what did not.
    pub inventory: Inventory,
    /// The packages, in the order of the components.
    pub packages: Vec<PackageState>,
    /// What is not as it should be.
    pub findings: Vec<ArtifactFinding>,
    /// File with each place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub findings_in: Option<String>,
    /// What was not looked at.
    pub not_checked: Vec<String>,
}

/// What became of one component's package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageState {
    /// Component.
    pub component: String,
    /// The package's folder.
    pub path: String,
    /// What this run did.
    pub outcome: PackageOutcome,
    /// Its seal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seal: Option<Digest>,
    /// Payload files.
    pub files: u64,
    /// Their bytes as they are stored.
    pub bytes: u64,
}

/// What a run did with a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackageOutcome {
    /// It was made, read back and sealed.
    Sealed,
    /// It was sealed before, and what was delivered is still the same.
    Unchanged,
    /// It was sealed before, and what was delivered is not the same any more.
    Changed,
    /// It was sealed before, and is damaged or not the one that the ledger knows: what was delivered
    /// was not held against it.
    NotCompared,
    /// It took the place of an earlier one.
    Replaced,
    /// Nothing of the component was delivered that could be sealed.
    NothingDelivered,
}
