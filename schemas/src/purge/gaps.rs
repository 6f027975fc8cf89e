//! Rows of an archive that nobody finds by what a person knows of themselves.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::TableName;
use crate::signing::statement::u64_text;

/// What the index of an archive does not have of one table: of those in which people are searched, and of
/// the rule's own. Numbers are strings, since statements have it as the ledger does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchGaps {
    /// The table.
    pub table: TableName,
    /// Its archived rows.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub rows: u64,
    /// Rows among them that the index has by their key alone.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub unreachable: u64,
    /// What rows lack by which they would be found; a row may lack several.
    pub lacking: Vec<Lacking>,
}

/// Rows that lack one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lacking {
    /// What.
    pub what: Gap,
    /// How many rows.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub rows: u64,
}

/// What a row lacks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// The identity number is missing, or has no letter and no digit.
    IdentityNumber,
    /// The telephone number is missing, or has no digit.
    Phone,
    /// The name is missing, or has no letter.
    Name,
    /// The birth date is missing.
    BirthDate,
    /// There is a birth date, and it cannot be read in the forms of the index.
    BirthDateForm,
}

impl Gap {
    /// In Vietnamese.
    pub fn words_vi(self) -> &'static str {
        match self {
            Self::IdentityNumber => "không có số định danh",
            Self::Phone => "không có số điện thoại",
            Self::Name => "không có họ tên",
            Self::BirthDate => "không có ngày sinh",
            Self::BirthDateForm => "có ngày sinh không đọc được",
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdentityNumber => "without an identity number",
            Self::Phone => "without a telephone number",
            Self::Name => "without a name",
            Self::BirthDate => "without a birth date",
            Self::BirthDateForm => "with a birth date that cannot be read",
        })
    }
}
