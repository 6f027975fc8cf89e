//! Quoting of names and values in generated SQL.

use sqlx::AssertSqlSafe;

/// A PostgreSQL or SQLite identifier in double quotes.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `"schema"."name"`.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", ident(schema), ident(name))
}

/// A string literal; relies on `standard_conforming_strings`, which every session pins.
pub fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A query that people wrote, such as one of a figure set. It is not safe; where it runs has to be:
/// in a read-only transaction, as one statement, as somebody who may do no harm.
pub fn written_by_people(sql: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql.to_owned())
}

/// The one place where generated SQL is declared safe: it is made of this module's quoted parts.
pub fn generated(sql: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql.to_owned())
}
