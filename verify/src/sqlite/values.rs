//! SQLite values: their canonical text, and the form in which they travel to a target.

use anyhow::{Context, Result};
use handover_schemas::copy_binary;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::Column;
use handover_schemas::sqlite_type::{TypeLimit, limit_of};
use handover_schemas::value::{Cell, NumericBuf, parse, render_field};
use rusqlite::types::ValueRef;

use crate::rows::Wire;

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;

/// What the target's texts cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextLimit {
    /// Any bytes: SQLite.
    None,
    /// Valid UTF-8 without U+0000: PostgreSQL.
    Postgres,
}

/// A column with what its values are checked against.
pub struct ColumnRule {
    ty: PgType,
    limit: Option<TypeLimit>,
}

impl ColumnRule {
    /// The rule for a mapped column.
    pub fn new(column: &Column) -> Self {
        Self { ty: column.ty.clone(), limit: limit_of(&column.type_name) }
    }
}

type Fit<T> = std::result::Result<T, &'static str>;

/// Appends one value to the canonical line (without separators) and to the wire row.
///
/// The error says why the column's type would not give the same value back.
pub fn push_value(
    rule: &ColumnRule,
    value: ValueRef<'_>,
    text_limit: TextLimit,
    wire_form: Wire,
    line: &mut Vec<u8>,
    wire: &mut Vec<u8>,
) -> Fit<()> {
    let numeric;
    let cell = match (&rule.ty, value) {
        (_, ValueRef::Null) => Cell::Null,
        (PgType::Numeric, value) => {
            numeric = numeric_value(rule.limit, value)?;
            Cell::Numeric(numeric.as_numeric())
        }
        (ty, value) => cell_of(ty, rule.limit, value, text_limit)?,
    };
    render_field(&cell, line);
    match wire_form {
        Wire::None => Ok(()),
        Wire::Copy => {
            copy_binary::push_cell(&cell, wire).map_err(|_error| "the value cannot be encoded")
        }
        Wire::SqliteValues => push_stored(value, wire),
    }
}

fn cell_of<'v>(
    ty: &PgType,
    limit: Option<TypeLimit>,
    value: ValueRef<'v>,
    text_limit: TextLimit,
) -> Fit<Cell<'v>> {
    match (ty, value) {
        (PgType::Bool, ValueRef::Integer(0)) => Ok(Cell::Bool(false)),
        (PgType::Bool, ValueRef::Integer(1)) => Ok(Cell::Bool(true)),
        (PgType::Bool, _) => Err("not 0 or 1 in a boolean column"),
        (PgType::Int8, ValueRef::Integer(number)) => Ok(Cell::Int8(number)),
        (PgType::Int4, ValueRef::Integer(number)) => {
            i32::try_from(number).map(Cell::Int4).map_err(|_error| "out of the range of integer")
        }
        (PgType::Int2, ValueRef::Integer(number)) => {
            i16::try_from(number).map(Cell::Int2).map_err(|_error| "out of the range of smallint")
        }
        (PgType::Int8 | PgType::Int4 | PgType::Int2, _) => Err("not an integer"),
        (PgType::Float8, ValueRef::Real(number)) => Ok(Cell::Float8(number)),
        (PgType::Float8, _) => Err("not a floating-point number"),
        (PgType::Text, ValueRef::Text(text)) => {
            check_text(text, text_limit)?;
            check_length(text, limit)?;
            Ok(Cell::Text(text))
        }
        (PgType::Text, _) => Err("not a text"),
        (PgType::Json, ValueRef::Text(text)) => {
            check_text(text, text_limit)?;
            serde_json::from_slice::<serde::de::IgnoredAny>(text)
                .map_err(|_error| "not valid JSON")?;
            Ok(Cell::Json(text))
        }
        (PgType::Json, _) => Err("not a JSON text"),
        (PgType::Bytea, ValueRef::Blob(bytes)) => Ok(Cell::Bytea(bytes)),
        (PgType::Bytea, _) => Err("not a blob"),
        (_, ValueRef::Text(text)) => {
            let text = std::str::from_utf8(text).map_err(|_error| "not valid UTF-8")?;
            textual(ty, text)
        }
        _ => Err("not stored as text"),
    }
}

