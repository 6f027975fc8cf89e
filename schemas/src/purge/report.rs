//! What the commands about purges say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::{Backup, OutcomeCounts, PurgeState, SelectedEvidence, SummaryCounts};
use crate::archive::manifest::ParentLink;
use crate::digest::{Digest, LineDigest};
use crate::name::TableName;

/// How a purge stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeReport {
    /// Its number in this database.
    pub number: i64,
    /// Name of its rule.
    pub rule: String,
    /// How far it has come.
    pub state: PurgeState,
    /// What the tree over its rows is called.
    pub origin: String,
    /// Identity of the database.
    pub database: String,
    /// Rows on the list.
    pub rows: u64,
    /// Root of the tree over them.
    pub root: Digest,
    /// Table by table, parents first.
    pub tables: Vec<PurgeTableReport>,
    /// How the selection divides.
    pub summary: Vec<SummaryCounts>,
    /// The evidence it rests on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<SelectedEvidence>,
    /// The archive.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub backup: Option<Backup>,
    /// Whether the certificate was issued.
    pub certified: bool,
}

/// One table of a purge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeTableReport {
    /// The table.
    pub name: TableName,
    /// Tables of the purge to which it refers.
    pub parents: Vec<ParentLink>,
    /// Rows on the list.
    pub selected: u64,
    /// The whole table when it was selected.
    pub before: LineDigest,
    /// Its rows that are not on the list.
    pub outside: LineDigest,
    /// What became of those on the list; absent before it was all done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counts: Option<OutcomeCounts>,
    /// The whole table afterwards.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<LineDigest>,
}
