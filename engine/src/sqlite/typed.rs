//! The value that a stored value is, in the type its column is mapped to, for rows that leave SQLite.
//!
//! A type has its own form in SQLite (FORMAT.md section 5.2). Other spellings are taken where they
//! denote one value and nothing is lost (section 5.3); the canonical text is the value's. What could
//! mean several values is refused until people declare which ([`Rule`], section 5.4).

use handover_schemas::pg_type::PgType;
use handover_schemas::sqlite_form::{Rule, UuidBytes};
use handover_schemas::sqlite_type::TypeLimit;
use handover_schemas::value::{Cell, NumericBuf, parse, render};
use rusqlite::types::ValueRef;

use super::moment::moment;
use super::values::{Fit, Spelling, TextLimit, Unfit};

/// What a column and the target allow.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// The type's modifiers.
    pub(super) of_type: Option<TypeLimit>,
    /// What texts have to be.
    pub(super) of_text: TextLimit,
}

/// A value, borrowed or made.
pub(super) enum Typed<'v> {
    /// Borrowed from what is stored.
    Cell(Cell<'v>),
    /// A `numeric`.
    Numeric(NumericBuf),
    /// A text that is stored as something else.
    Text(Vec<u8>),
    /// A JSON text that is stored as something else.
    Json(Vec<u8>),
}

impl Typed<'_> {
    /// The value, borrowed.
    pub(super) fn as_cell(&self) -> Cell<'_> {
        match self {
            Self::Cell(cell) => *cell,
            Self::Numeric(number) => Cell::Numeric(number.as_numeric()),
            Self::Text(text) => Cell::Text(text),
            Self::Json(text) => Cell::Json(text),
        }
    }
}

type Found<'v> = Fit<(Typed<'v>, Spelling)>;

fn own(cell: Cell<'_>) -> (Typed<'_>, Spelling) {
    (Typed::Cell(cell), Spelling::Own)
}

fn other(cell: Cell<'_>) -> (Typed<'_>, Spelling) {
    (Typed::Cell(cell), Spelling::Other)
}

/// The value of a type that is stored so.
pub(super) fn typed<'v>(
    ty: &PgType,
    limits: Limits,
    rule: &Rule,
    value: ValueRef<'v>,
) -> Found<'v> {
    match (ty, value) {
        (_, ValueRef::Null) => Ok(own(Cell::Null)),
        (PgType::Bool, value) => boolean(value),
        (PgType::Int2 | PgType::Int4 | PgType::Int8, value) => {
            let (number, spelling) = integer(value)?;
            Ok((Typed::Cell(narrowed(ty, number)?), spelling))
        }
        (PgType::Float8, value) => float(value),
        (PgType::Numeric, value) => {
            let (number, spelling) = numeric(limits, rule, value)?;
            Ok((Typed::Numeric(number), spelling))
        }
        (PgType::Text, value) => text(limits, value),
        (PgType::Json, value) => json(limits, value),
        (PgType::Bytea, ValueRef::Blob(bytes)) => Ok(own(Cell::Bytea(bytes))),
        (PgType::Bytea, _) => Err(NOT_A_BLOB),
        (PgType::Uuid, value) => uuid(rule, value),
        (PgType::Date | PgType::Time | PgType::Timestamp | PgType::TimestampTz, value) => {
            let (cell, spelling) = moment(ty, rule, value)?;
            Ok((Typed::Cell(cell), spelling))
        }
        _ => Err(Unfit::new("of a type that SQLite values are not mapped to")),
    }
}

const NOT_A_BLOB: Unfit = Unfit { reason: "not a blob", choices: &["text", "text, as stored"] };

/// `1` and `0`, and the words that PostgreSQL reads.
fn boolean(value: ValueRef<'_>) -> Found<'static> {
    const NONE: Unfit =
        Unfit { reason: "not 0 or 1 in a boolean column", choices: &["bigint", "text, as stored"] };
    let is = match value {
        ValueRef::Integer(number @ 0..=1) => return Ok(own(Cell::Bool(number == 1))),
        ValueRef::Real(_) => match integer(value) {
            Ok((number @ 0..=1, _spelling)) => number == 1,
            _ => return Err(NONE),
        },
        ValueRef::Text(text) => match text.to_ascii_lowercase().as_slice() {
            b"t" | b"true" | b"y" | b"yes" | b"on" | b"1" => true,
            b"f" | b"false" | b"n" | b"no" | b"off" | b"0" => false,
            _ => return Err(NONE),
        },
        _ => return Err(NONE),
    };
    Ok(other(Cell::Bool(is)))
}

/// An integer, a number without a fraction, or an integer's canonical text: `007` is no number.
fn integer(value: ValueRef<'_>) -> Fit<(i64, Spelling)> {
    const NONE: Unfit = Unfit {
        reason: "not an integer",
        choices: &["numeric", "double precision", "text", "text, as stored"],
    };
    let number = match value {
        ValueRef::Integer(number) => return Ok((number, Spelling::Own)),
        ValueRef::Real(number) if number.fract() == 0.0 => format!("{number:.0}").parse().ok(),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).ok();
            text.and_then(|text| {
                text.parse::<i64>().ok().filter(|number| number.to_string() == text)
            })
        }
        _ => None,
    };
    number.map(|number| (number, Spelling::Other)).ok_or(NONE)
}

