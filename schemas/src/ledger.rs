//! Entries of the ledger: the record, in the target, of what was done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chunk::KeyRange;
use crate::digest::LineDigest;

/// Version of the ledger's tables.
pub const LEDGER_VERSION: i64 = 2;

/// Statements that make the ledger in a PostgreSQL target.
pub const POSTGRES_DDL: &str = include_str!("../sql/ledger_postgres.sql");

/// Statements that make the ledger in a SQLite target.
pub const SQLITE_DDL: &str = include_str!("../sql/ledger_sqlite.sql");

/// Statements that make the tables of events and attestations in a PostgreSQL target, if they are
/// not there.
pub const EVENTS_POSTGRES_DDL: &str = include_str!("../sql/events_postgres.sql");

/// Statements that make the tables of events and attestations in a SQLite target, if they are not
/// there.
pub const EVENTS_SQLITE_DDL: &str = include_str!("../sql/events_sqlite.sql");

/// Statements that make the tables of packages in a PostgreSQL target, if they are not there.
pub const PACKAGES_POSTGRES_DDL: &str = include_str!("../sql/packages_postgres.sql");

/// Statements that make the tables of packages in a SQLite target, if they are not there.
pub const PACKAGES_SQLITE_DDL: &str = include_str!("../sql/packages_sqlite.sql");

/// Statements that make the table of evidence files in a PostgreSQL target, if it is not there.
pub const EVIDENCE_POSTGRES_DDL: &str = include_str!("../sql/evidence_postgres.sql");

/// Statements that make the table of evidence files in a SQLite target, if it is not there.
pub const EVIDENCE_SQLITE_DDL: &str = include_str!("../sql/evidence_sqlite.sql");

/// Statements that make the table of signatures of evidence files in a PostgreSQL target, if it is not
/// there.
pub const SIGNED_EVIDENCE_POSTGRES_DDL: &str = include_str!("../sql/signed_evidence_postgres.sql");

/// Statements that make the table of signatures of evidence files in a SQLite target, if it is not
/// there.
pub const SIGNED_EVIDENCE_SQLITE_DDL: &str = include_str!("../sql/signed_evidence_sqlite.sql");

/// Statements that make the tables of purges in a PostgreSQL target, if they are not there.
pub const PURGE_POSTGRES_DDL: &str = include_str!("../sql/purge_postgres.sql");

/// Statements that make the tables of purges in a SQLite target, if they are not there.
pub const PURGE_SQLITE_DDL: &str = include_str!("../sql/purge_sqlite.sql");

/// Statements that make the table of moves in a PostgreSQL target, if it is not there.
pub const MOVES_POSTGRES_DDL: &str = include_str!("../sql/moves_postgres.sql");

/// Statements that make the table of moves in a SQLite target, if it is not there.
pub const MOVES_SQLITE_DDL: &str = include_str!("../sql/moves_sqlite.sql");

/// Makes the table of purges that were closed before their end in a PostgreSQL target; made with the
/// first.
pub const CLOSINGS_POSTGRES_DDL: &str = include_str!("../sql/closings_postgres.sql");

/// The same in a SQLite target.
pub const CLOSINGS_SQLITE_DDL: &str = include_str!("../sql/closings_sqlite.sql");

/// What SQLite's own integrity check (`PRAGMA integrity_check`) says of a source's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceCheck {
    /// The file is whole.
    Whole,
    /// The file is whole, as far as it could be checked without what only the application has.
    InPart,
    /// The file is not whole: what can be read of it need not be what it held.
    Damaged,
}

impl SourceCheck {
    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::InPart => "in_part",
            Self::Damaged => "damaged",
        }
    }

    /// The answer behind a word of the ledger.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Whole, Self::InPart, Self::Damaged].into_iter().find(|one| one.as_str() == word)
    }
}

