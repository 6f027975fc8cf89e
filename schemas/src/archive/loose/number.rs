//! Numbers that programs and people changed on their way.

use super::{Looser, Match};
use crate::archive::normal;

/// Digits of the longest identity number: twelve, since 2016 (Law on Citizen Identification, article 19 of
/// the law of 2014).
const IDENTITY_DIGITS: usize = 12;

/// Fewer digits than these are no number of a person without its zeros.
const FEWEST_DIGITS: usize = 6;

/// How a stored identity number is the one asked for.
pub fn identity_number(asked: &str, stored: &str) -> Option<Match> {
    same_number(asked, stored, normal::identity_number)
}

/// How a stored telephone number is the one asked for.
pub fn phone(asked: &str, stored: &str) -> Option<Match> {
    same_number(asked, stored, normal::phone)
}

/// The texts under which the index may have an identity number, the exact one first. What is found by one
/// has to be compared.
pub fn identity_number_forms(asked: &str) -> Vec<String> {
    forms(asked, IDENTITY_DIGITS, normal::identity_number)
}

/// The same of a telephone number.
pub fn phone_forms(asked: &str) -> Vec<String> {
    forms(asked, 11, normal::phone)
}

fn same_number(asked: &str, stored: &str, form: fn(&str) -> Option<String>) -> Option<Match> {
    let asked = form(asked)?;
    let digits = significant(&asked);
    if let Some(number) = SheetNumber::read(stored) {
        let looser = digits.and_then(|digits| number.is(digits))?;
        return Some(Match::Loose(looser));
    }
    let stored = form(stored)?;
    if asked == stored {
        return Some(Match::Exact);
    }
    (digits.is_some() && digits == significant(&stored))
        .then_some(Match::Loose(Looser::LeadingZero))
}

/// A number without its leading zeros; `None` if it is not of digits, or of too few.
fn significant(number: &str) -> Option<&str> {
    let rest = number.trim_start_matches('0');
    let is = rest.len() >= FEWEST_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
    is.then_some(rest)
}

fn forms(asked: &str, longest: usize, form: fn(&str) -> Option<String>) -> Vec<String> {
    let Some(exact) = form(asked) else { return Vec::new() };
    let mut forms = vec![exact.clone()];
    let Some(digits) = significant(&exact) else { return forms };
    for length in digits.len()..=longest {
        forms.push(format!("{digits:0>length$}"));
    }
    // `79090001234.0` without its point.
    forms.push(format!("{digits}0"));
    forms.push(format!("{digits}00"));
    // `7.909E+10`, whose letters are kept in identity numbers and dropped in others, without its point and sign.
    let exponent = digits.len() - 1;
    for count in 1..=digits.len() {
        let Some(mantissa) = rounded(digits, count) else { continue };
        for mantissa in [mantissa.as_str(), mantissa.trim_end_matches('0')] {
            forms.extend(form(&format!("{mantissa}E{exponent}")));
            forms.extend(form(&format!("{mantissa}E{exponent:02}")));
        }
    }
    let mut known = std::collections::BTreeSet::new();
    forms.retain(|one| known.insert(one.clone()));
    forms
}

/// The first digits of a number, the last of them rounded as spreadsheet programs do; `None` if that gives
/// one digit more.
fn rounded(digits: &str, count: usize) -> Option<String> {
    let (first, rest) = digits.split_at_checked(count)?;
    let up = rest.bytes().next().is_some_and(|next| next >= b'5');
    let number: u64 = first.parse().ok()?;
    let text = (number + u64::from(up)).to_string();
    (text.len() == count).then_some(text)
}

/// A whole number as a spreadsheet program writes it.
struct SheetNumber {
    /// All its digits; those that were lost are zeros.
    digits: String,
    /// How many of them were written.
    written: usize,
}