/// Types that SQLite keeps as text; only the exact text PostgreSQL would print comes back.
fn textual(ty: &PgType, text: &str) -> Fit<Cell<'static>> {
    match ty {
        PgType::Date => {
            parse::date(text).map(Cell::Date).ok_or("not a date in the form 2022-09-20")
        }
        PgType::Time => {
            parse::time(text).map(Cell::Time).ok_or("not a time in the form 13:45:00[.5]")
        }
        PgType::Timestamp => parse::timestamp(text)
            .map(Cell::Timestamp)
            .ok_or("not a timestamp in the form 2022-09-20 13:45:00[.5]"),
        PgType::TimestampTz => parse::timestamptz(text)
            .map(Cell::TimestampTz)
            .ok_or("not a timestamp in the form 2022-09-20 13:45:00[.5]+00"),
        PgType::Uuid => parse::uuid(text).map(Cell::Uuid).ok_or("not a uuid in lower-case letters"),
        _ => Err("of a type that SQLite values are not mapped to"),
    }
}

fn check_text(text: &[u8], limit: TextLimit) -> Fit<()> {
    if limit == TextLimit::Postgres {
        if text.contains(&0) {
            return Err("text with a NUL character");
        }
        if std::str::from_utf8(text).is_err() {
            return Err("text not valid UTF-8");
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
    if characters <= most as usize { Ok(()) } else { Err("longer than the column allows") }
}

fn numeric_value(limit: Option<TypeLimit>, value: ValueRef<'_>) -> Fit<NumericBuf> {
    let number = match value {
        ValueRef::Integer(number) => NumericBuf::from_i64(number),
        ValueRef::Real(number) if number.is_finite() => {
            // The shortest decimal that reads back as the same double.
            NumericBuf::from_text(&format!("{number}")).ok_or("not a decimal number")?
        }
        ValueRef::Real(_) => return Err("an infinite number"),
        _ => return Err("not a number"),
    };
    let Some(TypeLimit::Digits { precision, scale }) = limit else { return Ok(number) };
    let too_wide = "of a numeric type wider than any value";
    let precision = u16::try_from(precision).map_err(|_error| too_wide)?;
    let scale = u16::try_from(scale).map_err(|_error| too_wide)?;
    let number = number.with_scale(scale).ok_or("more decimals than the column allows")?;
    if number.fits(precision, scale) {
        Ok(number)
    } else {
        Err("more digits than the column allows")
    }
}

fn push_stored(value: ValueRef<'_>, wire: &mut Vec<u8>) -> Fit<()> {
    let mut bytes = |tag: u8, bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).map_err(|_error| "longer than 4 GiB")?;
        wire.push(tag);
        wire.extend_from_slice(&length.to_le_bytes());
        wire.extend_from_slice(bytes);
        Ok(())
    };
    match value {
        ValueRef::Null => wire.push(NULL),
        ValueRef::Integer(number) => {
            wire.push(INTEGER);
            wire.extend_from_slice(&number.to_le_bytes());
        }
        ValueRef::Real(number) => {
            wire.push(REAL);
            wire.extend_from_slice(&number.to_le_bytes());
        }
        ValueRef::Text(text) => return bytes(TEXT, text),
        ValueRef::Blob(blob) => return bytes(BLOB, blob),
    }
    Ok(())
}

/// Takes the next value off a [`Wire::SqliteValues`] row.
pub fn take_stored<'w>(wire: &mut &'w [u8]) -> Result<ValueRef<'w>> {
    fn take<const N: usize>(wire: &mut &[u8]) -> Option<[u8; N]> {
        let (head, rest) = wire.split_first_chunk::<N>()?;
        *wire = rest;
        Some(*head)
    }
    fn take_bytes<'w>(wire: &mut &'w [u8]) -> Option<&'w [u8]> {
        let length = usize::try_from(u32::from_le_bytes(take(wire)?)).ok()?;
        let (head, rest) = wire.split_at_checked(length)?;
        *wire = rest;
        Some(head)
    }
    let value = match take(wire) {
        Some([NULL]) => Some(ValueRef::Null),
        Some([INTEGER]) => take(wire).map(|bytes| ValueRef::Integer(i64::from_le_bytes(bytes))),
        Some([REAL]) => take(wire).map(|bytes| ValueRef::Real(f64::from_le_bytes(bytes))),
        Some([TEXT]) => take_bytes(wire).map(ValueRef::Text),
        Some([BLOB]) => take_bytes(wire).map(ValueRef::Blob),
        _ => None,
    };
    value.context("a row on its way to the target is damaged")
}
