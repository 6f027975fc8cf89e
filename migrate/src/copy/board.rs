//! What is to be done, shared by the workers: rows first, then the key of each table whose rows
//! are complete, then that table's read-back.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Error;
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::ledger::ChunkEntry;

use super::failure::WorkerPanicked;
use super::gate::InFlight;
use crate::target::Filled;

/// One piece of work.
pub(super) enum Unit {
    /// Rows to be read from a PostgreSQL source and written: consecutive chunks of one table.
    Copy(ChunkJob),
    /// Rows that the reader of a SQLite source sends.
    Write(WriteJob),
    /// Chunks of a SQLite source whose rows are still the ones copied earlier.
    Kept(ChunkJob),
    /// The index behind a table's key.
    BuildKey(i64),
    /// Chunks to be read again from the target.
    ReadBack(ChunkJob),
    /// All rows of a table, to be read again from the target though they were once.
    ReadAgain(i64),
    /// The target's rows of a table that is read back in ranges, to be counted.
    CountTarget(i64),
}

impl Unit {
    /// Number of the table in the plan.
    pub(super) fn table(&self) -> i64 {
        match self {
            Self::Copy(job) | Self::Kept(job) | Self::ReadBack(job) => job.table,
            Self::Write(job) => job.table,
            Self::BuildKey(table) | Self::ReadAgain(table) | Self::CountTarget(table) => *table,
        }
    }
}

/// Consecutive chunks of one table: one, or all of a table that is read whole.
pub(super) struct ChunkJob {
    /// Number of the table in the plan.
    pub(super) table: i64,
    /// Entries as they stand in the ledger.
    pub(super) entries: Vec<ChunkEntry>,
}

/// One chunk whose rows arrive in blocks.
pub(super) struct WriteJob {
    /// Number of the table in the plan.
    pub(super) table: i64,
    /// Entry as it stands in the ledger.
    pub(super) entry: ChunkEntry,
    /// Rows of an earlier copy are to go first.
    pub(super) replace: bool,
    /// Rows, then the end. A sender that is gone before the end means that reading failed.
    pub(super) blocks: Receiver<Block>,
    /// Told when the chunk is committed.
    pub(super) committed: Sender<()>,
}

/// Part of a chunk on its way from the reader to a writer.
pub(super) enum Block {
    /// Rows in the target's wire form.
    Rows(InFlight),
    /// No more rows.
    End(Filled),
}

/// How long to sleep before looking whether the user asked to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The workers' common view of the work.
pub(super) struct Board {
    state: Mutex<State>,
    changed: Condvar,
    interrupt: Interrupt,
    /// Held while rows larger than a mebibyte move: one at a time.
    large_rows: Mutex<()>,
}

struct State {
    units: VecDeque<Unit>,
    at_work: usize,
    /// Chunks not done yet, per table.
    open: BTreeMap<i64, usize>,
    stopped: Vec<i64>,
    failure: Option<Error>,
    feeding: bool,
}

