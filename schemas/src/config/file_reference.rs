//! Columns that name files, and what people say of how the names are written.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A column that names files of a deliverable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileReference {
    /// `schema.name` of the table, as the source has it.
    pub table: String,
    /// The column with a file's path in each row; NULL where there is no file.
    pub column: String,
    /// A column with the file's SHA-256 in hexadecimal digits, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_column: Option<String>,
    /// What precedes the path in the column and not in the file store, such as `/upload/`: one text
    /// or several, of which the longest that fits is taken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strip_prefix: Option<Prefixes>,
    /// How a text of the column is read that is not a file's path as it stands. What is not declared
    /// here is found and told, and counts as no file.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub read_as: BTreeSet<PathReading>,
    /// Component whose deliverable holds the files.
    pub component: String,
    /// That deliverable: its kind, or `kind/name` if it has a name.
    pub deliverable: String,
}

/// One text, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a text or a list of texts")]
pub enum Prefixes {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Prefixes {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(prefix) => std::slice::from_ref(prefix),
            Self::Several(prefixes) => prefixes,
        }
    }
}

/// A way to read a text as the path of a file, in the order in which they are applied.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PathReading {
    /// White space around it does not count.
    Trim,
    /// It ends before `?` or `#`, as the path of a URL does (RFC 3986, section 3).
    Query,
    /// It is percent-encoded: `%20` is a space (RFC 3986, section 2.1).
    Percent,
    /// `\` is `/`, as on Windows.
    Backslash,
    /// `.`, `..` and empty segments are resolved (RFC 3986, section 5.2.4).
    Dots,
    /// Letters may be composed or decomposed: both sides are compared in NFC (Unicode Annex 15).
    Unicode,
    /// Small and capital letters are the same.
    Case,
}

impl PathReading {
    /// Its word in `handover.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trim => "trim",
            Self::Query => "query",
            Self::Percent => "percent",
            Self::Backslash => "backslash",
            Self::Dots => "dots",
            Self::Unicode => "unicode",
            Self::Case => "case",
        }
    }
}
