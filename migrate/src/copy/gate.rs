//! A bound on the rows that are in memory between the reader of a SQLite source and the writers.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;

/// Bytes of rows on their way.
const IN_FLIGHT_BYTES: usize = 24 * 1024 * 1024;

/// How long to sleep before looking whether the user asked to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Lets a bounded number of bytes through.
#[derive(Default)]
pub(super) struct Gate {
    in_flight: Mutex<usize>,
    changed: Condvar,
}

/// Rows on their way; they count until dropped.
pub(super) struct InFlight {
    /// The rows.
    pub(super) rows: Vec<u8>,
    gate: Arc<Gate>,
}

impl Gate {
    /// Waits for room. A block larger than the bound goes alone.
    pub(super) fn enter(
        self: &Arc<Self>,
        rows: Vec<u8>,
        interrupt: &Interrupt,
    ) -> Result<InFlight> {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        while *in_flight > 0 && *in_flight + rows.len() > IN_FLIGHT_BYTES {
            interrupt.check()?;
            let waited = self.changed.wait_timeout(in_flight, LOOK_EVERY);
            in_flight = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *in_flight += rows.len();
        Ok(InFlight { rows, gate: Arc::clone(self) })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut in_flight = self.gate.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        *in_flight = in_flight.saturating_sub(self.rows.len());
        self.gate.changed.notify_all();
    }
}
