//! What the ledger holds of a purge.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reach::Reach;
use crate::archive::manifest::{ArchiveManifest, ArchivedColumn, ArchivedTable, ParentLink};
use crate::config::PurgeRule;
use crate::digest::{Digest, LineDigest, LineSum};
use crate::evidence::EvidenceSignature;
use crate::name::TableName;
use crate::plan::{Column, TableShape};
use crate::purge::answers::Answers;
use crate::purge::gaps::SearchGaps;

/// How far a purge has come. It only ever moves forward.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PurgeState {
    /// The list is frozen.
    Selected,
    /// The archive was sealed, opened again with the escrow key, and is what was selected.
    BackedUp,
    /// An approval was used; rows are being deleted.
    Executing,
    /// Every row of the list was dealt with.
    Executed,
    /// The certificate was issued; keys and salts are erased from the list.
    Certified,
    /// Given up before anything was deleted; a later selection took its place.
    Abandoned,
    /// Begun, and given up before its end: two people signed what was deleted, and what was not. The
    /// ledger has no word of its own for it, but the closing.
    Closed,
}

impl PurgeState {
    const ALL: [Self; 7] = [
        Self::Selected,
        Self::BackedUp,
        Self::Executing,
        Self::Executed,
        Self::Certified,
        Self::Abandoned,
        Self::Closed,
    ];

    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Selected => "selected",
            Self::BackedUp => "backed_up",
            Self::Executing => "executing",
            Self::Executed => "executed",
            Self::Certified => "certified",
            Self::Abandoned => "abandoned",
            Self::Closed => "closed",
        }
    }

    /// The state behind a word of the ledger.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing was deleted yet, and nothing stands against selecting anew.
    pub fn is_before_execute(self) -> bool {
        matches!(self, Self::Selected | Self::BackedUp)
    }
}

impl fmt::Display for PurgeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BackedUp => "backed up",
            other => other.as_str(),
        })
    }
}

/// Why a listed row was not deleted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum KeptReason {
    /// It is not what was archived any more.
    Changed,
    /// A row that was not deleted refers to it.
    Referenced,
    /// It was not there.
    Absent,
}

impl KeptReason {
    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Referenced => "referenced",
            Self::Absent => "absent",
        }
    }

    /// Whether the row is there.
    pub fn is_there(self) -> bool {
        match self {
            Self::Changed | Self::Referenced => true,
            Self::Absent => false,
        }
    }

    /// The reason behind a word of the ledger.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Changed, Self::Referenced, Self::Absent]
            .into_iter()
            .find(|reason| reason.as_str() == word)
    }
}

/// What select froze: a JSON document in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// What the tree over all listed rows is called.
    pub origin: String,
    /// Identity of the database.
    pub database: String,
    /// The rule, as it stood in the config.
    pub rule: PurgeRule,
    /// The tables, parents before the tables that refer to them.
    pub tables: Vec<SelectedTable>,
    /// Listed rows of all tables, which is the number of leaves.
    pub rows: u64,
    /// Root of the tree over the leaves.
    pub root: Digest,
    /// The counts that the rule asks for.
    pub summary: Vec<SummaryCounts>,
    /// The evidence it rests on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<SelectedEvidence>,
}

/// Evidence that a selection rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectedEvidence {
    /// Name under which it was loaded.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Its rows.
    pub rows: u64,
    /// Its signature; absent if none was checked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signature: Option<EvidenceSignature>,
    /// Further files that the rule names, in its order; these have none themselves.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub also: Vec<Self>,
    /// How the lines of all files answer; absent for further files, and in what earlier
    /// programs selected.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answers: Option<Answers>,
}

/// One table of a selection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectedTable {
    /// The table as the target describes it.
    pub shape: TableShape,
    /// The tables of this selection to which it refers.
    pub parents: Vec<ParentLink>,
    /// Rows and bytes of the lines of the listed rows.
    pub listed: LineSum,
    /// Position in the tree of its first listed row.
    pub first_index: u64,
    /// The whole table, listed rows included.
    pub before: LineDigest,
    /// The rows that are not on the list.
    pub outside: LineDigest,
}

