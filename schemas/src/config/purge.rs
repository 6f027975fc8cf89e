//! The purge part of `handover.toml`: who opens archives, which rules select records, which copies
//! remain.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::TableName;

/// How records that nobody can verify are backed up and deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeConfig {
    /// The file that says whose keys count (`trust.toml`), from the hand-over folder. It lies
    /// outside that folder: what is signed must not bring its own keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
    /// To whom archives are encrypted: at least two, at least one of them in escrow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipient: Vec<ArchiveRecipient>,
    /// Copies of the records that a purge does not reach, and what is to happen to them. A
    /// certificate names them all; each kind has to be spoken of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub residual_copy: Vec<ResidualCopy>,
    /// Columns that were renamed, or given another type, since rows were archived: archived rows are put
    /// back into them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed_column: Vec<ChangedColumn>,
    /// Which records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<PurgeRule>,
}

/// What a column of an archive is by now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedColumn {
    /// The table, `schema.name`.
    pub table: String,
    /// The column's name in the archive.
    pub archived: String,
    /// Its name now: the same, if only its type is another.
    pub now: String,
    /// Its type now, as the database calls it, if it is another.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
}

/// Somebody to whom archives are encrypted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveRecipient {
    /// Who keeps the secret key.
    pub name: String,
    /// The public key, `age1…`.
    pub key: String,
    /// Whether the secret key is kept apart from those who work, for the day on which all others
    /// are lost. Every backup is opened with it once before it counts.
    #[serde(default)]
    pub escrow: bool,
}

/// A sort of place where records live on after they were deleted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ResidualCopyKind {
    /// Other servers that follow this one.
    Replica,
    /// Backups of the whole database.
    BaseBackup,
    /// The write-ahead log, and where it is archived.
    Wal,
    /// The vendor's own database.
    VendorDatabase,
    /// Anything else: exports, test systems.
    Other,
}

impl ResidualCopyKind {
    /// The kinds that a certificate has to speak of.
    pub const DUE: [Self; 4] = [Self::Replica, Self::BaseBackup, Self::Wal, Self::VendorDatabase];

    /// The word in the config and in certificates.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Replica => "replica",
            Self::BaseBackup => "base_backup",
            Self::Wal => "wal",
            Self::VendorDatabase => "vendor_database",
            Self::Other => "other",
        }
    }
}

/// A copy that a purge does not reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResidualCopy {
    /// What sort of copy.
    pub kind: ResidualCopyKind,
    /// Where it is, or that there is none.
    pub place: String,
    /// What is to happen to it, and by when.
    pub action: String,
}

/// Which records are to be deleted, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PurgeRule {
    /// Short name: lower-case letters, digits, `_` and `-`.
    pub name: String,
    /// Why, in Vietnamese.
    pub reason_vi: String,
    /// Why, in English.
    pub reason_en: String,
    /// Numbers of the documents on which it rests.
    pub legal_basis: Vec<String>,
    /// How long the archive is kept: `YYYY-MM-DD`.
    pub retain_until: String,
    /// The table whose rows are selected, `schema.name`, as the target has it.
    pub table: String,
    /// The condition, in the target's SQL, on that table's columns. Tables are named with their
    /// schema; those of evidence are `handover.evidence_NAME` (SQLite: `handover_evidence_NAME`).
    #[serde(rename = "where")]
    pub condition: String,
    /// Evidence that every selected row rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<RuleEvidence>,
    /// Tables whose rows go with the rows that they refer to by foreign key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follow: Vec<String>,
    /// Triggers on these tables that may fire when rows are deleted, `schema.table.trigger`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_triggers: Vec<String>,
    /// The largest part of the rule's own table that it may select, in percent; 50 if absent. With
    /// 100 it may select every row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_max: Option<u8>,
    /// By what the selection is counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summary: Vec<Summary>,
    /// By what records of the archive can be found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub search: Vec<SearchColumns>,
}

impl PurgeRule {
    /// What a rule may select of its own table that says nothing about it, in percent.
    pub const SHARE_MAX: u8 = 50;

    /// Whether it may select so many of all rows of its own table.
    pub fn allows_share(&self, selected: u64, all: u64) -> bool {
        let most = u128::from(self.share_max.unwrap_or(Self::SHARE_MAX));
        u128::from(selected) * 100 <= u128::from(all) * most
    }
}

/// Evidence that a rule rests on: rows of a file that was loaded. A selected row keeps the number
/// of the line that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleEvidence {
    /// Name under which it was loaded.
    pub name: String,
    /// Which line stands for which row: a condition on the rule's table and `evidence`, the line.
    pub on: String,
    /// Names of further files that answer the same question, such as what the communes sent later.
    /// They have the columns that `on` and `where` name. A row is selected for a line of `name` only;
    /// a line of these can contradict it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Which answer counts where several contradict each other. Without it such rows stop the
    /// selection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wins: Option<Winner>,
}

impl RuleEvidence {
    /// The names of all files, the one that rows are selected for first.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.name).chain(&self.also)
    }
}

/// Which of several answers for one row counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Winner {
    /// Those of this file, where it has any.
    File(String),
    /// Those of the latest day: a column of the files that has `YYYY-MM-DD` or `DD/MM/YYYY` in it, with
    /// or without a time behind it, which does not count.
    Latest(String),
}

/// One count of a selection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// What it is by, such as `province`.
    pub by: String,
    /// Table whose selected rows are counted; the rule's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// SQL over that table's columns that gives the group. It must not give anything that tells
    /// people apart.
    pub expression: String,
}

/// The columns of a table by which people are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchColumns {
    /// The table.
    pub table: String,
    /// Identity number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_number: Option<String>,
    /// Phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Full name; found together with the birth date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Date of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<String>,
}

impl SearchColumns {
    /// Whether it is about this table. `public` of PostgreSQL and `main` of SQLite are the same
    /// place.
    pub fn is_of(&self, table: &TableName) -> bool {
        let logical =
            |schema: &str| if schema == "main" { "public".to_owned() } else { schema.to_owned() };
        self.table.split_once('.').is_some_and(|(schema, name)| {
            logical(schema) == logical(&table.schema) && name == table.name
        })
    }
}
