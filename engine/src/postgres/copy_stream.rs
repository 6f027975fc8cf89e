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

/// The most that is fetched at once of a row that is longer than a block.
const LARGE_STEP: usize = 16 * 1024 * 1024;

/// Rows coming from the server, in blocks. A block need not end where a row ends: large messages come in
/// pieces.
pub struct CopyOut<'s> {
    exchange: Arc<Exchange>,
    wire: &'s mut Wire,
    copy: Pin<Box<CopyOutStream>>,
    usable: &'s mut bool,
    gathered: Vec<u8>,
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
        let gathered = Vec::with_capacity(2 * BLOCK_BYTES);
        Self { exchange, wire, copy, usable, gathered, rows_sent: None }
    }

    /// Moves to the next block; `false` once the server said that the COPY is complete. Only then can
    /// the session be used again.
    pub fn next_block(&mut self) -> Result<bool> {
        self.gathered.clear();
        // A large row leaves no room behind that nothing else needs.
        self.gathered.shrink_to(4 * BLOCK_BYTES);
        self.gather(BLOCK_BYTES)
    }

    /// Brings more into the block behind what is in it from `kept` on; the rest is forgotten. `false`
    /// if nothing more comes.
    pub fn extend_block(&mut self, kept: usize) -> Result<bool> {
        self.gathered.drain(..kept.min(self.gathered.len()));
        let before = self.gathered.len();
        // A row that has become long is fetched in larger steps.
        self.gather(before + before.clamp(BLOCK_BYTES, LARGE_STEP))?;
        Ok(self.gathered.len() > before)
    }

    /// The block moved to.
    pub fn block(&self) -> &[u8] {
        &self.gathered
    }

    /// The rows that the server says to have sent; none before the end.
    pub fn rows_sent(&self) -> Option<u64> {
        self.rows_sent
    }

    /// Asks the server something on another connection; nothing if it does not answer.
    pub(super) fn ask_beside(&self, sql: &str) -> Option<Vec<TextRow>> {
        self.exchange.ask_beside(sql)
    }

    /// Gathers messages until the block has so many bytes; whether it has any.
    fn gather(&mut self, bytes: usize) -> Result<bool> {
        let Self { wire, copy, gathered, rows_sent, .. } = self;
        let gathering = async {
            while gathered.len() < bytes && rows_sent.is_none() {
                match wire.next_rows(copy).await? {
                    // No server sends one, and there could be any number.
                    CopiedOut::Rows(message) if message.is_empty() => {
                        bail!("the server sent a message of rows that has none")
                    }
                    CopiedOut::Rows(message) => gathered.extend_from_slice(&message),
                    CopiedOut::End { rows } => *rows_sent = Some(rows),
                }
            }
            Ok(())
        };
        self.exchange.wait(gathering)?;
        if self.rows_sent.is_some() {
            *self.usable = true;
        }
        Ok(!self.gathered.is_empty())
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
