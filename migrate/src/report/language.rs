//! Numbers and days as each language writes them.

use handover_schemas::date::Date;
use handover_verify::signing::parse_moment;

/// A language of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Vietnamese,
    English,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Language {
    /// Both, the one that is shown first at the beginning.
    pub(super) const ALL: [Self; 2] = [Self::Vietnamese, Self::English];

    /// The tag for `lang` (BCP 47).
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Vietnamese => "vi",
            Self::English => "en",
        }
    }

    /// One of two, by language.
    pub(super) fn pick<T>(self, vi: T, en: T) -> T {
        match self {
            Self::Vietnamese => vi,
            Self::English => en,
        }
    }

    /// A whole number in groups of three: `1.234.567` or `1,234,567`. Any other text stays as it is.
    pub(super) fn number(self, text: &str) -> String {
        let (sign, digits) =
            text.strip_prefix('-').map_or(("", text), |digits| ("\u{2212}", digits));
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.to_owned();
        }
        let mut out = sign.to_owned();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                out.push(self.pick('.', ','));
            }
            out.push(digit);
        }
        out
    }

    /// A number of bytes, rounded down to one decimal of the largest unit: `1,2 GB`.
    pub(super) fn size(self, text: &str) -> String {
        let Ok(bytes) = text.parse::<u128>() else { return text.to_owned() };
        let mut unit = (1, "B");
        for larger in
            [(1_000, "kB"), (1_000_000, "MB"), (1_000_000_000, "GB"), (1_000_000_000_000, "TB")]
        {
            if bytes >= larger.0 {
                unit = larger;
            }
        }
        let (step, word) = unit;
        let whole = self.number(&(bytes / step).to_string());
        if step == 1 {
            return format!("{whole} {word}");
        }
        let tenth = bytes % step * 10 / step;
        format!("{whole}{}{tenth} {word}", self.pick(',', '.'))
    }

    /// A moment: `22/11/2026 08:30 UTC` or `22 Nov 2026, 08:30 UTC`. Any other text stays as it is.
    pub(super) fn moment(self, text: &str) -> String {
        if parse_moment(text).is_err() {
            return text.to_owned();
        }
        let (day, time) = text.split_once('T').unwrap_or((text, ""));
        let time: String = time.chars().take(5).collect();
        format!("{}{} {time} UTC", self.day(day), self.pick("", ","))
    }

    /// A day: `22/11/2026` or `22 Nov 2026`; a month: `11/2026` or `Nov 2026`. Any other text stays
    /// as it is.
    pub(super) fn day(self, text: &str) -> String {
        let month_only = text.len() == 7;
        let full = if month_only { format!("{text}-01") } else { text.to_owned() };
        if full.parse::<Date>().is_err() {
            return text.to_owned();
        }
        let mut parts = full.split('-');
        let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next())
        else {
            return text.to_owned();
        };
        let name =
            || month.parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
        match (self, month_only) {
            (Self::Vietnamese, false) => format!("{day}/{month}/{year}"),
            (Self::Vietnamese, true) => format!("{month}/{year}"),
            (Self::English, false) => {
                format!("{} {} {year}", day.trim_start_matches('0'), name().unwrap_or(&month))
            }
            (Self::English, true) => format!("{} {year}", name().unwrap_or(&month)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{English as En, Vietnamese as Vi};

    #[test]
    fn numbers_have_their_groups() {
        for (text, vi, en) in [
            ("0", "0", "0"),
            ("999", "999", "999"),
            ("1234567", "1.234.567", "1,234,567"),
            ("18446744073709551615", "18.446.744.073.709.551.615", "18,446,744,073,709,551,615"),
            ("-270000", "\u{2212}270.000", "\u{2212}270,000"),
            ("1e5", "1e5", "1e5"),
            ("-", "-", "-"),
            ("", "", ""),
        ] {
            assert_eq!((Vi.number(text).as_str(), En.number(text).as_str()), (vi, en));
        }
    }

    #[test]
    fn sizes_have_one_decimal() {
        for (text, vi, en) in [
            ("999", "999 B", "999 B"),
            ("1000", "1,0 kB", "1.0 kB"),
            ("1999999", "1,9 MB", "1.9 MB"),
            ("1234567890123456", "1.234,5 TB", "1,234.5 TB"),
        ] {
            assert_eq!((Vi.size(text).as_str(), En.size(text).as_str()), (vi, en));
        }
    }

    #[test]
    fn days_are_written_as_people_do() {
        assert_eq!(Vi.moment("2026-11-02T08:30:59Z"), "02/11/2026 08:30 UTC");
        assert_eq!(En.moment("2026-11-02T08:30:59Z"), "2 Nov 2026, 08:30 UTC");
        assert_eq!((Vi.day("2022-03"), En.day("2022-03")), ("03/2022".into(), "Mar 2022".into()));
        for odd in
            ["yesterday", "2026-13-01", "2026-11-02T08:30:59+07:00", "2026-00", "ểểểểểểể", ""]
        {
            assert_eq!((Vi.moment(odd).as_str(), En.day(odd).as_str()), (odd, odd));
        }
    }
}
