//! What the ledger says of the copy, as a statement has it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use handover_engine::table_root::TableRoot;
use handover_schemas::attestation::{
    RootsOver, StatedCopy, StatedEnd, StatedLeftOut, StatedTable, TableState,
};
use handover_schemas::chain::EventKind;
use handover_schemas::digest::Digest;
use handover_schemas::leaf::{TableContent, TableLeaf, handover_root};
use handover_schemas::ledger::{ChunkEntry, ChunkState, LeftOutBy, Stage};
use handover_schemas::plan::TableShape;

use super::gather::detail_of;
use crate::ledger::LedgerQuery;
use crate::ledger::copied::{self, FrozenPlan};
use crate::ledger::events::RecordedEvent;

/// What the ledger says of the copy; nothing if none was begun.
pub(super) fn stated_copy(
    ledger: &mut dyn LedgerQuery,
    events: &[RecordedEvent],
) -> Result<Option<StatedCopy>> {
    if !copied::exists(ledger)? {
        return Ok(None);
    }
    let head = copied::head(ledger)?;
    let plan = copied::plan(ledger)?;
    let mut by_table: BTreeMap<i64, Vec<ChunkEntry>> = BTreeMap::new();
    for chunk in copied::chunks(ledger)? {
        by_table.entry(chunk.id.table).or_default().push(chunk);
    }
    let recorded = copied::roots(ledger)?;
    let chunks_of = |number: &i64| by_table.get(number).map(Vec::as_slice).unwrap_or_default();
    // An earlier version finished this copy, and recorded no roots.
    let without_roots = head.stage == Stage::Done
        && plan.tables.iter().any(|(number, _)| {
            state(chunks_of(number)) == TableState::Settled && !recorded.contains_key(number)
        });
    let tables: Vec<StatedTable> = plan
        .tables
        .iter()
        .map(|(number, table)| {
            let chunks = chunks_of(number);
            let root = if without_roots && state(chunks) == TableState::Settled {
                Some(TableRoot::over(&table.shape, chunks))
            } else {
                recorded.get(number).copied()
            };
            stated_table(&table.shape, chunks, root)
        })
        .collect();
    let all_settled = tables.iter().all(|table| table.state == TableState::Settled);
    let have_roots = tables.iter().all(|table| table.target_root.is_some());
    let (runs, cut_off) = copied::runs(ledger)?;
    Ok(Some(StatedCopy {
        source: StatedEnd { identity: head.source_identity, url: Some(head.source) },
        source_check: copied::source_check(ledger)?,
        stage: head.stage,
        settled: all_settled && head.stage == Stage::Done,
        chunk_bytes: head.chunk_bytes.into(),
        roots_over: (!without_roots).then_some(RootsOver::Rows),
        root: if all_settled && have_roots { Some(root(&tables, &plan)?) } else { None },
        tables,
        left_out: plan
            .left_out
            .iter()
            .map(|table| StatedLeftOut {
                name: table.name.clone(),
                reason: table.reason.clone(),
                decided: table.by == LeftOutBy::Config,
            })
            .collect(),
        transforms: transforms(events)?,
        runs: runs.into(),
        runs_cut_off: cut_off.into(),
    }))
}

/// Columns that the plan carries over as another type: `table.column=type`.
pub fn transforms(events: &[RecordedEvent]) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for event in events.iter().filter(|one| one.event.kind == EventKind::Plan) {
        all.extend(detail_of(event)?.mapped_types);
    }
    Ok(all)
}

/// How far a table with these chunks has come.
fn state(chunks: &[ChunkEntry]) -> TableState {
    let all_are = |least: ChunkState| {
        !chunks.is_empty()
            && chunks.iter().all(|chunk| chunk.state >= least && chunk.digest.is_some())
    };
    if all_are(ChunkState::ReadBack) {
        TableState::Settled
    } else if all_are(ChunkState::Copied) {
        TableState::Copied
    } else {
        TableState::Incomplete
    }
}

/// A table with the root of its rows. Once every chunk was read back with the digest that it had at the source,
/// there is one root for both ends.
fn stated_table(shape: &TableShape, chunks: &[ChunkEntry], root: Option<TableRoot>) -> StatedTable {
    let lines = chunks.iter().filter_map(|chunk| chunk.digest);
    let (rows, bytes) = lines.fold((0_u64, 0_u64), |(rows, bytes), one| {
        (rows.saturating_add(one.rows), bytes.saturating_add(one.bytes))
    });
    StatedTable {
        name: shape.name.clone(),
        state: state(chunks),
        rows: rows.into(),
        bytes: bytes.into(),
        chunks: root.map_or(chunks.len() as u64, |root| root.chunks).into(),
        source_root: root.map(|root| root.root),
        target_root: root.map(|root| root.root),
    }
}

fn root(tables: &[StatedTable], plan: &FrozenPlan) -> Result<Digest> {
    let hashed = tables.iter().filter_map(|table| {
        let content = TableContent::Hashed {
            chunks: table.chunks.0,
            root: table.target_root?,
            rows: table.rows.0,
            bytes: table.bytes.0,
        };
        Some(TableLeaf { table: &table.name, content })
    });
    let left_out = plan.left_out.iter();
    let excluded =
        left_out.map(|table| TableLeaf { table: &table.name, content: TableContent::Excluded });
    let leaves: Vec<TableLeaf<'_>> = hashed.chain(excluded).collect();
    handover_root(&leaves).context("the hand-over has no root")
}
