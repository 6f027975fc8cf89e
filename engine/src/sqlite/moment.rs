//! Dates and times in a SQLite column: as texts in PostgreSQL's spelling, in another, or as numbers
//! of which people declared what they count.

use handover_schemas::pg_type::PgType;
use handover_schemas::sqlite_form::{Count, Rule, Unit};
use handover_schemas::value::written::{self, Written};
use handover_schemas::value::{Cell, parse};
use rusqlite::types::ValueRef;

use super::values::{Fit, Spelling, Unfit};

const MINUTE: i64 = 60_000_000;
/// Microseconds from noon of 24 November 4714 BC, where Julian days begin, to 2000-01-01 00:00:00.
const JULIAN_TO_2000: i128 = 211_813_444_800_000_000;
const DAY_NANOSECONDS: i128 = 86_400_000_000_000;
const DAY_MILLISECONDS: f64 = 86_400_000.0;

const NUMBER: Unfit = Unfit {
    reason: "a number in a column of dates and times",
    choices: &[
        "timestamptz, seconds since 1970-01-01",
        "timestamptz, milliseconds since 1970-01-01",
        "timestamptz, seconds since 2001-01-01",
        "timestamp, julian days",
        "bigint",
    ],
};
const ZONED: Unfit = Unfit {
    reason: "a time zone in a column whose type has none",
    choices: &["timestamptz", "timestamp, utc", "timestamp, +07:00"],
};
const ZONELESS: Unfit = Unfit {
    reason: "a date and time that does not say its time zone",
    choices: &["timestamp", "timestamptz, utc", "timestamptz, +07:00"],
};
const BEYOND: Unfit = Unfit {
    reason: "a fraction of a microsecond",
    choices: &["text", "timestamp, rounded", "timestamptz, rounded"],
};
const NOT_MIDNIGHT: Unfit =
    Unfit { reason: "a time of day in a column of dates", choices: &["timestamp", "timestamptz"] };
const OUT_OF_RANGE: Unfit =
    Unfit { reason: "a date and time that PostgreSQL cannot hold", choices: &["bigint", "text"] };

/// The value of a date, a time or a timestamp.
pub(super) fn moment(
    ty: &PgType,
    rule: &Rule,
    value: ValueRef<'_>,
) -> Fit<(Cell<'static>, Spelling)> {
    let none = none_of(ty);
    let text = match value {
        ValueRef::Integer(number) => {
            return counted(ty, rule, Number::Integer(number)).map(another);
        }
        ValueRef::Real(number) => return counted(ty, rule, Number::Real(number)).map(another),
        ValueRef::Text(text) => std::str::from_utf8(text).map_err(|_error| none)?,
        ValueRef::Null | ValueRef::Blob(_) => return Err(none),
    };
    if let Some(cell) = canonical(ty, text) {
        return Ok((cell, Spelling::Own));
    }
    if rule.count.is_some()
        && let Some(number) = text.parse::<i64>().ok().filter(|n| n.to_string() == text)
    {
        return counted(ty, rule, Number::Integer(number)).map(another);
    }
    if *ty == PgType::Time {
        let clock = written::clock(text).ok_or(none)?;
        let micros = clock.whole(rule.rounded).ok_or(BEYOND)?;
        let time = written::time_of_day(micros).ok_or(OUT_OF_RANGE)?;
        return Ok(another(Cell::Time(time)));
    }
    let moment = written::moment(text).ok_or(none)?;
    written_cell(ty, rule, &moment).map(another)
}

fn another(cell: Cell<'static>) -> (Cell<'static>, Spelling) {
    (cell, Spelling::Other)
}

fn none_of(ty: &PgType) -> Unfit {
    let reason = match ty {
        PgType::Date => "not a date in the form 2022-09-20",
        PgType::Time => "not a time in the form 13:45:00[.5]",
        PgType::Timestamp => "not a timestamp in the form 2022-09-20 13:45:00[.5]",
        _ => "not a timestamp in the form 2022-09-20 13:45:00[.5]+00",
    };
    Unfit { reason, choices: &["text", "text, as stored"] }
}

/// Texts that are, byte for byte, what PostgreSQL prints.
fn canonical(ty: &PgType, text: &str) -> Option<Cell<'static>> {
    match ty {
        PgType::Date => parse::date(text).map(Cell::Date),
        PgType::Time => parse::time(text).map(Cell::Time),
        PgType::Timestamp => parse::timestamp(text).map(Cell::Timestamp),
        _ => parse::timestamptz(text).map(Cell::TimestampTz),
    }
}

