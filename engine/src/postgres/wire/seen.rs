//! What was noted of a server's messages, for whoever drives the session.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shared by the connection, which notes, and the session, which asks.
#[derive(Debug, Default)]
pub(in crate::postgres) struct Seen(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    command: Option<String>,
    lost: Option<String>,
    arrival: Option<Instant>,
}

impl Seen {
    /// A command has ended, with the tag that says what it did.
    pub(super) fn note_command(&self, tag: &str) {
        self.noted().command = Some(tag.to_owned());
    }

    /// The tag of the last command that has ended since this was asked, such as `COPY 17`.
    pub(super) fn take_command(&self) -> Option<String> {
        self.noted().command.take()
    }

    /// The line has ended, and how.
    pub(super) fn note_lost(&self, how: &str) {
        self.noted().lost = Some(how.to_owned());
    }

    /// How the line ended, if it has.
    pub(super) fn lost(&self) -> Option<String> {
        self.noted().lost.clone()
    }

    /// Something has come.
    pub(super) fn note_arrival(&self) {
        self.noted().arrival = Some(Instant::now());
    }

    /// How long nothing has come; nothing before the first word.
    pub(in crate::postgres) fn silence(&self) -> Option<Duration> {
        self.noted().arrival.map(|arrival| arrival.elapsed())
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        // Whole values only are written, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
