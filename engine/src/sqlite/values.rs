//! SQLite values: their canonical text, and the form in which they travel to a target.

use anyhow::{Context, Result};
use handover_schemas::copy_binary;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::Column;
use handover_schemas::sqlite_form::Form;
use handover_schemas::sqlite_type::{TypeLimit, limit_of};
use handover_schemas::value::{Cell, Stored, push_described, render_field};
use rusqlite::types::ValueRef;

use super::exact::{is_kept_as_text, push_exact};
use super::typed::{Limits, Typed, typed};
use crate::line::LARGE;
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
    pub(super) ty: PgType,
    pub(super) limit: Option<TypeLimit>,
    form: Form,
}

impl ColumnRule {
    /// The rule for a mapped column.
    pub fn new(column: &Column) -> Self {
        let limit = limit_of(&column.type_name);
        Self { ty: column.ty.clone(), limit, form: column.form.clone() }
    }
}

/// Whether a stored value is in the form that its type has in SQLite, or says the same another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// In its type's own form.
    Own,
    /// In another: `2022-09-20T00:00:00` in a column of dates. In the exact form: any value that is not
    /// in its type's own form.
    Other,
}

/// Why a value is none of the type its column is mapped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// What is wrong, without the value.
    pub reason: &'static str,
    /// Types and rules that would take such values, as `--map-type` reads them.
    pub choices: &'static [&'static str],
}

impl Unfit {
    /// Nothing but the reason.
    pub(super) const fn new(reason: &'static str) -> Self {
        Self { reason, choices: &[] }
    }
}

/// A value or a length of text that fits.
pub(super) type Fit<T> = std::result::Result<T, Unfit>;

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
) -> Fit<Spelling> {
    let (typed, spelling) = match &rule.form {
        Form::Exact => {
            let spelling = push_exact(rule, value, line);
            return match wire_form {
                Wire::None => Ok(spelling),
                Wire::SqliteValues => push_stored(value, wire).map(|()| spelling),
                Wire::Copy => Err(Unfit::new("to be written exactly as it is stored")),
            };
        }
        Form::Value(declared) => {
            let limits = Limits { of_type: rule.limit, of_text: text_limit };
            typed(&rule.ty, limits, declared, value)?
        }
        Form::Described => (described(value), Spelling::Own),
    };
    let cell = typed.as_cell();
    render_field(&cell, line);
    push_wire(&cell, value, wire_form, wire)?;
    Ok(spelling)
}

/// A large value whose field is its own text or bytes, so that it need not be copied to become one; what
/// [`push_value`] checks is checked. `None` for every other value.
pub(super) fn large_cell<'v>(
    rule: &ColumnRule,
    value: ValueRef<'v>,
    text_limit: TextLimit,
) -> Fit<Option<Cell<'v>>> {
    let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = value else { return Ok(None) };
    if bytes.len() <= LARGE {
        return Ok(None);
    }
    let cell = match (&rule.form, &rule.ty, value) {
        (Form::Exact, PgType::Bytea, ValueRef::Blob(bytes)) => Cell::Bytea(bytes),
        (Form::Exact, ty, ValueRef::Text(text)) if is_kept_as_text(ty) => Cell::Text(text),
        (Form::Value(declared), PgType::Text | PgType::Json | PgType::Bytea, value) => {
            let limits = Limits { of_type: rule.limit, of_text: text_limit };
            match typed(&rule.ty, limits, declared, value)? {
                (Typed::Cell(cell), Spelling::Own) => cell,
                _ => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    match cell {
        Cell::Text(own) | Cell::Json(own) | Cell::Bytea(own) if own.len() == bytes.len() => {
            Ok(Some(cell))
        }
        _ => Ok(None),
    }
}

/// Appends a value to the wire row.
pub(super) fn push_wire(
    cell: &Cell<'_>,
    value: ValueRef<'_>,
    wire_form: Wire,
    wire: &mut Vec<u8>,
) -> Fit<()> {
    match wire_form {
        Wire::None => Ok(()),
        Wire::Copy => copy_binary::push_cell(cell, wire)
            .map_err(|_error| Unfit::new("the value cannot be encoded")),
        Wire::SqliteValues => push_stored(value, wire),
    }
}

/// The text that says what is stored.
fn described(value: ValueRef<'_>) -> Typed<'static> {
    let Some(stored) = stored(value) else { return Typed::Cell(Cell::Null) };
    let mut text = Vec::new();
    push_described(stored, &mut text);
    Typed::Text(text)
}

/// A stored value; `None` for NULL.
pub(super) fn stored(value: ValueRef<'_>) -> Option<Stored<'_>> {
    Some(match value {
        ValueRef::Null => return None,
        ValueRef::Integer(number) => Stored::Integer(number),
        ValueRef::Real(number) => Stored::Real(number),
        ValueRef::Text(text) => Stored::Text(text),
        ValueRef::Blob(bytes) => Stored::Blob(bytes),
    })
}

fn push_stored(value: ValueRef<'_>, wire: &mut Vec<u8>) -> Fit<()> {
    let mut bytes = |tag: u8, bytes: &[u8]| {
        let length = u32::try_from(bytes.len());
        let length = length.map_err(|_error| Unfit::new("longer than 4 GiB"))?;
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