fn written_cell(ty: &PgType, rule: &Rule, moment: &Written) -> Fit<Cell<'static>> {
    let local = moment.local(rule.rounded).ok_or(BEYOND)?;
    let shifted = |minutes: i32| {
        let micros = i128::from(local) + i128::from(minutes) * i128::from(MINUTE);
        written::timestamp(micros).ok_or(OUT_OF_RANGE)
    };
    match (ty, moment.zone, rule.zone) {
        (PgType::TimestampTz, None, None) => Err(ZONELESS),
        (PgType::TimestampTz, None, Some(zone)) | (PgType::TimestampTz, Some(zone), _) => {
            shifted(-zone).map(Cell::TimestampTz)
        }
        (_, Some(_), None) => Err(ZONED),
        (ty, Some(zone), Some(to)) => without_zone(ty, shifted(to - zone)?),
        (ty, None, _) => without_zone(ty, local),
    }
}

/// A clock that hangs on some wall.
fn without_zone(ty: &PgType, micros: i64) -> Fit<Cell<'static>> {
    match ty {
        PgType::Date => written::midnight(micros).map(Cell::Date).ok_or(NOT_MIDNIGHT),
        PgType::Time => written::time_of_day(micros).map(Cell::Time).ok_or(OUT_OF_RANGE),
        _ => Ok(Cell::Timestamp(micros)),
    }
}

#[derive(Clone, Copy)]
enum Number {
    Integer(i64),
    Real(f64),
}

/// The moment that a number counts to: an instant, and on the wall the one of the declared zone, or
/// of UTC.
fn counted(ty: &PgType, rule: &Rule, number: Number) -> Fit<Cell<'static>> {
    let Some(count) = rule.count else { return Err(NUMBER) };
    let micros = match number {
        Number::Integer(number) => count_integer(count, number, rule.rounded)?,
        Number::Real(number) => count_real(count, number).ok_or(OUT_OF_RANGE)?,
    };
    if *ty == PgType::TimestampTz {
        return written::timestamp(micros).map(Cell::TimestampTz).ok_or(OUT_OF_RANGE);
    }
    let micros = micros + i128::from(rule.zone.unwrap_or(0)) * i128::from(MINUTE);
    if *ty == PgType::Time {
        // A time of day counts from the day that the rule names.
        return without_zone(
            ty,
            i64::try_from(micros - start(count) / 1000).map_err(|_error| OUT_OF_RANGE)?,
        );
    }
    without_zone(ty, written::timestamp(micros).ok_or(OUT_OF_RANGE)?)
}

/// Nanoseconds from 2000-01-01 to where the counting begins.
fn start(count: Count) -> i128 {
    match count {
        Count::JulianDays => -JULIAN_TO_2000 * 1000,
        Count::Since { day, .. } => i128::from(day) * DAY_NANOSECONDS,
    }
}

fn unit(count: Count) -> Unit {
    match count {
        Count::JulianDays => Unit::Days,
        Count::Since { unit, .. } => unit,
    }
}

fn count_integer(count: Count, number: i64, may_round: bool) -> Fit<i128> {
    let nanoseconds = start(count) + i128::from(number) * i128::from(unit(count).nanoseconds());
    let (micros, rest) = (nanoseconds.div_euclid(1000), nanoseconds.rem_euclid(1000));
    match rest {
        0 => Ok(micros),
        rest if may_round => Ok(micros + i128::from(rest >= 500)),
        _ => Err(BEYOND),
    }
}

/// A number with a fraction is never exact: days go to the nearest millisecond, as in SQLite's own
/// functions, and every other unit to the nearest microsecond.
fn count_real(count: Count, number: f64) -> Option<i128> {
    let (steps, micros_per_step) = match unit(count) {
        Unit::Days => (number * DAY_MILLISECONDS, 1000),
        Unit::Seconds => (number * 1e6, 1),
        Unit::Milliseconds => (number * 1e3, 1),
        Unit::Microseconds => (number, 1),
        Unit::Ticks => (number / 10.0, 1),
        Unit::Nanoseconds => (number / 1e3, 1),
    };
    let steps: i64 = format!("{:.0}", steps.round()).parse().ok()?;
    Some(start(count).div_euclid(1000) + i128::from(steps) * micros_per_step)
}
