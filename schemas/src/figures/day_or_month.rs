//! A day, or a month where the day is not on record.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::date::Date;

/// `YYYY-MM-DD` or `YYYY-MM`, of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayOrMonth(String);

/// A text that is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day is written YYYY-MM-DD, and a month YYYY-MM")]
pub struct NeitherDayNorMonth;

impl DayOrMonth {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Date> for DayOrMonth {
    fn from(day: Date) -> Self {
        Self(day.to_string())
    }
}

impl FromStr for DayOrMonth {
    type Err = NeitherDayNorMonth;

    fn from_str(text: &str) -> Result<Self, NeitherDayNorMonth> {
        let is_day = text.parse::<Date>().is_ok();
        let is_month = format!("{text}-01").parse::<Date>().is_ok();
        if is_day || is_month { Ok(Self(text.to_owned())) } else { Err(NeitherDayNorMonth) }
    }
}

impl fmt::Display for DayOrMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for DayOrMonth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DayOrMonth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for DayOrMonth {
    fn schema_name() -> Cow<'static, str> {
        "DayOrMonth".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "YYYY-MM-DD, or YYYY-MM where the day is not on record",
            "type": "string"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_told_from_the_rest() {
        for good in ["2022-04-08", "2022-09", "2024-02-29"] {
            assert_eq!(good.parse::<DayOrMonth>().unwrap().as_str(), good);
        }
        for bad in ["", "2022", "2022-13", "2022-04-31", "2022-9", "2022-04-08-01", "08/04/2022"] {
            assert!(bad.parse::<DayOrMonth>().is_err(), "{bad}");
        }
    }
}
