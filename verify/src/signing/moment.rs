//! Moments as statements write them: `2026-11-22T08:30:00Z`, whole seconds, UTC.

use anyhow::{Result, bail};
use handover_schemas::date::Date;
use jiff::Timestamp;

/// Reads a moment of a statement. Another spelling of one is none: texts are compared.
pub fn parse_moment(text: &str) -> Result<Timestamp> {
    match text.parse::<Timestamp>() {
        Ok(moment) if moment.to_string() == text && moment.subsec_nanosecond() == 0 => Ok(moment),
        _ => bail!("{text:?} is not a moment, YYYY-MM-DDTHH:MM:SSZ"),
    }
}

/// The day of a moment.
pub fn day_of(text: &str) -> Result<Date> {
    let moment = parse_moment(text)?;
    let day = moment.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    Ok(day.parse()?)
}
