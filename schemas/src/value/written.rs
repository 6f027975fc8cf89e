//! Dates and times as applications write them into SQLite: RFC 3339, and what SQLite, Python, .NET,
//! Java and Go print. Whoever takes such a text knows its day, its clock and its zone exactly; what
//! a type cannot hold of it is for the caller to judge.

use super::datetime::{DATES, DAY, TIMESTAMPS};
use super::plain_time;

/// A date, with a clock and a zone if they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Days from 2000-01-01.
    pub day: i64,
    /// Time of day; midnight if none is written.
    pub clock: Clock,
    /// Minutes east of UTC, if the text says so.
    pub zone: Option<i32>,
}

/// A time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock {
    /// Whole microseconds.
    pub micros: i64,
    /// What is written beyond them: `None` if nothing but zeros, else whether it is at least half a
    /// microsecond.
    pub beyond: Option<bool>,
}

impl Clock {
    /// The microseconds nearest to it, a half upwards; with `None` if there is a rest and it may
    /// not be rounded away.
    pub fn whole(self, may_round: bool) -> Option<i64> {
        match self.beyond {
            None => Some(self.micros),
            Some(up) if may_round => Some(self.micros + i64::from(up)),
            Some(_) => None,
        }
    }
}

impl Written {
    /// Microseconds of this day and clock from 2000-01-01 00:00:00, the zone aside.
    pub fn local(&self, may_round: bool) -> Option<i64> {
        self.day.checked_mul(DAY)?.checked_add(self.clock.whole(may_round)?)
    }
}

/// Microseconds from 2000-01-01 00:00:00, if a `timestamp` can be so far from it.
pub fn timestamp(micros: i128) -> Option<i64> {
    i64::try_from(micros).ok().filter(|micros| TIMESTAMPS.contains(micros))
}

/// The day of a midnight, if it is one and a `date` can be so far from 2000-01-01.
pub fn midnight(micros: i64) -> Option<i32> {
    let day = i32::try_from(micros.div_euclid(DAY)).ok().filter(|day| DATES.contains(day));
    day.filter(|_| micros.rem_euclid(DAY) == 0)
}

/// Microseconds from midnight, if they are those of one day.
pub fn time_of_day(micros: i64) -> Option<i64> {
    (0..DAY).contains(&micros).then_some(micros)
}

/// Reads `2022-09-20`, alone or with a blank or `T` and a [clock], and then nothing, `Z`, or an
/// offset such as `+07:00`, `+0700`, `+07`; before the offset there may be a blank, and behind it one
/// and the zone's name (Go's `2022-09-20 13:45:00 +0700 +07`). Years are 0001 to 9999.
pub fn moment(text: &str) -> Option<Written> {
    let (day, rest) = text.as_bytes().split_first_chunk::<10>()?;
    let day = plain_time::day(day)?;
    let [b' ' | b'T' | b't', rest @ ..] = rest else {
        return rest.is_empty().then_some(Written { day, clock: Clock::default(), zone: None });
    };
    let (clock, rest) = take_clock(rest)?;
    let zone = if rest.is_empty() { None } else { Some(offset(rest)?) };
    Some(Written { day, clock, zone })
}

/// Reads `13:45`, `13:45:00` or `13:45:00.5`, with any number of decimal places.
pub fn clock(text: &str) -> Option<Clock> {
    let (clock, rest) = take_clock(text.as_bytes())?;
    rest.is_empty().then_some(clock)
}

