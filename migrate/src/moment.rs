//! Moments as statements write them.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

/// Now, in whole seconds.
pub(crate) fn now() -> Result<Timestamp> {
    Ok(Timestamp::from_second(Timestamp::now().as_second())?)
}

/// A moment so many days later.
pub(crate) fn days_later(moment: Timestamp, days: u16) -> Result<Timestamp> {
    Ok(moment.checked_add(SignedDuration::from_hours(24 * i64::from(days)))?)
}
