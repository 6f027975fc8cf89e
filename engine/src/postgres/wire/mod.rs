//! The connection to a server: what lies between a session and the socket.
//!
//! The driver is tokio-postgres. It gets a line that has its TLS already ([`open`], [`tls`]) and
//! whose messages were looked at ([`guard`]).

mod end_point;
mod framing;
mod guard;
mod open;
mod pieces;
mod seen;
mod tls;
mod verifier;
mod weight;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::task::JoinHandle;
use tokio_postgres::{
    Client, CopyInSink, CopyOutStream, Error, SimpleQueryMessage, SimpleQueryRow,
};

pub(crate) use framing::Refusal;
pub(super) use seen::Seen;

use super::TextRow;
use super::error::{ConnectionLost, database_error};
use crate::endpoint::Connection;

/// How long to wait for the driver's last word once the connection has ended.
const LAST_WORD: Duration = Duration::from_secs(1);

/// What comes of a `COPY … TO STDOUT`.
pub(super) enum CopiedOut {
    /// A message of rows.
    Rows(Bytes),
    /// It is complete, and had so many rows, as the server says.
    End {
        /// The number in the command's tag.
        rows: u64,
    },
}

/// A connection to a server. It moves only while its runtime runs.
pub(super) struct Wire {
    client: Client,
    /// Until its last word was heard.
    driver: Option<JoinHandle<Result<(), Error>>>,
    seen: Arc<Seen>,
}

impl Wire {
    /// Connects, under the policy of the place.
    pub(super) async fn open(connection: &Connection) -> Result<Self> {
        let opening = open::open(connection);
        let Ok(opened) = tokio::time::timeout(connection.timeout, opening).await else {
            bail!(
                "no answer within {} s; check the host, the port, and what lies between",
                connection.timeout.as_secs()
            );
        };
        let (client, driver, seen) = opened?;
        Ok(Self { client, driver: Some(tokio::spawn(driver)), seen })
    }

    /// What is noted of the server's messages.
    pub(super) fn seen(&self) -> Arc<Seen> {
        Arc::clone(&self.seen)
    }

    /// Runs statements by the simple protocol, until the server is ready for the next.
    pub(super) async fn execute(&mut self, sql: &str) -> Result<()> {
        let done = self.client.batch_execute(sql).await;
        self.told_of(done, sql).await
    }

    /// Runs statements by the simple protocol; gives the rows of all.
    pub(super) async fn query(&mut self, sql: &str) -> Result<Vec<TextRow>> {
        let answer = self.client.simple_query_raw(sql).await;
        let mut answer = Box::pin(self.told(answer).await?);
        let mut rows = Vec::new();
        while let Some(message) = answer.next().await {
            if let SimpleQueryMessage::Row(row) = self.told(message).await? {
                rows.push(text_row(&row)?);
            }
        }
        Ok(rows)
    }

    /// Runs one statement; the server refuses a text with several, because it is prepared.
    pub(super) async fn execute_one(&mut self, sql: &str) -> Result<()> {
        let done = self.client.query_typed(sql, &[]).await;
        self.told(done).await.map(|_rows| ())
    }

    /// The names of the types of the columns that a statement gives.
    pub(super) async fn column_types(&mut self, sql: &str) -> Result<Vec<String>> {
        let prepared = self.client.prepare(sql).await;
        let prepared = self.told(prepared).await?;
        Ok(prepared.columns().iter().map(|column| column.type_().name().to_owned()).collect())
    }

    /// Starts `COPY … TO STDOUT`.
    pub(super) async fn rows_out(&mut self, sql: &str) -> Result<Pin<Box<CopyOutStream>>> {
        self.seen.take_command();
        let started = self.client.copy_out(sql).await;
        self.told(started).await.map(Box::pin)
    }

    /// The next message of rows, or that the COPY is complete.
    pub(super) async fn next_rows(
        &mut self,
        copy: &mut Pin<Box<CopyOutStream>>,
    ) -> Result<CopiedOut> {
        if let Some(message) = copy.next().await {
            return self.told(message).await.map(CopiedOut::Rows);
        }
        // The driver stops at the end of the rows. What comes behind it says whether that was all
        // of them.
        if let Some(Err(error)) = copy.next().await
            && (error.as_db_error().is_some() || error.is_closed())
        {
            return Err(self.ended(error, "").await);
        }
        let rows = self.seen.take_command().and_then(|tag| tag.strip_prefix("COPY ")?.parse().ok());
        match rows {
            Some(rows) => Ok(CopiedOut::End { rows }),
            None => bail!("the server ended a COPY without saying that it is complete"),
        }
    }

    /// Starts `COPY … FROM STDIN`.
    pub(super) async fn rows_in(&mut self, sql: &str) -> Result<Pin<Box<CopyInSink<Bytes>>>> {
        let started = self.client.copy_in(sql).await;
        self.told(started).await.map(Box::pin)
    }

    /// Sends bytes of rows, and waits until the driver has taken them.
    pub(super) async fn send_rows(
        &mut self,
        copy: &mut Pin<Box<CopyInSink<Bytes>>>,
        bytes: Bytes,
    ) -> Result<()> {
        let sent = copy.send(bytes).await;
        self.told(sent).await
    }

    /// Ends the rows; gives how many the server took.
    pub(super) async fn end_rows(&mut self, mut copy: Pin<Box<CopyInSink<Bytes>>>) -> Result<u64> {
        let finished = copy.as_mut().finish().await;
        let rows = self.told(finished).await?;
        // Outside of a transaction, what a commit refuses comes behind the number.
        if let Err(error) = copy.as_mut().finish().await
            && (error.as_db_error().is_some() || error.is_closed())
        {
            return Err(self.ended(error, "").await);
        }
        Ok(rows)
    }

    /// Says goodbye and waits until the server has it.
    pub(super) async fn close(self) {
        drop(self.client);
        if let Some(driver) = self.driver {
            // Nothing is lost with a connection that nobody uses any more.
            drop(driver.await);
        }
    }

    /// Drops the connection, whatever is going on.
    pub(super) fn abandon(self) {
        if let Some(driver) = self.driver {
            driver.abort();
        }
    }

    async fn told<T>(&mut self, done: Result<T, Error>) -> Result<T> {
        self.told_of(done, "").await
    }

    /// The same, of what was sent.
    async fn told_of<T>(&mut self, done: Result<T, Error>, sent: &str) -> Result<T> {
        match done {
            Ok(done) => Ok(done),
            Err(error) => Err(self.ended(error, sent).await),
        }
    }

    /// An error that may be shown. Of a connection that has ended, the client knows that alone; why,
    /// its driver knows.
    async fn ended(&mut self, error: Error, sent: &str) -> anyhow::Error {
        let mut error = error;
        if error.is_closed()
            && let Some(driver) = self.driver.take()
            && let Ok(Ok(Err(reason))) = tokio::time::timeout(LAST_WORD, driver).await
        {
            error = reason;
        }
        let has_last_word = error.as_db_error().is_some();
        let told = database_error(error, sent);
        match self.seen.lost() {
            Some(how) if !has_last_word && !told.is::<Refusal>() => ConnectionLost(how).into(),
            _ => told,
        }
    }
}

fn text_row(row: &SimpleQueryRow) -> Result<TextRow> {
    let column = |at| row.try_get(at).map_err(|error| database_error(error, ""));
    (0..row.len()).map(|at| Ok(column(at)?.map(str::to_owned))).collect()
}
