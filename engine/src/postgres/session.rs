//! One PostgreSQL connection, driven from an ordinary thread.
//!
//! A COPY that did not end by itself marks the session unusable: what the server still sends of it,
//! minutes maybe, would come before the next answer, and its transaction has failed. Every later call
//! says so instead of waiting.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;

use super::copy_stream::{CopyIn, CopyOut};
use super::error::Refused;
use super::exchange::{Backend, Exchange};
use super::wire::{Refusal, Wire};
use crate::endpoint::{self, PostgresEndpoint};
use crate::sql::literal;

/// Settings under which every digest is made; see `FORMAT.md`.
pub const PINNED: &[(&str, &str)] = &[
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("client_encoding", "UTF8"),
    ("lc_monetary", "C"),
    ("row_security", "off"),
    // A temporary table of the vendor's code must not be taken for one of the catalog.
    ("search_path", "pg_catalog, pg_temp"),
    ("standard_conforming_strings", "on"),
];

/// Settings that change speed and patience, never bytes: a vendor's defaults must neither cut a
/// long read nor make the planner sort what an index has in order.
const PATIENT: &[(&str, &str)] = &[
    // Nobody reads them.
    ("client_min_messages", "error"),
    // Workers write to the ledger side by side: a database whose default is serializable would
    // refuse most of their transactions.
    ("default_transaction_isolation", "read committed"),
    ("tcp_keepalives_idle", "60"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "6"),
    ("jit", "off"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("max_parallel_workers_per_gather", "0"),
    // Checks of partitions are not ours to evaluate.
    ("constraint_exclusion", "off"),
];

/// Takes away every limit in time that this version of the server has for a session and that a
/// session may change: `statement_timeout`, `lock_timeout`, `idle_in_transaction_session_timeout`,
/// from 14 on `idle_session_timeout`, from 17 on `transaction_timeout`, and what comes later. The
/// same row says what the server is.
const NO_TIMEOUTS: &str = "SELECT pg_backend_pid()::text, current_setting('server_version_num'), \
       date_trunc('second', pg_postmaster_start_time())::text, \
       (SELECT count(set_config(name, '0', false)) FROM pg_settings \
        WHERE name ~ '^[a-z_]+_timeout$' AND context = 'user' AND min_val = '0' \
          AND name !~ '^wal_')::text";

/// Whether the session may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// `default_transaction_read_only = on`, checked.
    ReadOnly,
    /// For targets.
    Write,
}

/// A connection with pinned settings, owned by one thread.
pub struct Session {
    url: String,
    exchange: Arc<Exchange>,
    wire: Option<Wire>,
    usable: bool,
    prefers_indexes: bool,
    /// Whether the transaction has a savepoint at its first moment.
    has_moment: bool,
}

/// The server gave no answer within the time, not even that it stopped.
#[derive(Debug, thiserror::Error)]
#[error("the server did not answer within {} s", .0.as_secs())]
pub struct NoAnswer(pub(super) Duration);

/// Rows as text, and the types of their columns; no types if there is no row.
pub type TypedRows = (Vec<String>, Vec<TextRow>);

/// One row of a query, every column as the text the server printed.
pub type TextRow = Vec<Option<String>>;

impl Session {
    /// Connects and pins the settings.
    pub fn open(
        endpoint: &PostgresEndpoint,
        access: Access,
        interrupt: &Interrupt,
    ) -> Result<Self> {
        endpoint::note(endpoint);
        let exchange = Exchange::new(endpoint.connection().clone(), interrupt)?;
        let wire = exchange
            .wait(Wire::open(endpoint.connection()))
            .with_context(|| format!("cannot connect to {}", endpoint.url()))?;
        exchange.set_seen(wire.seen());
        let mut session = Self {
            url: endpoint.url().to_owned(),
            exchange: Arc::new(exchange),
            wire: Some(wire),
            usable: true,
            prefers_indexes: true,
            has_moment: false,
        };
        session.pin(access)?;
        Ok(session)
    }

