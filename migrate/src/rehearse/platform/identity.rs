//! Identity numbers: as they are made, and as they should not be.

use super::dice::Dice;

/// A person as far as an identity number tells.
pub(super) struct Bearer<'a> {
    /// Code of the province of birth, two digits.
    pub(super) province: &'a str,
    pub(super) birth_year: u32,
    pub(super) is_man: bool,
}

/// A citizen identity number (CCCD) or personal number: 3 digits for the place of birth, 1 for
/// century and gender, 2 for the year, 6 at random. There is no check digit.
pub(super) fn citizen(dice: &mut Dice, bearer: &Bearer<'_>) -> String {
    let century = bearer.birth_year.saturating_sub(1900) / 100 * 2;
    let digit = if bearer.is_man { century } else { century + 1 };
    let serial = dice.below(1_000_000);
    format!("0{}{digit}{:02}{serial:06}", bearer.province, bearer.birth_year % 100)
}

/// An identity number as people have one: those born before 2001 may still have the old card (CMND)
/// of nine digits.
pub(super) fn well_formed(dice: &mut Dice, bearer: &Bearer<'_>) -> String {
    if bearer.birth_year < 2001 && dice.one_in(4) {
        format!("{:09}", dice.between(10_000_000, 389_999_999))
    } else {
        citizen(dice, bearer)
    }
}

/// What stands where nine or twelve digits should: too few or too many, letters for digits, a number
/// that went through a spreadsheet, a passport, words.
pub(super) fn malformed(dice: &mut Dice, bearer: &Bearer<'_>) -> String {
    let number = citizen(dice, bearer);
    match dice.below(14) {
        0 | 1 => number.trim_start_matches('0').to_owned(),
        2 => number.chars().take(11).collect(),
        3 => format!("{number}{}", dice.below(10)),
        4 => number.replacen('0', "O", 1),
        5 => format!("{number} "),
        6 => number.chars().enumerate().flat_map(|(at, c)| spaced(at, c)).collect(),
        7 => format!("{}.{:04}E+{}", dice.between(1, 9), dice.below(10_000), dice.between(9, 11)),
        8 => format!("B{:07}", dice.below(10_000_000)),
        9 => "không có".to_owned(),
        10 => format!("CMND{:09}", dice.below(400_000_000)),
        11 => format!("{:08}", dice.below(100_000_000)),
        12 => format!("\t{number}"),
        _ => "-".to_owned(),
    }
}

/// "012345678901" as "012 345 678 901".
fn spaced(at: usize, digit: char) -> impl Iterator<Item = char> {
    (at > 0 && at.is_multiple_of(3)).then_some(' ').into_iter().chain([digit])
}

/// Whether a number is nine or twelve digits.
#[cfg(test)]
pub(super) fn is_well_formed(number: &str) -> bool {
    matches!(number.len(), 9 | 12) && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_province_gender_and_year() {
        let mut dice = Dice::new(1, "identity");
        for (birth_year, is_man, start) in [
            (1985, true, "001085"),
            (1985, false, "001185"),
            (2004, true, "001204"),
            (2004, false, "001304"),
        ] {
            let number = citizen(&mut dice, &Bearer { province: "01", birth_year, is_man });
            assert!(number.starts_with(start), "{number}");
            assert!(is_well_formed(&number));
        }
    }

    #[test]
    fn well_formed_and_malformed_never_meet() {
        let mut dice = Dice::new(1, "identity");
        for birth_year in 1920..2011 {
            for _ in 0..100 {
                let bearer = Bearer { province: "79", birth_year, is_man: true };
                let number = well_formed(&mut dice, &bearer);
                assert!(is_well_formed(&number), "{number:?}");
                assert!(birth_year < 2001 || number.len() == 12, "{number:?}");
                let number = malformed(&mut dice, &bearer);
                assert!(!is_well_formed(&number), "{number:?}");
                assert!(!number.is_empty() && number.chars().count() <= 24, "{number:?}");
            }
        }
    }
}
