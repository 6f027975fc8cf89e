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

/// The one place where generated SQL is declared safe: it is made of this module's quoted parts.
pub fn generated(sql: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql.to_owned())
}
