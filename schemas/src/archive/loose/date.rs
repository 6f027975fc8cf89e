//! Birth dates as they are really stored.

use super::{Looser, Match};
use crate::archive::normal::{self, days_in};

/// A birth date of which the day, or day and month, may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth {
    year: u32,
    month: Option<u32>,
    day: Option<u32>,
}

impl Birth {
    /// Reads a date in the forms of [`normal::birth_date`], and besides, whatever stands around it and
    /// whatever separates its parts: any time of day behind it; month and year; `YYYYMMDD` and
    /// `DDMMYYYY`; the number of days since 1899-12-30 by which spreadsheet programs count. Years of two
    /// digits are not read: nobody knows which century is meant.
    pub fn read(text: &str) -> Option<Self> {
        let (date, _time) = text.split_once(':').map_or((text, ""), |(before, time)| {
            // The hour before the colon is none of the date's.
            let date = before.trim_end_matches(|c: char| c.is_ascii_digit());
            (date, time)
        });
        let runs: Vec<&str> =
            date.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).collect();
        match runs.as_slice() {
            [one] => Self::of_digits(one),
            [month, year] if year.len() == 4 => Self::of_parts(year, Some(month), None),
            [year, month] if year.len() == 4 => Self::of_parts(year, Some(month), None),
            [year, month, day] if year.len() == 4 => Self::of_parts(year, Some(month), Some(day)),
            [day, month, year] if year.len() == 4 => Self::of_parts(year, Some(month), Some(day))
                .or_else(|| Self::of_parts(year, Some(day), Some(month))),
            _ => None,
        }
    }

    /// The texts under which the index may have a name with this date. What is found by one has to be
    /// compared.
    pub fn forms(self) -> Vec<String> {
        let year = format!("{:04}", self.year);
        let mut forms = vec![year.clone(), format!("{year}-01-01")];
        if let Some((month, day)) = self.month.zip(self.day) {
            forms.push(format!("{year}-{month:02}-{day:02}"));
            forms.push(format!("{year}-{day:02}-{month:02}"));
        }
        forms
    }

    /// How a stored date is the one asked for, both as they are written.
    pub fn compare(asked: &str, stored: &str) -> Option<Match> {
        let exact = normal::birth_date(asked);
        if exact.is_some() && exact == normal::birth_date(stored) {
            return Some(Match::Exact);
        }
        let asked = Self::read(asked)?;
        let Some(stored) = Self::read(stored) else { return Some(Match::Loose(Looser::NoDate)) };
        asked.looser(stored).map(Match::Loose)
    }

    fn looser(self, stored: Self) -> Option<Looser> {
        if self.year != stored.year {
            return None;
        }
        if self == stored {
            return Some(Looser::DateWritten);
        }
        let agrees =
            |one: Option<u32>, other: Option<u32>| one.is_none() || other.is_none() || one == other;
        if agrees(self.month, stored.month) && agrees(self.day, stored.day) {
            return Some(Looser::DatePart);
        }
        if (stored.month, stored.day) == (Some(1), Some(1))
            || (self.month, self.day) == (Some(1), Some(1))
        {
            return Some(Looser::FirstOfJanuary);
        }
        let is_exchanged =
            self.day.is_some() && (self.month, self.day) == (stored.day, stored.month);
        is_exchanged.then_some(Looser::DayAndMonth)
    }

    fn of_digits(digits: &str) -> Option<Self> {
        let at = |from: usize, to: usize| digits.get(from..to);
        match digits.len() {
            4 => Self::of_parts(digits, None, None),
            5 => Self::of_serial(digits.parse().ok()?),
            8 => Self::of_parts(at(0, 4)?, at(4, 6), at(6, 8))
                .or_else(|| Self::of_parts(at(4, 8)?, at(2, 4), at(0, 2))),
            _ => None,
        }
    }

    fn of_parts(year: &str, month: Option<&str>, day: Option<&str>) -> Option<Self> {
        let small = |part: &str| (part.len() <= 2).then(|| part.parse::<u32>().ok())?;
        let month = month.map(|month| small(month).ok_or(())).transpose().ok()?;
        let day = day.map(|day| small(day).ok_or(())).transpose().ok()?;
        let year = year.parse().ok().filter(|year| YEARS.contains(year))?;
        (1..=days_in(year, month.unwrap_or(1))?).contains(&day.unwrap_or(1)).then_some(())?;
        Some(Self { year, month, day })
    }

    /// Day 2 is 1 January 1900; day 60 is one that the calendar does not have, so that day 61 is 1 March.
    fn of_serial(serial: u32) -> Option<Self> {
        let mut days = serial.checked_sub(if serial > 60 { 2 } else { 1 })?;
        for year in YEARS {
            for month in 1..=12 {
                let length = days_in(year, month)?;
                if days < length {
                    return Some(Self { year, month: Some(month), day: Some(days + 1) });
                }
                days -= length;
            }
        }
        None
    }
}

/// Years in which somebody was born who was vaccinated.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_they_are_stored() {
        for (asked, stored, how) in [
            ("01/01/1950", "1950-01-01", Match::Exact),
            ("01/01/1950", "1/1/1950 00:00:00", Match::Loose(Looser::DateWritten)),
            ("01/01/1950", "1950-01-01T17:00:00+07", Match::Loose(Looser::DateWritten)),
            ("01/01/1950", "1/1/1950 12:00:00 AM", Match::Loose(Looser::DateWritten)),
            ("01/01/1960", "19600101", Match::Loose(Looser::DateWritten)),
            ("02/12/1960", "02121960", Match::Loose(Looser::DateWritten)),
            ("02/12/1960", "ngày 2 tháng 12 năm 1960", Match::Loose(Looser::DateWritten)),
            ("01/01/1990", "32874", Match::Loose(Looser::DateWritten)),
            ("13/12/1960", "12/13/1960", Match::Loose(Looser::DateWritten)),
            ("02/12/1960", "12/1960", Match::Loose(Looser::DatePart)),
            ("02/12/1960", "1960-12", Match::Loose(Looser::DatePart)),
            ("02/12/1960", "1960", Match::Loose(Looser::DatePart)),
            ("1960", "1960-12-02", Match::Loose(Looser::DatePart)),
            ("02/12/1960", "1960-01-01", Match::Loose(Looser::FirstOfJanuary)),
            ("02/12/1960", "12/2/1960", Match::Loose(Looser::DayAndMonth)),
            ("02/12/1960", "", Match::Loose(Looser::NoDate)),
            ("02/12/1960", "không rõ", Match::Loose(Looser::NoDate)),
            ("02/12/1960", "2/12/60", Match::Loose(Looser::NoDate)),
        ] {
            assert_eq!(Birth::compare(asked, stored), Some(how), "{asked} {stored}");
        }
        for (asked, stored) in [
            ("02/12/1960", "03/12/1960"),
            ("02/12/1960", "02/12/1961"),
            ("02/12/1960", "11/1960"),
            ("02/12/1960", "1961"),
        ] {
            assert_eq!(Birth::compare(asked, stored), None, "{asked} {stored}");
        }
    }
}
