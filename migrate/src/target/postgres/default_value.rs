//! Defaults of SQLite columns in PostgreSQL's words.
//!
//! A default is carried over if it is one value, and the column's type holds that value as it would
//! hold it in a row; or if it is the present moment. SQLite itself says what value it is, and so
//! nothing is left for PostgreSQL to make of a word such as 'now', which it would take for the moment
//! in which the table is made.

use handover_engine::rows::Wire;
use handover_engine::sql::literal;
use handover_engine::sqlite::values::{ColumnRule, TextLimit, push_value};
use handover_engine::sqlite::{ObjectKind, SchemaStatement, Token, TokenKind, tokens};
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::Column;
use handover_schemas::sqlite_type::{TypeLimit, limit_of};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// The default in PostgreSQL's words, or why there is none. `declared` is the type as SQLite has it.
pub(super) fn default_clause(
    default: &str,
    declared: &str,
    column: &Column,
) -> Result<String, String> {
    if !column.form.is_default() {
        return Err("the column's values are read by a rule of their own".to_owned());
    }
    let written = tokens(default);
    let inner = without_parentheses(&written);
    let words: String = inner.iter().map(|token| token.text.to_ascii_lowercase()).collect();
    let now = match words.as_str() {
        "current_timestamp" | "datetime('now')" => Some(Now::Timestamp),
        "current_date" | "date('now')" => Some(Now::Date),
        "current_time" | "time('now')" => Some(Now::Time),
        _ => None,
    };
    if let Some(now) = now {
        return now.clause(column).ok_or_else(|| does_not_fit(column, "a moment as text"));
    }
    if !is_value(inner) {
        return Err("an expression of SQLite's".to_owned());
    }
    let Some(stored) = value_of(default, declared) else {
        return Err("an expression of SQLite's".to_owned());
    };
    stored.clause(column)
}

fn does_not_fit(column: &Column, reason: &str) -> String {
    format!("its value does not fit {} ({reason})", column.type_name)
}

/// The moment at which a row is made, which SQLite writes as text, in UTC and to the second.
#[derive(Clone, Copy)]
enum Now {
    Timestamp,
    Date,
    Time,
}

impl Now {
    fn clause(self, column: &Column) -> Option<String> {
        let utc = "(now() AT TIME ZONE 'UTC')";
        Some(match (self, &column.ty) {
            (Self::Timestamp, PgType::Timestamp) => format!("date_trunc('second', {utc})"),
            (Self::Timestamp, PgType::TimestampTz) => "date_trunc('second', now())".to_owned(),
            (Self::Date, PgType::Date) => format!("{utc}::date"),
            (Self::Time, PgType::Time) => format!("date_trunc('second', {utc})::time"),
            (now, PgType::Text) => {
                let form = match now {
                    Self::Timestamp => "YYYY-MM-DD HH24:MI:SS",
                    Self::Date => "YYYY-MM-DD",
                    Self::Time => "HH24:MI:SS",
                };
                let written = form.replace("24", "").len();
                let room = match limit_of(&column.type_name) {
                    Some(TypeLimit::Characters(most)) => usize::try_from(most).ok()?,
                    _ => written,
                };
                (written <= room).then(|| format!("to_char({utc}, '{form}')"))?
            }
            _ => return None,
        })
    }
}

