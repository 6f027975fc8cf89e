//! What the server sends, looked at message by message before the driver sees it: below the
//! driver, above TLS.
//!
//! A driver believes the server: it gives its password to whoever asks, and waits for as many
//! bytes as a message claims to have. What is refused here, the driver never gets. A large message
//! of rows it gets as several small ones ([`super::pieces`]).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use super::framing::{EndOfBytes, Framing};
use super::pieces::Pieces;
use super::seen::Seen;

/// Bytes in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A connection to a server whose messages are looked at.
pub(super) struct Guard {
    line: Box<dyn Duplex>,
    framing: Framing,
    pieces: Pieces,
    /// `tls-server-end-point` of RFC 5929.
    end_point: Option<Vec<u8>>,
}

impl Guard {
    /// Looks at what comes over a line. `end_point` is what a proof of the password is bound to.
    pub(super) fn new(line: Box<dyn Duplex>, framing: Framing, end_point: Option<Vec<u8>>) -> Self {
        Self { line, framing, pieces: Pieces::default(), end_point }
    }

    /// What was noted of the server's messages.
    pub(super) fn seen(&self) -> Arc<Seen> {
        self.framing.seen()
    }

    /// Notes how the line ended, if this is its end: a server that is gone may be met first by what is
    /// sent to it.
    fn noting_loss<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.inspect_err(|error| self.seen().note_lost(&error.to_string()))
    }
}

/// Bytes that are read at once of what may have to be cut.
const ROOM: usize = 16 * 1024;

impl Guard {
    /// Reads what comes next into a buffer and looks at it; whether anything came.
    fn poll_line(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<bool>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.line).poll_read(context, buffer));
        self.noting_loss(read)?;
        let come = buffer.filled().get(before..).unwrap_or_default();
        if come.is_empty() {
            self.seen().note_lost("the connection was closed");
            return Poll::Ready(Ok(false));
        }
        self.framing.look_at(come).map_err(io::Error::other)?;
        Poll::Ready(Ok(true))
    }

    /// Reads what comes next and has it cut where it has to be; whether anything came.
    fn poll_pieces(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut room = [0; ROOM];
        let mut buffer = ReadBuf::new(room.get_mut(..self.pieces.most(ROOM)).unwrap_or_default());
        if !ready!(self.poll_line(context, &mut buffer))? {
            return Poll::Ready(Ok(false));
        }
        self.pieces.take(buffer.filled(), self.framing.end_of_bytes());
        Poll::Ready(Ok(true))
    }
}

impl AsyncRead for Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let guard = &mut *self;
        if guard.pieces.are_done() {
            let before = buffer.filled().len();
            if !ready!(guard.poll_line(context, buffer))? {
                return Poll::Ready(Ok(()));
            }
            let end = guard.framing.end_of_bytes();
            if matches!(end, EndOfBytes::Between | EndOfBytes::InMessage) {
                return Poll::Ready(Ok(()));
            }
            guard.pieces.take(buffer.filled().get(before..).unwrap_or_default(), end);
            buffer.set_filled(before);
        }
        // Nothing may be all that is left of what came: to the driver that would be the end.
        while !guard.pieces.is_ready() {
            if !ready!(guard.poll_pieces(context))? {
                return Poll::Ready(Ok(()));
            }
        }
        buffer.put_slice(guard.pieces.hand_out(buffer.remaining()));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Guard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.line).poll_write(context, bytes);
        written.map(|written| self.noting_loss(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.line).poll_flush(context);
        flushed.map(|flushed| self.noting_loss(flushed))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_shutdown(context)
    }
}

impl TlsStream for Guard {
    fn channel_binding(&self) -> ChannelBinding {
        self.end_point
            .clone()
            .map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}
