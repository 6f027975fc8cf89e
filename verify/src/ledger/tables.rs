//! What the tables of a ledger hold, as digests: an attestation states them, and whoever changes a
//! row afterwards is found.
//!
//! A table's rows are written as lines of `COPY` text, the columns named here in this order, sorted
//! by the key's columns (numbers by value, texts by bytes). Events, attestations and moves are not
//! among them: they are bound by their chain. Nor are the lists of purges that are going on: their leaves
//! are.

use anyhow::{Context, Result};
use handover_schemas::attestation::StatedLedgerTable;
use handover_schemas::digest::{Digest, LineHasher};
use handover_schemas::value::escape_into;

use super::LedgerQuery;
use super::evidence::all_evidence;
use crate::sql::{ident, literal};

/// A table of the ledger.
struct LedgerTable {
    name: String,
    /// Columns of the key, which come first in a line.
    key: &'static [&'static str],
    /// The others, in their order.
    columns: Vec<String>,
    /// A column of bytes, which is written as hexadecimal digits.
    bytes_column: Option<&'static str>,
    /// Rows that are read at once.
    page: u64,
}

/// Tables that every ledger may have: name, columns of the key, other columns.
const TABLES: [(&str, &[&str], &[&str]); 17] = [
    (
        "chunk",
        &["table_no", "chunk_no", "part_no"],
        &[
            "lower_key",
            "upper_key",
            "state",
            "row_count",
            "byte_count",
            "digest",
            "snapshot",
            "copied_at",
            "read_back_at",
        ],
    ),
    (
        "evidence",
        &["name"],
        &["file_name", "bytes", "sha256", "row_count", "columns", "signer", "loaded_at"],
    ),
    ("identity", &["database_id"], &[]),
    ("inventory", &["document"], &["recorded_at"]),
    ("ledger", &["version"], &["source", "source_identity", "chunk_bytes", "stage", "created_at"]),
    ("package", &["seal"], &["component", "files", "bytes", "recorded_at", "superseded_at"]),
    (
        "plan_table",
        &["table_no"],
        &["schema_name", "table_name", "shape", "left_out", "left_out_by"],
    ),
    (
        "purge",
        &["purge_no"],
        &[
            "rule_name",
            "state",
            "selection",
            "salt_key",
            "backup",
            "outcome",
            "certificate",
            "checkpoint",
            "selected_at",
            "changed_at",
        ],
    ),
    (
        "purge_authority",
        &["authority_no"],
        &["purge_no", "nonce", "approval", "execution", "begun_at"],
    ),
    (
        "purge_batch",
        &["purge_no", "table_no", "first_position"],
        &["row_count", "deleted", "changed", "referenced", "absent", "authority_no", "done_at"],
    ),
    (
        "purge_chunk",
        &["purge_no", "table_no", "chunk_no"],
        &["first_position", "row_count", "leaves"],
    ),
    ("purge_kept", &["purge_no", "table_no", "position"], &["reason"]),
    ("restore", &["restore_no"], &["purge_no", "statement", "restored_at"]),
    ("restored_rows", &["restore_no", "table_no", "first_position"], &["row_count"]),
    ("run", &["run_no"], &["started_at", "ended_at", "outcome"]),
    ("step", &["name"], &["problem", "done_at"]),
    ("unvacuumed_table", &["table_name"], &[]),
];

/// Keys that are texts: sorted by their bytes.
const TEXT_KEYS: [&str; 5] = ["name", "database_id", "document", "seal", "table_name"];

/// Rows of a table that are read at once.
const PAGE: u64 = 10_000;

/// Rows with leaves, of up to 256 KiB of digits each.
const PAGE_OF_LEAVES: u64 = 64;

/// The digest of each table of the ledger, by name; of a table that is not there, that of no rows.
pub fn table_digests(ledger: &mut dyn LedgerQuery) -> Result<Vec<StatedLedgerTable>> {
    let mut tables: Vec<LedgerTable> = TABLES.iter().map(fixed).collect();
    for file in all_evidence(ledger)? {
        tables.push(LedgerTable {
            name: format!("evidence_{}", file.name),
            key: &["line_no"],
            columns: file.columns,
            bytes_column: None,
            page: PAGE,
        });
    }
    tables.sort_by(|one, next| one.name.cmp(&next.name));
    tables.iter().map(|table| digest(ledger, table)).collect()
}