fn without_parentheses<'t>(mut inner: &'t [Token<'t>]) -> &'t [Token<'t>] {
    while let [first, middle @ .., last] = inner
        && first.is_symbol("(")
        && last.is_symbol(")")
    {
        inner = middle;
    }
    inner
}

/// Whether it is one value: SQLite takes a name without parentheses for a text.
fn is_value(written: &[Token<'_>]) -> bool {
    match written {
        [sign, number] => {
            number.kind == TokenKind::Number && (sign.is_symbol("-") || sign.is_symbol("+"))
        }
        [value] => value.kind != TokenKind::Symbol,
        _ => false,
    }
}

/// A value as SQLite would store it.
struct Stored(rusqlite::types::Value);

/// Lets SQLite make a row of the default alone.
fn value_of(default: &str, declared: &str) -> Option<Stored> {
    let mut memory = Connection::open_in_memory().ok()?;
    let sql = format!("CREATE TABLE made (value {} DEFAULT {default})", affinity(declared));
    SchemaStatement { kind: ObjectKind::Table, name: "made", sql: &sql }.run(&mut memory).ok()?;
    memory.execute("INSERT INTO made DEFAULT VALUES", []).ok()?;
    memory.query_row("SELECT value FROM made", [], |row| row.get(0)).ok().map(Stored)
}

/// The type whose conversions SQLite applies to a column declared so (`datatype3.html`, 3.1).
fn affinity(declared: &str) -> &'static str {
    let declared = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    if has(&["INT"]) {
        "INTEGER"
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        "TEXT"
    } else if has(&["BLOB"]) || declared.is_empty() || declared == "ANY" {
        "BLOB"
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        "REAL"
    } else {
        "NUMERIC"
    }
}

impl Stored {
    /// The value as a literal of the column's type.
    fn clause(&self, column: &Column) -> Result<String, String> {
        let value = ValueRef::from(&self.0);
        if let ValueRef::Null = value {
            return Ok("NULL".to_owned());
        }
        let (mut line, mut wire) = (Vec::new(), Vec::new());
        let rule = ColumnRule::new(column);
        push_value(&rule, value, TextLimit::Postgres, Wire::None, &mut line, &mut wire)
            .map_err(|unfit| does_not_fit(column, unfit.reason))?;
        let text = match value {
            // As it is: the canonical line has escapes.
            ValueRef::Text(text) if matches!(column.ty, PgType::Text | PgType::Json) => {
                text.to_vec()
            }
            // Of the escapes, only the backslash is among what other types are written with.
            _ => line.strip_prefix(b"\\").unwrap_or(&line).to_vec(),
        };
        let text = String::from_utf8(text).map_err(|_error| does_not_fit(column, "not UTF-8"))?;
        Ok(literal(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use handover_schemas::sqlite_form::Form;
    use handover_schemas::sqlite_type::mapped;

    fn clause(declared: &str, default: &str) -> Result<String, String> {
        let mapped = mapped(declared).unwrap();
        let column = Column {
            name: "c".to_owned(),
            type_name: mapped.type_name,
            ty: mapped.ty,
            not_null: false,
            renamed: None,
            form: Form::default(),
        };
        default_clause(default, declared, &column)
    }

    #[test]
    fn values_are_what_sqlite_would_store() {
        for (declared, default, expected) in [
            ("text", "'it''s \\ 1'", "'it''s \\ 1'"),
            ("text", "0", "'0'"),
            ("text", "\"word\"", "'word'"),
            ("text", "word", "'word'"),
            ("text", "'now'", "'now'"),
            ("int", "'5'", "'5'"),
            ("int", "-1", "'-1'"),
            ("int", "(+0x10)", "'16'"),
            ("int", "1.0", "'1'"),
            ("bool", "1", "'t'"),
            ("bool", "false", "'f'"),
            ("real", "1", "'1'"),
            ("real", "1e-5", "'1e-05'"),
            ("decimal(5,2)", "1.5", "'1.50'"),
            ("blob", "x'00ff5c'", "'\\x00ff5c'"),
            ("json", "'{}'", "'{}'"),
            ("datetime", "'2022-01-01 00:00:00'", "'2022-01-01 00:00:00'"),
            ("datetime", "NULL", "NULL"),
            ("datetime", "CURRENT_TIMESTAMP", "date_trunc('second', (now() AT TIME ZONE 'UTC'))"),
            ("date", "(date('now'))", "(now() AT TIME ZONE 'UTC')::date"),
            ("varchar(10)", "current_date", "to_char((now() AT TIME ZONE 'UTC'), 'YYYY-MM-DD')"),
        ] {
            assert_eq!(clause(declared, default).as_deref(), Ok(expected), "{declared} {default}");
        }
    }

    #[test]
    fn nothing_is_made_of_what_does_not_fit() {
        for (declared, default) in [
            ("datetime", "0"),
            ("datetime", "'now'"),
            ("timestamptz", "'now'"),
            ("date", "'today'"),
            ("date", "'0000-00-00'"),
            ("date", "CURRENT_TIMESTAMP"),
            ("time", "'allballs'"),
            ("int", "''"),
            ("int", "1.5"),
            ("int", "current_timestamp"),
            ("bool", "2"),
            ("decimal(3,1)", "1000"),
            ("varchar(3)", "'abcd'"),
            ("varchar(9)", "current_date"),
            ("uuid", "''"),
            ("json", "''"),
            ("blob", "'text'"),
        ] {
            let refused = clause(declared, default).unwrap_err();
            assert!(refused.contains("does not fit"), "{declared} {default}: {refused}");
        }
        for expression in ["strftime('%s')", "'a' || 'b'", "1 + 1", "random()", "(-(1))"] {
            let refused = clause("text", expression).unwrap_err();
            assert_eq!(refused, "an expression of SQLite's", "{expression}");
        }
    }
}
