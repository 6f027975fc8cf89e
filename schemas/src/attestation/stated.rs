//! The parts of an attestation that say what was copied, received and done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chain::EventKind;
use crate::config::{DeliverableKind, Letter};
use crate::digest::Digest;
use crate::evidence::EvidenceSignature;
use crate::ledger::{SourceCheck, Stage};
use crate::moved::MovedEnd;
use crate::name::TableName;
use crate::package::inventory::DeliverableState;
use crate::signing::statement::U64Text;

/// A database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedEnd {
    /// What tells it from every other.
    pub identity: String,
    /// Where it was, without a password; absent where the ledger does not know.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
}

/// One of the databases is at another place than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedMove {
    /// Its number in this ledger.
    pub number: U64Text,
    /// Which database.
    pub end: MovedEnd,
    /// Its place before.
    pub from: String,
    /// Its place since.
    pub to: String,
    /// Why.
    pub reason: String,
    /// When it was recorded.
    pub moved_on: String,
    /// SHA-256 of the envelope that the operator signed.
    pub statement: Digest,
}

/// The copy of the vendor's database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedCopy {
    /// The vendor's database.
    pub source: StatedEnd,
    /// What SQLite's own integrity check said of the source's file; absent where the source is no file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source_check: Option<SourceCheck>,
    /// How far the copy has come.
    pub stage: Stage,
    /// Whether every table is settled and everything else was made.
    pub settled: bool,
    /// Most canonical text in a chunk, in bytes.
    pub chunk_bytes: U64Text,
    /// What the roots are over. Absent in statements of earlier versions, whose roots are over the chunks that the copy
    /// was made in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub roots_over: Option<RootsOver>,
    /// Root of the hand-over (FORMAT.md section 10); absent unless every table has a root.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<Digest>,
    /// Tables, by name.
    pub tables: Vec<StatedTable>,
    /// Tables that were not copied.
    pub left_out: Vec<StatedLeftOut>,
    /// Columns that were carried over as another type than they were declared as.
    pub transforms: Vec<String>,
    /// Runs of the copy.
    pub runs: U64Text,
    /// Runs that were cut off; the next one went on.
    pub runs_cut_off: U64Text,
}

/// One table as it was copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedTable {
    /// The table.
    pub name: TableName,
    /// How far it has come.
    pub state: TableState,
    /// Rows copied.
    pub rows: U64Text,
    /// Bytes of their canonical lines.
    pub bytes: U64Text,
    /// Leaves under its root; of a table without a root, chunks that the copy is made in.
    pub chunks: U64Text,
    /// Root of the rows as the source gave them; absent before all rows of all tables were read back.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source_root: Option<Digest>,
    /// Root of the rows as they were read back from the target; absent before all rows of all tables were.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_root: Option<Digest>,
}

/// What the roots of tables are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RootsOver {
    /// The chunks of FORMAT.md section 8: roots are a function of the rows alone.
    Rows,
}

/// How far a table has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TableState {
    /// Not all of its rows are in the target.
    Incomplete,
    /// All of its rows are in the target; not all of them were read back.
    Copied,
    /// Every row was read back from the target and had the digest it had at the source, under one
    /// snapshot of the source.
    Settled,
}

/// A table that was not copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedLeftOut {
    /// The table.
    pub name: TableName,
    /// Why.
    pub reason: String,
    /// Whether people decided it; otherwise the source could not give it.
    pub decided: bool,
}

/// A deliverable of the inventory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedDeliverable {
    /// Component to which it belongs.
    pub component: String,
    /// What the component is called, in Vietnamese.
    pub component_vi: String,
    /// What the component is called, in English.
    pub component_en: String,
    /// `kind`, or `kind/name`.
    pub id: String,
    /// What sort of thing.
    pub kind: DeliverableKind,
    /// Letters that asked for it.
    pub requested: Vec<Letter>,
    /// The letter that promised it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub promised: Option<Letter>,
    /// How far it has come.
    pub state: DeliverableState,
    /// Files received; tables, for the database that is copied.
    pub files: U64Text,
    /// Their bytes.
    pub bytes: U64Text,
    /// Rows, for the database that is copied.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rows: Option<U64Text>,
    /// Commit of HEAD, for a git repository.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commit: Option<String>,
    /// Findings about it.
    pub findings: U64Text,
}

/// A sealed package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedPackage {
    /// What it is called.
    pub name: String,
    /// Its seal.
    pub seal: Digest,
    /// Payload files.
    pub files: U64Text,
    /// Their bytes.
    pub bytes: U64Text,
    /// Whether a later delivery took its place.
    pub superseded: bool,
}

/// A result file that was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedEvidence {
    /// What it was called from then on.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Its rows.
    pub rows: U64Text,
    /// Who signed it, as the operator said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signer: Option<String>,
    /// Its signature; absent if none was checked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signature: Option<EvidenceSignature>,
}

/// An event of the ledger's chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedEvent {
    /// Its number, from 1.
    pub number: U64Text,
    /// What was done.
    pub kind: EventKind,
    /// To what: name of a package, a rule, a file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<String>,
    /// When: `YYYY-MM-DDTHH:MM:SSZ`.
    pub at: String,
    /// Account under which the program ran.
    pub operator: String,
    /// Host on which it ran.
    pub host: String,
    /// Its digest: the head of the chain after it.
    pub digest: Digest,
}

/// A program that wrote events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedTool {
    /// Name and version.
    pub program: String,
    /// SHA-256 of the program's file.
    pub sha256: Digest,
    /// Events it wrote.
    pub events: U64Text,
}

/// The chain of events, and the ledger's tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedChain {
    /// Digest of the last event before this attestation's own.
    pub head: Digest,
    /// Events before this attestation's own.
    pub events: U64Text,
    /// What the attestation's own event says, which is the next one; absent in statements of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub own_event: Option<OwnEvent>,
    /// What each of the ledger's tables holds, by name (FORMAT.md section 33).
    pub tables: Vec<StatedLedgerTable>,
}

/// What the event of a statement says besides what the statement says of it: with this, the event's digest, and so
/// the head of the chain with the statement in it, follows from the statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct OwnEvent {
    /// Account under which the program ran.
    pub operator: String,
    /// Host on which it ran.
    pub host: String,
    /// Name and version of the program.
    pub program: String,
    /// SHA-256 of the program's file.
    pub program_sha256: Digest,
    /// Connections less than `verify-full` of the program, as the event has them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lesser_lines: Vec<String>,
}

/// What a table of the ledger holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedLedgerTable {
    /// Its name, without the `handover` before it.
    pub name: String,
    /// Its rows.
    pub rows: U64Text,
    /// SHA-256 of its rows as lines.
    pub sha256: Digest,
}
