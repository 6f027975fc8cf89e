//! The one form of a name, a number or a date by which people search an archive.
//!
//! Each function gives `None` for a text that holds nothing to search by, and is idempotent: what
//! it gives, it gives again. Stored values and what somebody asks for go through the same function,
//! so that `NGUYỄN  VĂN AN` finds `Nguyễn Văn An`. These forms serve tags only; no row is changed.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// An identity number: its ASCII letters and digits in upper case; every other character is
/// dropped. `012 345.678-901` gives `012345678901`, `b1234567` gives `B1234567`.
pub fn identity_number(text: &str) -> Option<String> {
    let kept = text.chars().filter(char::is_ascii_alphanumeric);
    something(kept.map(|letter| letter.to_ascii_uppercase()).collect())
}

/// A telephone number: its ASCII digits. If they begin with Vietnam's country code, `0084` or
/// `84`, then `0` stands for it and for the zeros right behind it: `+84 (0)912 345 678`,
/// `0084912345678` and `0912.345.678` all give `0912345678`.
pub fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let national = digits.strip_prefix("0084").or_else(|| digits.strip_prefix("84"));
    match national {
        Some(number) => Some(format!("0{}", number.trim_start_matches('0'))),
        None => something(digits),
    }
}

/// A name. In this order:
///
/// 1. Unicode's form NFD.
/// 2. Dropped: combining marks (general category M), and characters that cannot be seen: U+00AD,
///    U+200B to U+200F, U+2060, U+FEFF.
/// 3. Lower case, character by character (Unicode's full mapping without conditions), and `đ`
///    becomes `d`. Marks that come of it are dropped.
/// 4. Runs of characters that are not letters or digits (neither the property Alphabetic nor a general category N)
///    become one blank, none at either end.
pub fn name(text: &str) -> Option<String> {
    let plain = text.nfd().filter(|c| !is_combining_mark(*c) && !is_invisible(*c));
    let lower = plain.flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c));
    let mut normal = String::with_capacity(text.len());
    let mut is_apart = false;
    for letter in lower {
        if !letter.is_alphanumeric() {
            is_apart = !normal.is_empty();
            continue;
        }
        if is_apart {
            normal.push(' ');
            is_apart = false;
        }
        normal.push(if letter == 'đ' { 'd' } else { letter });
    }
    something(normal)
}

/// Characters that come along when a name is copied from a page, and that nobody sees.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// A birth date as `YYYY-MM-DD`. Read are, with white space around:
///
/// - year, month, day: the year in four digits, month and day in one or two;
/// - day, month, year, likewise;
/// - a year alone, in four digits, which is all that many papers say: it stays a year.
///
/// The three parts are separated by one `-`, `/` or `.` each, the same one twice. The first form
/// may be followed by a blank or `T` and midnight (`00:00:00`, with a fraction of zeros), as a
/// date in a column of moments is. Days that no calendar has (Gregorian) and everything else give
/// `None`.
pub fn birth_date(text: &str) -> Option<String> {
    let text = text.trim();
    let date = text.split_once([' ', 'T']).map_or(Some(text), |(date, time)| {
        (is_midnight(time) && year(date.split('-').next()?).is_some()).then_some(date)
    })?;
    if let Some(year) = year(date) {
        return Some(format!("{year:04}"));
    }
    let separator = date.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let parts: Vec<&str> = date.split(separator).collect();
    let [first, middle, last] = parts.as_slice() else { return None };
    let (year, day) = match year(first) {
        Some(year) => (year, last),
        None => (year(last)?, first),
    };
    let (month, day) = (one_or_two_digits(middle)?, one_or_two_digits(day)?);
    let is_a_day = (1..=days_in(year, month)?).contains(&day);
    is_a_day.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

fn is_midnight(time: &str) -> bool {
    let zeros = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte == b'0');
    let rest = time.strip_prefix("00:00:00");
    rest.is_some_and(|rest| rest.is_empty() || rest.strip_prefix('.').is_some_and(zeros))
}

fn year(digits: &str) -> Option<u32> {
    (digits.len() == 4).then(|| number(digits))?
}

fn one_or_two_digits(digits: &str) -> Option<u32> {
    (1..=2).contains(&digits.len()).then(|| number(digits))?
}

/// Digits and nothing else: Rust's own reading takes a sign.
fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Days of a month, if there is such a month.
pub(super) fn days_in(year: u32, month: u32) -> Option<u32> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if is_leap { 29 } else { 28 }),
        _ => None,
    }
}

