//! The copy of the vendor's database.

use std::cmp::Reverse;

use handover_schemas::attestation::{
    StatedCopy, StatedEnd, StatedLeftOut, StatedTable, TableState,
};
use handover_schemas::digest::Digest;
use serde::Serialize;

use super::{LIST_MAX, Part, Sum};
use crate::report::words::{self, StateWords};

/// The copy.
#[derive(Serialize)]
pub(super) struct Copy<'a> {
    source: &'a StatedEnd,
    source_check: Option<StateWords>,
    stage: StateWords,
    settled: bool,
    root: Option<Digest>,
    runs: String,
    runs_cut_off: String,
    rows: Sum,
    bytes: Sum,
    tables: Part<Table>,
    /// Those that are not shown, if there are any.
    rest: Option<Rest>,
    left_out: Part<&'a StatedLeftOut>,
    transforms: Part<&'a String>,
}

/// A table.
#[derive(Serialize)]
struct Table {
    name: String,
    state: StateWords,
    rows: String,
    bytes: String,
    chunks: String,
    source_root: Option<Digest>,
    target_root: Option<Digest>,
    /// Both roots are there and are the same.
    same: bool,
}

/// Tables that are not shown.
#[derive(Serialize)]
struct Rest {
    tables: usize,
    settled: usize,
    rows: Sum,
    bytes: Sum,
}

impl<'a> Copy<'a> {
    pub(super) fn of(copy: &'a StatedCopy) -> Self {
        // What is wrong first, then the largest.
        let mut tables: Vec<&StatedTable> = copy.tables.iter().collect();
        tables.sort_by_key(|table| (!is_wrong(table), Reverse(table.rows), &table.name));
        let rest = tables.get(LIST_MAX..).filter(|rest| !rest.is_empty()).map(Rest::of);
        Self {
            source: &copy.source,
            source_check: copy.source_check.map(words::source_check),
            stage: words::stage(copy.stage),
            settled: copy.settled,
            root: copy.root,
            runs: copy.runs.to_string(),
            runs_cut_off: copy.runs_cut_off.to_string(),
            rows: copy.tables.iter().map(|table| table.rows.0).sum(),
            bytes: copy.tables.iter().map(|table| table.bytes.0).sum(),
            tables: Part::of(tables.into_iter().map(Table::of)),
            rest,
            left_out: Part::of(&copy.left_out),
            transforms: Part::of(&copy.transforms),
        }
    }
}

fn is_wrong(table: &StatedTable) -> bool {
    table.state != TableState::Settled || table.source_root != table.target_root
}

impl Table {
    fn of(table: &StatedTable) -> Self {
        Self {
            name: table.name.to_string(),
            state: words::table_state(table.state),
            rows: table.rows.to_string(),
            bytes: table.bytes.to_string(),
            chunks: table.chunks.to_string(),
            source_root: table.source_root,
            target_root: table.target_root,
            same: table.source_root.is_some() && table.source_root == table.target_root,
        }
    }
}

impl Rest {
    fn of(rest: &[&StatedTable]) -> Self {
        Self {
            tables: rest.len(),
            settled: rest.iter().filter(|table| table.state == TableState::Settled).count(),
            rows: rest.iter().map(|table| table.rows.0).sum(),
            bytes: rest.iter().map(|table| table.bytes.0).sum(),
        }
    }
}
