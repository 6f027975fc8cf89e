//! What an attestation says of purges and restores.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::ResidualCopy;
use crate::digest::Digest;
use crate::name::TableName;
use crate::purge::record::PurgeState;
use crate::purge::statement::StatedCounts;
use crate::signing::statement::U64Text;

/// A purge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedPurge {
    /// Its number in this database.
    pub number: U64Text,
    /// Name of its rule.
    pub rule: String,
    /// How far it has come.
    pub state: PurgeState,
    /// Why, in Vietnamese.
    pub reason_vi: String,
    /// Why, in English.
    pub reason_en: String,
    /// Documents on which it rests.
    pub legal_basis: Vec<String>,
    /// How long the archive is kept.
    pub retain_until: String,
    /// What the tree over its rows is called.
    pub origin: String,
    /// Root of the tree over its rows.
    pub root: Digest,
    /// Rows on its list.
    pub rows: U64Text,
    /// SHA-256 of what was frozen.
    pub selection: Digest,
    /// Name of the archive's package; absent before the backup.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub package: Option<String>,
    /// Seal of the archive.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seal: Option<Digest>,
    /// Table by table, parents first.
    pub tables: Vec<StatedPurgeTable>,
    /// How the list divides: by province, by reason.
    pub summary: Vec<StatedSummary>,
    /// SHA-256 of the envelopes of the approvals that were used.
    pub approvals: Vec<Digest>,
    /// SHA-256 of the certificate's envelope; absent before certify.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub certificate: Option<Digest>,
    /// SHA-256 of the closing's envelope, if it was closed before its end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closing: Option<Digest>,
    /// Copies that the deletion did not reach.
    pub residual_copies: Vec<ResidualCopy>,
}

/// One table of a purge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedPurgeTable {
    /// The table.
    pub name: TableName,
    /// Rows on the list.
    pub selected: U64Text,
    /// What became of them; absent before all was done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counts: Option<StatedCounts>,
}

/// How a list divides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedSummary {
    /// What it is by.
    pub by: String,
    /// The table whose rows are counted.
    pub table: TableName,
    /// Each group with its rows.
    pub groups: Vec<StatedGroup>,
}

/// One group of a summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedGroup {
    /// Its name; absent for rows that have none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<String>,
    /// Its rows.
    pub rows: U64Text,
}

/// A restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedRestore {
    /// Its number in this database.
    pub number: U64Text,
    /// The purge whose rows were put back.
    pub purge: U64Text,
    /// Rows put back.
    pub rows: U64Text,
    /// SHA-256 of the signed statement's envelope.
    pub statement: Digest,
}