impl Selection {
    /// Whether an archive says of itself that it is the one of this selection: the same tables with
    /// the same columns, keys and references, the same number of rows, the same tree, the same
    /// rule.
    pub fn is_archived_by(&self, archive: &ArchiveManifest) -> bool {
        let rule = &self.rule;
        archive.origin == self.origin
            && archive.database == self.database
            && (archive.leaves, archive.root) == (self.rows, self.root)
            && archive.rule == rule.name
            && (&archive.reason_vi, &archive.reason_en) == (&rule.reason_vi, &rule.reason_en)
            && archive.legal_basis == rule.legal_basis
            && archive.retain_until == rule.retain_until
            && archive.search == rule.search
            && archive.tables.len() == self.tables.len()
            && self.tables.iter().zip(&archive.tables).all(|(table, one)| table.is_archived_as(one))
    }
}

impl SelectedTable {
    /// Its columns as an archive has them.
    pub fn archived_columns(&self) -> Vec<ArchivedColumn> {
        let column = |column: &Column| ArchivedColumn {
            name: column.name.clone(),
            type_name: column.type_name.clone(),
        };
        self.shape.columns.iter().map(column).collect()
    }

    fn is_archived_as(&self, table: &ArchivedTable) -> bool {
        table.name == self.shape.name
            && table.columns == self.archived_columns()
            && Some(&table.key) == self.shape.key.as_ref().map(|key| &key.columns)
            && table.parents == self.parents
            && table.lines == self.listed
            && table.first_index == self.first_index
    }

    /// The table's name.
    pub fn name(&self) -> &TableName {
        &self.shape.name
    }
}

/// How a selection divides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SummaryCounts {
    /// What it is by.
    pub by: String,
    /// The table whose rows are counted.
    pub table: TableName,
    /// Each group with its rows, in the order of the groups' names; NULL is absent.
    pub groups: Vec<(Option<String>, u64)>,
}

/// What backup recorded: a JSON document in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Seal of the archive.
    pub seal: Digest,
    /// Name of the package.
    pub package: String,
    /// Its payload files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Rows that were loaded into a scratch schema and compared.
    pub rows_loaded: u64,
    /// What the index lacks; empty in what earlier programs backed up.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub gaps: Vec<SearchGaps>,
    /// What the deletion reaches beside these rows; absent where it was not tried.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reach: Option<Reach>,
}

/// What execute recorded once every row was dealt with: a JSON document in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The tables, in the order of the selection.
    pub tables: Vec<TableOutcome>,
}

/// What became of the listed rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableOutcome {
    /// The table.
    pub name: TableName,
    /// What was done.
    pub counts: OutcomeCounts,
    /// The whole table afterwards.
    pub after: LineDigest,
    /// The rows that were not on the list, afterwards.
    pub outside: LineDigest,
}

/// How listed rows were dealt with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeCounts {
    /// Deleted.
    pub deleted: u64,
    /// Not what was archived any more: kept.
    pub changed: u64,
    /// Referred to by a row that is still there: kept.
    pub referenced: u64,
    /// Not there any more.
    pub absent: u64,
}

impl OutcomeCounts {
    /// Rows dealt with.
    pub fn total(&self) -> u64 {
        // A ledger may say anything: too many is not the same as few.
        let kept = self.changed.saturating_add(self.referenced).saturating_add(self.absent);
        self.deleted.saturating_add(kept)
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.deleted = self.deleted.saturating_add(other.deleted);
        self.changed = self.changed.saturating_add(other.changed);
        self.referenced = self.referenced.saturating_add(other.referenced);
        self.absent = self.absent.saturating_add(other.absent);
    }
}
