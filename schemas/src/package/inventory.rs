//! The inventory: what was asked for, what was promised, what came, what of it was verified, and
//! what is missing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{DeliverableKind, Letter};
use crate::digest::Digest;

/// The inventory of a hand-over. It stands in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inventory {
    /// Components in the order of the config.
    pub components: Vec<InventoryComponent>,
}

/// One component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InventoryComponent {
    /// Short name.
    pub id: String,
    /// What it is called, in Vietnamese.
    pub name_vi: String,
    /// What it is called, in English.
    pub name_en: String,
    /// Seal of its package; null if nothing of it came that could be sealed.
    pub seal: Option<Digest>,
    /// Its deliverables in the order of the config.
    pub deliverables: Vec<InventoryLine>,
}

/// One deliverable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InventoryLine {
    /// `kind`, or `kind/name`.
    pub id: String,
    /// What sort of thing.
    pub kind: DeliverableKind,
    /// Letters that asked for it.
    pub requested: Vec<Letter>,
    /// The letter that promised it.
    pub promised: Option<Letter>,
    /// How far it has come.
    pub state: DeliverableState,
    /// Files received; tables, for the database that is copied.
    pub files: u64,
    /// Their bytes as they were delivered; of canonical text, for the database.
    pub bytes: u64,
    /// Rows, for the database that is copied.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rows: Option<u64>,
    /// Commit of HEAD, for a git repository.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commit: Option<String>,
    /// Findings about it.
    pub findings: u64,
}

/// How far a deliverable has come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DeliverableState {
    /// Nobody looked: the run was about other components.
    Unseen,
    /// Nothing came.
    Missing,
    /// Something came. It is not sealed and read back whole, or not what the vendor's own
    /// checksums or its own format say.
    Received,
    /// It is sealed and read back, and nothing speaks against its being whole.
    Verified,
}

impl DeliverableState {
    /// The word for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::Missing => "missing",
            Self::Received => "received",
            Self::Verified => "verified",
        }
    }
}
