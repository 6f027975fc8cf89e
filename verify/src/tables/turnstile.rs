//! Lets workers that read ahead hand in their results in order.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;

use super::hashing::OtherWorkerFailed;

/// How long to sleep before looking whether the user asked to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Something that numbered pieces of work change one after another.
pub(super) struct Turnstile<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    value: T,
    next: usize,
    broken: bool,
}

impl<T> Turnstile<T> {
    /// The first turn is number 0.
    pub(super) fn new(value: T) -> Self {
        let state = State { value, next: 0, broken: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn and takes it.
    pub(super) fn take<R>(
        &self,
        turn: usize,
        interrupt: &Interrupt,
        act: impl FnOnce(&mut T) -> Result<R>,
    ) -> Result<R> {
        let mut state = self.wait(turn, interrupt)?;
        let done = act(&mut state.value);
        state.next = turn + 1;
        self.changed.notify_all();
        done
    }

    /// Waits for a turn, and keeps it.
    pub(super) fn begin<R>(
        &self,
        turn: usize,
        interrupt: &Interrupt,
        act: impl FnOnce(&mut T) -> R,
    ) -> Result<R> {
        Ok(act(&mut self.wait(turn, interrupt)?.value))
    }

    fn wait(&self, turn: usize, interrupt: &Interrupt) -> Result<MutexGuard<'_, State<T>>> {
        let mut state = self.lock();
        while state.next != turn {
            interrupt.check()?;
            if state.broken {
                return Err(OtherWorkerFailed.into());
            }
            let waited = self.changed.wait_timeout(state, LOOK_EVERY);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(state)
    }

    /// No more turns: a worker failed.
    pub(super) fn break_down(&self) {
        self.lock().broken = true;
        self.changed.notify_all();
    }

    /// What became of the value.
    pub(super) fn into_inner(self) -> T {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).value
    }
}
