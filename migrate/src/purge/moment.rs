//! Moments as statements write them: `2026-11-22T08:30:00Z`, whole seconds, UTC.

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

/// Now.
pub fn now() -> Result<Timestamp> {
    Ok(Timestamp::from_second(Timestamp::now().as_second())?)
}

/// A moment so many days later.
pub(super) fn days_later(moment: Timestamp, days: u16) -> Result<Timestamp> {
    Ok(moment.checked_add(SignedDuration::from_hours(24 * i64::from(days)))?)
}

/// Reads a moment of a statement.
pub(super) fn parse(text: &str) -> Result<Timestamp> {
    text.parse().with_context(|| format!("{text:?} is not a moment"))
}