fn narrowed(ty: &PgType, number: i64) -> Fit<Cell<'static>> {
    let too_large = |reason| Unfit { reason, choices: &["bigint"] };
    match ty {
        PgType::Int2 => i16::try_from(number)
            .map(Cell::Int2)
            .map_err(|_error| too_large("out of the range of smallint")),
        PgType::Int4 => i32::try_from(number)
            .map(Cell::Int4)
            .map_err(|_error| too_large("out of the range of integer")),
        _ => Ok(Cell::Int8(number)),
    }
}

/// A floating-point number, or an integer or a decimal that one holds exactly.
fn float(value: ValueRef<'_>) -> Found<'static> {
    const NONE: Unfit = Unfit {
        reason: "not a floating-point number",
        choices: &["numeric", "text", "text, as stored"],
    };
    let found = match value {
        ValueRef::Real(number) => return Ok(own(Cell::Float8(number))),
        ValueRef::Integer(number) => exact_float(&number.to_string()),
        ValueRef::Text(text) => match text.to_ascii_lowercase().as_slice() {
            b"nan" => Some(f64::NAN),
            b"inf" | b"infinity" => Some(f64::INFINITY),
            b"-inf" | b"-infinity" => Some(f64::NEG_INFINITY),
            _ => std::str::from_utf8(text).ok().and_then(exact_float),
        },
        ValueRef::Null | ValueRef::Blob(_) => None,
    };
    Ok(other(Cell::Float8(found.ok_or(NONE)?)))
}

/// The number whose shortest decimal is this one.
fn exact_float(text: &str) -> Option<f64> {
    let decimal = NumericBuf::from_text(text)?;
    let number: f64 = text.parse().ok()?;
    let again = NumericBuf::from_text(&number.to_string())?;
    let scale = decimal.scale().max(again.scale());
    (decimal.with_scale(scale)? == again.with_scale(scale)?).then_some(number)
}

/// An integer, a finite number, which stands for its shortest decimal, or a decimal's text.
pub(super) fn numeric(
    limits: Limits,
    rule: &Rule,
    value: ValueRef<'_>,
) -> Fit<(NumericBuf, Spelling)> {
    const NONE: Unfit = Unfit { reason: "not a number", choices: &["text", "text, as stored"] };
    let (decimal, spelling) = match value {
        ValueRef::Integer(number) => (number.to_string(), Spelling::Own),
        ValueRef::Real(number) if number.is_finite() => (number.to_string(), Spelling::Own),
        ValueRef::Real(_) => {
            return Err(Unfit { reason: "an infinite number", choices: &["double precision"] });
        }
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => (text.to_owned(), Spelling::Other),
            Err(_bytes) => return Err(NONE),
        },
        ValueRef::Null | ValueRef::Blob(_) => return Err(NONE),
    };
    let number = NumericBuf::from_text(&decimal).ok_or(NONE)?;
    let Some(TypeLimit::Digits { precision, scale }) = limits.of_type else {
        return Ok((number, spelling));
    };
    let too_wide = Unfit::new("of a numeric type wider than any value");
    let precision = u16::try_from(precision).map_err(|_error| too_wide)?;
    let scale = u16::try_from(scale).map_err(|_error| too_wide)?;
    let (number, spelling) = match number.with_scale(scale) {
        Some(number) => (number, spelling),
        None if rule.rounded => {
            (rounded(&decimal, usize::from(scale)).ok_or(NONE)?, Spelling::Other)
        }
        None => {
            return Err(Unfit {
                reason: "more decimals than the column allows",
                choices: &["numeric", "double precision", "numeric(p,s), rounded"],
            });
        }
    };
    if number.fits(precision, scale) {
        Ok((number, spelling))
    } else {
        Err(Unfit { reason: "more digits than the column allows", choices: &["numeric"] })
    }
}

/// A decimal with so many places, the nearest to it, a half away from zero: `numeric_round`.
fn rounded(decimal: &str, scale: usize) -> Option<NumericBuf> {
    let (sign, unsigned) = match decimal.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", decimal),
    };
    let (whole, places) = unsigned.split_once('.')?;
    let (kept, beyond) = places.as_bytes().split_at_checked(scale)?;
    let mut digits: Vec<u8> = [b"0", whole.as_bytes(), kept].concat();
    if beyond.first().is_some_and(|digit| *digit >= b'5') {
        for digit in digits.iter_mut().rev() {
            if *digit == b'9' {
                *digit = b'0';
            } else {
                *digit += 1;
                break;
            }
        }
    }
    let point = digits.len().checked_sub(scale)?;
    let (whole, kept) = digits.split_at_checked(point)?;
    let (whole, kept) = (std::str::from_utf8(whole).ok()?, std::str::from_utf8(kept).ok()?);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let dot = if kept.is_empty() { "" } else { "." };
    let text = format!("{whole}{dot}{kept}");
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    NumericBuf::from_text(&format!("{}{text}", if is_zero { "" } else { sign }))
}

