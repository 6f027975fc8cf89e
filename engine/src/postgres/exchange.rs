//! One exchange with the server after another: until its answer, an interrupt, or the connection's
//! end. An answer that does not come is looked into by a connection of its own, and so is a
//! connection that ended without a word.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::{Interrupt, Interrupted};
use handover_cli_kit::progress;
use tokio::runtime::Runtime;

use super::TextRow;
use super::blocked::{self, Blocked};
use super::error::{ConnectionLost, Refused};
use super::session::NoAnswer;
use super::silence::{self, AtWork};
use super::wire::{Seen, Wire};
use crate::endpoint::Connection;

/// How long an answer may take before somebody asks what it waits for.
const LOOK_AFTER: Duration = Duration::from_secs(5);

/// How often somebody asks again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// How long asking may take.
const LOOK_LIMIT: Duration = Duration::from_secs(10);

/// What every exchange of a session needs.
pub(super) struct Exchange {
    runtime: Runtime,
    interrupt: Interrupt,
    connection: Connection,
    backend: OnceLock<Backend>,
    seen: OnceLock<Arc<Seen>>,
    /// How long the server may say nothing without being at work.
    silence_max: Duration,
}

/// The server's side of a session.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    /// `pg_backend_pid()`
    pub(super) pid: i32,
    /// `server_version_num`
    pub(super) version: u32,
    /// `pg_postmaster_start_time()`
    pub(super) started: String,
}

impl Exchange {
    pub(super) fn new(connection: Connection, interrupt: &Interrupt) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the I/O runtime")?;
        Ok(Self {
            runtime,
            interrupt: interrupt.clone(),
            connection,
            backend: OnceLock::new(),
            seen: OnceLock::new(),
            silence_max: silence::most()?,
        })
    }

    /// Where it is noted when something comes.
    pub(super) fn set_seen(&self, seen: Arc<Seen>) {
        self.seen.get_or_init(|| seen);
    }

    /// What the server said of itself once the session was there.
    pub(super) fn set_backend(&self, backend: Backend) {
        // Set once per session, right after it was opened.
        self.backend.get_or_init(|| backend);
    }

    pub(super) fn backend(&self) -> Option<&Backend> {
        self.backend.get()
    }

    /// Runs one exchange unless the user asks to stop first.
    pub(super) fn wait<T>(&self, exchange: impl Future<Output = Result<T>>) -> Result<T> {
        let done = self.runtime.block_on(async {
            tokio::select! {
                biased;
                done = exchange => done,
                () = self.interrupt.raised() => Err(Interrupted.into()),
                given_up = self.watch() => given_up,
            }
        });
        done.map_err(|error| self.explain(error))
    }

    /// Runs to its end whatever the user asks.
    pub(super) fn finish<T>(&self, exchange: impl Future<Output = T>) -> T {
        self.runtime.block_on(exchange)
    }

    /// Says, as often as something new is to be said, what the session's statement waits for. Ends
    /// once nothing has come for too long from a server that is not at work on it.
    async fn watch<T>(&self) -> Result<T> {
        let begun = Instant::now();
        tokio::time::sleep(LOOK_AFTER).await;
        let mut told: Option<Blocked> = None;
        loop {
            let (blocked, at_work) = self.look().await;
            if let Some(blocked) = blocked
                && told.as_ref() != Some(&blocked)
            {
                progress::tell(&blocked.to_string());
                told = Some(blocked);
            }
            let silence = self.silence_since(begun);
            if silence >= self.silence_max && at_work != AtWork::Yes {
                bail!(
                    "the server has said nothing for {} s, and {at_work}: the connection is taken for \
                     dead ({} sets how long is waited)",
                    silence.as_secs(),
                    silence::VARIABLE
                );
            }
            if silence >= silence::SAID_AFTER.min(self.silence_max / 2) {
                progress::tell(&format!(
                    "the server has said nothing for {} s; {at_work}",
                    silence.as_secs()
                ));
            }
            tokio::time::sleep(LOOK_AGAIN.min(self.silence_max / 4)).await;
        }
    }

    /// How long nothing has come since an exchange began.
    fn silence_since(&self, begun: Instant) -> Duration {
        let waited = begun.elapsed();
        let silence = self.seen.get().and_then(|seen| seen.silence());
        silence.map_or(waited, |silence| silence.min(waited))
    }

    /// Asks on a connection of its own what the session waits for, and whether it is at work.
    async fn look(&self) -> (Option<Blocked>, AtWork) {
        let Some(backend) = self.backend() else { return (None, AtWork::NotSaid) };
        let asked = self.beside(async |wire| {
            (blocked::ask(wire, backend.pid).await, silence::ask(wire, backend.pid).await)
        });
        asked.await.unwrap_or((None, AtWork::NotSaid))
    }

    /// The answer to a query on a connection of its own; nothing if none is to be had.
    pub(super) fn ask_beside(&self, sql: &str) -> Option<Vec<TextRow>> {
        let asked = self.beside(async |wire| wire.query(sql).await);
        self.runtime.block_on(asked).ok()?.ok()
    }

    /// Asks something on a connection of its own, within [`LOOK_LIMIT`].
    async fn beside<T>(&self, ask: impl AsyncFnOnce(&mut Wire) -> T) -> Result<T> {
        let asking = async {
            let mut wire = Wire::open(&self.connection).await?;
            let found = ask(&mut wire).await;
            wire.close().await;
            Ok(found)
        };
        let asked = tokio::time::timeout(LOOK_LIMIT, asking).await;
        asked.unwrap_or_else(|_elapsed| Err(NoAnswer(LOOK_LIMIT).into()))
    }

    /// Tells the server's last word as such. Where it did not arrive, a new connection tells what
    /// there is to know.
    fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        let Some(backend) = self.backend() else { return error };
        if error.downcast_ref::<Refused>().is_some_and(Refused::is_fatal) {
            return error.context("the server ended the session");
        }
        if !error.is::<ConnectionLost>() {
            return error;
        }
        let started = self.runtime.block_on(self.beside(blocked::started));
        let found = match started {
            Ok(Some(started)) if started != backend.started => {
                format!("the server was started anew at {started}")
            }
            Ok(_) => {
                "the server runs on: somebody or a limit of its own ended the session (its log \
                      says which), or something between here and there did"
                    .to_owned()
            }
            Err(error) if error.is::<NoAnswer>() => "and the server does not answer".to_owned(),
            Err(refused) => format!("and the server takes no new one: {refused:#}"),
        };
        error.context(format!("the connection to the server was lost; {found}"))
    }
}
