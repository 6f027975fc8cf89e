//! What people sign of a purge: predicates of in-toto statements.
//!
//! Each names what it is bound to in full, so that a signature cannot be taken for one over another
//! archive, another database or another rule. Numbers are strings, as in every statement.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answers::Answers;
use super::columns::ColumnChange;
use super::gaps::SearchGaps;
use super::reach::Reach;
use super::record::{Backup, OutcomeCounts, SelectedEvidence, Selection};
use crate::config::ResidualCopy;
use crate::digest::{Digest, LineDigest};
use crate::evidence::EvidenceSignature;
use crate::name::TableName;
use crate::signing::statement::{Predicate, U64Text, u64_text};
use crate::signing::trust::Role;

/// What a statement about a purge is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Binding {
    /// Identity of the database.
    pub database: String,
    /// What the tree over the rows is called.
    pub origin: String,
    /// Name of the rule.
    pub rule: String,
    /// SHA-256 of the rule as the ledger holds it, compact JSON.
    pub rule_digest: Digest,
    /// SHA-256 of everything that was frozen, as the ledger holds it, compact JSON: the digests of
    /// the tables before, and of what is not on the list, among it.
    pub selection: Digest,
    /// Seal of the archive.
    pub seal: Digest,
    /// Root of the tree.
    pub root: Digest,
    /// Rows of all tables.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub rows: u64,
    /// The same table by table, parents first.
    pub tables: Vec<BoundTable>,
    /// The evidence it rests on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<BoundEvidence>,
    /// The largest part of its own table that the rule may select, in percent, if the rule says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub share_max: Option<U64Text>,
    /// What the deletion reaches beside these rows, if it was tried.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reach: Option<Reach>,
}

/// Evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoundEvidence {
    /// Name under which it was loaded.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Its rows.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub rows: u64,
    /// Its signature; absent if none was checked, and the file is known by its digest alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signature: Option<EvidenceSignature>,
    /// Further files that the rule names, in its order; these have none themselves.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub also: Vec<Self>,
    /// How the lines of all files answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answers: Option<Answers>,
}

impl From<&SelectedEvidence> for BoundEvidence {
    fn from(one: &SelectedEvidence) -> Self {
        Self {
            name: one.name.clone(),
            sha256: one.sha256,
            rows: one.rows,
            signature: one.signature.clone(),
            also: one.also.iter().map(Self::from).collect(),
            answers: one.answers.clone(),
        }
    }
}

/// Rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoundTable {
    /// The table.
    pub name: TableName,
    /// Its rows.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub rows: u64,
}

impl Binding {
    /// What a selection and its archive are bound to.
    pub fn new(selection: &Selection, backup: &Backup) -> Result<Self, serde_json::Error> {
        Ok(Self {
            database: selection.database.clone(),
            origin: selection.origin.clone(),
            rule: selection.rule.name.clone(),
            rule_digest: Digest::of(&serde_json::to_vec(&selection.rule)?),
            selection: Digest::of(&serde_json::to_vec(selection)?),
            seal: backup.seal,
            root: selection.root,
            rows: selection.rows,
            tables: selection
                .tables
                .iter()
                .map(|table| BoundTable { name: table.name().clone(), rows: table.listed.rows })
                .collect(),
            evidence: selection.evidence.as_ref().map(BoundEvidence::from),
            share_max: selection.rule.share_max.map(|share| u64::from(share).into()),
            reach: backup.reach.clone(),
        })
    }
}

/// That these rows may be deleted, once, within a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Approval {
    /// What may be deleted, and where.
    pub binding: Binding,
    /// Why, in Vietnamese.
    pub reason_vi: String,
    /// Why, in English.
    pub reason_en: String,
    /// Documents on which it rests.
    pub legal_basis: Vec<String>,
    /// How long the archive is kept.
    pub retain_until: String,
    /// Rows that nobody will find in the archive by a number or a name; empty in what earlier programs
    /// backed up.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub search_gaps: Vec<SearchGaps>,
    /// Not before this moment: `YYYY-MM-DDTHH:MM:SSZ`.
    pub not_before: String,
    /// Not after this moment.
    pub not_after: String,
    /// Thirty-two random bytes: an approval is used once.
    pub nonce: Digest,
}

impl Approval {
    /// The roles whose signatures an approval needs, each by another person.
    pub const ROLES: [Role; 2] = [Role::DataOwner, Role::Custodian];
}

impl Predicate for Approval {
    const TYPE: &'static str = "urn:handover:purge-approval:v1";
}

/// That an operator began to delete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Execution {
    /// What is deleted, and where.
    pub binding: Binding,
    /// SHA-256 of the statement of the approval.
    pub approval: Digest,
    /// Its nonce.
    pub nonce: Digest,
    /// When.
    pub started_on: String,
}

impl Predicate for Execution {
    const TYPE: &'static str = "urn:handover:purge-execution:v1";
}

/// Rows, bytes and digest of lines, as statements write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatedLines {
    /// Rows.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub rows: u64,
    /// Bytes of their lines.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub bytes: u64,
    /// SHA-256 of their lines.
    pub sha256: Digest,
}

impl From<LineDigest> for StatedLines {
    fn from(lines: LineDigest) -> Self {
        Self { rows: lines.rows, bytes: lines.bytes, sha256: lines.digest }
    }
}

