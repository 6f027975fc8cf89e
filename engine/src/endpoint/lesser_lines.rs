//! The lines less than `verify-full` on which this process reached a database.
//!
//! They are noted where sessions are opened, and taken up where events are written and reports made:
//! no command has to think of it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use handover_schemas::ledger::LesserLine;

use super::PostgresEndpoint;
use handover_cli_kit::{output, progress};

/// A database, and what the line to it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsedLine {
    /// The database's URL, without a password.
    pub url: String,
    /// What was chosen by name.
    pub line: LesserLine,
}

static USED: Mutex<BTreeSet<UsedLine>> = Mutex::new(BTreeSet::new());

/// Notes what the line to a database is, before anything is said on it. What is less is said once.
pub(crate) fn note(endpoint: &PostgresEndpoint) {
    let Some(line) = endpoint.line().lesser() else { return };
    let used = UsedLine { url: endpoint.url().to_owned(), line };
    let warning =
        format!("warning: the connection to {} is not verify-full: {}", used.url, line.en());
    let is_new = USED.lock().unwrap_or_else(PoisonError::into_inner).insert(used);
    if is_new && !progress::tell(&warning) {
        output::tell(&warning);
    }
}

/// The lines so far, in the order of their databases.
pub fn used_lesser_lines() -> Vec<UsedLine> {
    USED.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
}

/// What a report says of them, among what was not checked.
pub fn not_checked_of_lines() -> impl Iterator<Item = String> {
    used_lesser_lines().into_iter().map(|UsedLine { url, line }| {
        format!("whether {url} is the server that was named: {}", line.en())
    })
}
