//! Signatures: who signed what, and whether that is enough.
//!
//! Nothing here signs, and nothing here decides by itself what day it is: a signature is judged as
//! of a day that the caller gives, since a key that has run out by now was good on the day on which
//! it signed.

mod checkpoint;
mod demand;
mod envelope;
mod explain;
mod moment;
#[cfg(test)]
mod published;
#[cfg(test)]
mod tests;
mod trust;

use anyhow::{Context, Result};
use handover_schemas::date::Date;

pub use checkpoint::{CheckedCheckpoint, verify_checkpoint};
pub use demand::{Demand, meets, operator_of};
pub use envelope::{Checked, OutOfValidity, check_envelope};
pub use explain::openssl_commands;
pub use moment::{day_of, parse_moment};
pub use trust::{Signatory, Trust};

/// This day, in UTC.
pub fn today() -> Result<Date> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    today.parse().with_context(|| format!("the clock of this machine says {today}"))
}
