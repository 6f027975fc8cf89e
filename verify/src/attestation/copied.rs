//! What the ledger says of the copy, as a statement has it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use handover_schemas::attestation::{
    StatedCopy, StatedEnd, StatedLeftOut, StatedTable, TableState,
};
use handover_schemas::chain::EventKind;
use handover_schemas::digest::Digest;
use handover_schemas::leaf::{ChunkLeaf, TableContent, TableLeaf, handover_root, table_root};
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
    let mut tables = Vec::new();
    for (number, table) in &plan.tables {
        let chunks = by_table.get(number).map(Vec::as_slice).unwrap_or_default();
        tables.push(stated_table(&table.shape, chunks));
    }
    let all_settled = tables.iter().all(|table| table.state == TableState::Settled);
    let (runs, cut_off) = copied::runs(ledger)?;
    Ok(Some(StatedCopy {
        source: StatedEnd { identity: head.source_identity, url: Some(head.source) },
        source_check: copied::source_check(ledger)?,
        stage: head.stage,
        settled: all_settled && head.stage == Stage::Done,
        chunk_bytes: head.chunk_bytes.into(),
        root: if all_settled { Some(root(&tables, &plan)?) } else { None },
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

fn stated_table(shape: &TableShape, chunks: &[ChunkEntry]) -> StatedTable {
    let lines = chunks.iter().filter_map(|chunk| chunk.digest);
    let (rows, bytes) = lines.fold((0_u64, 0_u64), |(rows, bytes), one| {
        (rows.saturating_add(one.rows), bytes.saturating_add(one.bytes))
    });
    let all_are = |least: ChunkState| {
        !chunks.is_empty()
            && chunks.iter().all(|chunk| chunk.state >= least && chunk.digest.is_some())
    };
    let state = if all_are(ChunkState::ReadBack) {
        TableState::Settled
    } else if all_are(ChunkState::Copied) {
        TableState::Copied
    } else {
        TableState::Incomplete
    };
    let root = || chunk_root(shape, chunks);
    StatedTable {
        name: shape.name.clone(),
        state,
        rows: rows.into(),
        bytes: bytes.into(),
        chunks: (chunks.len() as u64).into(),
        source_root: (state != TableState::Incomplete).then(root),
        target_root: (state == TableState::Settled).then(root),
    }
}

/// Root over the chunks of a table, as the ledger has them.
fn chunk_root(shape: &TableShape, chunks: &[ChunkEntry]) -> Digest {
    let leaves: Vec<Digest> = chunks
        .iter()
        .filter_map(|chunk| {
            let lines = chunk.digest?;
            let leaf = ChunkLeaf {
                table: shape,
                range: &chunk.range,
                rows: lines.rows,
                bytes: lines.bytes,
                digest: lines.digest,
            };
            Some(leaf.hash())
        })
        .collect();
    table_root(&leaves)
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
