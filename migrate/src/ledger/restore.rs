//! Restores in the target's ledger: what is written. What is read is in `handover_verify::purge`.

use anyhow::{Context, Result};
use handover_engine::sql::literal;
use handover_schemas::chain::{EventDetail, EventKind};
use handover_schemas::digest::Digest;
use handover_verify::purge::ledger as reading;

use super::events::append_event;
use super::store::Store;

/// Rows of one table that were put back, as runs of places in its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredRuns {
    table: usize,
    rows: u64,
    /// First place and number of places.
    runs: Vec<(u64, u64)>,
}

impl RestoredRuns {
    /// None yet, of the table with this number in the selection.
    pub fn new(table: usize) -> Self {
        Self { table, rows: 0, runs: Vec::new() }
    }

    /// Takes a place; places come in their order.
    pub fn push(&mut self, position: u64) {
        self.rows += 1;
        match self.runs.last_mut() {
            Some((first, count)) if *first + *count == position => *count += 1,
            _ => self.runs.push((position, 1)),
        }
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

/// The number of the next restore of this database.
pub fn next_restore(store: &mut dyn Store) -> Result<i64> {
    let table = store.table("restore");
    let rows = store.query(&format!("SELECT coalesce(max(restore_no), 0) + 1 FROM {table}"))?;
    let number = rows.into_iter().flatten().flatten().next();
    number.and_then(|number| number.parse().ok()).context("the ledger has a damaged number")
}

/// Statements of the restores of a purge, with their numbers.
pub fn restore_statements(store: &mut dyn Store, purge: i64) -> Result<Vec<(i64, String)>> {
    reading::restore_statements(store, purge)
}

/// Records a restore, in the transaction that put the rows back.
pub fn record_restore(
    store: &mut dyn Store,
    (number, purge): (i64, i64),
    statement: &str,
    restored: &[RestoredRuns],
) -> Result<()> {
    let (table, rows_table) = (store.table("restore"), store.table("restored_rows"));
    store.execute(&format!(
        "INSERT INTO {table} (restore_no, purge_no, statement) VALUES ({number}, {purge}, {})",
        literal(statement)
    ))?;
    for one in restored {
        for runs in one.runs.chunks(RUNS_AT_ONCE) {
            let values: Vec<String> = runs
                .iter()
                .map(|(first, count)| format!("({number}, {}, {first}, {count})", one.table))
                .collect();
            store.execute(&format!(
                "INSERT INTO {rows_table} (restore_no, table_no, first_position, row_count) \
                 VALUES {}",
                values.join(", ")
            ))?;
        }
    }
    let detail = EventDetail {
        number: u64::try_from(number).ok(),
        sha256: Some(Digest::of(statement.as_bytes())),
        count: Some(restored.iter().map(|one| one.rows).sum()),
        ..EventDetail::default()
    };
    append_event(store, EventKind::Restore, &detail).map(drop)
}

/// Runs that are written by one statement.
const RUNS_AT_ONCE: usize = 1000;