impl Board {
    /// A board with copy jobs per table. `feeding` says that a reader will add [`Unit::Write`].
    pub(super) fn new(
        open: BTreeMap<i64, usize>,
        units: VecDeque<Unit>,
        feeding: bool,
        interrupt: &Interrupt,
    ) -> Self {
        let state = State { units, at_work: 0, open, stopped: Vec::new(), failure: None, feeding };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            interrupt: interrupt.clone(),
            large_rows: Mutex::new(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, state: MutexGuard<'g, State>) -> MutexGuard<'g, State> {
        let waited = self.changed.wait_timeout(state, LOOK_EVERY);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The next piece of work; `None` when there is none left, or the work cannot go on.
    pub(super) fn take(&self) -> Option<Unit> {
        let mut state = self.lock();
        loop {
            if state.failure.is_some() || self.interrupt.is_raised() {
                return None;
            }
            if let Some(unit) = state.units.pop_front() {
                state.at_work += 1;
                return Some(unit);
            }
            if state.at_work == 0 && !state.feeding {
                return None;
            }
            state = self.wait(state);
        }
    }

    /// A piece of work taken is done, and these follow from it.
    pub(super) fn done(&self, follow_up: impl IntoIterator<Item = Unit>) {
        let mut state = self.lock();
        state.at_work -= 1;
        for unit in follow_up {
            if !state.stopped.contains(&unit.table()) {
                state.units.push_back(unit);
            }
        }
        self.changed.notify_all();
    }

    /// Adds work that nobody waits for yet.
    pub(super) fn add(&self, unit: Unit) {
        self.lock().units.push_back(unit);
        self.changed.notify_all();
    }

    /// Whether a reader is still adding work.
    pub(super) fn is_feeding(&self) -> bool {
        self.lock().feeding
    }

    /// The reader of a SQLite source has sent everything.
    pub(super) fn feeding_done(&self) {
        self.lock().feeding = false;
        self.changed.notify_all();
    }

    /// One more chunk of a table follows: a planned range had to be cut.
    pub(super) fn expect_more(&self, table: i64) {
        *self.lock().open.entry(table).or_default() += 1;
    }

    /// So many chunks of a table are done; whether it was the table's last.
    pub(super) fn is_table_complete(&self, table: i64, chunks: usize) -> bool {
        let mut state = self.lock();
        let open = state.open.entry(table).or_default();
        *open = open.saturating_sub(chunks);
        let complete = *open == 0;
        self.changed.notify_all();
        complete && !state.stopped.contains(&table)
    }

    /// The table cannot be copied; the others go on.
    pub(super) fn stop_table(&self, table: i64) {
        let mut state = self.lock();
        state.stopped.push(table);
        state.open.remove(&table);
        state.units.retain(|unit| unit.table() != table);
        self.changed.notify_all();
    }

    /// Whether a table was stopped.
    pub(super) fn is_stopped(&self, table: i64) -> bool {
        self.lock().stopped.contains(&table)
    }

    /// Nothing can go on.
    pub(super) fn fail(&self, error: Error) {
        let mut state = self.lock();
        if state.failure.is_none() {
            state.failure = Some(error);
        }
        state.units.clear();
        self.changed.notify_all();
    }

    /// Does a worker's work to its end, even if that is a panic: those who wait for what it had
    /// taken have to know that nothing comes of it.
    pub(super) fn run(&self, work: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            self.fail(WorkerPanicked.into());
        }
    }

    /// Whether the work cannot go on, or is not wanted any more.
    pub(super) fn is_over(&self) -> bool {
        self.lock().failure.is_some() || self.interrupt.is_raised()
    }

    /// What made the work fail.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.lock().failure.take()
    }

    /// Whether every row that is to be read from the source has been.
    pub(super) fn is_source_done(&self) -> bool {
        let state = self.lock();
        !state.feeding && state.open.values().all(|open| *open == 0)
    }

    /// Waits until nothing more is read from the source.
    pub(super) fn wait_for_source(&self) {
        while !self.is_source_done() && !self.is_over() {
            drop(self.wait(self.lock()));
        }
    }

    /// Lets one row larger than a mebibyte move at a time.
    pub(super) fn large_rows(&self) -> MutexGuard<'_, ()> {
        self.large_rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Its fellow workers wait for what may follow from the unit it had taken.
    #[test]
    fn a_worker_that_panics_ends_the_work_of_all() {
        let units = VecDeque::from([Unit::BuildKey(0)]);
        let board = Board::new(BTreeMap::from([(0, 1)]), units, false, &Interrupt::default());
        let taken = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    board.run(|| {
                        if board.take().is_some() {
                            taken.fetch_add(1, Ordering::SeqCst);
                            panic!("as a test may");
                        }
                    });
                });
            }
            board.wait_for_source();
        });
        assert_eq!(taken.into_inner(), 1);
        assert!(board.take_failure().unwrap().is::<WorkerPanicked>());
    }

    /// So does a reader of a SQLite source.
    #[test]
    fn a_reader_that_panics_ends_the_work_of_all() {
        let board = Board::new(BTreeMap::new(), VecDeque::new(), true, &Interrupt::default());
        std::thread::scope(|scope| {
            scope.spawn(|| board.run(|| assert!(board.take().is_none())));
            board.run(|| panic!("as a test may"));
        });
        assert!(board.take_failure().unwrap().is::<WorkerPanicked>());
    }
}