impl SheetNumber {
    /// `7.9090001234E+10`, `7,909E10` or `79090001234.0`; `None` for everything else.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => {
                let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
                let is = (1..=2).contains(&exponent.len()) && is_digits(exponent);
                (number, is.then(|| exponent.parse::<usize>().ok())??)
            }
            None => (text, 0),
        };
        let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        if exponent == 0 {
            // A point between groups of digits has not one or two zeros behind it.
            let is_whole = matches!(fraction, "0" | "00");
            return is_whole.then(|| Self { digits: whole.to_owned(), written: whole.len() });
        }
        let mut digits = format!("{whole}{}", fraction.get(..exponent.min(fraction.len()))?);
        let written = digits.len();
        let rest = fraction.get(exponent..).unwrap_or_default();
        if rest.bytes().any(|byte| byte != b'0') {
            return None;
        }
        digits.extend(std::iter::repeat_n('0', exponent.saturating_sub(fraction.len())));
        Some(Self { digits, written })
    }

    /// How it is a number without its leading zeros.
    fn is(&self, digits: &str) -> Option<Looser> {
        if significant(&self.digits) == Some(digits) {
            return Some(Looser::Spreadsheet);
        }
        let is_rounded = self.written < self.digits.len()
            && self.digits.len() == digits.len()
            && rounded(digits, self.written).as_deref() == self.digits.get(..self.written);
        is_rounded.then_some(Looser::Rounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_programs_changed() {
        let asked = "079 090 001 234";
        for (stored, how) in [
            ("079090001234", Match::Exact),
            ("79090001234", Match::Loose(Looser::LeadingZero)),
            ("'79090001234", Match::Loose(Looser::LeadingZero)),
            ("7.9090001234E+10", Match::Loose(Looser::Spreadsheet)),
            ("7,9090001234e10", Match::Loose(Looser::Spreadsheet)),
            ("79090001234.0", Match::Loose(Looser::Spreadsheet)),
            ("7.909E+10", Match::Loose(Looser::Rounded)),
            ("7.90900E+10", Match::Loose(Looser::Rounded)),
            ("8E+10", Match::Loose(Looser::Rounded)),
        ] {
            assert_eq!(identity_number(asked, stored), Some(how), "{stored}");
            let form = normal::identity_number(stored).unwrap();
            assert!(identity_number_forms(asked).contains(&form), "{stored}");
        }
        for other in
            ["790900012340", "79090001235", "7.908E+10", "7.909E+11", "", "E10", "090001234"]
        {
            assert_eq!(identity_number(asked, other), None, "{other}");
        }
        assert_eq!(
            identity_number("79090001234", "079090001234"),
            Some(Match::Loose(Looser::LeadingZero))
        );
        assert_eq!(identity_number("001", "1"), None);
        assert_eq!(identity_number("790900012340", "79090001234.0"), None);
        assert_eq!(identity_number("b1234567", "B 1234567"), Some(Match::Exact));
        assert_eq!(phone("0912345678", "912345678"), Some(Match::Loose(Looser::LeadingZero)));
        assert!(phone_forms("+84 912345678").contains(&"912345678".to_owned()));
        assert_eq!(phone("0912345678", "9.12345678E+8"), Some(Match::Loose(Looser::Spreadsheet)));
    }

    /// Whatever matches is found by the index, too.
    #[test]
    fn forms_have_every_match() {
        for asked in ["001095001999", "038000000001", "012345678", "099999999"] {
            let digits = asked.trim_start_matches('0');
            let exponent = digits.len() - 1;
            for count in 2..digits.len() {
                let Some(mantissa) = rounded(digits, count) else { continue };
                let (first, rest) = mantissa.split_at(1);
                let stored = format!("{first}.{rest}E+{exponent:02}");
                let form = normal::identity_number(&stored).unwrap();
                assert!(identity_number(asked, &stored).is_some(), "{asked} {stored}");
                assert!(identity_number_forms(asked).contains(&form), "{asked} {stored}");
            }
        }
    }
}
