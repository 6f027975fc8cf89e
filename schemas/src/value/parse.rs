//! Canonical text back to values, for chunk boundaries and for sources that keep such values as
//! text.
//!
//! Nothing is guessed and nothing is repaired: text is accepted only if it is, byte for byte, what
//! PostgreSQL prints for the value. Each reader is lenient inside and then prints its value again
//! and compares, so it cannot accept a second spelling; only dates and times in their usual spelling,
//! which is known by its form, are spared that.

use super::datetime::{
    DATES, DAY, SECOND, TIMESTAMPS, days_to, push_clock, push_date, push_timestamp,
};
use super::digits::hex_value;
use super::{Cell, NumericBuf, ValueError, plain_time, render};
use crate::pg_type::PgType;

/// A value that owns its bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedCell {
    /// A value that borrows nothing.
    Plain(Cell<'static>),
    /// `numeric`
    Numeric(NumericBuf),
    /// `bytea`
    Bytea(Vec<u8>),
    /// Canonical text of any type that has no native order.
    Text(Vec<u8>),
}

impl OwnedCell {
    /// The value, borrowed.
    pub fn as_cell(&self) -> Cell<'_> {
        match self {
            Self::Plain(cell) => *cell,
            Self::Numeric(value) => Cell::Numeric(value.as_numeric()),
            Self::Bytea(bytes) => Cell::Bytea(bytes),
            Self::Text(text) => Cell::Text(text),
        }
    }
}

/// Reads the canonical text of a key column's value. A type without a native order is ordered by
/// its text, and its text is what is kept.
pub fn cell(ty: &PgType, text: &str) -> Result<OwnedCell, ValueError> {
    let (type_name, value) = match ty {
        PgType::Bool => ("boolean", bool(text).map(|v| OwnedCell::Plain(Cell::Bool(v)))),
        PgType::Int2 => ("smallint", integer(text).map(|v| OwnedCell::Plain(Cell::Int2(v)))),
        PgType::Int4 => ("integer", integer(text).map(|v| OwnedCell::Plain(Cell::Int4(v)))),
        PgType::Int8 => ("bigint", integer(text).map(|v| OwnedCell::Plain(Cell::Int8(v)))),
        PgType::Numeric => ("numeric", numeric(text).map(OwnedCell::Numeric)),
        PgType::Bytea => ("bytea", bytea(text).map(OwnedCell::Bytea)),
        PgType::Date => ("date", date(text).map(|v| OwnedCell::Plain(Cell::Date(v)))),
        PgType::Time => ("time", time(text).map(|v| OwnedCell::Plain(Cell::Time(v)))),
        PgType::Timestamp => {
            ("timestamp", timestamp(text).map(|v| OwnedCell::Plain(Cell::Timestamp(v))))
        }
        PgType::TimestampTz => {
            ("timestamptz", timestamptz(text).map(|v| OwnedCell::Plain(Cell::TimestampTz(v))))
        }
        PgType::Uuid => ("uuid", uuid(text).map(|v| OwnedCell::Plain(Cell::Uuid(v)))),
        PgType::Char if text.ends_with(' ') => ("char", None),
        PgType::Text
        | PgType::Char
        | PgType::Float4
        | PgType::Float8
        | PgType::Interval
        | PgType::FiniteInterval
        | PgType::SingleChar
        | PgType::PgLsn
        | PgType::Json
        | PgType::Jsonb
        | PgType::Enum
        | PgType::Array(_)
        | PgType::Other => ("text", Some(OwnedCell::Text(text.as_bytes().to_vec()))),
    };
    value.ok_or(ValueError::NotCanonical { type_name })
}

/// Reads a `boolean`: `t` or `f`.
pub fn bool(text: &str) -> Option<bool> {
    match text {
        "t" => Some(true),
        "f" => Some(false),
        _ => None,
    }
}

/// Reads a `date`: `2024-02-29`, `0044-03-15 BC`, `infinity`.
pub fn date(text: &str) -> Option<i32> {
    if let Some(days) = text.as_bytes().try_into().ok().and_then(plain_time::day) {
        return i32::try_from(days).ok();
    }
    let value = match text {
        "infinity" => i32::MAX,
        "-infinity" => i32::MIN,
        _ => {
            let (body, is_bc) = split_era(text);
            i32::try_from(day(body, is_bc)?).ok().filter(|days| DATES.contains(days))?
        }
    };
    is_canonical(text, |out| push_date(value, out)).then_some(value)
}

