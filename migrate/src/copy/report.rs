//! What a copy says when it is over.

use handover_schemas::digest::Digest;
use handover_schemas::report::{
    Finding, FindingKind, LeftOut, Renamed, Verdict, WrittenAnotherWay,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a copy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CopyOutcome {
    /// Everything the source holds is in the target and was read back.
    Copied,
    /// The copy was finished before, and the source still holds the same.
    Unchanged,
    /// The copy was finished before, and the source holds something else now.
    Changed,
    /// Some of it could not be copied.
    Incomplete,
    /// Nothing was made in the target: what would be, lies in the hand-over folder.
    Planned,
}

/// Report of `handover-migrate copy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyReport {
    /// How it ended.
    pub outcome: CopyOutcome,
    /// Tables of the plan, sorted by name.
    pub tables: Vec<CopiedTable>,
    /// Tables that `handover.toml` leaves out.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// Pieces of the vendor's code that run in the target during the copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_code: Option<CodeToRead>,
    /// What has another name in the target because `handover.toml` says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// Findings that belong to no single table.
    pub findings: Vec<Finding>,
    /// What `handover-verify tables` says besides; none where the copy did not come so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
}

/// Both ends compared as `handover-verify tables` compares them, but for the rows that were read back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// Its verdict. `equal` counts rows as the copy found them.
    pub verdict: Verdict,
    /// Its findings, a table's among them.
    pub findings: Vec<Finding>,
    /// What was not looked at.
    pub not_checked: Vec<String>,
}

/// Code of the vendor's, to be read before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeToRead {
    /// Pieces that run during the copy.
    pub pieces: u64,
    /// The file below the hand-over folder that lists them.
    pub listed_in: String,
    /// SHA-256 of that file, by which `handover.toml` says that it was read.
    pub sha256: Digest,
}

/// One table of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopiedTable {
    /// `schema.name` at the source.
    pub table: String,
    /// Chunks.
    pub chunks: u64,
    /// Chunks whose rows are in the target.
    pub copied: u64,
    /// Chunks whose rows were read back from the target.
    pub read_back: u64,
    /// Rows in the target.
    pub rows: u64,
    /// Bytes of their canonical text.
    pub bytes: u64,
    /// Columns with values that the source writes another way; the target holds the same values.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub written_another_way: Vec<WrittenAnotherWay>,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

/// What the copy tells itself, in words of its own, wherever it tells anything of that sort: what is not there, and what
/// could not be read.
fn is_missing(finding: &Finding) -> bool {
    matches!(
        finding.kind,
        FindingKind::ObjectMissing
            | FindingKind::TableMissing
            | FindingKind::ColumnMissing
            | FindingKind::TableUnreadable
            | FindingKind::NothingCompared
    )
}

impl CopyReport {
    /// Whether anything is not as it should be.
    pub fn has_findings(&self) -> bool {
        self.has_own_findings() || self.compared_as() != Verdict::Equal
    }

    /// Whether the copy itself found anything.
    pub fn has_own_findings(&self) -> bool {
        !self.findings.is_empty() || self.tables.iter().any(|table| !table.findings.is_empty())
    }

    /// The verifier's verdict; nothing says otherwise where nothing was compared.
    pub fn compared_as(&self) -> Verdict {
        self.compared.as_ref().map_or(Verdict::Equal, |compared| compared.verdict)
    }

    /// What the ledger keeps as found: what the copy found itself, and what the verifier finds besides. What the target
    /// refused is kept elsewhere, and the verifier lacks it too: of what lacks then, nothing is kept twice.
    pub(super) fn to_keep(&self, nothing_refused: bool) -> Vec<Finding> {
        let mut kept = self.findings.clone();
        // Each names what is missing in words of its own.
        let is_told = !nothing_refused || kept.iter().any(is_missing);
        let besides = self.compared.iter().flat_map(|compared| &compared.findings);
        for finding in besides {
            let is_known =
                |known: &Finding| known.kind == finding.kind && known.object == finding.object;
            let is_kept = kept.iter().any(is_known) || is_told && is_missing(finding);
            if !is_kept {
                kept.push(finding.clone());
            }
        }
        kept
    }
}
