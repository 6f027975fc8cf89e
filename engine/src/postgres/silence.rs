//! Whether a server that says nothing is at work.
//!
//! A count of a large table, a sort, an index take hours in which an honest server has nothing to say. So
//! silence alone is no fault; it is one where the server, asked on another connection, says that it is not at
//! work for the session, or says nothing there either.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::wire::Wire;

/// The environment variable that says how long is waited, in seconds.
pub(super) const VARIABLE: &str = "HANDOVER_SILENCE_SECONDS";

/// How long is waited if it says nothing.
const USUAL: Duration = Duration::from_mins(10);

/// The shortest time that can be chosen: less than two looks tell nothing.
const LEAST: Duration = Duration::from_secs(10);

/// How long a server may say nothing before people are told.
pub(super) const SAID_AFTER: Duration = Duration::from_mins(1);

/// How long a server may say nothing without being at work.
pub(super) fn most() -> Result<Duration> {
    let Some(text) = std::env::var_os(VARIABLE) else { return Ok(USUAL) };
    let wanted =
        || format!("{VARIABLE} has to be a number of seconds, at least {}", LEAST.as_secs());
    let seconds = text.to_str().and_then(|text| text.parse().ok()).with_context(wanted)?;
    let chosen = Duration::from_secs(seconds);
    if chosen < LEAST {
        bail!(wanted());
    }
    Ok(chosen)
}

/// What the server says of a session that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtWork {
    /// It is at work.
    Yes,
    /// It is not, or has sent what did not arrive.
    No,
    /// It does not say.
    NotSaid,
}

impl fmt::Display for AtWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "it says that it is at work",
            Self::No => "it says that it is not at work for this session",
            Self::NotSaid => "it does not answer on another connection either",
        })
    }
}

/// Asks whether a backend is at work: `pg_stat_activity` (`monitoring.sgml`), where a backend that waits for its
/// client, in either direction, is none that computes.
pub(super) async fn ask(wire: &mut Wire, pid: i32) -> AtWork {
    let sql = format!(
        "SELECT CASE WHEN state IS NULL THEN NULL \
                     WHEN state = 'active' AND wait_event_type IS DISTINCT FROM 'Client' THEN 'yes' \
                     ELSE 'no' END \
         FROM pg_catalog.pg_stat_activity WHERE pid = {pid}"
    );
    let Ok(rows) = wire.query(&sql).await else { return AtWork::NotSaid };
    match rows.first().and_then(|row| row.first()).map(Option::as_deref) {
        Some(Some("yes")) => AtWork::Yes,
        Some(None) => AtWork::NotSaid,
        // There is no such session any more, or it waits for us.
        _ => AtWork::No,
    }
}
