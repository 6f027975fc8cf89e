//! What the tables of a ledger hold, as digests: an attestation states them, and whoever changes a
//! row afterwards is found.
//!
//! A table's rows are written as lines of `COPY` text, the columns named here in this order, sorted
//! by the key's columns (numbers by value, texts by bytes). Events, attestations and moves are not
//! among them: they are bound by their chain. Nor are the lists of purges that are going on: their leaves
//! are.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use handover_engine::sql::{ident, literal};
use handover_schemas::attestation::StatedLedgerTable;
use handover_schemas::digest::{Digest, LineHasher};
use handover_schemas::value::escape_into;

use super::LedgerQuery;
use super::evidence::all_evidence;
use super::own::{OwnObjects, is_ledger_name};

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
const TABLES: [(&str, &[&str], &[&str]); 18] = [
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
    ("session_setting", &["name"], &["value"]),
    ("step", &["name"], &["problem", "done_at"]),
    ("unvacuumed_table", &["table_name"], &[]),
];

/// Tables that came later than others: a ledger that has none of one is digested as ever.
const LATER_TABLES: [(&str, &[&str], &[&str]); 2] = [
    ("purge_closing", &["purge_no"], &["statement", "closed_at"]),
    ("signed_evidence", &["name"], &["signature", "sender", "file_digests", "found"]),
];

/// Keys that are texts: sorted by their bytes.
const TEXT_KEYS: [&str; 5] = ["name", "database_id", "document", "seal", "table_name"];

/// Rows of a table that are read at once.
const PAGE: u64 = 10_000;

/// Rows with leaves, of up to 256 KiB of digits each.
const PAGE_OF_LEAVES: u64 = 64;

/// The digest of each table of the ledger, by name; of a table that is not there, that of
/// no rows, but for those that came later.
pub fn table_digests(ledger: &mut dyn LedgerQuery) -> Result<Vec<StatedLedgerTable>> {
    let mut tables: Vec<LedgerTable> = TABLES.iter().map(fixed).collect();
    for table in &LATER_TABLES {
        if ledger.has_table(table.0)? {
            tables.push(fixed(table));
        }
    }
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
const CHAINED: [(&str, &[&str]); 3] = [
    (
        "event",
        &[
            "event_no",
            "kind",
            "at",
            "operator",
            "host",
            "program",
            "program_sha256",
            "detail",
            "previous",
            "digest",
        ],
    ),
    ("attestation", &["attestation_no", "statement", "closing"]),
    ("move", &["move_no", "statement"]),
];

/// Tables that have one row, and a column that says so.
const OF_ONE_ROW: [&str; 3] = ["identity", "inventory", "ledger"];

/// Whether every ledger may have a table of this name.
pub(super) fn is_known(name: &str) -> bool {
    columns_of(name).is_some()
}

/// Whether a table has the name and the columns of one that every ledger may have.
pub(super) fn has_own_columns(name: &str, columns: &[String]) -> bool {
    let found: BTreeSet<&str> = columns.iter().map(String::as_str).collect();
    columns_of(name).is_some_and(|own| own == found)
}

fn columns_of(name: &str) -> Option<BTreeSet<&'static str>> {
    let chained = CHAINED.iter().find(|(known, _)| *known == name);
    if let Some((_, columns)) = chained {
        return Some(columns.iter().copied().collect());
    }
    let (_, key, columns) =
        TABLES.iter().chain(&LATER_TABLES).find(|(known, ..)| *known == name)?;
    let only_row = OF_ONE_ROW.contains(&name).then_some("only_row");
    Some(key.iter().chain(*columns).copied().chain(only_row).collect())
}

/// What stands in the ledger and is none of its own: tables, views, sequences, types and functions,
/// and triggers and rules on its tables, that somebody else made. Where the platform uses the
/// ledger's schema or prefix itself, what has no name of the ledger's is compared with the source
/// by `tables`, and not named here.
pub fn strangers(ledger: &mut dyn LedgerQuery) -> Result<Vec<String>> {
    let own = OwnObjects::of(ledger)?;
    let planned = planned_tables(ledger)?;
    let is_own = |ledger: &dyn LedgerQuery, name: &str| own.has(&ledger.place(name));
    let is_of_platform = |name: &str| {
        !planned.is_empty() && (planned.contains(name) || !is_ledger_name(last_word(name)))
    };
    let mut names = Vec::new();
    for row in ledger.query(ledger.objects_query())? {
        let mut texts = row.into_iter();
        let Some(name) = texts.next().flatten() else { continue };
        let is_known = match texts.next().flatten() {
            Some(table) => !is_own(ledger, &table) && is_of_platform(&table),
            None => is_own(ledger, &name) || is_of_platform(&name),
        };
        if !is_known {
            names.push(name);
        }
    }
    for (function, _) in ledger.functions()? {
        let is_ours = own.has_function(&function);
        if !is_ours && (planned.is_empty() || function == "identity_number_class(text)") {
            names.push(format!("function {function}"));
        }
    }
    names.sort();
    Ok(names)
}

/// The name of an object that has its kind before it.
fn last_word(name: &str) -> &str {
    name.split_once(' ').map_or(name, |(_, name)| name)
}

/// The platform's own tables with the ledger's schema or prefix, without these.
fn planned_tables(ledger: &mut dyn LedgerQuery) -> Result<BTreeSet<String>> {
    if !ledger.has_table("plan_table")? {
        return Ok(BTreeSet::new());
    }
    let plan = ledger.table("plan_table");
    let rows = ledger.query(&format!("SELECT schema_name, table_name FROM {plan}"))?;
    let here = ledger.place("");
    Ok(rows
        .into_iter()
        .filter_map(|row| match row.as_slice() {
            [Some(schema), Some(table)] if *schema == here.schema => {
                table.strip_prefix(&here.name).map(str::to_owned)
            }
            _ => None,
        })
        .collect())
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
