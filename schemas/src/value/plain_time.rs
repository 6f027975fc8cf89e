//! The usual spelling of dates and times, read digit by digit: `2022-09-20` and `13:45:00`, years
//! 0001 to 9999. What has this form and names a real day is canonical by its form, so nothing has
//! to be printed again to compare.

use super::datetime::days_to;

/// Days from 2000-01-01 to `YYYY-MM-DD`.
pub(super) fn day(text: &[u8; 10]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return None };
    let year = i64::from(two(y1, y2)?) * 100 + i64::from(two(y3, y4)?);
    let (month, day) = (two(m1, m2)?, two(d1, d2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    (year > 0 && (1..=last).contains(&day)).then(|| days_to(year, month, day))
}

/// Seconds of `HH:MM:SS`, before midnight.
pub(super) fn seconds(text: [u8; 8]) -> Option<i64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = text else { return None };
    let (hours, minutes, seconds) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    (hours < 24 && minutes < 60 && seconds < 60)
        .then(|| (i64::from(hours) * 60 + i64::from(minutes)) * 60 + i64::from(seconds))
}

fn two(tens: u8, ones: u8) -> Option<u8> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_days_and_times_are_read() {
        assert_eq!(day(b"2000-01-01"), Some(0));
        assert_eq!(day(b"2000-02-29"), Some(59));
        for text in [b"2001-02-29", b"0000-01-01", b"2022-13-01", b"2022-00-10", b"2022-1a-01"] {
            assert_eq!(day(text), None);
        }
        assert_eq!(seconds(*b"23:59:59"), Some(86_399));
        for text in [b"24:00:00", b"12:60:00", b"12-00-00", b"1 :00:00"] {
            assert_eq!(seconds(*text), None);
        }
    }
}
