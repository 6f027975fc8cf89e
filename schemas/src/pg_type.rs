//! The PostgreSQL types whose canonical text this crate can render from the binary wire.

use serde::{Deserialize, Serialize};

/// How a column's values are decoded and rendered.
///
/// The declared type with its modifiers (`numeric(10,2)`) is kept beside it as text; modifiers do
/// not change how a value that is already stored is printed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PgType {
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`
    Numeric,
    /// `text`, `varchar`: bytes as they are
    Text,
    /// `char(n)`: trailing U+0020 is not data
    Char,
    /// `bytea`
    Bytea,
    /// `date`
    Date,
    /// `time without time zone`
    Time,
    /// `timestamp without time zone`
    Timestamp,
    /// `timestamp with time zone`
    TimestampTz,
    /// `interval`
    Interval,
    /// `interval` as a server before 17 sends it: no value of it is infinite. Only for decoding; a
    /// column's type is [`Interval`](Self::Interval) whatever server it is on.
    FiniteInterval,
    /// `uuid`
    Uuid,
    /// `json`: text as it is
    Json,
    /// `jsonb`
    Jsonb,
    /// `"char"`: one byte
    SingleChar,
    /// `pg_lsn`
    PgLsn,
    /// an enumeration: the label
    Enum,
    /// an array of any number of dimensions
    Array(Box<PgType>),
    /// any other type: its table goes over the text wire
    Other,
}

impl PgType {
    /// Whether values of this type can be rendered from the binary wire.
    pub fn has_renderer(&self) -> bool {
        match self {
            Self::Other => false,
            Self::Array(element) => element.has_renderer(),
            _ => true,
        }
    }

    /// The type as a server of this version (`server_version_num`) sends it.
    #[must_use]
    pub fn sent_by(&self, server_version: u32) -> Self {
        match self {
            Self::Interval if server_version < 170_000 => Self::FiniteInterval,
            Self::Array(element) => Self::Array(Box::new(element.sent_by(server_version))),
            other => other.clone(),
        }
    }

    /// Whether values are intervals, or hold some.
    pub fn holds_intervals(&self) -> bool {
        match self {
            Self::Interval => true,
            Self::Array(element) => element.holds_intervals(),
            _ => false,
        }
    }

    /// Whether the type's own order, as PostgreSQL's default btree operator class has it, is the
    /// canonical order of a key column. Every other type is ordered by the bytes of its canonical
    /// text.
    pub fn has_native_order(&self) -> bool {
        self.name_in_native_order().is_some()
    }

    /// Name in SQL of a type whose own order is the canonical one.
    pub fn name_in_native_order(&self) -> Option<&'static str> {
        Some(match self {
            Self::Bool => "boolean",
            Self::Int2 => "smallint",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Numeric => "numeric",
            Self::Date => "date",
            Self::Time => "time without time zone",
            Self::Timestamp => "timestamp without time zone",
            Self::TimestampTz => "timestamp with time zone",
            Self::Uuid => "uuid",
            Self::Bytea => "bytea",
            _ => return None,
        })
    }
}
