//! The two directions of COPY on a [`Session`](super::session::Session).

use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Result, bail};
use bytes::Bytes;
use tokio_postgres::{CopyInSink, CopyOutStream};

use super::TextRow;
use super::exchange::Exchange;
use super::wire::{CopiedOut, Wire};

/// Rows are gathered until this many bytes are together.
const BLOCK_BYTES: usize = 128 * 1024;

/// A message of at least this size is handed on by itself, uncopied.
const LARGE_BYTES: usize = 1024 * 1024;

/// Rows coming from the server, in blocks that hold whole messages.
pub struct CopyOut<'s> {
    exchange: Arc<Exchange>,
    wire: &'s mut Wire,
    copy: Pin<Box<CopyOutStream>>,
    usable: &'s mut bool,
    gathered: Vec<u8>,
    /// A large message that arrived behind the gathered ones.
    waiting: Option<Bytes>,
    /// The large message the last call handed out.
    handed_out: Bytes,
    /// Rows that the server says to have sent, once it says so.
    rows_sent: Option<u64>,
}

impl<'s> CopyOut<'s> {
    pub(super) fn new(
        exchange: Arc<Exchange>,
        wire: &'s mut Wire,
        copy: Pin<Box<CopyOutStream>>,
        usable: &'s mut bool,
    ) -> Self {
        Self {
            exchange,
            wire,
            copy,
            usable,
            gathered: Vec::with_capacity(2 * BLOCK_BYTES),
            waiting: None,
            handed_out: Bytes::new(),
            rows_sent: None,
        }
    }

    /// Moves to the next block of whole messages; `false` once the server said that the COPY is
    /// complete. Only then can the session be used again.
    pub fn next_block(&mut self) -> Result<bool> {
        self.gathered.clear();
        self.handed_out = Bytes::new();
        if self.waiting.is_none() && self.rows_sent.is_none() {
            self.gather()?;
        }
        if self.gathered.is_empty()
            && let Some(large) = self.waiting.take()
        {
            self.handed_out = large;
        }
        Ok(!self.block().is_empty())
    }

    /// The block moved to.
    pub fn block(&self) -> &[u8] {
        if self.gathered.is_empty() { &self.handed_out } else { &self.gathered }
    }

    /// The rows that the server says to have sent; none before the end.
    pub fn rows_sent(&self) -> Option<u64> {
        self.rows_sent
    }

    /// Asks the server something on another connection; nothing if it does not answer.
    pub(super) fn ask_beside(&self, sql: &str) -> Option<Vec<TextRow>> {
        self.exchange.ask_beside(sql)
    }

    fn gather(&mut self) -> Result<()> {
        let Self { wire, copy, gathered, waiting, rows_sent, .. } = self;
        let gathering = async {
            while gathered.len() < BLOCK_BYTES {
                match wire.next_rows(copy).await? {
                    // No server sends one, and there could be any number.
                    CopiedOut::Rows(message) if message.is_empty() => {
                        bail!("the server sent a message of rows that has none")
                    }
                    CopiedOut::Rows(message) if message.len() >= LARGE_BYTES => {
                        *waiting = Some(message);
                        break;
                    }
                    CopiedOut::Rows(message) => gathered.extend_from_slice(&message),
                    CopiedOut::End { rows } => {
                        *rows_sent = Some(rows);
                        break;
                    }
                }
            }
            Ok(())
        };
        self.exchange.wait(gathering)?;
        if self.rows_sent.is_some() {
            *self.usable = true;
        }
        Ok(())
    }
}

/// Rows going to the server.
pub struct CopyIn<'s> {
    exchange: Arc<Exchange>,
    wire: &'s mut Wire,
    copy: Pin<Box<CopyInSink<Bytes>>>,
    usable: &'s mut bool,
    gathered: Vec<u8>,
}

impl<'s> CopyIn<'s> {
    pub(super) fn new(
        exchange: Arc<Exchange>,
        wire: &'s mut Wire,
        copy: Pin<Box<CopyInSink<Bytes>>>,
        usable: &'s mut bool,
    ) -> Self {
        let gathered = Vec::with_capacity(BLOCK_BYTES);
        Self { exchange, wire, copy, usable, gathered }
    }

    /// Sends bytes; they need not end where a row ends.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        if self.gathered.len() + bytes.len() <= BLOCK_BYTES {
            self.gathered.extend_from_slice(bytes);
            return Ok(());
        }
        self.flush()?;
        // A large value goes in pieces: a copy of all of it would be one more in memory.
        let mut pieces = bytes.chunks(BLOCK_BYTES).peekable();
        while let Some(piece) = pieces.next() {
            self.gathered.extend_from_slice(piece);
            if pieces.peek().is_some() {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Ends the COPY; gives the number of rows the server took.
    pub fn finish(mut self) -> Result<u64> {
        self.flush()?;
        let Self { exchange, wire, copy, usable, .. } = self;
        let rows = exchange.wait(wire.end_rows(copy))?;
        *usable = true;
        Ok(rows)
    }

    fn flush(&mut self) -> Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        let block = std::mem::replace(&mut self.gathered, Vec::with_capacity(BLOCK_BYTES));
        let Self { exchange, wire, copy, .. } = self;
        exchange.wait(wire.send_rows(copy, block.into()))
    }
}
