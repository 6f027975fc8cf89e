//! Dates and times without a clock: days since 1900, seconds since the first vaccination.

use jiff::civil::{Date, date};

/// Where days are counted from.
const EPOCH: Date = date(1900, 1, 1);
/// 8 March 2021, the first vaccination, in days since [`EPOCH`].
pub(super) const FIRST_DAY: u32 = 44_261;
/// From the first vaccination to 5 April 2022, the day of the figures, in days.
pub(super) const SPAN: u32 = 393;
/// Seconds of a day.
pub(super) const DAY: u32 = 86_400;

/// The text of dates, worked out once.
pub(super) struct Calendar(Vec<String>);

impl Calendar {
    pub(super) fn new() -> Self {
        let days = EPOCH.series(jiff::Span::new().days(1));
        Self(days.take_while(|day| day.year() < 2040).map(|day| day.to_string()).collect())
    }

    /// A date, given in days since 1900.
    pub(super) fn date(&self, day: u32) -> &str {
        self.0.get(day as usize).map_or("2039-12-31", String::as_str)
    }

    /// A moment, given in seconds since the first day began and microseconds. A fraction is
    /// written without trailing zeros, and not at all if it is zero.
    pub(super) fn moment(&self, second: u32, micros: u32) -> String {
        let (day, rest) = (second / DAY, second % DAY);
        let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
        let whole = format!("{} {hour:02}:{minute:02}:{second:02}", self.date(FIRST_DAY + day));
        if micros == 0 {
            return whole;
        }
        let mut text = format!("{whole}.{micros:06}");
        text.truncate(text.trim_end_matches('0').len());
        text
    }
}

/// Days since 1900 of a date.
pub(super) fn day_of(date: Date) -> u32 {
    u32::try_from(date.duration_since(EPOCH).as_hours() / 24).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_right() {
        assert_eq!(day_of(date(2021, 3, 8)), FIRST_DAY);
        assert_eq!(day_of(date(2022, 4, 5)), FIRST_DAY + SPAN);
        let calendar = Calendar::new();
        assert_eq!(calendar.date(0), "1900-01-01");
        assert_eq!(calendar.date(day_of(date(1972, 2, 29))), "1972-02-29");
    }

    #[test]
    fn a_fraction_has_no_trailing_zeros() {
        let calendar = Calendar::new();
        assert_eq!(calendar.moment(0, 0), "2021-03-08 00:00:00");
        assert_eq!(calendar.moment(DAY + 3_661, 500_000), "2021-03-09 01:01:01.5");
        assert_eq!(calendar.moment(DAY - 1, 10), "2021-03-08 23:59:59.00001");
        assert_eq!(calendar.moment(10, 0), "2021-03-08 00:00:10");
    }
}
