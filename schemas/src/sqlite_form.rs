//! How the stored values of a SQLite column become canonical text: `FORMAT.md` sections 5.2 to 5.5.
//!
//! SQLite keeps a storage class with every value and enforces no declared type. Into another
//! engine goes the *value* that is meant; what the stored value does not say by itself (is 1641038400
//! a number of seconds?) is declared by people as a [`Rule`], never guessed. Between two SQLite
//! files goes exactly what is stored.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::pg_type::PgType;
use crate::sqlite_type::{MappedType, for_pg_name};
use crate::value::{Cell, parse, render};

/// The form in which a column's stored values are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Form {
    /// As values of the type the column is mapped to, whatever their spelling.
    Value(Rule),
    /// As texts that say what is stored: the rule `as stored`, for columns of several storage
    /// classes that go into a column `text`.
    Described,
    /// Exactly what is stored: both ends are SQLite.
    Exact,
}

impl Default for Form {
    fn default() -> Self {
        Self::Value(Rule::default())
    }
}

/// What people declare about a column beyond its type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Digits beyond what the type holds are rounded away.
    pub rounded: bool,
    /// Clock of dates and times that do not say their zone: minutes east of UTC.
    pub zone: Option<i32>,
    /// What numbers in a column of dates and times count.
    pub count: Option<Count>,
    /// In which order the bytes of a uuid are stored.
    pub uuid: Option<UuidBytes>,
}

/// What a number in a column of dates and times counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Days since noon of 24 November 4714 BC, as SQLite's `julianday` gives them.
    JulianDays,
    /// A unit since midnight of a day.
    Since {
        /// The unit.
        unit: Unit,
        /// Days from 2000-01-01.
        day: i32,
    },
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// 24 hours.
    Days,
    /// Seconds.
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Millionths of a second.
    Microseconds,
    /// 100 billionths of a second, as .NET counts.
    Ticks,
    /// Billionths of a second.
    Nanoseconds,
}

/// The order of a uuid's bytes in a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UuidBytes {
    /// As RFC 9562 writes them.
    InOrder,
    /// The first three groups backwards, as .NET's `Guid` writes them.
    Guid,
}

impl Unit {
    const ALL: [(Self, &'static str, i64); 6] = [
        (Self::Days, "days", 86_400_000_000_000),
        (Self::Seconds, "seconds", 1_000_000_000),
        (Self::Milliseconds, "milliseconds", 1_000_000),
        (Self::Microseconds, "microseconds", 1_000),
        (Self::Ticks, "ticks", 100),
        (Self::Nanoseconds, "nanoseconds", 1),
    ];

    fn entry(self) -> (&'static str, i64) {
        let entry = Self::ALL.into_iter().find(|(unit, ..)| *unit == self);
        entry.map_or(("", 1), |(_, word, nanoseconds)| (word, nanoseconds))
    }

    /// Length in nanoseconds.
    pub fn nanoseconds(self) -> i64 {
        self.entry().1
    }
}

/// What is wrong with a type that somebody chose for a column, or with its rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// No such type.
    #[error("{0} is not a type that SQLite values map to")]
    Type(String),
    /// No such rule.
    #[error(
        "there is no rule {0:?}; rules are: as stored, rounded, utc, +07:00, seconds since \
         1970-01-01 (or days, milliseconds, microseconds, ticks, nanoseconds), julian days, \
         bytes, guid bytes"
    )]
    Rule(String),
    /// A rule that says nothing about the type.
    #[error("the rule {rule:?} is not for the type {type_name}")]
    NotForType {
        /// The rule.
        rule: String,
        /// The type.
        type_name: String,
    },
}

/// A type, and after commas the rules, as people write them: `timestamptz`,
/// `timestamptz, milliseconds since 1970-01-01`, `numeric(10,2), rounded`, `text, as stored`.
pub fn chosen(text: &str) -> Result<(MappedType, Form), ChoiceError> {
    let mut depth = 0_u32;
    let comma = text.find(|letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    let (type_name, rule) = match comma.and_then(|at| text.split_at_checked(at)) {
        Some((type_name, rule)) => (type_name, rule.trim_start_matches(',')),
        None => (text, ""),
    };
    let mapped = for_pg_name(type_name)
        .filter(|mapped| !matches!(mapped.ty, PgType::Float4 | PgType::Interval))
        .ok_or_else(|| ChoiceError::Type(type_name.to_owned()))?;
    let form: Form = rule.parse()?;
    if form == Form::Exact || !form.is_for(&mapped) {
        return Err(ChoiceError::NotForType {
            rule: rule.trim().to_owned(),
            type_name: mapped.type_name,
        });
    }
    Ok((mapped, form))
}

impl Form {
    /// Whether values are those of the mapped type and nothing was declared.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The rule, where values are those of the mapped type.
    pub fn rule(&self) -> Option<&Rule> {
        match self {
            Self::Value(rule) => Some(rule),
            Self::Described | Self::Exact => None,
        }
    }

    fn is_for(&self, mapped: &MappedType) -> bool {
        let Self::Value(Rule { rounded, zone, count, uuid }) = self else {
            return mapped.type_name == "text";
        };
        let is_day_or_moment =
            matches!(mapped.ty, PgType::Date | PgType::Timestamp | PgType::TimestampTz);
        let is_clock = mapped.ty == PgType::Time;
        let is_time = is_day_or_moment || is_clock;
        let has_scale = mapped.ty == PgType::Numeric && mapped.type_name != "numeric";
        (!rounded || has_scale || (is_time && mapped.ty != PgType::Date))
            && (zone.is_none() || is_day_or_moment || (is_clock && count.is_some()))
            && (count.is_none() || is_time)
            && (uuid.is_none() || mapped.ty == PgType::Uuid)
    }
}

impl FromStr for Form {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        let mut rule = Rule::default();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let unknown = || ChoiceError::Rule(word.to_owned());
            match word {
                "as stored" if text.trim() == word => return Ok(Self::Described),
                "exact" if text.trim() == word => return Ok(Self::Exact),
                "rounded" => rule.rounded = true,
                "utc" => rule.zone = Some(0),
                "julian days" => rule.count = Some(Count::JulianDays),
                "bytes" => rule.uuid = Some(UuidBytes::InOrder),
                "guid bytes" => rule.uuid = Some(UuidBytes::Guid),
                other => match (offset(other), since(other)) {
                    (Some(minutes), _) => rule.zone = Some(minutes),
                    (None, Some(count)) => rule.count = Some(count),
                    (None, None) => return Err(unknown()),
                },
            }
        }
        Ok(Self::Value(rule))
    }
}