fn take_clock(text: &[u8]) -> Option<(Clock, &[u8])> {
    let [h1, h2, b':', m1, m2, rest @ ..] = text else { return None };
    let (hours, minutes) = (two(*h1, *h2)?, two(*m1, *m2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let whole = (hours * 60 + minutes) * 60;
    let [b':', s1, s2, rest @ ..] = rest else {
        return Some((Clock { micros: whole * 1_000_000, beyond: None }, rest));
    };
    let seconds = two(*s1, *s2).filter(|seconds| *seconds < 60)?;
    let micros = (whole + seconds) * 1_000_000;
    let [b'.', rest @ ..] = rest else { return Some((Clock { micros, beyond: None }, rest)) };
    let places = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = rest.split_at_checked(places).filter(|(digits, _)| !digits.is_empty())?;
    let fraction =
        (0..6).fold(0, |value, at| 10 * value + digits.get(at).copied().map_or(0, digit));
    let beyond = digits.get(6..).unwrap_or_default();
    let beyond = beyond
        .iter()
        .any(|digit| *digit != b'0')
        .then(|| beyond.first().is_some_and(|digit| *digit >= b'5'));
    Some((Clock { micros: micros + fraction, beyond }, rest))
}

/// Minutes east of UTC.
fn offset(text: &[u8]) -> Option<i32> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    if matches!(text, b"Z" | b"z" | b"UTC") {
        return Some(0);
    }
    let (sign, text) = match text {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let [h1, h2, rest @ ..] = text else { return None };
    let (minutes, rest) = match rest {
        [b':', m1, m2, rest @ ..] => (two(*m1, *m2)?, rest),
        [m1, m2, rest @ ..] if m1.is_ascii_digit() => (two(*m1, *m2)?, rest),
        rest => (0, rest),
    };
    let hours = two(*h1, *h2)?;
    if hours > 15 || minutes > 59 {
        return None;
    }
    let named = |name: &[u8]| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-');
        (1..=6).contains(&name.len()) && name.iter().all(plain)
    };
    let is_end = rest.is_empty() || rest.strip_prefix(b" ").is_some_and(named);
    let minutes = i32::try_from(hours * 60 + minutes).ok()?;
    is_end.then_some(sign * minutes)
}

fn two(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| 10 * digit(tens) + digit(ones))
}

fn digit(byte: u8) -> i64 {
    i64::from(byte.wrapping_sub(b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_applications_write_is_read() {
        let noon = 43_200_000_000;
        let at = |micros, beyond, zone| {
            Some(Written { day: 8_298, clock: Clock { micros, beyond }, zone })
        };
        for (text, expected) in [
            ("2022-09-20", at(0, None, None)),
            ("2022-09-20 12:00", at(noon, None, None)),
            ("2022-09-20 12:00:00", at(noon, None, None)),
            ("2022-09-20T12:00:00.000", at(noon, None, None)),
            // Python, Django
            ("2022-09-20 12:00:00.050000", at(noon + 50_000, None, None)),
            ("2022-09-20T12:00:00.050000+00:00", at(noon + 50_000, None, Some(0))),
            // JavaScript
            ("2022-09-20T12:00:00.050Z", at(noon + 50_000, None, Some(0))),
            ("2022-09-20 12:00:00.050 +00:00", at(noon + 50_000, None, Some(0))),
            // .NET
            ("2022-09-20 12:00:00.0000001", at(noon, Some(false), None)),
            ("2022-09-20 12:00:00.0000005+07:00", at(noon, Some(true), Some(420))),
            // Go
            ("2022-09-20 12:00:00.05+07:00", at(noon + 50_000, None, Some(420))),
            ("2022-09-20 12:00:00 -0330 NST", at(noon, None, Some(-210))),
            ("2022-09-20 12:00:00 +0700 +07", at(noon, None, Some(420))),
            ("2022-09-20 12:00:00 +0000 UTC", at(noon, None, Some(0))),
            ("2022-09-20 12:00:00+07", at(noon, None, Some(420))),
            ("2022-09-20 12:00:00UTC", at(noon, None, Some(0))),
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
        assert_eq!(clock("13:45"), Some(Clock { micros: 49_500_000_000, beyond: None }));
        assert_eq!(clock("00:00:00.0000000").and_then(|clock| clock.whole(false)), Some(0));
        let rest = clock("00:00:00.9999995").unwrap();
        assert_eq!((rest.whole(false), rest.whole(true)), (None, Some(1_000_000)));
    }

    #[test]
    fn what_says_no_moment_is_not_guessed() {
        for text in [
            "",
            "20220920",
            "20/09/2022",
            "2022-9-20",
            "2022-02-30",
            "0000-00-00",
            "2022-09-20 ",
            "2022-09-20T",
            "2022-09-20  12:00",
            "2022-09-20 12",
            "2022-09-20 24:00:00",
            "2022-09-20 12:60",
            "2022-09-20 12:00:60",
            "2022-09-20 12:00:00.",
            "2022-09-20 12:00:00,5",
            "2022-09-20 12:00:00 PM",
            "2022-09-20 12:00:00 Asia/Ho_Chi_Minh",
            "2022-09-20 12:00:00+7",
            "2022-09-20 12:00:00+07:",
            "2022-09-20 12:00:00+16:00",
            "2022-09-20 12:00:00 +0700 +07 m=+0.0001",
            "2022-09-20+07:00",
            "-2022-09-20 12:00:00",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
        for text in ["13:45 ", "1:45", "13:45:00Z", "13", "24:00"] {
            assert_eq!(clock(text), None, "{text}");
        }
    }
}
