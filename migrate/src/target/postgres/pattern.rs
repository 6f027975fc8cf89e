//! Names of tables as `pg_dump` takes them in an argument, without showing them.
//!
//! Whoever lists the processes of the machine reads their arguments, and the names are the source's
//! words. `pg_dump` makes a regular expression of a pattern and leaves backslashes outside of quotes
//! as they are (`patternToSQLRegex` in PostgreSQL's `src/fe_utils/string_utils.c`), so every character
//! can be written by its number (manual, "Regular Expression Escapes": `\xhhh` takes all hexadecimal
//! digits that follow; here none does, since every character is written so).

use anyhow::{Context, Result, bail};
use handover_engine::postgres::Session;
use handover_engine::sql::literal;
use handover_schemas::name::TableName;

/// A pattern for each of these tables, which fits that table and no other.
pub fn hidden_patterns(session: &mut Session, tables: &[TableName]) -> Result<Vec<String>> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let encoding = session.query_value("SHOW server_encoding")?;
    let by_number = encoding.as_deref() == Some("UTF8");
    let mut patterns = Vec::with_capacity(tables.len());
    for table in tables {
        let parts = [pattern_of(&table.schema, by_number), pattern_of(&table.name, by_number)];
        if !by_number {
            refuse_if_others_fit(session, table, &parts)?;
        }
        patterns.push(parts.join("."));
    }
    Ok(patterns)
}

/// The name in escapes. Numbers are those of the server's encoding: outside of UTF-8 what is not
/// ASCII is anything.
fn pattern_of(name: &str, by_number: bool) -> String {
    let mut pattern = String::with_capacity(name.len() * 4);
    for character in name.chars() {
        if by_number || character.is_ascii() {
            pattern.push_str(&format!("\\x{:x}", u32::from(character)));
        } else if !pattern.ends_with('*') {
            pattern.push('*');
        }
    }
    pattern
}

/// What `pg_dump` would ask the catalog.
fn refuse_if_others_fit(
    session: &mut Session,
    table: &TableName,
    [schema, name]: &[String; 2],
) -> Result<()> {
    let expression = |pattern: &str| literal(&format!("^({})$", pattern.replace('*', ".*")));
    let found = session.query_value(&format!(
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'S', 'v', 'm', 'f', 'p') \
           AND c.relname::text ~ {} AND n.nspname::text ~ {}",
        expression(name),
        expression(schema)
    ))?;
    let found: u64 = found
        .and_then(|count| count.parse().ok())
        .with_context(|| format!("the source does not say whether it has the table {table}"))?;
    if found != 1 {
        bail!(
            "the table {table} cannot be left out alone: in this database's encoding its name can \
             be given to pg_dump only so that {found} tables fit it. Leave out none whose name \
             differs from another's in letters outside of ASCII only, or have one renamed"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_is_seen() {
        assert_eq!(pattern_of("aB.$*😀1", true), r"\x61\x42\x2e\x24\x2a\x1f600\x31");
        assert_eq!(pattern_of("bệệnh-", false), r"\x62*\x6e\x68\x2d");
    }
}