fn something(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all_give(form: fn(&str) -> Option<String>, texts: &[&str], expected: Option<&str>) {
        for text in texts {
            assert_eq!(form(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn identity_numbers() {
        let spellings =
            ["012345678901", " 012 345 678 901\t", "012.345.678-901", "\u{feff}012345678901"];
        all_give(identity_number, &spellings, Some("012345678901"));
        all_give(identity_number, &["b1234567", "B 1234567"], Some("B1234567"));
        all_give(identity_number, &["không"], Some("KHNG"));
        all_give(identity_number, &["", " ", "-", "đ", "０１２"], None);
    }

    #[test]
    fn phones() {
        let spellings = [
            "0912345678",
            "0912.345.678",
            "+84912345678",
            "84 912 345 678",
            "+84 (0)912-345-678",
            "0084912345678",
            "00840912345678",
        ];
        all_give(phone, &spellings, Some("0912345678"));
        // 084 is the prefix of a Vietnamese operator, not the country code.
        all_give(phone, &["0841234567", "+84 841234567"], Some("0841234567"));
        all_give(phone, &["912345678"], Some("912345678"));
        all_give(phone, &["", "không có", "+"], None);
    }

    #[test]
    fn names() {
        let decomposed: String = "Nguyễn Văn An".nfd().collect();
        let spellings = [
            "Nguyễn Văn An",
            decomposed.as_str(),
            "NGUYỄN  VĂN AN",
            "nguyen van an",
            " Nguyễn\tVăn\u{a0}An. ",
            "nguye\u{302}\u{303}n-văn,an",
            "Ngu\u{200b}yễn Văn An\u{feff}",
        ];
        all_give(name, &spellings, Some("nguyen van an"));
        all_give(name, &["Đặng", "ĐẶNG", "dang", "đặng", "\u{110}a\u{323}\u{306}ng"], Some("dang"));
        // Both ways of setting the tone.
        all_give(name, &["Hòa", "Hoà", "HOA\u{300}"], Some("hoa"));
        all_give(name, &["H'Hen Niê", "H’Hen Niê", "h hen nie"], Some("h hen nie"));
        all_give(name, &["Trần Văn B2"], Some("tran van b2"));
        all_give(name, &["", " ", "-", "\u{301}", "...", "\u{feff}"], None);
    }

    #[test]
    fn birth_dates() {
        let spellings = [
            "1990-05-01",
            "1990-5-1",
            "01/05/1990",
            "1/5/1990",
            "1-5-1990",
            "01.05.1990",
            " 1990/05/01 ",
            "1990-05-01 00:00:00",
            "1990-05-01T00:00:00.000",
        ];
        all_give(birth_date, &spellings, Some("1990-05-01"));
        all_give(birth_date, &["29/2/2000", "2000-02-29"], Some("2000-02-29"));
        all_give(birth_date, &["1990", " 1990\n"], Some("1990"));
        let none = [
            "",
            " ",
            "29/2/1900",
            "31/4/1990",
            "0/5/1990",
            "1/13/1990",
            "1/0/1990",
            "1/5/90",
            "1990-05",
            "1/5-1990",
            "+1/5/1990",
            "1990-05-01 17:00:00",
            "1990-05-01 00:00:00+07",
            "1990-05-01T00:00:00.",
            "1/5/1990 00:00:00",
            "01/05/1990/2",
            "32874",
            "1990-05-001",
            "không rõ",
            "１９９０",
        ];
        all_give(birth_date, &none, None);
    }

    const FORMS: [fn(&str) -> Option<String>; 4] = [identity_number, phone, name, birth_date];

    /// Every character that is written, alone and between letters. Behind these planes there are
    /// none but for private use.
    #[test]
    fn every_character_has_one_form_only() {
        for c in (0..=0x0003_ffff).filter_map(char::from_u32) {
            for form in FORMS {
                for text in [c.to_string(), format!("a{c}1")] {
                    if let Some(once) = form(&text) {
                        assert_eq!(form(&once).as_ref(), Some(&once), "{c:?}");
                    }
                }
            }
            let c = c.to_string();
            assert_eq!(name(&c), name(&c.nfc().collect::<String>()), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_one_form_only(
            text in prop_oneof![
                any::<String>(),
                "[0-9]{0,14}",
                "(\\+|00|0)?84[ 0-9()]{0,12}",
                "[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}( 00:00:00)?",
            ]
        ) {
            for form in FORMS {
                if let Some(once) = form(&text) {
                    prop_assert!(!once.is_empty());
                    let again = form(&once);
                    prop_assert_eq!(again.as_ref(), Some(&once));
                }
            }
        }
    }
}
