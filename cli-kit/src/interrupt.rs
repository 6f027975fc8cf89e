//! Ctrl-C: asked for once, seen everywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use tokio::sync::watch;

/// The work was stopped on request; everything recorded so far is kept.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Tells workers that the user asked to stop.
#[derive(Clone)]
pub struct Interrupt {
    asked: Arc<AtomicBool>,
    waker: watch::Sender<bool>,
}

impl Default for Interrupt {
    fn default() -> Self {
        Self { asked: Arc::default(), waker: watch::Sender::new(false) }
    }
}

impl Interrupt {
    /// An interrupt that SIGINT and SIGTERM raise; a second one ends the process at once.
    pub fn on_signals() -> Result<Self> {
        let interrupt = Self::default();
        let raised = interrupt.clone();
        let signals = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];
        for signal in signals {
            signal_hook::flag::register_conditional_shutdown(signal, 130, raised.asked.clone())
                .context("cannot listen for signals")?;
        }
        let mut arriving =
            signal_hook::iterator::Signals::new(signals).context("cannot listen for signals")?;
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                if arriving.forever().next().is_some() {
                    raised.raise();
                }
            })
            .context("cannot start the signal thread")?;
        Ok(interrupt)
    }

    /// Asks everybody to stop.
    pub fn raise(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.waker.send_replace(true);
    }

    /// Whether somebody asked to stop.
    pub fn is_raised(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// An error if somebody asked to stop.
    pub fn check(&self) -> Result<()> {
        if self.is_raised() { Err(Interrupted.into()) } else { Ok(()) }
    }

    /// Ends when somebody asks to stop.
    pub async fn raised(&self) {
        let mut receiver = self.waker.subscribe();
        // The sender lives in self, so waiting cannot fail before the value turns true.
        if receiver.wait_for(|raised| *raised).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