    fn pin(&mut self, access: Access) -> Result<()> {
        let mut sql = String::new();
        for (name, value) in PINNED.iter().chain(PATIENT) {
            // `SET` would take a list of schemas for the name of one.
            let (name, value) = (literal(name), literal(value));
            sql.push_str(&format!("SELECT pg_catalog.set_config({name}, {value}, false);"));
        }
        if access == Access::ReadOnly {
            sql.push_str("SET default_transaction_read_only = on;");
        }
        self.execute(&sql).context("cannot pin the session's settings")?;
        self.know_backend().context("cannot take away the session's time-outs")?;
        if access == Access::ReadOnly {
            let shown = self.query_value("SHOW transaction_read_only")?;
            if shown.as_deref() != Some("on") {
                bail!("the session did not become read-only (transaction_read_only = {shown:?})");
            }
        } else if self.server_version() >= 140_000 {
            // A server that builds an index for a client that is gone should notice.
            self.execute("SET client_connection_check_interval = '1s'")?;
        }
        Ok(())
    }

    fn know_backend(&mut self) -> Result<()> {
        let row = self.query(NO_TIMEOUTS)?.into_iter().next().unwrap_or_default();
        let [Some(pid), Some(version), Some(started), Some(_timeouts)] = row.as_slice() else {
            bail!("the server does not say what it is");
        };
        self.exchange.set_backend(Backend {
            pid: pid.parse().with_context(|| format!("unexpected pg_backend_pid {pid:?}"))?,
            version: version
                .parse()
                .with_context(|| format!("unexpected server_version_num {version:?}"))?,
            started: started.clone(),
        });
        Ok(())
    }

    /// The URL of its database, without a password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `server_version_num`.
    pub fn server_version(&self) -> u32 {
        self.exchange.backend().map_or(0, |backend| backend.version)
    }

    /// Whether the planner is to read by indexes wherever it can, as a session does at first, or
    /// without any.
    pub(super) fn prefer_indexes(&mut self, indexes: bool) -> Result<()> {
        if self.prefers_indexes == indexes {
            return Ok(());
        }
        let (by_index, without) = if indexes { ("on", "off") } else { ("off", "on") };
        let set = format!(
            "SET enable_indexscan = {by_index}; SET enable_indexonlyscan = {by_index}; \
             SET enable_seqscan = {without};"
        );
        if self.has_moment {
            // Whoever goes back to it keeps the setting.
            self.execute(&format!("{GO_BACK}; RELEASE SAVEPOINT first_moment; {set} {MARK}"))?;
        } else {
            self.execute(&set)?;
        }
        self.prefers_indexes = indexes;
        Ok(())
    }

    /// Does something that the server may refuse, in a transaction that goes on all the same.
    pub(super) fn attempt<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Result<T, Refused>> {
        self.within_savepoint(act, "RELEASE SAVEPOINT attempt")
    }

    /// The same, and lets go of every lock that it took.
    pub(super) fn released<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Result<T, Refused>> {
        self.within_savepoint(act, UNDO_ATTEMPT)
    }

