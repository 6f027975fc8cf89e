//! Quoting of names and values in generated SQL.

/// A PostgreSQL or SQLite identifier in double quotes.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `"schema"."name"`.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", ident(schema), ident(name))
}

/// A PostgreSQL string literal that means the same whatever the session's `standard_conforming_strings` is: code of the
/// vendor's may have changed that.
pub fn escape_literal(value: &str) -> String {
    format!("E'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

/// A string literal; relies on `standard_conforming_strings`, which every session pins.
pub fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}
