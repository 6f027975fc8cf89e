//! `--max-rate`: how fast the source may be read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;

/// A limit on canonical bytes per second, over all workers together.
pub(super) struct Rate {
    bytes_per_second: Option<u64>,
    started: Instant,
    spent: AtomicU64,
    interrupt: Interrupt,
}

/// Longest sleep before looking whether the user asked to stop.
const NAP: Duration = Duration::from_millis(50);

impl Rate {
    /// A limit, or none.
    pub(super) fn new(bytes_per_second: Option<u64>, interrupt: &Interrupt) -> Self {
        Self {
            bytes_per_second: bytes_per_second.map(|rate| rate.max(1)),
            started: Instant::now(),
            spent: AtomicU64::new(0),
            interrupt: interrupt.clone(),
        }
    }

    /// Takes so many bytes; sleeps until they were allowed.
    pub(super) fn spend(&self, bytes: u64) -> Result<()> {
        let Some(rate) = self.bytes_per_second else { return Ok(()) };
        let spent = self.spent.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let due = Duration::from_millis(spent.saturating_mul(1000) / rate);
        while let Some(left) = due.checked_sub(self.started.elapsed()) {
            self.interrupt.check()?;
            std::thread::sleep(left.min(NAP));
        }
        Ok(())
    }
}