    fn within_savepoint<T>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T>,
        then: &str,
    ) -> Result<Result<T, Refused>> {
        self.execute("SAVEPOINT attempt")?;
        match act(self) {
            Ok(done) => {
                self.execute(then)?;
                Ok(Ok(done))
            }
            Err(error) if !self.is_usable() => Err(error),
            Err(error) => {
                let refused = error.downcast::<Refused>()?;
                self.execute(UNDO_ATTEMPT)?;
                Ok(Err(refused))
            }
        }
    }

    /// Runs statements that return nothing.
    pub fn execute(&mut self, sql: &str) -> Result<()> {
        self.exchange(async |wire| wire.execute(sql).await)
    }

    /// Runs a query with the simple protocol and returns all rows as text.
    pub fn query(&mut self, sql: &str) -> Result<Vec<TextRow>> {
        let done = self.exchange(async |wire| wire.query(sql).await);
        done.map_err(|error| match error.downcast_ref() {
            Some(Refusal::TooMuch { .. }) => {
                let beginning: String = sql.chars().take(100).collect();
                error.context(format!("it was asked {beginning:?}…"))
            }
            _ => error,
        })
    }

    /// The first column of the first row.
    pub fn query_value(&mut self, sql: &str) -> Result<Option<String>> {
        Ok(self.query(sql)?.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Runs one statement that people wrote and that returns nothing. The server refuses a text
    /// with several statements, because it is prepared first.
    pub(crate) fn execute_one(&mut self, sql: &str, limit: Duration) -> Result<()> {
        self.exchange(async |wire| within(limit, wire.execute_one(sql)).await)
    }

    /// Has the server read a text as one statement, and runs nothing. It refuses a text with several
    /// (`exec_parse_message` in `postgres.c`).
    pub fn read_as_one_statement(&mut self, sql: &str) -> Result<()> {
        self.exchange(async |wire| wire.column_types(sql).await.map(drop))
    }

    /// As [`query`](Self::query), with the names of the columns' types, and for so long only.
    pub(crate) fn query_typed(&mut self, sql: &str, limit: Duration) -> Result<TypedRows> {
        self.exchange(async |wire| {
            let asking = async {
                let types = wire.column_types(sql).await?;
                Ok((types, wire.query(sql).await?))
            };
            within(limit, asking).await
        })
    }

    /// Begins the reading of many tables in one transaction. A server has locks for some thousands of
    /// tables, and a transaction keeps those of all that it reads, but for what it read after a
    /// savepoint to which it goes back.
    pub(super) fn mark_moment(&mut self) -> Result<()> {
        self.execute(MARK)?;
        self.has_moment = true;
        Ok(())
    }

    /// Starts `COPY … TO STDOUT`.
    pub(super) fn copy_out(&mut self, sql: &str) -> Result<CopyOut<'_>> {
        if self.has_moment {
            self.execute(GO_BACK)?;
        }
        let exchange = Arc::clone(&self.exchange);
        self.wire()?;
        self.usable = false;
        let Some(wire) = self.wire.as_mut() else { bail!(CLOSED) };
        let copy = exchange.wait(wire.rows_out(sql))?;
        Ok(CopyOut::new(exchange, wire, copy, &mut self.usable))
    }

    /// Starts `COPY … FROM STDIN`.
    pub fn copy_in(&mut self, sql: &str) -> Result<CopyIn<'_>> {
        let exchange = Arc::clone(&self.exchange);
        self.wire()?;
        self.usable = false;
        let Some(wire) = self.wire.as_mut() else { bail!(CLOSED) };
        let copy = exchange.wait(wire.rows_in(sql))?;
        Ok(CopyIn::new(exchange, wire, copy, &mut self.usable))
    }

    /// Whether the session can still be used.
    pub fn is_usable(&self) -> bool {
        self.usable && self.wire.is_some()
    }

    /// One exchange with the server. One that was cut off leaves its reply behind, and the session
    /// is of no use any more; one that the server refused does not.
    fn exchange<T>(&mut self, act: impl AsyncFnOnce(&mut Wire) -> Result<T>) -> Result<T> {
        let exchange = Arc::clone(&self.exchange);
        let done = exchange.wait(act(self.wire()?));
        if let Err(error) = &done
            && error.downcast_ref::<Refused>().is_none_or(Refused::is_fatal)
        {
            self.usable = false;
        }
        done
    }

    fn wire(&mut self) -> Result<&mut Wire> {
        if !self.usable {
            bail!("this session was left in the middle of a COPY and cannot be used again");
        }
        self.wire.as_mut().context(CLOSED)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(wire) = self.wire.take() {
            let closing = async { if self.usable { wire.close().await } else { wire.abandon() } };
            let limited = async { tokio::time::timeout(Duration::from_secs(5), closing).await };
            // The server rolls back whatever a lost connection had open: nothing to report here.
            drop(self.exchange.finish(limited));
        }
    }
}

const UNDO_ATTEMPT: &str = "ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt";

/// Marks a transaction's first moment, and goes back to it.
const MARK: &str = "SAVEPOINT first_moment";
const GO_BACK: &str = "ROLLBACK TO SAVEPOINT first_moment";

const CLOSED: &str = "this session is closed";

async fn within<T>(limit: Duration, asking: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(limit, asking).await {
        Ok(done) => done,
        Err(_elapsed) => Err(NoAnswer(limit).into()),
    }
}
