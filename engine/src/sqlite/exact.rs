//! The exact form, for rows that stay in SQLite: a field says what is stored, storage class and
//! bytes (FORMAT.md section 5.5). No value is refused.

use anyhow::{Context, Result};
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::Column;
use handover_schemas::sqlite_form::Rule;
use handover_schemas::value::{
    Cell, NumericBuf, OwnedStored, escape_into, push_tagged, render_field, tagged, unescape,
};
use rusqlite::types::ValueRef;

use super::read::float_value;
use super::typed::{Limits, numeric};
use super::values::{ColumnRule, Spelling, TextLimit, stored};

/// Appends one value. What is in its type's own form is written as in every other database, the rest
/// with its storage class before it.
pub(super) fn push_exact(rule: &ColumnRule, value: ValueRef<'_>, line: &mut Vec<u8>) -> Spelling {
    let number;
    let cell = match (&rule.ty, value) {
        (_, ValueRef::Null) => Some(Cell::Null),
        (PgType::Bool, ValueRef::Integer(number @ 0..=1)) => Some(Cell::Bool(number == 1)),
        (PgType::Int2 | PgType::Int4 | PgType::Int8, ValueRef::Integer(number)) => {
            Some(Cell::Int8(number))
        }
        (PgType::Float8, ValueRef::Real(number)) => Some(Cell::Float8(number)),
        (PgType::Numeric, value) => match own_numeric(rule, value) {
            Some(own) => {
                number = own;
                Some(Cell::Numeric(number.as_numeric()))
            }
            None => None,
        },
        (PgType::Bytea, ValueRef::Blob(bytes)) => Some(Cell::Bytea(bytes)),
        (ty, ValueRef::Text(text)) if is_kept_as_text(ty) => {
            escape_into(text, line);
            return Spelling::Own;
        }
        _ => None,
    };
    match (cell, stored(value)) {
        (Some(cell), _) => {
            render_field(&cell, line);
            Spelling::Own
        }
        (None, Some(stored)) => {
            push_tagged(stored, line);
            Spelling::Other
        }
        (None, None) => Spelling::Own,
    }
}

/// Types whose values SQLite keeps as texts, each being its own canonical text.
pub(super) fn is_kept_as_text(ty: &PgType) -> bool {
    matches!(
        ty,
        PgType::Text
            | PgType::Json
            | PgType::Date
            | PgType::Time
            | PgType::Timestamp
            | PgType::TimestampTz
            | PgType::Uuid
    )
}

/// An integer, or a number with a fraction: of the two storage classes only one has this text.
fn own_numeric(rule: &ColumnRule, value: ValueRef<'_>) -> Option<NumericBuf> {
    let is_own = match value {
        ValueRef::Integer(_) => true,
        ValueRef::Real(number) => number.is_finite() && whole_number(&number.to_string()).is_none(),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => false,
    };
    let limits = Limits { of_type: rule.limit, of_text: TextLimit::None };
    let number = is_own.then(|| numeric(limits, &Rule::default(), value))?;
    number.ok().map(|(number, _spelling)| number)
}

/// The integer that a decimal is, if SQLite has it as one.
fn whole_number(text: &str) -> Option<i64> {
    let whole = match text.split_once('.') {
        Some((whole, places)) if places.bytes().all(|digit| digit == b'0') => whole,
        Some(_fraction) => return None,
        None => text,
    };
    whole.parse().ok()
}

/// What a column stores for a field of its exact form; `None` for NULL.
pub fn stored_field(column: &Column, field: &[u8]) -> Result<Option<OwnedStored>> {
    if let Some(stored) = tagged(field)? {
        return Ok(Some(stored));
    }
    let Some(bytes) = unescape(field)? else { return Ok(None) };
    if is_kept_as_text(&column.ty) {
        return Ok(Some(OwnedStored::Text(bytes)));
    }
    let text = String::from_utf8(bytes).ok();
    let stored = text.and_then(|text| stored_text(&column.ty, &text));
    stored
        .map(Some)
        .with_context(|| format!("a value of column {} has an unexpected form", column.name))
}

/// What is stored for a value whose canonical text is not what is stored.
pub(super) fn stored_text(ty: &PgType, text: &str) -> Option<OwnedStored> {
    match ty {
        PgType::Bool => match text {
            "t" => Some(OwnedStored::Integer(1)),
            "f" => Some(OwnedStored::Integer(0)),
            _ => None,
        },
        PgType::Int2 | PgType::Int4 | PgType::Int8 => text.parse().ok().map(OwnedStored::Integer),
        PgType::Numeric => match whole_number(text) {
            Some(number) => Some(OwnedStored::Integer(number)),
            None => text.parse().ok().map(OwnedStored::Real),
        },
        PgType::Float4 | PgType::Float8 => float_value(text).map(OwnedStored::Real),
        PgType::Bytea => handover_schemas::value::parse::bytea(text).map(OwnedStored::Blob),
        _ => Some(OwnedStored::Text(text.as_bytes().to_vec())),
    }
}
