//! Looser forms of numbers and dates than those of [`super::normal`]: what a clerk tries once nothing is found.
//!
//! They are compared with what is stored, and make no tags of their own. Whatever matches so may be
//! somebody else: it is always told how.

mod date;
mod number;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use date::Birth;
pub use number::{identity_number, identity_number_forms, phone, phone_forms};

/// How a stored value is what somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// Both have one form.
    Exact,
    /// They are alike in this way.
    Loose(Looser),
}

impl Match {
    /// The way, unless it is exact.
    pub fn looser(self) -> Option<Looser> {
        match self {
            Self::Exact => None,
            Self::Loose(looser) => Some(looser),
        }
    }
}

/// A way in which a stored value is like what somebody asked for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Looser {
    /// One number has zeros at its beginning that the other lacks.
    LeadingZero,
    /// A spreadsheet program wrote the number: `7.9090001234E+10`, `79090001234.0`.
    Spreadsheet,
    /// The same, and its last digits are lost: `7.909E+10`.
    Rounded,
    /// The birth date is the same, written in another way: `19600101`, `1/1/1950 07:00:00`.
    DateWritten,
    /// One of the dates is a year, or a year and a month.
    DatePart,
    /// 1 January of the year: what is often entered when only the year is known.
    FirstOfJanuary,
    /// Day and month are exchanged.
    DayAndMonth,
    /// No birth date is stored, or one that nobody can read: the name alone is the same.
    NoDate,
}

impl fmt::Display for Looser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeadingZero => "the number without, or with, zeros at its beginning",
            Self::Spreadsheet => "the number as a spreadsheet program wrote it",
            Self::Rounded => "the first digits of the number; a spreadsheet program lost the others",
            Self::DateWritten => "the birth date, written in another way",
            Self::DatePart => "the year, or year and month, of birth only",
            Self::FirstOfJanuary => {
                "the year of birth; the day is 1 January, as it is often entered when only the year is known"
            }
            Self::DayAndMonth => "the birth date with day and month exchanged",
            Self::NoDate => "the name only; no birth date is stored that can be read",
        })
    }
}
