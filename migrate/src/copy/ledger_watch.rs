//! The ledger beside code of the vendor's: whatever a run did not write itself has to be there at the end as it was at the
//! beginning, and what it wrote as it wrote it.
//!
//! While rows are copied, nothing keeps a function from taking the account's role back. What it changes then is found here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use handover_engine::postgres::TextRow;
use handover_schemas::attestation::StatedLedgerTable;
use handover_schemas::chunk::KeyRange;
use handover_schemas::ledger::{ChunkEntry, ChunkId, ChunkState};
use handover_verify::ledger::copied::was_changed;
use handover_verify::ledger::tables::table_digests;

use super::vendor_code::LISTING;
use crate::ledger::{self, FrozenPlan, Head, Store};
use crate::target::Filled;

/// Tables that a run writes while it copies.
const WRITTEN: [&str; 4] = ["chunk", "ledger", "step", "unvacuumed_table"];

/// Tables that are bound by their chain, and have no digest.
const CHAINED: [&str; 3] = ["event", "attestation", "move"];

/// What this run wrote.
#[derive(Default)]
pub(super) struct Written(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    chunks: BTreeMap<ChunkId, ChunkEntry>,
    steps: BTreeSet<String>,
}

impl Written {
    /// Begins with what the ledger has.
    pub(super) fn from(chunks: &[ChunkEntry]) -> Self {
        let chunks = chunks.iter().map(|entry| (entry.id, entry.clone())).collect();
        Self(Mutex::new(Entries { chunks, steps: BTreeSet::new() }))
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A chunk's rows were copied; `rest` is what is still to be copied of its range.
    pub(super) fn copied(
        &self,
        entry: &ChunkEntry,
        filled: &Filled,
        snapshot: &str,
        rest: Option<&ChunkEntry>,
    ) {
        let range =
            KeyRange { lower: entry.range.lower.clone(), upper: filled.range.upper.clone() };
        let copied = ChunkEntry {
            id: entry.id,
            range,
            state: ChunkState::Copied,
            digest: Some(filled.digest),
            snapshot: Some(snapshot.to_owned()),
        };
        let planned = rest.map(|rest| ChunkEntry { state: ChunkState::Planned, ..rest.clone() });
        let mut entries = self.entries();
        for entry in [Some(copied), planned].into_iter().flatten() {
            entries.chunks.insert(entry.id, entry);
        }
    }

    /// A chunk is still the source's under a newer snapshot.
    pub(super) fn rechecked(&self, id: ChunkId, snapshot: &str) {
        if let Some(entry) = self.entries().chunks.get_mut(&id) {
            entry.snapshot = Some(snapshot.to_owned());
        }
    }

    /// A chunk was read back.
    pub(super) fn read_back(&self, id: ChunkId) {
        if let Some(entry) = self.entries().chunks.get_mut(&id) {
            entry.state = ChunkState::ReadBack;
        }
    }

    /// A step was recorded.
    pub(super) fn step(&self, name: &str) {
        self.entries().steps.insert(name.to_owned());
    }
}

/// What a ledger held when code of the vendor's began to run.
pub(super) struct LedgerWatch {
    tables: Vec<StatedLedgerTable>,
    chained: Vec<Vec<TextRow>>,
    head: Head,
    steps: Vec<(String, Option<String>)>,
    rights: Vec<TextRow>,
}

impl LedgerWatch {
    /// Looks at it. Refuses a plan that is not the one that is followed.
    pub(super) fn begin(store: &mut dyn Store, plan: &FrozenPlan) -> Result<Self> {
        if tables_of(&ledger::plan(store)?)? != tables_of(plan)? {
            bail!(changed("plan"));
        }
        Ok(Self {
            tables: others(store)?,
            chained: chained(store)?,
            head: ledger::head(store)?,
            steps: kept_steps(store)?,
            rights: ledger::rights(store)?,
        })
    }

    /// Refuses a ledger that is anything else than what it was and what this run wrote.
    pub(super) fn check(&self, store: &mut dyn Store, written: &Written) -> Result<()> {
        let head = Head { stage: self.head.stage, ..ledger::head(store)? };
        let entries = written.entries();
        let mut steps: BTreeSet<(String, Option<String>)> = self.steps.iter().cloned().collect();
        steps.extend(entries.steps.iter().map(|name| (name.clone(), None)));
        let found: BTreeSet<_> = kept_steps(store)?.into_iter().collect();
        let chunks = ledger::chunks(store)?;
        for (what, is_same) in [
            ("its head", head == self.head),
            ("its chunks", chunks.iter().eq(entries.chunks.values())),
            ("its steps", found == steps),
            ("its events", chained(store)? == self.chained),
            ("a table that no copy writes", others(store)? == self.tables),
            ("rights or triggers", ledger::rights(store)? == self.rights),
        ] {
            if !is_same {
                // No later run may take what is there for what was.
                ledger::record_ledger_changed(store)?;
                bail!(changed(what));
            }
        }
        Ok(())
    }
}

/// Refuses a target whose ledger was found changed by an earlier run.
pub(super) fn refuse_changed(store: &mut dyn Store) -> Result<()> {
    if was_changed(store)? {
        bail!(
            "an earlier run found that code of the vendor's had changed the ledger; {LISTING} lists what ran. {BEGIN_AGAIN}"
        );
    }
    Ok(())
}

const BEGIN_AGAIN: &str = "Nothing in this target can be relied on: begin again with an empty one, and leave that code out";

fn changed(what: &str) -> String {
    format!(
        "code of the vendor's changed the ledger ({what}) while this copy ran; {LISTING} lists what ran. {BEGIN_AGAIN}"
    )
}

/// Digests of the tables that no run writes while it copies.
fn others(store: &mut dyn Store) -> Result<Vec<StatedLedgerTable>> {
    let mut tables = table_digests(store)?;
    tables.retain(|table| !WRITTEN.contains(&table.name.as_str()));
    Ok(tables)
}

fn chained(store: &mut dyn Store) -> Result<Vec<Vec<TextRow>>> {
    let mut rows = Vec::new();
    for table in CHAINED {
        if store.has_table(table)? {
            let name = store.table(table);
            rows.push(
                store.query(&format!("SELECT e.*::pg_catalog.text FROM {name} e ORDER BY 1"))?,
            );
        }
    }
    Ok(rows)
}

/// Steps, but for what was refused, which each run tries and records anew.
fn kept_steps(store: &mut dyn Store) -> Result<Vec<(String, Option<String>)>> {
    let mut steps = ledger::steps(store)?;
    steps.retain(|(name, _)| !name.starts_with("refused "));
    Ok(steps)
}

/// What a plan says of its tables, in the words of the ledger.
fn tables_of(plan: &FrozenPlan) -> Result<Vec<String>> {
    let tables = plan.tables.iter().map(|(number, table)| {
        let shape = serde_json::to_string(&table.shape).context("cannot write down a table")?;
        Ok(format!("{number} {shape}"))
    });
    let left_out = plan.left_out.iter().map(|table| Ok(format!("{table:?}")));
    tables.chain(left_out).collect()
}