/// `+07:00` in minutes.
fn offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |digits: &str| {
        let all = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if all { digits.parse::<i32>().ok() } else { None }
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 15 && minutes < 60).then_some(sign * (60 * hours + minutes))
}

/// `seconds since 1970-01-01`.
fn since(text: &str) -> Option<Count> {
    let (word, day) = text.split_once(" since ")?;
    let (unit, ..) = Unit::ALL.into_iter().find(|(_, known, _)| *known == word)?;
    let day = parse::date(day).filter(|day| *day != i32::MAX && *day != i32::MIN)?;
    Some(Count::Since { unit, day })
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(rule) => rule.fmt(f),
            Self::Described => f.write_str("as stored"),
            Self::Exact => f.write_str("exact"),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words: Vec<String> = Vec::new();
        match self.count {
            Some(Count::JulianDays) => words.push("julian days".to_owned()),
            Some(Count::Since { unit, day }) => {
                let mut text = Vec::new();
                render(&Cell::Date(day), &mut text);
                words.push(format!("{} since {}", unit.entry().0, String::from_utf8_lossy(&text)));
            }
            None => {}
        }
        match self.zone {
            Some(0) => words.push("utc".to_owned()),
            Some(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
                words.push(format!("{sign}{hours:02}:{minutes:02}"));
            }
            None => {}
        }
        match self.uuid {
            Some(UuidBytes::InOrder) => words.push("bytes".to_owned()),
            Some(UuidBytes::Guid) => words.push("guid bytes".to_owned()),
            None => {}
        }
        if self.rounded {
            words.push("rounded".to_owned());
        }
        f.write_str(&words.join(", "))
    }
}

impl TryFrom<String> for Form {
    type Error = ChoiceError;

    fn try_from(text: String) -> Result<Self, ChoiceError> {
        text.parse()
    }
}

impl From<Form> for String {
    fn from(form: Form) -> Self {
        form.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_and_written_alike() {
        for (written, type_name, rule) in [
            ("text", "text", ""),
            ("text, as stored", "text", "as stored"),
            ("numeric(10,2),rounded", "numeric(10,2)", "rounded"),
            ("timestamptz, +07:00", "timestamp with time zone", "+07:00"),
            ("timestamptz, -03:30, rounded", "timestamp with time zone", "-03:30, rounded"),
            ("timestamp, utc", "timestamp without time zone", "utc"),
            (
                "timestamptz, milliseconds since 1970-01-01",
                "timestamp with time zone",
                "milliseconds since 1970-01-01",
            ),
            ("date, days since 1899-12-30", "date", "days since 1899-12-30"),
            (
                "timestamp, ticks since 0001-01-01, rounded",
                "timestamp without time zone",
                "ticks since 0001-01-01, rounded",
            ),
            ("timestamp, julian days", "timestamp without time zone", "julian days"),
            ("uuid, guid bytes", "uuid", "guid bytes"),
        ] {
            let (mapped, form) =
                chosen(written).unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!((mapped.type_name.as_str(), form.to_string().as_str()), (type_name, rule));
            assert_eq!(form.to_string().parse(), Ok(form));
        }
    }

    #[test]
    fn choices_that_say_nothing_are_refused() {
        for written in [
            "elephant",
            "real",
            "interval",
            "text, rounded",
            "text, exact",
            "bytea, as stored",
            "varchar(5), as stored",
            "numeric, rounded",
            "bigint, seconds since 1970-01-01",
            "date, rounded",
            "text, utc",
            "time, +07:00",
            "uuid, seconds since 1970-01-01",
            "timestamptz, bytes",
            "timestamptz, weeks since 1970-01-01",
            "timestamptz, seconds since infinity",
            "timestamptz, seconds since 1970-02-30",
            "timestamptz, +7:00",
            "timestamptz, +07:60",
            "timestamptz, Asia/Ho_Chi_Minh",
            "text, as stored, rounded",
        ] {
            assert!(chosen(written).is_err(), "{written}");
        }
    }
}