/// Reads a `time`: `13:05:00`, `13:05:00.25`, `24:00:00`.
pub fn time(text: &str) -> Option<i64> {
    let value = clock(text).filter(|&micros| micros <= DAY)?;
    is_canonical(text, |out| push_clock(value.unsigned_abs(), out)).then_some(value)
}

/// Reads a `timestamp`: `2024-02-29 13:05:00.25`, `0044-03-15 12:00:00 BC`, `infinity`.
pub fn timestamp(text: &str) -> Option<i64> {
    moment(text, "")
}

/// Reads a `timestamptz`, which is printed in UTC: `2024-02-29 13:05:00.25+00`.
pub fn timestamptz(text: &str) -> Option<i64> {
    moment(text, "+00")
}

/// Reads a `uuid`: 36 characters in lower case.
pub fn uuid(text: &str) -> Option<[u8; 16]> {
    let digits: Vec<u8> = text.bytes().filter(|&b| b != b'-').collect();
    let value = <[u8; 16]>::try_from(unhex(&digits)?).ok()?;
    is_canonical(text, |out| render(&Cell::Uuid(value), out)).then_some(value)
}

/// Reads a `numeric`: see [`NumericBuf::from_text`].
pub fn numeric(text: &str) -> Option<NumericBuf> {
    NumericBuf::from_text(text)
}

/// Reads a `bytea`: `\x` and lower-case hexadecimal digits.
pub fn bytea(text: &str) -> Option<Vec<u8>> {
    unhex(text.strip_prefix("\\x")?.as_bytes())
}

/// Reads an integer of any width.
fn integer<I: std::str::FromStr + itoa::Integer + Copy>(text: &str) -> Option<I> {
    let value = text.parse::<I>().ok()?;
    (itoa::Buffer::new().format(value) == text).then_some(value)
}

fn is_canonical(text: &str, print: impl FnOnce(&mut Vec<u8>)) -> bool {
    let mut out = Vec::with_capacity(text.len());
    print(&mut out);
    out == text.as_bytes()
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| Some(hex_value(high)? << 4 | hex_value(low)?)).collect()
}

/// Takes the era off the end: whether the year is before Christ.
fn split_era(text: &str) -> (&str, bool) {
    match text.strip_suffix(" BC") {
        Some(body) => (body, true),
        None => (text, false),
    }
}

/// Days from 2000-01-01 to `YYYY-MM-DD`.
fn day(text: &str, is_bc: bool) -> Option<i64> {
    let (rest, day) = text.rsplit_once('-')?;
    let (year, month) = rest.rsplit_once('-')?;
    // Seven digits hold every year that the server knows.
    let year = i64::from(year.parse::<u32>().ok().filter(|&year| year <= 9_999_999)?);
    let year = if is_bc { 1 - year } else { year };
    Some(days_to(year, month.parse().ok()?, day.parse().ok()?))
}

/// Microseconds of `HH:MM:SS[.ffffff]`.
fn clock(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':').map(|part| part.parse::<u8>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || fraction.len() > 6 {
        return None;
    }
    let micros = format!("{fraction:0<6}").parse::<u32>().ok()?;
    let minutes = u64::from(hours) * 60 + u64::from(minutes);
    i64::try_from((minutes * 60 + u64::from(seconds)) * SECOND + u64::from(micros)).ok()
}

/// The same for the usual spelling without a fraction.
fn plain_moment(text: &[u8], zone: &[u8]) -> Option<i64> {
    let (day, rest) = text.split_first_chunk()?;
    let [b' ', rest @ ..] = rest else { return None };
    let (clock, rest) = rest.split_first_chunk()?;
    if rest != zone {
        return None;
    }
    let seconds = plain_time::seconds(*clock)?;
    Some(plain_time::day(day)? * DAY + seconds * 1_000_000)
}

