//! One PostgreSQL connection, driven from an ordinary thread.
//!
//! sqlx's COPY leaves its reply in the stream when the server refuses or the caller stops early:
//! the next statement then reads that stale reply and *succeeds with no rows*. Therefore a COPY
//! that did not end by itself marks the session unusable, and every later call says so instead of
//! answering.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Column, ConnectOptions, Connection, Row, TypeInfo, ValueRef};
use tokio::runtime::Runtime;

use super::copy_stream::{CopyIn, CopyOut};
use super::error::{Refused, connect_error, database_error};
use crate::endpoint::PostgresEndpoint;
use crate::interrupt::{Interrupt, Interrupted};
use crate::sql::{generated, written_by_people};

/// Settings under which every digest is made; see `FORMAT.md`.
const PINNED: &[(&str, &str)] = &[
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "1"),
    ("bytea_output", "hex"),
    ("client_encoding", "UTF8"),
    ("lc_monetary", "C"),
    ("row_security", "off"),
    ("search_path", "pg_catalog"),
    ("standard_conforming_strings", "on"),
];

/// Settings that change speed and patience, never bytes: a vendor's defaults must neither cut a
/// long read nor make the planner sort what an index has in order.
const PATIENT: &[(&str, &str)] = &[
    // Workers write to the ledger side by side: a database whose default is serializable would
    // refuse most of their transactions.
    ("default_transaction_isolation", "read committed"),
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("tcp_keepalives_idle", "60"),
    ("tcp_keepalives_interval", "10"),
    ("tcp_keepalives_count", "6"),
    ("jit", "off"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("max_parallel_workers_per_gather", "0"),
];

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

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
    runtime: Arc<Runtime>,
    connection: Option<PgConnection>,
    usable: bool,
    interrupt: Interrupt,
    /// Whether the transaction has a savepoint at its first moment.
    has_moment: bool,
}

