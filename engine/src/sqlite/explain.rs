//! The same digest with public tools: `sqlite3 | sha256sum`, wherever sqlite3 can print it.

use std::path::Path;

use handover_cli_kit::shell;
use handover_schemas::chunk::KeyRange;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, TableShape};
use handover_schemas::sqlite_form::Form;
use handover_schemas::sqlite_type::{TypeLimit, limit_of};

use super::exact::is_kept_as_text;
use super::read::range_literals;
use crate::sql::ident;

/// Decimal digits that `printf('%.nf')` of sqlite3 gives correctly.
const PRINTF_DIGITS: u32 = 15;

/// The `sqlite3` that prints what a query gives as it is: since 3.50 it would print control
/// characters as `^A`. An older one says on standard error that it does not know `off`, and goes on.
const SQLITE3: &str = "sqlite3 -init /dev/null -batch -readonly -noheader \
                       -cmd '.mode list --escape off'";

/// A line for `bash -c` that prints the digest of a table or one of its chunks, or why there is
/// none.
///
/// `has_others` says that some value is not in its type's own form.
pub fn explain(
    path: &Path,
    shape: &TableShape,
    range: &KeyRange,
    has_others: bool,
) -> Result<String, &'static str> {
    let fields: Result<Vec<String>, &'static str> =
        shape.columns.iter().map(|column| canonical_field(column, has_others)).collect();
    let tab = "||char(9)||";
    let line = fields?.join(tab);
    let line = if line.is_empty() { "''".to_owned() } else { line };
    let mut sql = format!("SELECT {line} FROM main.{}", ident(&shape.name.name));
    if let Some((condition, order)) = range_literals(shape, range) {
        if !condition.is_empty() {
            sql.push_str(&format!(" WHERE {condition}"));
        }
        sql.push_str(&format!(" ORDER BY {order}"));
    }
    let sort = if shape.key.is_none() { " | LC_ALL=C sort" } else { "" };
    Ok(format!(
        "set -o pipefail; {SQLITE3} {path} {sql}{sort} | sha256sum | cut -d' ' -f1",
        path = shell::quote(&path.to_string_lossy()),
        sql = shell::quote(&sql),
    ))
}

fn canonical_field(column: &Column, has_others: bool) -> Result<String, &'static str> {
    let name = ident(&column.name);
    match column.form {
        Form::Exact if has_others => return tagged_field(column),
        Form::Described => {
            return Err("sqlite3 does not print the shortest form of a floating-point number");
        }
        Form::Value(_) if has_others => {
            return Err("some values are written another way, and sqlite3 prints what is stored");
        }
        Form::Exact | Form::Value(_) => {}
    }
    let text = own_form(column)?;
    Ok(format!(r"CASE WHEN {name} IS NULL THEN '\N' ELSE {text} END"))
}

/// A field of the exact form, where the table has values that are not in their type's own.
fn tagged_field(column: &Column) -> Result<String, &'static str> {
    let name = ident(&column.name);
    let own = own_form(column)?;
    let (class, and) = match &column.ty {
        PgType::Bool => ("integer", format!(" AND {name} IN (0, 1)")),
        PgType::Int2 | PgType::Int4 | PgType::Int8 => ("integer", String::new()),
        PgType::Bytea => ("blob", String::new()),
        ty if is_kept_as_text(ty) => ("text", String::new()),
        _ => return Err("sqlite3 does not tell which numbers are in the column's own form"),
    };
    let text = escaped(&name);
    Ok([
        format!(
            r"CASE WHEN {name} IS NULL THEN '\N' WHEN typeof({name}) = '{class}'{and} THEN {own}"
        ),
        format!(r" ELSE CASE typeof({name}) WHEN 'integer' THEN '\I'||CAST({name} AS TEXT)"),
        format!(r" WHEN 'real' THEN '\R'||lower(hex(ieee754_to_blob({name})))"),
        format!(r" WHEN 'text' THEN '\T'||{text} ELSE '\B'||lower(hex({name})) END END"),
    ]
    .concat())
}

/// A value in its type's own form.
fn own_form(column: &Column) -> Result<String, &'static str> {
    let name = ident(&column.name);
    Ok(match &column.ty {
        PgType::Bool => format!("CASE {name} WHEN 1 THEN 't' WHEN 0 THEN 'f' END"),
        PgType::Int2 | PgType::Int4 | PgType::Int8 => format!("CAST({name} AS TEXT)"),
        PgType::Numeric => match limit_of(&column.type_name) {
            Some(TypeLimit::Digits { precision, scale }) if precision <= PRINTF_DIGITS => {
                format!("printf('%.{scale}f', {name})")
            }
            _ => {
                return Err(
                    "sqlite3 does not print the shortest form of a numeric without a small precision",
                );
            }
        },
        PgType::Float8 => {
            return Err("sqlite3 does not print the shortest form of a floating-point number");
        }
        PgType::Bytea => format!(r"'\\x'||lower(hex({name}))"),
        PgType::Text | PgType::Json => escaped(&name),
        ty if column.form == Form::Exact && is_kept_as_text(ty) => escaped(&name),
        _ => name,
    })
}

/// COPY's escapes; the backslash first.
fn escaped(name: &str) -> String {
    let escapes: [(&str, &str); 7] = [
        (r"'\'", r"'\\'"),
        ("char(8)", r"'\b'"),
        ("char(9)", r"'\t'"),
        ("char(10)", r"'\n'"),
        ("char(11)", r"'\v'"),
        ("char(12)", r"'\f'"),
        ("char(13)", r"'\r'"),
    ];
    escapes
        .iter()
        .fold(name.to_owned(), |inner, (from, to)| format!("replace({inner},{from},{to})"))
}