/// Microseconds from 2000-01-01, the text ending in `zone` before the era.
fn moment(text: &str, zone: &str) -> Option<i64> {
    if let Some(micros) = plain_moment(text.as_bytes(), zone.as_bytes()) {
        return Some(micros);
    }
    let value = match text {
        "infinity" => i64::MAX,
        "-infinity" => i64::MIN,
        _ => {
            let (body, is_bc) = split_era(text);
            let (date, time) = body.strip_suffix(zone)?.split_once(' ')?;
            let days = day(date, is_bc)?.checked_mul(DAY)?;
            days.checked_add(clock(time)?).filter(|micros| TIMESTAMPS.contains(micros))?
        }
    };
    is_canonical(text, |out| push_timestamp(value, zone.as_bytes(), out)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_texts_are_read() {
        for text in [
            "2024-02-29",
            "0001-01-01",
            "0001-12-31 BC",
            "4714-11-24 BC",
            "5874897-12-31",
            "12345-01-01",
            "infinity",
            "-infinity",
        ] {
            let value = date(text).unwrap_or_else(|| panic!("{text}"));
            assert!(is_canonical(text, |out| push_date(value, out)));
        }
        assert_eq!(time("24:00:00"), Some(DAY));
        assert_eq!(time("13:05:00.25"), Some(47_100_250_000));
        assert_eq!(timestamp("2000-01-01 00:00:00.000001"), Some(1));
        assert_eq!(timestamp("4714-11-24 00:00:00 BC"), Some(*TIMESTAMPS.start()));
        assert_eq!(timestamptz("294276-12-31 23:59:59.999999+00"), Some(*TIMESTAMPS.end()));
        assert_eq!(
            timestamptz("0044-03-15 10:00:00.12+00 BC").map(|t| t % DAY),
            Some(-50_399_880_000)
        );
        assert_eq!(bytea("\\x"), Some(Vec::new()));
        assert_eq!(bytea("\\x00ff"), Some(vec![0, 255]));
        assert_eq!(uuid("00112233-4455-6677-8899-aabbccddeeff").map(|u| u[15]), Some(255));
    }

    fn none_reads<T: PartialEq + std::fmt::Debug>(read: fn(&str) -> Option<T>, texts: &str) {
        for text in texts.split('|') {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        none_reads(
            date,
            "|2023-02-29|2024-2-29|24-02-29|02024-02-29|2024-02-30|2024-13-01|2024-00-01|\
            2024-01-00|0000-01-01|0000-01-01 BC|+2024-01-01|2024-01-01 |2024-01-01 AD|\
            4714-11-23 BC|5874898-01-01|Infinity|2024-01-01 00:00:00|9999999999-01-01|-|--|\
            2024-01-01 BC BC|-2024-01-01|99999999999999-1-1",
        );
        none_reads(
            time,
            "|24:00:01|24:00:00.000001|25:00:00|23:60:00|23:59:60|1:00:00|01:00|01:00:00.|\
            01:00:00.10|01:00:00.1234567|01:00:00.0|01:00:00:00|-01:00:00|01:00:00+00|::|\
            01:00:00.-1|256:00:00|01:00:00.+1",
        );
        none_reads(
            timestamp,
            "|2024-01-01|2024-01-01T00:00:00|2024-01-01 24:00:00|2024-01-01 00:00:00+00|\
            2024-01-01 00:00:00.10|294277-01-01 00:00:00|0001-01-01 BC 00:00:00|\
            9999999-12-31 00:00:00",
        );
        none_reads(
            timestamptz,
            "2024-01-01 00:00:00|2024-01-01 00:00:00+01|2024-01-01 00:00:00+00:00|\
            2024-01-01 00:00:00 BC+00|2024-01-01 00:00:00Z",
        );
        none_reads(
            uuid,
            "|00112233-4455-6677-8899-AABBCCDDEEFF|00112233445566778899aabbccddeeff|\
            {00112233-4455-6677-8899-aabbccddeeff}|0011223-34455-6677-8899-aabbccddeeff|\
            00112233-4455-6677-8899-aabbccddeef|00112233-4455-6677-8899-aabbccddeeffff",
        );
        none_reads(bytea, "|00|\\x0|\\xAB|\\x0g|\\\\x00|\\x00 ");
    }

    #[test]
    fn key_cells() {
        let reads = |ty: PgType, text: &str| cell(&ty, text).is_ok();
        assert!(reads(PgType::Int2, "-32768") && !reads(PgType::Int2, "32768"));
        for text in ["+1", "01", "-0", " 1", "1 ", "", "1.0", "1e3"] {
            assert!(!reads(PgType::Int8, text), "{text}");
        }
        assert!(reads(PgType::Bool, "t") && !reads(PgType::Bool, "true"));
        assert!(reads(PgType::Char, "a") && !reads(PgType::Char, "a "));
        assert_eq!(cell(&PgType::Text, "a "), Ok(OwnedCell::Text(b"a ".to_vec())));
        assert_eq!(
            cell(&PgType::Numeric, "1e3"),
            Err(ValueError::NotCanonical { type_name: "numeric" })
        );
    }
}