/// The server gave no answer within the time, not even that it stopped.
#[derive(Debug, thiserror::Error)]
#[error("the server did not answer within {} s", .0.as_secs())]
pub struct NoAnswer(Duration);

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
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the I/O runtime")?;
        let options = endpoint
            .options()
            .clone()
            .application_name("handover")
            .statement_cache_capacity(0)
            .disable_statement_logging();
        let connecting = async {
            match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
                Ok(connected) => connected.map_err(connect_error),
                Err(_elapsed) => bail!(
                    "no answer within {} s; check the host, the port, and what lies between",
                    CONNECT_TIMEOUT.as_secs()
                ),
            }
        };
        let connection = wait(&runtime, interrupt, connecting)
            .with_context(|| format!("cannot connect to {}", endpoint.url()))?;
        let mut session = Self {
            runtime: Arc::new(runtime),
            connection: Some(connection),
            usable: true,
            interrupt: interrupt.clone(),
            has_moment: false,
        };
        session.pin(access)?;
        Ok(session)
    }

    fn pin(&mut self, access: Access) -> Result<()> {
        let mut sql = String::new();
        for (name, value) in PINNED.iter().chain(PATIENT) {
            sql.push_str(&format!("SET {name} = '{value}';"));
        }
        if access == Access::ReadOnly {
            sql.push_str("SET default_transaction_read_only = on;");
        }
        self.execute(&sql).context("cannot pin the session's settings")?;
        if access == Access::ReadOnly {
            let shown = self.query_value("SHOW transaction_read_only")?;
            if shown.as_deref() != Some("on") {
                bail!("the session did not become read-only (transaction_read_only = {shown:?})");
            }
        } else if self.server_version()? >= 140_000 {
            // A server that builds an index for a client that is gone should notice.
            self.execute("SET client_connection_check_interval = '1s'")?;
        }
        Ok(())
    }

    /// `server_version_num`.
    pub fn server_version(&mut self) -> Result<u32> {
        let text = self.query_value("SHOW server_version_num")?.unwrap_or_default();
        text.parse().with_context(|| format!("unexpected server_version_num {text:?}"))
    }

    /// Runs statements that return nothing.
    pub fn execute(&mut self, sql: &str) -> Result<()> {
        let (runtime, interrupt) = (self.runtime.clone(), self.interrupt.clone());
        let connection = self.connection()?;
        let running = async {
            sqlx::raw_sql(generated(sql)).execute(connection).await.map_err(database_error)
        };
        let done = wait(&runtime, &interrupt, running);
        self.note(&done);
        done.map(|_result| ())
    }

    /// Runs a query with the simple protocol and returns all rows as text.
    pub fn query(&mut self, sql: &str) -> Result<Vec<TextRow>> {
        let (runtime, interrupt) = (self.runtime.clone(), self.interrupt.clone());
        let connection = self.connection()?;
        let running = async {
            sqlx::raw_sql(generated(sql)).fetch_all(connection).await.map_err(database_error)
        };
        let done = wait(&runtime, &interrupt, running);
        self.note(&done);
        done?.iter().map(text_row).collect()
    }

    /// The first column of the first row.
    pub fn query_value(&mut self, sql: &str) -> Result<Option<String>> {
        Ok(self.query(sql)?.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Runs one statement that people wrote and that returns nothing. The server refuses a text
    /// with several statements, because it is prepared first.
    pub(crate) fn execute_one(&mut self, sql: &str, limit: Duration) -> Result<()> {
        let (runtime, interrupt) = (self.runtime.clone(), self.interrupt.clone());
        let connection = self.connection()?;
        let running = async {
            let query = sqlx::query(written_by_people(sql)).persistent(false);
            match tokio::time::timeout(limit, query.execute(connection)).await {
                Ok(done) => done.map_err(database_error),
                Err(_elapsed) => Err(NoAnswer(limit).into()),
            }
        };
        let done = wait(&runtime, &interrupt, running);
        self.note(&done);
        done.map(|_result| ())
    }

    /// As [`query`](Self::query), with the names of the columns' types, and for so long only.
    pub(crate) fn query_typed(&mut self, sql: &str, limit: Duration) -> Result<TypedRows> {
        let (runtime, interrupt) = (self.runtime.clone(), self.interrupt.clone());
        let connection = self.connection()?;
        let running = async {
            let rows = sqlx::raw_sql(generated(sql)).fetch_all(connection);
            match tokio::time::timeout(limit, rows).await {
                Ok(done) => done.map_err(database_error),
                Err(_elapsed) => Err(NoAnswer(limit).into()),
            }
        };
        let done = wait(&runtime, &interrupt, running);
        self.note(&done);
        let rows = done?;
        let types = rows.first().map_or_else(Vec::new, |row| {
            row.columns().iter().map(|column| column.type_info().name().to_owned()).collect()
        });
        Ok((types, rows.iter().map(text_row).collect::<Result<_>>()?))
    }

    /// Begins the reading of many tables in one transaction. A server has locks for some thousands of
    /// tables, and a transaction keeps those of all that it reads, but for what it read after a
    /// savepoint to which it goes back.
    pub(super) fn mark_moment(&mut self) -> Result<()> {
        self.execute(&format!("SAVEPOINT {MOMENT}"))?;
        self.has_moment = true;
        Ok(())
    }

    /// Starts `COPY … TO STDOUT`.
    pub fn copy_out(&mut self, sql: &str) -> Result<CopyOut<'_>> {
        if self.has_moment {
            self.execute(&format!("ROLLBACK TO SAVEPOINT {MOMENT}"))?;
        }
        let (runtime, interrupt) = (self.runtime.clone(), self.interrupt.clone());
        self.connection()?;
        self.usable = false;
        let Some(connection) = self.connection.as_mut() else { bail!(CLOSED) };
        let starting = async { connection.copy_out_raw(sql).await.map_err(database_error) };
        let stream = wait(&runtime, &interrupt, starting)?;
        Ok(CopyOut::new(runtime, interrupt, stream, &mut self.usable))
    }

    /// Starts `COPY … FROM STDIN`.
    pub fn copy_in(&mut self, sql: &str) -> Result<CopyIn<'_>> {
        let (runtime, interrupt) = (self.runtime.clone(), self.interrupt.clone());
        self.connection()?;
        self.usable = false;
        let Some(connection) = self.connection.as_mut() else { bail!(CLOSED) };
        let starting = async { connection.copy_in_raw(sql).await.map_err(database_error) };
        let copy = wait(&runtime, &interrupt, starting)?;
        Ok(CopyIn::new(runtime, interrupt, copy, &mut self.usable))
    }

    /// Whether the session can still be used.
    pub fn is_usable(&self) -> bool {
        self.usable && self.connection.is_some()
    }

    fn connection(&mut self) -> Result<&mut PgConnection> {
        if !self.usable {
            bail!("this session was left in the middle of a COPY and cannot be used again");
        }
        self.connection.as_mut().context(CLOSED)
    }

    /// A statement that was cut off leaves its reply behind; one that the server refused does not.
    fn note<T>(&mut self, done: &Result<T>) {
        if let Err(error) = done
            && !error.chain().any(|cause| cause.is::<Refused>())
        {
            self.usable = false;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            let closing = async {
                if self.usable { connection.close().await } else { connection.close_hard().await }
            };
            let limited = async { tokio::time::timeout(Duration::from_secs(5), closing).await };
            // The server rolls back whatever a lost connection had open: nothing to report here.
            drop(self.runtime.block_on(limited));
        }
    }
}

/// Name of the savepoint at a transaction's first moment.
const MOMENT: &str = "first_moment";

const CLOSED: &str = "this session is closed";

fn text_row(row: &PgRow) -> Result<TextRow> {
    (0..row.len())
        .map(|index| {
            let value = row.try_get_raw(index).map_err(database_error)?;
            if value.is_null() {
                return Ok(None);
            }
            let text = value.as_str().map_err(|error| anyhow::anyhow!("{error}"))?;
            Ok(Some(text.to_owned()))
        })
        .collect()
}

/// Runs one exchange with the server unless the user asks to stop first.
pub(super) fn wait<T>(
    runtime: &Runtime,
    interrupt: &Interrupt,
    exchange: impl Future<Output = Result<T>>,
) -> Result<T> {
    runtime.block_on(async {
        tokio::select! {
            biased;
            done = exchange => done,
            () = interrupt.raised() => Err(Interrupted.into()),
        }
    })
}
