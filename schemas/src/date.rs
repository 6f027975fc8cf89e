//! Days of the calendar, as people write them into files: `YYYY-MM-DD`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A day of the Gregorian calendar, from year 1 to 9999. Later days are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text or three numbers that are no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a date is written YYYY-MM-DD, and has to be a day of the calendar")]
pub struct NotADate;

impl Date {
    /// The day with these numbers, if the calendar has it.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, NotADate> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 0,
        };
        if (1..=9999).contains(&year) && (1..=days).contains(&day) {
            Ok(Self { year, month, day })
        } else {
            Err(NotADate)
        }
    }

    /// The same day so many years on; the 29th of February becomes the 28th where there is none.
    pub fn years_later(self, years: u16) -> Result<Self, NotADate> {
        let year = self.year.saturating_add(years);
        Self::new(year, self.month, self.day).or_else(|_| Self::new(year, self.month, 28))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = NotADate;

    /// Only the form that [`Display`](fmt::Display) writes is read.
    fn from_str(text: &str) -> Result<Self, NotADate> {
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts.as_slice() else { return Err(NotADate) };
        let digits = |text: &str, count: usize| {
            text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !(digits(year, 4) && digits(month, 2) && digits(day, 2)) {
            return Err(NotADate);
        }
        let too_large = |_| NotADate;
        Self::new(
            year.parse().map_err(too_large)?,
            month.parse().map_err(too_large)?,
            day.parse().map_err(too_large)?,
        )
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Date {
    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "YYYY-MM-DD", "type": "string", "format": "date" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_dates() {
        for good in ["2022-02-22", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(good.parse::<Date>().unwrap().to_string(), good);
        }
        for bad in [
            "2022-2-22",
            "2023-02-29",
            "1900-02-29",
            "22/2/2022",
            "2022-13-01",
            "2022-01-00",
            "0000-01-01",
            "+022-01-01",
            "",
            "a-b-c",
        ] {
            assert_eq!(bad.parse::<Date>(), Err(NotADate), "{bad}");
        }
    }

    #[test]
    fn dates_are_in_order() {
        let days = ["2021-12-31", "2022-01-01", "2022-01-31", "2022-02-01"];
        let days: Vec<Date> = days.iter().map(|day| day.parse().unwrap()).collect();
        assert!(days.is_sorted_by(|a, b| a < b));
        let leap_day: Date = "2024-02-29".parse().unwrap();
        assert_eq!(leap_day.years_later(2).unwrap().to_string(), "2026-02-28");
        assert_eq!(leap_day.years_later(4).unwrap().to_string(), "2028-02-29");
        assert_eq!(leap_day.years_later(9000), Err(NotADate));
    }
}