/// Tables that are bound by their chain, and have no digest here.
const CHAINED: [&str; 3] = ["event", "attestation", "move"];

/// What stands in the ledger and is none of its tables: tables, views, triggers and rules that
/// somebody else made. Lists of purges that are going on are not among them.
pub fn strangers(ledger: &mut dyn LedgerQuery) -> Result<Vec<String>> {
    let files = all_evidence(ledger)?.into_iter().map(|file| format!("evidence_{}", file.name));
    let files: Vec<String> = files.collect();
    let is_known = |name: &str| {
        TABLES.iter().any(|(known, ..)| *known == name)
            || CHAINED.contains(&name)
            || files.iter().any(|known| known == name)
            || name.starts_with("purge_list_")
    };
    let sql = ledger.objects_query();
    let mut names: Vec<String> = ledger.query(sql)?.into_iter().flatten().flatten().collect();
    names.retain(|name| !is_known(name));
    names.sort();
    Ok(names)
}

fn fixed((name, key, columns): &(&str, &'static [&'static str], &[&str])) -> LedgerTable {
    let has_leaves = columns.contains(&"leaves");
    LedgerTable {
        name: (*name).to_owned(),
        key,
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        bytes_column: has_leaves.then_some("leaves"),
        page: if has_leaves { PAGE_OF_LEAVES } else { PAGE },
    }
}

fn digest(ledger: &mut dyn LedgerQuery, table: &LedgerTable) -> Result<StatedLedgerTable> {
    let mut hasher = LineHasher::new();
    if ledger.has_table(&table.name)? {
        let mut last: Option<Vec<String>> = None;
        loop {
            let sql = page_query(ledger, table, last.as_deref());
            let rows = ledger
                .query(&sql)
                .with_context(|| format!("cannot read the ledger's table {}", table.name))?;
            let Some(row) = rows.last() else { break };
            last = Some(row.iter().take(table.key.len()).flatten().cloned().collect());
            let whole = rows.len() as u64 == table.page;
            for row in &rows {
                hasher.push(&line(row));
            }
            if !whole {
                break;
            }
        }
    }
    let lines = hasher.finish();
    let sha256: Digest = lines.digest;
    Ok(StatedLedgerTable { name: table.name.clone(), rows: lines.rows.into(), sha256 })
}

/// Reads the rows behind a key.
fn page_query(ledger: &dyn LedgerQuery, table: &LedgerTable, after: Option<&[String]>) -> String {
    let is_text = |column: &&str| TEXT_KEYS.contains(column);
    let by_bytes = |column: &&'static str| {
        if is_text(column) { ledger.by_bytes(column) } else { (*column).to_owned() }
    };
    let key: Vec<String> = table.key.iter().map(by_bytes).collect();
    let columns = table.columns.iter().map(|column| match table.bytes_column {
        Some(bytes) if bytes == column => ledger.hex_of(column),
        _ => ident(column),
    });
    let columns: Vec<String> =
        table.key.iter().map(|column| (*column).to_owned()).chain(columns).collect();
    let condition = after.map_or_else(String::new, |last| {
        let values =
            table.key.iter().zip(last).map(|(column, value)| {
                if is_text(column) { literal(value) } else { value.clone() }
            });
        let values: Vec<String> = values.collect();
        format!("WHERE ({}) > ({})", key.join(", "), values.join(", "))
    });
    format!(
        "SELECT {} FROM {} {condition} ORDER BY {} LIMIT {}",
        columns.join(", "),
        ledger.table(&table.name),
        key.join(", "),
        table.page
    )
}

fn line(row: &[Option<String>]) -> Vec<u8> {
    let mut line = Vec::new();
    for (index, value) in row.iter().enumerate() {
        if index > 0 {
            line.push(b'\t');
        }
        match value {
            Some(text) => escape_into(text.as_bytes(), &mut line),
            None => line.extend_from_slice(b"\\N"),
        }
    }
    line.push(b'\n');
    line
}