impl From<StatedLines> for LineDigest {
    fn from(lines: StatedLines) -> Self {
        Self { rows: lines.rows, bytes: lines.bytes, digest: lines.sha256 }
    }
}

/// How listed rows were dealt with, as statements write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatedCounts {
    /// Deleted.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub deleted: u64,
    /// Kept, because they were not what was archived any more.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub changed: u64,
    /// Kept, because a row that is still there refers to them.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub referenced: u64,
    /// Not there any more.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub absent: u64,
}

impl From<OutcomeCounts> for StatedCounts {
    fn from(counts: OutcomeCounts) -> Self {
        let OutcomeCounts { deleted, changed, referenced, absent } = counts;
        Self { deleted, changed, referenced, absent }
    }
}

impl From<StatedCounts> for OutcomeCounts {
    fn from(counts: StatedCounts) -> Self {
        let StatedCounts { deleted, changed, referenced, absent } = counts;
        Self { deleted, changed, referenced, absent }
    }
}

/// What became of what was approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Certificate {
    /// What was to be deleted, and where.
    pub binding: Binding,
    /// Under what rows were deleted, in order.
    pub authorities: Vec<CertifiedAuthority>,
    /// Table by table, parents first.
    pub tables: Vec<CertifiedTable>,
    /// Copies that this deletion did not reach.
    pub residual_copies: Vec<ResidualCopy>,
    /// When it was issued.
    pub issued_on: String,
}

impl Predicate for Certificate {
    const TYPE: &'static str = "urn:handover:purge-certificate:v1";
}

/// An approval that was used, and the operator's statement under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CertifiedAuthority {
    /// The approval's nonce.
    pub nonce: Digest,
    /// SHA-256 of the statement of the approval.
    pub approval: Digest,
    /// SHA-256 of the statement with which the operator began, or went on.
    pub execution: Digest,
    /// Rows that were deleted under it.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub deleted: u64,
}

/// One table of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CertifiedTable {
    /// The table.
    pub name: TableName,
    /// Rows that were selected.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub selected: u64,
    /// What became of them: together as many as were selected.
    pub counts: StatedCounts,
    /// The table before.
    pub before: StatedLines,
    /// The table afterwards.
    pub after: StatedLines,
    /// What was not on the list, before.
    pub outside_before: StatedLines,
    /// What was not on the list, afterwards.
    pub outside_after: StatedLines,
}

/// That a purge which had begun was given up, and how far it had come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PurgeClosing {
    /// What was to be deleted, and where.
    pub binding: Binding,
    /// Under what rows were deleted, in order.
    pub authorities: Vec<CertifiedAuthority>,
    /// Table by table, parents first.
    pub tables: Vec<ClosedTable>,
    /// Copies that this deletion did not reach.
    pub residual_copies: Vec<ResidualCopy>,
    /// Why it cannot go on.
    pub reason: String,
    /// When.
    pub closed_on: String,
}

impl PurgeClosing {
    /// The roles whose signatures a closing needs, each by another person.
    pub const ROLES: [Role; 2] = Approval::ROLES;
}

impl Predicate for PurgeClosing {
    const TYPE: &'static str = "urn:handover:purge-closing:v1";
}

/// One table of a purge that was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ClosedTable {
    /// The table.
    pub name: TableName,
    /// Rows that were selected.
    pub selected: U64Text,
    /// What became of those that were dealt with.
    pub counts: StatedCounts,
    /// Those that were not dealt with, as they were found.
    pub untouched: Untouched,
    /// Root of the tree over the leaves of the rows that were deleted, in the order of the list.
    pub deleted_root: Digest,
    /// Root of the tree over the leaves of all other rows of the list, in its order.
    pub kept_root: Digest,
    /// The table before.
    pub before: StatedLines,
    /// The table when this was stated.
    pub after: StatedLines,
    /// What was not on the list, before.
    pub outside_before: StatedLines,
    /// What was not on the list, when this was stated.
    pub outside_after: StatedLines,
}

/// Rows of a list that a purge did not come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Untouched {
    /// They are what was archived.
    pub same: U64Text,
    /// They are there, and something else by now.
    pub changed: U64Text,
    /// They are not there any more.
    pub absent: U64Text,
}

impl Untouched {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.there().saturating_add(self.absent.0)
    }

    /// Those that are there.
    pub fn there(&self) -> u64 {
        self.same.0.saturating_add(self.changed.0)
    }
}

/// That archived rows were put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Restore {
    /// Identity of the database.
    pub database: String,
    /// What the tree over the archived rows is called.
    pub origin: String,
    /// Seal of the archive.
    pub seal: Digest,
    /// Why they were put back.
    pub reason: String,
    /// Table by table.
    pub tables: Vec<RestoredTable>,
    /// SHA-256 of the leaves of the rows that were put back, in their order: which rows it were,
    /// without saying whose.
    pub leaves: Digest,
    /// Seal of the archive of the rows that were replaced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replaced: Option<Digest>,
    /// When.
    pub restored_on: String,
}

impl Predicate for Restore {
    const TYPE: &'static str = "urn:handover:restore:v1";
}

/// One table of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoredTable {
    /// The table.
    pub name: TableName,
    /// Rows put back.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub inserted: u64,
    /// Rows that were there as they are in the archive.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub identical: u64,
    /// Rows that were there otherwise, and were replaced.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub replaced: u64,
    /// Columns that are otherwise than when the rows were archived.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub columns: Vec<ColumnChange>,
}
