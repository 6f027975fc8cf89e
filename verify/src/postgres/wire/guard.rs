//! What the server sends, looked at message by message before the driver sees it: below the
//! driver, above TLS.
//!
//! A driver believes the server: it gives its password to whoever asks, and waits for as many
//! bytes as a message claims to have. What is refused here, the driver never gets.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use super::framing::Framing;
use super::seen::Seen;

/// Bytes in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A connection to a server whose messages are looked at.
pub(super) struct Guard {
    line: Box<dyn Duplex>,
    framing: Framing,
    /// `tls-server-end-point` of RFC 5929.
    end_point: Option<Vec<u8>>,
}

impl Guard {
    /// Looks at what comes over a line. `end_point` is what a proof of the password is bound to.
    pub(super) fn new(line: Box<dyn Duplex>, framing: Framing, end_point: Option<Vec<u8>>) -> Self {
        Self { line, framing, end_point }
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

impl AsyncRead for Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.line).poll_read(context, buffer));
        self.noting_loss(read)?;
        let come = buffer.filled().get(before..).unwrap_or_default();
        if come.is_empty() {
            self.seen().note_lost("the connection was closed");
        }
        Poll::Ready(self.framing.look_at(come).map_err(io::Error::other))
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
