//! Freezing the plan, and reading it back.

use anyhow::{Context, Result, bail};
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::ledger::{ChunkEntry, ChunkId, ChunkState, LEDGER_VERSION, LeftOutBy};
use handover_schemas::name::TableName;
use handover_schemas::plan::{TablePlan, TableShape};
use handover_verify::postgres::TextRow;
use handover_verify::sql::literal;

use super::progress::line_digest;
use super::store::Store;
use super::{FrozenPlan, Head};

/// A table that is not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOutTable {
    /// The table.
    pub name: TableName,
    /// Why.
    pub reason: String,
    /// Who decided that.
    pub by: LeftOutBy,
}

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

fn parse_key(text: Option<&String>) -> Result<Option<KeyValue>> {
    text.map(|text| serde_json::from_str(text).context("the ledger has a damaged key")).transpose()
}

/// Reads the plan.
pub(super) fn read_plan(store: &mut dyn Store) -> Result<FrozenPlan> {
    let table = store.table("plan_table");
    let rows = store.query(&format!(
        "SELECT table_no, schema_name, table_name, shape, left_out, left_out_by FROM {table} \
         ORDER BY table_no"
    ))?;
    let mut plan = FrozenPlan { tables: Vec::new(), left_out: Vec::new() };
    for row in rows {
        let [Some(number), Some(schema), Some(name), Some(shape), left_out, by] = row.as_slice()
        else {
            bail!("the target's ledger has an incomplete row for a table");
        };
        let name = TableName::new(schema, name);
        if let Some(reason) = left_out {
            let by = by.as_deref().and_then(LeftOutBy::parse);
            let by = by.with_context(|| format!("the ledger does not say who left out {name}"))?;
            plan.left_out.push(LeftOutTable { name, reason: reason.clone(), by });
        } else {
            let shape: TableShape = serde_json::from_str(shape)
                .with_context(|| format!("the ledger's plan of {name} is damaged"))?;
            let number = number.parse().context("the ledger has a damaged table number")?;
            plan.tables.push((number, TablePlan { shape, boundaries: Vec::new() }));
        }
    }
    Ok(plan)
}

/// Reads all chunks, in order.
pub(super) fn read_chunks(store: &mut dyn Store, condition: &str) -> Result<Vec<ChunkEntry>> {
    let table = store.table("chunk");
    let rows = store.query(&format!(
        "SELECT table_no, chunk_no, part_no, lower_key, upper_key, state, row_count, byte_count, \
                digest, snapshot \
         FROM {table} {condition} ORDER BY table_no, chunk_no, part_no"
    ))?;
    rows.iter().map(chunk_entry).collect()
}

fn chunk_entry(row: &TextRow) -> Result<ChunkEntry> {
    let [
        Some(table),
        Some(chunk),
        Some(part),
        lower,
        upper,
        Some(state),
        rows,
        bytes,
        digest,
        snapshot,
    ] = row.as_slice()
    else {
        bail!("the target's ledger has an incomplete row for a chunk");
    };
    let number = |text: &String| text.parse::<i64>().context("the ledger has a damaged number");
    Ok(ChunkEntry {
        id: ChunkId { table: number(table)?, chunk: number(chunk)?, part: number(part)? },
        range: KeyRange { lower: parse_key(lower.as_ref())?, upper: parse_key(upper.as_ref())? },
        state: ChunkState::parse(state).context("the ledger has an unknown chunk state")?,
        digest: line_digest(rows.as_ref(), bytes.as_ref(), digest.as_ref())?,
        snapshot: snapshot.clone(),
    })
}