/// A connection that is less than `verify-full`, which somebody chose by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LesserLine {
    /// TCP without TLS (`sslmode=disable`).
    Clear,
    /// TLS with whoever answered (`sslmode=require` without a root certificate).
    Unverified,
    /// TLS with somebody whose certificate is by the given root (`sslmode=verify-ca`, or `require`
    /// with a root certificate).
    Authority,
}

impl LesserLine {
    const ALL: [Self; 3] = [Self::Clear, Self::Unverified, Self::Authority];

    /// The word in the ledger.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Unverified => "unverified",
            Self::Authority => "authority",
        }
    }

    /// The line behind a word of the ledger.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|line| line.as_str() == word)
    }

    /// What was chosen and what follows from it, in Vietnamese.
    pub fn vi(self) -> &'static str {
        match self {
            Self::Clear => {
                "đã chọn sslmode=disable, ai ở trên đường truyền cũng có thể đọc và sửa mọi thứ"
            }
            Self::Unverified => {
                "đã chọn sslmode=require không kèm chứng thư gốc, ai ở trên đường truyền cũng có \
                 thể giả làm máy chủ"
            }
            Self::Authority => {
                "tên máy chủ không được so với chứng thư, máy chủ nào có chứng thư do cùng gốc cấp \
                 cũng có thể giả làm máy chủ đó"
            }
        }
    }

    /// What was chosen and what follows from it, in English.
    pub fn en(self) -> &'static str {
        match self {
            Self::Clear => {
                "sslmode=disable was chosen, and whoever is on the line can read and change \
                 everything"
            }
            Self::Unverified => {
                "sslmode=require was chosen without a root certificate, and whoever is on the line \
                 can take the server's place"
            }
            Self::Authority => {
                "the server's name was not compared with its certificate, and any server that has \
                 one by the same root can take its place"
            }
        }
    }
}

/// How far a chunk has come. It only ever moves forward, one state at a time; a chunk whose rows
/// changed at the source is replaced as a whole and stays copied.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChunkState {
    /// Its rows are not in the target.
    Planned,
    /// Its rows and this entry were committed together.
    Copied,
    /// Its rows were read again from the target and had the digest they had at the source.
    ReadBack,
}

impl ChunkState {
    /// The word in the ledger's tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Copied => "copied",
            Self::ReadBack => "read_back",
        }
    }

    /// The state behind a word in the ledger's tables.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Planned, Self::Copied, Self::ReadBack]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// Which chunk: chunks are numbered by the plan; one that had to be cut has parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// Position of the table in the plan.
    pub table: i64,
    /// Position of the planned range in the table.
    pub chunk: i64,
    /// Position of the part in the planned range.
    pub part: i64,
}

/// One chunk in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkEntry {
    /// Which chunk.
    pub id: ChunkId,
    /// What it covers.
    pub range: KeyRange,
    /// How far it has come.
    pub state: ChunkState,
    /// What the source held when it was copied.
    pub digest: Option<LineDigest>,
    /// The snapshot of the source under which that was last true.
    pub snapshot: Option<String>,
}

/// Who decided that a table is not copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutBy {
    /// The source: the table cannot be read, or has no rows of its own. A finding.
    Source,
    /// The people who hand over, in `leave_out` of `handover.toml`. No finding.
    Config,
}

impl LeftOutBy {
    /// The word in the ledger's tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Config => "config",
        }
    }

    /// Who is behind a word in the ledger's tables.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Source, Self::Config].into_iter().find(|by| by.as_str() == word)
    }
}

/// How far the hand-over of a database has come.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The plan stands and the tables exist; rows are being copied and read back.
    Rows,
    /// All rows are there and read back; indexes, constraints and the rest are being made.
    Structure,
    /// Everything the source has, as far as it could be had, is there.
    Done,
}

impl Stage {
    /// The word in the ledger's tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Structure => "structure",
            Self::Done => "done",
        }
    }

    /// The stage behind a word in the ledger's tables.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Rows, Self::Structure, Self::Done].into_iter().find(|stage| stage.as_str() == word)
    }
}
