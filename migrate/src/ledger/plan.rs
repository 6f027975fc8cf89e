//! Freezing the plan. Reading it back is `handover_verify::ledger`'s.

use anyhow::{Context, Result};
use handover_engine::sql::literal;
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::ledger::{ChunkId, LEDGER_VERSION};
use handover_schemas::name::TableName;

use super::store::Store;
use super::{FrozenPlan, Head, LeftOutTable};

/// Statements that write a new ledger's head, plan and chunks, to run in the transaction that
/// also makes the ledger's tables.
pub fn plan_statements(names: &dyn Store, head: &Head, plan: &FrozenPlan) -> Result<String> {
    let mut sql = format!(
        "INSERT INTO {} (only_row, version, source, source_identity, chunk_bytes, stage) \
         VALUES ({}, {LEDGER_VERSION}, {}, {}, {}, {});\n",
        names.table("ledger"),
        if names.now() == "now()" { "true" } else { "1" },
        literal(&head.source),
        literal(&head.source_identity),
        head.chunk_bytes,
        literal(head.stage.as_str()),
    );
    for (number, table) in &plan.tables {
        let shape = serde_json::to_string(&table.shape).context("cannot write down a table")?;
        sql.push_str(&table_statement(names, *number, &table.shape.name, &shape, None));
        for (chunk, range) in KeyRange::between(&table.boundaries).iter().enumerate() {
            let id = ChunkId {
                table: *number,
                chunk: i64::try_from(chunk).context("too many chunks")?,
                part: 0,
            };
            sql.push_str(&planned_chunk_statement(names, id, range)?);
        }
    }
    let first = plan.tables.iter().map(|(number, _)| number + 1).max().unwrap_or(0);
    for (number, table) in (first..).zip(&plan.left_out) {
        sql.push_str(&table_statement(names, number, &table.name, "", Some(table)));
    }
    Ok(sql)
}

/// Statements that record settings of the source's database, by name.
pub fn setting_statements<'s>(
    names: &dyn Store,
    settings: impl Iterator<Item = (&'s str, &'s str)>,
) -> String {
    let table = names.table("session_setting");
    let insert = |(name, value): (&str, &str)| {
        format!(
            "INSERT INTO {table} (name, value) VALUES ({}, {});\n",
            literal(name),
            literal(value)
        )
    };
    settings.map(insert).collect()
}

fn table_statement(
    names: &dyn Store,
    number: i64,
    name: &TableName,
    shape: &str,
    left_out: Option<&LeftOutTable>,
) -> String {
    let or_null = |word: Option<&str>| word.map_or_else(|| "NULL".to_owned(), literal);
    format!(
        "INSERT INTO {} (table_no, schema_name, table_name, shape, left_out, left_out_by) \
         VALUES ({number}, {}, {}, {}, {}, {});\n",
        names.table("plan_table"),
        literal(&name.schema),
        literal(&name.name),
        literal(shape),
        or_null(left_out.map(|table| table.reason.as_str())),
        or_null(left_out.map(|table| table.by.as_str())),
    )
}

/// A statement that adds a chunk whose rows are still to be copied.
pub(super) fn planned_chunk_statement(
    names: &dyn Store,
    id: ChunkId,
    range: &KeyRange,
) -> Result<String> {
    Ok(format!(
        "INSERT INTO {} (table_no, chunk_no, part_no, lower_key, upper_key, state) \
         VALUES ({}, {}, {}, {}, {}, 'planned');\n",
        names.table("chunk"),
        id.table,
        id.chunk,
        id.part,
        key_literal(range.lower.as_ref())?,
        key_literal(range.upper.as_ref())?,
    ))
}

/// A key, as a JSON array of its canonical texts, in SQL.
pub(super) fn key_literal(key: Option<&KeyValue>) -> Result<String> {
    match key {
        None => Ok("NULL".to_owned()),
        Some(key) => Ok(literal(&serde_json::to_string(key).context("cannot write down a key")?)),
    }
}
