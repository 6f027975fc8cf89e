//! What all workers of a run know.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::reader::ReadOptions;
use handover_engine::sqlite::Misfit;
use handover_schemas::ledger::ChunkEntry;
use handover_schemas::plan::TableShape;

use super::board::Board;
use super::failure::is_for_good;
use super::gate::Gate;
use super::intervals::IntervalEnds;
use super::ledger_watch::Written;
use super::rate::Rate;
use crate::ledger::FrozenPlan;
use crate::target::Filled;
use crate::target::postgres::{Owner, SourceSettings};

/// The run's plan, moment and settings.
pub(super) struct Shared<'a> {
    pub(super) plan: &'a FrozenPlan,
    pub(super) board: Board,
    /// The source's snapshot, as the ledger records it.
    pub(super) snapshot: String,
    pub(super) options: ReadOptions,
    pub(super) rate: Rate,
    pub(super) gate: Arc<Gate>,
    pub(super) progress: &'a Progress,
    /// Intervals that the target's version does not have.
    pub(super) intervals: &'a IntervalEnds,
    /// Steps that earlier runs did.
    pub(super) steps: BTreeSet<String>,
    /// The target has no foreign keys and no triggers yet: ranges may be replaced.
    pub(super) may_replace: bool,
    /// What holds while rows are written.
    pub(super) settings: SourceSettings,
    /// What this run wrote into the ledger.
    pub(super) written: Written,
    /// Who owns the platform's objects.
    pub(super) owner: Owner,
    /// Rows of tables of a SQLite source that are read in ranges, counted by its one reader.
    pub(super) counted: Mutex<BTreeMap<i64, u64>>,
    pub(super) stopped: Mutex<Vec<StoppedTable>>,
    /// Tables whose key the target has no index for.
    pub(super) without_key: Mutex<Vec<StoppedTable>>,
}

/// A table that could not be copied.
#[derive(Clone, Debug)]
pub(super) struct StoppedTable {
    /// Number in the plan.
    pub(super) table: i64,
    /// Why, without values.
    pub(super) reason: String,
    /// A value did not fit; the source is asked for all such rows.
    pub(super) is_misfit: bool,
    /// No other run can copy it: the target cannot hold what is in it.
    pub(super) is_for_good: bool,
}

impl Shared<'_> {
    /// The table as the source has it.
    pub(super) fn shape(&self, table: i64) -> Result<&TableShape> {
        Ok(&self.plan.table(table)?.shape)
    }

    /// The same plan and settings for work at the target alone.
    pub(super) fn for_reading_again(&self, interrupt: &Interrupt) -> Shared<'_> {
        Shared {
            plan: self.plan,
            board: Board::new(BTreeMap::new(), VecDeque::new(), false, interrupt),
            snapshot: self.snapshot.clone(),
            options: self.options.clone(),
            rate: Rate::new(None, interrupt),
            gate: Arc::clone(&self.gate),
            progress: self.progress,
            intervals: self.intervals,
            steps: self.steps.clone(),
            may_replace: false,
            settings: self.settings.clone(),
            owner: self.owner.clone(),
            written: Written::default(),
            counted: Mutex::default(),
            stopped: Mutex::default(),
            without_key: Mutex::default(),
        }
    }

    /// Notes that a chunk was copied.
    pub(super) fn copied(
        &self,
        shape: &TableShape,
        entry: &ChunkEntry,
        sent: Option<&Filled>,
        rest: Option<&ChunkEntry>,
    ) {
        let Some(sent) = sent else { return };
        self.written.copied(entry, sent, &self.snapshot, rest);
        self.progress.advance(&shape.name.to_string(), sent.digest.rows, sent.digest.bytes);
    }

    /// Whether an earlier run did a step.
    pub(super) fn has_step(&self, step: &str) -> bool {
        self.steps.contains(step)
    }

    /// Records why a table stopped.
    pub(super) fn stop_table(&self, table: i64, error: &anyhow::Error) {
        let stopped = StoppedTable {
            table,
            reason: format!("{error:#}"),
            is_misfit: error.chain().any(|cause| cause.is::<Misfit>()),
            is_for_good: is_for_good(error),
        };
        if let Ok(shape) = self.shape(table) {
            self.progress.note(&format!("{} stopped: {}", shape.name, stopped.reason));
        }
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).push(stopped);
    }

    /// Records that the index of a table's key is more than the target can hold. Its rows are read
    /// back without it.
    pub(super) fn go_without_key(&self, table: i64, error: &anyhow::Error) {
        let reason = format!("{error:#}");
        let without = StoppedTable { table, reason, is_misfit: false, is_for_good: true };
        self.without_key.lock().unwrap_or_else(PoisonError::into_inner).push(without);
    }

    /// Tables without the index of their key, once the workers are done.
    pub(super) fn tables_without_key(&self) -> Vec<StoppedTable> {
        self.without_key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tables that stopped, once the workers are done.
    pub(super) fn stopped_tables(&self) -> Vec<StoppedTable> {
        self.stopped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
