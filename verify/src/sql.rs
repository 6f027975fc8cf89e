//! Quoting of names and values in generated SQL.

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
