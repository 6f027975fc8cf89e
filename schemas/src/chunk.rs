//! Chunks: half-open key ranges that tile a table.

use serde::{Deserialize, Serialize};

/// The canonical text of each key column, unescaped, in the key's order.
pub type KeyValue = Vec<String>;

/// Most canonical text, in bytes, that a chunk of a table with a key may hold (unless it is one
/// row).
pub const CHUNK_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// `lower ≤ key < upper`; an absent end is unbounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRange {
    /// First key inside.
    pub lower: Option<KeyValue>,
    /// First key outside.
    pub upper: Option<KeyValue>,
}

impl KeyRange {
    /// The whole table.
    pub fn everything() -> Self {
        Self::default()
    }

    /// The ranges between ascending boundaries: one more than there are boundaries.
    pub fn between(boundaries: &[KeyValue]) -> Vec<Self> {
        let mut ranges = Vec::with_capacity(boundaries.len() + 1);
        let mut lower = None;
        for boundary in boundaries {
            ranges.push(Self { lower, upper: Some(boundary.clone()) });
            lower = Some(boundary.clone());
        }
        ranges.push(Self { lower, upper: None });
        ranges
    }
}
