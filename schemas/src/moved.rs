//! That a database of a hand-over is at another place than before: upgraded, restored from a dump,
//! renamed, carried to another machine. The database is known by the ledger that is in it; where it
//! is, an operator says and signs.
//!
//! A **place** is what a server says of a database, `postgres SYSTEM_IDENTIFIER NAME OID`; of a file
//! that is copied `sqlite PATH`, and of a file with a ledger in it `sqlite`. FORMAT.md section 32.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::signing::statement::{Predicate, U64Text};

/// Which of the two databases moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovedEnd {
    /// The vendor's database, which is copied.
    Source,
    /// The ministry's database, in which the ledger is.
    Target,
}

impl MovedEnd {
    /// The word in statements and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

impl fmt::Display for MovedEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MovedEnd {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "source" => Ok(Self::Source),
            "target" => Ok(Self::Target),
            other => Err(format!("{other:?} is neither source nor target")),
        }
    }
}

/// What an operator signs of a move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Move {
    /// Identity of the ledger in which it is recorded.
    pub database: String,
    /// Which database moved.
    pub end: MovedEnd,
    /// Its place before.
    pub from: String,
    /// Its place now.
    pub to: String,
    /// Why.
    pub reason: String,
    /// Head of the chain of events before this one's: what the ledger had come to.
    pub head: Digest,
    /// Number of events up to there.
    pub events: U64Text,
    /// When it was recorded.
    pub moved_on: String,
}

impl Predicate for Move {
    const TYPE: &'static str = "urn:handover:move:v1";
}

/// Where the statements of moves are, below the hand-over folder.
pub const MOVES_DIR: &str = "moves";

/// The envelope of a move, below the hand-over folder.
pub fn move_file(number: u64) -> String {
    format!("{MOVES_DIR}/{number:04}.dsse.json")
}

/// Report of `handover-migrate moved`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MovedReport {
    /// Which database.
    pub end: MovedEnd,
    /// Its place as the ledger knew it; absent if the ledger names none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<String>,
    /// Its place now.
    pub to: String,
    /// The move that was recorded; absent if there was nothing to record.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recorded: Option<RecordedMove>,
}

/// A move that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedMove {
    /// Its number in this ledger.
    pub number: u64,
    /// Who signed it.
    pub signed_by: String,
    /// The envelope, below the hand-over folder.
    pub statement: String,
    /// Head of the chain with its event.
    pub head: Digest,
}
