//! Intervals in `IntervalStyle postgres` (src/backend/utils/adt/datetime.c, `EncodeInterval` and
//! `AddPostgresIntPart`).

use super::datetime::push_clock;
use super::digits::push_int;

/// An `interval`: three counts that are never folded into one another, because a month has no
/// fixed number of days and a day no fixed number of hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Months.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Microseconds.
    pub micros: i64,
}

impl Interval {
    /// `infinity`, since PostgreSQL 17. Earlier versions print the same bits as a finite interval.
    pub const INFINITY: Self = Self { months: i32::MAX, days: i32::MAX, micros: i64::MAX };
    /// `-infinity`, since PostgreSQL 17.
    pub const NEG_INFINITY: Self = Self { months: i32::MIN, days: i32::MIN, micros: i64::MIN };

    /// Appends the interval as PostgreSQL 17 and later print it.
    pub(super) fn render(self, out: &mut Vec<u8>) {
        match self {
            Self::INFINITY => out.extend_from_slice(b"infinity"),
            Self::NEG_INFINITY => out.extend_from_slice(b"-infinity"),
            _ => self.render_finite(out),
        }
    }

    /// Appends the interval as versions before 17 print it. A positive part that follows a
    /// negative one carries a plus sign.
    pub(super) fn render_finite(self, out: &mut Vec<u8>) {
        let start = out.len();
        let mut after_negative = false;
        let parts =
            [(self.months / 12, &b" year"[..]), (self.months % 12, b" mon"), (self.days, b" day")];
        for (count, unit) in parts {
            if count == 0 {
                continue;
            }
            if out.len() > start {
                out.push(b' ');
            }
            if after_negative && count > 0 {
                out.push(b'+');
            }
            push_int(count, out);
            out.extend_from_slice(unit);
            if count != 1 {
                out.push(b's');
            }
            after_negative = count < 0;
        }
        let is_empty = out.len() == start;
        if self.micros == 0 && !is_empty {
            return;
        }
        if !is_empty {
            out.push(b' ');
        }
        if self.micros < 0 {
            out.push(b'-');
        } else if after_negative {
            out.push(b'+');
        }
        push_clock(self.micros.unsigned_abs(), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What PostgreSQL 16 prints for the bits that are infinite in 17.
    #[test]
    fn extremes_were_finite() {
        let cases = [
            (Interval::INFINITY, "178956970 years 7 mons 2147483647 days 2562047788:00:54.775807"),
            (
                Interval::NEG_INFINITY,
                "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775808",
            ),
        ];
        for (interval, expected) in cases {
            let mut out = Vec::new();
            interval.render_finite(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn signs_and_plurals() {
        let cases = [
            ((0, 0, 0), "00:00:00"),
            ((0, 0, -500_000), "-00:00:00.5"),
            ((1, -1, 1_000_000), "1 mon -1 days +00:00:01"),
            ((-1, -1, -1_000_000), "-1 mons -1 days -00:00:01"),
            ((-1, 2, -1_000_000), "-1 mons +2 days -00:00:01"),
            ((-10, 0, 0), "-10 mons"),
            ((12, 1, 0), "1 year 1 day"),
            ((-13, 0, 1), "-1 years -1 mons +00:00:00.000001"),
            ((0, 1, 360_000_000_000), "1 day 100:00:00"),
            (
                (i32::MIN, i32::MIN, i64::MAX),
                "-178956970 years -8 mons -2147483648 days +2562047788:00:54.775807",
            ),
            (
                (i32::MAX, i32::MAX, i64::MIN),
                "178956970 years 7 mons 2147483647 days -2562047788:00:54.775808",
            ),
            ((i32::MAX, i32::MAX, i64::MAX), "infinity"),
            ((i32::MIN, i32::MIN, i64::MIN), "-infinity"),
        ];
        for ((months, days, micros), expected) in cases {
            let mut out = b"before".to_vec();
            Interval { months, days, micros }.render(&mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("before{expected}"));
        }
    }
}