/// A text, or an integer: that of its digits.
fn text(limits: Limits, value: ValueRef<'_>) -> Found<'_> {
    match value {
        ValueRef::Text(text) => {
            check_text(text, limits.of_text)?;
            check_length(text, limits.of_type)?;
            Ok(own(Cell::Text(text)))
        }
        ValueRef::Integer(number) => {
            let digits = number.to_string().into_bytes();
            check_length(&digits, limits.of_type)?;
            Ok((Typed::Text(digits), Spelling::Other))
        }
        _ => Err(Unfit { reason: "not a text", choices: &["text, as stored"] }),
    }
}

/// A JSON text, or a number, into which SQLite turns a JSON text of digits.
fn json(limits: Limits, value: ValueRef<'_>) -> Found<'_> {
    const NOT_JSON: Unfit = Unfit { reason: "not valid JSON", choices: &["text"] };
    match value {
        ValueRef::Text(text) => {
            check_text(text, limits.of_text)?;
            serde_json::from_slice::<serde::de::IgnoredAny>(text).map_err(|_error| NOT_JSON)?;
            Ok(own(Cell::Json(text)))
        }
        ValueRef::Integer(number) => {
            Ok((Typed::Json(number.to_string().into_bytes()), Spelling::Other))
        }
        ValueRef::Real(number) if number.is_finite() => {
            let mut text = Vec::new();
            render(&Cell::Float8(number), &mut text);
            Ok((Typed::Json(text), Spelling::Other))
        }
        ValueRef::Blob(_) => Err(Unfit {
            reason: "a blob, such as JSONB, in a column of JSON texts",
            choices: &["bytea", "text, as stored"],
        }),
        _ => Err(NOT_JSON),
    }
}

/// A uuid's text in lower or upper case, with or without hyphens and braces; or its sixteen bytes,
/// where people declared their order.
fn uuid(rule: &Rule, value: ValueRef<'_>) -> Found<'static> {
    const NONE: Unfit = Unfit { reason: "not a uuid", choices: &["text", "text, as stored"] };
    match value {
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|_error| NONE)?;
            if let Some(uuid) = parse::uuid(text) {
                return Ok(own(Cell::Uuid(uuid)));
            }
            let plain = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
            Ok(other(Cell::Uuid(spelled_uuid(plain.unwrap_or(text)).ok_or(NONE)?)))
        }
        ValueRef::Blob(bytes) => {
            let bytes: [u8; 16] = bytes.try_into().map_err(|_error| NONE)?;
            match rule.uuid {
                Some(UuidBytes::InOrder) => Ok(other(Cell::Uuid(bytes))),
                Some(UuidBytes::Guid) => {
                    let mut uuid = bytes;
                    for group in [0..4, 4..6, 6..8] {
                        uuid.get_mut(group).unwrap_or_default().reverse();
                    }
                    Ok(other(Cell::Uuid(uuid)))
                }
                None => Err(Unfit {
                    reason: "the bytes of a uuid, in an order that nothing says",
                    choices: &["uuid, bytes", "uuid, guid bytes", "bytea"],
                }),
            }
        }
        _ => Err(NONE),
    }
}

fn spelled_uuid(text: &str) -> Option<[u8; 16]> {
    let lower = text.to_ascii_lowercase();
    if lower.len() != 32 {
        return parse::uuid(&lower);
    }
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| lower.get(range));
    let parts: Option<Vec<&str>> = parts.into_iter().collect();
    parse::uuid(&parts?.join("-"))
}

fn check_text(text: &[u8], limit: TextLimit) -> Fit<()> {
    const CHOICES: &[&str] = &["text, as stored"];
    if limit == TextLimit::Postgres {
        if text.contains(&0) {
            return Err(Unfit { reason: "text with a NUL character", choices: CHOICES });
        }
        if std::str::from_utf8(text).is_err() {
            return Err(Unfit { reason: "text not valid UTF-8", choices: CHOICES });
        }
    }
    Ok(())
}

fn check_length(text: &[u8], limit: Option<TypeLimit>) -> Fit<()> {
    let Some(TypeLimit::Characters(most)) = limit else { return Ok(()) };
    if text.len() <= most as usize {
        return Ok(());
    }
    // Every byte that does not continue a character begins one.
    let characters = text.iter().filter(|byte| (**byte & 0xC0) != 0x80).count();
    if characters <= most as usize {
        Ok(())
    } else {
        Err(Unfit { reason: "longer than the column allows", choices: &["text"] })
    }
}
