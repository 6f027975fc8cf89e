//! Dates and times: the Gregorian calendar carried backwards without end, as PostgreSQL has it
//! (src/backend/utils/adt/datetime.c, `j2date`, `EncodeDateOnly`, `EncodeDateTime`,
//! `EncodeTimeOnly` with `USE_ISO_DATES`). The conversion from days works on years that begin in
//! March, so that the leap day is the last one (Howard Hinnant, "chrono-compatible low-level date
//! algorithms").

use super::digits::{four, low_byte, push_int, two};

/// Microseconds of one second.
pub(super) const SECOND: u64 = 1_000_000;
/// Microseconds of one day.
pub(super) const DAY: i64 = 86_400_000_000;

/// The first and the last day of `date`: 4714-11-24 BC and 5874897-12-31 (`IS_VALID_DATE`).
pub(super) const DATES: std::ops::RangeInclusive<i32> = -2_451_545..=2_145_031_948;
/// The first and the last microsecond of `timestamp`: 4714-11-24 00:00:00 BC and
/// 294276-12-31 23:59:59.999999 (`IS_VALID_TIMESTAMP`).
pub(super) const TIMESTAMPS: std::ops::RangeInclusive<i64> =
    -211_813_488_000_000_000..=9_223_371_331_199_999_999;

/// Days from 0000-03-01 to 2000-01-01.
const EPOCH: i64 = 730_425;
/// Days of 400 years.
const ERA: i64 = 146_097;
/// Eras that are added before days are divided, so that none are negative: enough for every
/// `i32` of days.
const ERAS_ADDED: i64 = 20_000;

/// A calendar day.
struct Civil {
    /// Astronomical year: 0 is 1 BC.
    year: i64,
    month: u8,
    day: u8,
}

/// The calendar day that lies so many days after 2000-01-01.
#[inline]
fn civil(days: i64) -> Civil {
    let from_march = (days + EPOCH + ERA * ERAS_ADDED).unsigned_abs();
    let (era, day_of_era) = (from_march / ERA.unsigned_abs(), from_march % ERA.unsigned_abs());
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let in_next_year = month_from_march >= 10;
    let month = if in_next_year { month_from_march - 9 } else { month_from_march + 3 };
    let year = (era * 400 + year_of_era + u64::from(in_next_year)).cast_signed();
    Civil { year: year - 400 * ERAS_ADDED, month: low_byte(month), day: low_byte(day) }
}

/// Days from 2000-01-01 to a calendar day; a day that the month does not have counts on into the
/// next month. The year is astronomical.
pub(super) fn days_to(year: i64, month: u8, day: u8) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH
}

/// Appends `YYYY-MM-DD` and says whether the year is before Christ.
#[inline]
fn push_day(days: i64, out: &mut Vec<u8>) -> bool {
    let Civil { year, month, day } = civil(days);
    let is_bc = year <= 0;
    let shown = if is_bc { 1 - year } else { year }.unsigned_abs();
    match u16::try_from(shown) {
        Ok(shown @ ..=9_999) => out.extend_from_slice(&four(shown)),
        _ => push_int(shown, out),
    }
    out.extend_from_slice([after(b'-', month), after(b'-', day)].as_flattened());
    is_bc
}

/// Appends `HH:MM:SS` with as many digits of the fraction as are not trailing zeros.
#[inline]
pub(super) fn push_clock(micros: u64, out: &mut Vec<u8>) {
    let (seconds, fraction) = (micros / SECOND, micros % SECOND);
    let (minutes, second) = (seconds / 60, seconds % 60);
    let (hours, minute) = (minutes / 60, minutes % 60);
    if hours <= 99 {
        out.extend_from_slice(&two(low_byte(hours)));
    } else {
        push_int(hours, out);
    }
    let rest = [after(b':', low_byte(minute)), after(b':', low_byte(second))];
    out.extend_from_slice(rest.as_flattened());
    if fraction != 0 {
        push_fraction(fraction, out);
    }
}

/// Two digits after a separator.
#[inline]
fn after(separator: u8, number: u8) -> [u8; 3] {
    let [tens, ones] = two(number);
    [separator, tens, ones]
}

/// Appends a point and up to six digits.
#[inline]
fn push_fraction(micros: u64, out: &mut Vec<u8>) {
    let pairs = [micros / 10_000, micros / 100 % 100, micros % 100].map(|n| two(low_byte(n)));
    let mut digits = pairs.as_flattened();
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    out.push(b'.');
    out.extend_from_slice(digits);
}

/// Appends a `date`.
#[inline]
pub(super) fn push_date(days: i32, out: &mut Vec<u8>) {
    match days {
        i32::MIN => out.extend_from_slice(b"-infinity"),
        i32::MAX => out.extend_from_slice(b"infinity"),
        _ => {
            if push_day(i64::from(days), out) {
                out.extend_from_slice(b" BC");
            }
        }
    }
}

/// Appends a `timestamp`, or with `zone` a `timestamptz` in UTC.
#[inline]
pub(super) fn push_timestamp(micros: i64, zone: &[u8], out: &mut Vec<u8>) {
    match micros {
        i64::MIN => out.extend_from_slice(b"-infinity"),
        i64::MAX => out.extend_from_slice(b"infinity"),
        _ => {
            let is_bc = push_day(micros.div_euclid(DAY), out);
            out.push(b' ');
            push_clock(micros.rem_euclid(DAY).unsigned_abs(), out);
            out.extend_from_slice(zone);
            if is_bc {
                out.extend_from_slice(b" BC");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(days: i32) -> String {
        let mut out = Vec::new();
        push_date(days, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn timestamptz(micros: i64) -> String {
        let mut out = Vec::new();
        push_timestamp(micros, b"+00", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_at_the_edges() {
        assert_eq!(date(0), "2000-01-01");
        assert_eq!(date(59), "2000-02-29");
        assert_eq!(date(-36_465), "1900-03-01");
        assert_eq!(date(-730_119), "0001-01-01");
        assert_eq!(date(-730_120), "0001-12-31 BC");
        assert_eq!(date(*DATES.start()), "4714-11-24 BC");
        assert_eq!(date(*DATES.end()), "5874897-12-31");
        assert_eq!(date(i32::MIN), "-infinity");
        assert_eq!(date(i32::MAX), "infinity");
    }

    #[test]
    fn timestamps_at_the_edges() {
        assert_eq!(timestamptz(0), "2000-01-01 00:00:00+00");
        assert_eq!(timestamptz(-1), "1999-12-31 23:59:59.999999+00");
        assert_eq!(timestamptz(120_000), "2000-01-01 00:00:00.12+00");
        assert_eq!(timestamptz(*TIMESTAMPS.start()), "4714-11-24 00:00:00+00 BC");
        assert_eq!(timestamptz(*TIMESTAMPS.end()), "294276-12-31 23:59:59.999999+00");
        assert_eq!(timestamptz(i64::MIN), "-infinity");
        assert_eq!(timestamptz(i64::MAX), "infinity");
    }

    #[test]
    fn days_and_calendar_are_inverse() {
        let far = (*DATES.start()..*DATES.end()).step_by(99_991);
        for days in far.chain(-150_000..150_000).map(i64::from) {
            let Civil { year, month, day } = civil(days);
            assert_eq!(days_to(year, month, day), days);
        }
    }

    #[test]
    fn nothing_panics_outside_the_range() {
        for micros in [i64::MIN + 1, i64::MAX - 1] {
            timestamptz(micros);
        }
        for days in [i32::MIN + 1, i32::MAX - 1] {
            date(days);
        }
    }
}
