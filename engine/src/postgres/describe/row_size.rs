//! How large rows are, asked of the tables that may have large ones.

use std::collections::HashSet;

use anyhow::{Context, Result};
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::TableShape;

use crate::postgres::read::from_table;
use crate::postgres::session::{Session, TextRow};
use crate::sql::{ident, literal, qualified};

/// Tables of which something is stored out of line, in parts of theirs too: no others have large
/// rows.
pub(super) fn stored_outside(session: &mut Session) -> Result<HashSet<TableName>> {
    let rows = session.query(
        "SELECT DISTINCT n.nspname, c.relname \
         FROM pg_class part JOIN pg_class c ON c.oid = coalesce(pg_partition_root(part.oid)::oid, part.oid) \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE part.relkind = 'r' AND part.reltoastrelid <> 0 \
           AND pg_relation_size(part.reltoastrelid) > 0",
    )?;
    let name = |row: TextRow| {
        let mut values = row.into_iter().flatten();
        Some(TableName::new(values.next()?, values.next()?))
    };
    Ok(rows.into_iter().filter_map(name).collect())
}

/// The longest row, asked for only where values are stored out of line: sizes of text and bytea
/// are known without fetching them.
pub(super) fn largest_row(session: &mut Session, table: &TableShape) -> Result<u64> {
    let name = qualified(&table.name.schema, &table.name.name);
    let outside = session.query_value(&format!(
        "SELECT coalesce(sum(pg_relation_size(c.reltoastrelid)), 0)::text \
         FROM (SELECT {table}::regclass AS oid \
               UNION SELECT relid FROM pg_partition_tree({table}::regclass)) part \
         JOIN pg_class c ON c.oid = part.oid WHERE c.reltoastrelid <> 0",
        table = literal(&name),
    ))?;
    let outside: u64 = outside.and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    if outside == 0 || table.whole_only {
        // No query tells which row it is of: it may be one.
        return Ok(outside);
    }
    let sizes: Vec<String> = table
        .columns
        .iter()
        .filter_map(|column| {
            let name = ident(&column.name);
            let size = match &column.ty {
                PgType::Text | PgType::Char | PgType::Bytea => format!("octet_length({name})"),
                PgType::Json => format!("octet_length({name}::text)"),
                PgType::Jsonb | PgType::Array(_) | PgType::Other | PgType::Numeric => {
                    format!("pg_column_size({name})")
                }
                _ => return None,
            };
            Some(format!("coalesce({size}, 0)::int8"))
        })
        .collect();
    if sizes.is_empty() {
        return Ok(0);
    }
    let largest = session
        .query_value(&format!(
            "SELECT coalesce(max({}), 0)::text FROM {}",
            sizes.join(" + "),
            from_table(table)
        ))
        .with_context(|| format!("cannot read {}", table.name))?;
    Ok(largest.and_then(|bytes| bytes.parse().ok()).unwrap_or(0))
}
