//! What `handover-migrate find` says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::archive::loose::Looser;
use crate::digest::Digest;
use crate::name::TableName;

/// What archives hold of what was searched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindReport {
    /// The archives that were searched, the last one first.
    pub archives: Vec<SearchedArchive>,
    /// The archives that were not: what was searched for may be in them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_searched: Vec<UnsearchedArchive>,
    /// Whether every row of the tables was read in which people are searched, and not the index alone.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub every_row: bool,
}

impl FindReport {
    /// How many rows were found in all archives.
    pub fn rows(&self) -> usize {
        self.archives.iter().map(|archive| archive.rows.len()).sum()
    }
}

/// An archive that was not searched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnsearchedArchive {
    /// Name of the archive.
    pub archive: String,
    /// Its seal, as the ledger has it.
    pub seal: Digest,
    /// Why, and what it would take.
    pub why: String,
}

/// What one archive holds of what was searched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchedArchive {
    /// Name of the archive.
    pub archive: String,
    /// Its seal.
    pub seal: Digest,
    /// Whether that seal was expected: by the ledger, or by whoever searched.
    pub seal_expected: bool,
    /// Identity of the database from which its rows were read.
    pub database: String,
    /// What the tree over its rows is called.
    pub origin: String,
    /// Name of the rule by which they were selected.
    pub rule: String,
    /// Why, in Vietnamese.
    pub reason_vi: String,
    /// Why, in English.
    pub reason_en: String,
    /// Numbers of the documents on which it rests.
    pub legal_basis: Vec<String>,
    /// How long the archive is kept.
    pub retain_until: String,
    /// The certificate of the deletion; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub certificate: Option<FoundCertificate>,
    /// The rows, in the order of the archive.
    pub rows: Vec<FoundRecord>,
}

/// A certificate that speaks of the archive. Its signature is not what was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FoundCertificate {
    /// When it was issued.
    pub issued_on: String,
    /// Where it was read.
    pub read_in: CertificatePlace,
}

/// Where a certificate was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificatePlace {
    /// In the database's ledger.
    Ledger,
    /// In the hand-over folder.
    Folder,
}

/// One row of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FoundRecord {
    /// Its table.
    pub table: TableName,
    /// Number of the chunk that it is in, from 1.
    pub chunk: u32,
    /// Its line in the chunk, from 1.
    pub line: u32,
    /// SHA-256 of its canonical line.
    pub digest: Digest,
    /// How it is like what was searched for, if it is not exactly that: it may be somebody else's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub looser: Option<Looser>,
    /// What stands beside the row, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub details: Option<FoundDetails>,
    /// Its values, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub values: Option<Vec<FoundValue>>,
}

/// What stands beside a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FoundDetails {
    /// Its place in the tree, from 0.
    pub index: u64,
    /// The hash of its leaf.
    pub leaf: Digest,
    /// The line of the rule's evidence for which it was selected.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence_line: Option<u64>,
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FoundValue {
    /// The column.
    pub column: String,
    /// Its canonical text; null is NULL. Text that is not UTF-8 as it stands in the archive.
    pub value: Option<String>,
}
