//! Dates and times that are nearly the same.

use super::{Cause, Explanation};

const MINUTES_PER_DAY: i64 = 24 * 60;
/// Time zones are apart by this at most: UTC−12 and UTC+14.
const SHIFT_MAX: i64 = 26 * 60;
/// Time zones differ by a multiple of this.
const SHIFT_STEP: i64 = 15;

/// A date, a time of day or both, with what follows them.
#[derive(PartialEq, Eq)]
struct Moment<'a> {
    date: Option<Date>,
    time: Option<Time<'a>>,
    zone: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Time<'a> {
    seconds: i64,
    /// Digits after the point, without zeros at the end.
    fraction: &'a str,
}

/// The explanation, if both texts are dates or times and one is recognised.
pub(super) fn explain(source: &str, target: &str) -> Option<Explanation> {
    let (from, to) = (Moment::parse(source)?, Moment::parse(target)?);
    match (from.date, from.time, to.date, to.time) {
        (Some(a), None, Some(b), None) => date_cause(a, b).map(Explanation::from),
        (Some(a), Some(time), Some(b), None) if a == b && from.zone == to.zone => {
            (time.seconds != 0 || !time.fraction.is_empty()).then(|| Cause::TimeOfDayLost.into())
        }
        (Some(a), None, Some(b), Some(Time { seconds: 0, fraction: "" })) if a == b => {
            Some(Cause::MidnightAdded.into())
        }
        (a, Some(before), b, Some(after)) if from.zone == to.zone && a.is_some() == b.is_some() => {
            time_cause((a, before), (b, after))
        }
        _ => None,
    }
}

fn date_cause(source: Date, target: Date) -> Option<Cause> {
    if (target.days() - source.days()).abs() == 1 {
        return Some(Cause::DayShifted);
    }
    let is_swapped =
        source.year == target.year && (source.month, source.day) == (target.day, target.month);
    is_swapped.then_some(Cause::DayMonthSwapped)
}

fn time_cause(
    (source_date, before): (Option<Date>, Time<'_>),
    (target_date, after): (Option<Date>, Time<'_>),
) -> Option<Explanation> {
    let days = match (source_date, target_date) {
        (Some(a), Some(b)) => b.days() - a.days(),
        _ => 0,
    };
    let seconds = days * MINUTES_PER_DAY * 60 + after.seconds - before.seconds;
    if let Some(cause) = fraction_cause(before.fraction, after.fraction, seconds) {
        return Some(cause.into());
    }
    if days == 0 && after.seconds == 0 && after.fraction.is_empty() && source_date.is_some() {
        return Some(Cause::TimeOfDayLost.into());
    }
    if before.fraction != after.fraction || seconds % (SHIFT_STEP * 60) != 0 {
        return None;
    }
    let mut minutes = seconds / 60;
    if source_date.is_none() {
        // A clock cannot tell nine hours late from fifteen early.
        minutes = match minutes {
            m if m > MINUTES_PER_DAY / 2 => m - MINUTES_PER_DAY,
            m if m <= -MINUTES_PER_DAY / 2 => m + MINUTES_PER_DAY,
            m => m,
        };
    }
    if minutes != 0 && minutes.abs() <= SHIFT_MAX {
        return Some(Explanation { cause: Cause::TimeShifted, shift_minutes: Some(minutes) });
    }
    let (Some(a), Some(b)) = (source_date, target_date) else { return None };
    date_cause(a, b).filter(|_| before == after).map(Explanation::from)
}

/// Why only the fraction differs; `seconds` is how much later the target's second is.
fn fraction_cause(source: &str, target: &str, seconds: i64) -> Option<Cause> {
    if source == target || seconds.abs() > 1 {
        return None;
    }
    if seconds == 0 && source.starts_with(target) {
        return Some(Cause::MicrosecondsLost);
    }
    let nanoseconds = |digits: &str| -> Option<i64> {
        let digits: String = digits.chars().chain("000000000".chars()).take(9).collect();
        digits.parse().ok()
    };
    let apart = seconds * 1_000_000_000 + nanoseconds(target)? - nanoseconds(source)?;
    let unit = 10_i64.checked_pow(9_u32.checked_sub(u32::try_from(target.len()).ok()?)?)?;
    if target.len() < source.len() && apart.abs() < unit {
        return Some(Cause::FractionRounded);
    }
    (seconds == 0).then_some(Cause::FractionChanged)
}

impl<'a> Moment<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (date, rest) = match Date::parse(text) {
            Some((date, "")) => return Some(Self { date: Some(date), time: None, zone: "" }),
            Some((date, rest)) => (Some(date), rest.strip_prefix([' ', 'T'])?),
            None => (None, text),
        };
        let (time, zone) = Time::parse(rest)?;
        Some(Self { date, time: Some(time), zone })
    }
}

impl Date {
    /// `YYYY-MM-DD` and what follows it.
    fn parse(text: &str) -> Option<(Self, &str)> {
        let (year, rest) = number(text, 4)?;
        let (month, rest) = number(rest.strip_prefix('-')?, 2)?;
        let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
        let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
        is_date.then_some((Self { year, month, day }, rest))
    }

    /// Days since some day (Howard Hinnant's `days_from_civil`; years are positive here).
    fn days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let (era, month) = (year.div_euclid(400), (self.month + 9) % 12);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * month + 2) / 5 + self.day - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year
    }
}

impl<'a> Time<'a> {
    /// `HH:MM:SS[.ffffff]` and what follows it.
    fn parse(text: &'a str) -> Option<(Self, &'a str)> {
        let (hours, rest) = number(text, 2)?;
        let (minutes, rest) = number(rest.strip_prefix(':')?, 2)?;
        let (seconds, rest) = number(rest.strip_prefix(':')?, 2)?;
        if hours > 24 || minutes > 59 || seconds > 60 {
            return None;
        }
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(digits) => {
                let length = digits.bytes().take_while(u8::is_ascii_digit).count();
                digits.split_at_checked(length)?
            }
            None => ("", rest),
        };
        let fraction = fraction.trim_end_matches('0');
        Some((Self { seconds: (hours * 60 + minutes) * 60 + seconds, fraction }, zone))
    }
}

/// A number of so many digits, and what follows it.
fn number(text: &str, digits: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    let is_number = number.bytes().all(|b| b.is_ascii_digit());
    Some((number.parse().ok().filter(|_| is_number)?, rest))
}
