//! Who can be identified, in the shares of the report of 8 April 2022.
//!
//! Some shares are not on record and are invented: how the wrong ones divide among the five kinds of
//! "wrong", and that people not sent yet have numbers as often as the others. How "without a number"
//! divides into none and malformed is taken from the figures of 20 September 2022.

use super::dice::Dice;

/// Subjects and doses on the platform.
pub(super) const SUBJECTS: u32 = 82_957_967;
pub(super) const DOSES: u32 = 198_674_948;
const SENT: u32 = 82_299_012;
const NOT_SENT: u32 = 658_955;
const WITH_NUMBER: u32 = 72_398_969;
const WITHOUT_NUMBER: u32 = 9_900_043;
const RIGHT: u32 = 56_705_727;
const WRONG: u32 = 15_963_242;
const FOUND_RIGHT: u32 = 7_838_402;
const NOT_VERIFIABLE: u32 = 2_061_641;
const MISSING: u32 = 3_572_879;
const MALFORMED: u32 = 1_113_380;

/// What stands in the field for the identity number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Identity {
    /// 9 or 12 digits; whose is another matter.
    WellFormed,
    /// Something else.
    Malformed,
    /// NULL or nothing.
    Missing,
}

/// What the population database says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    Right,
    NoSuchNumber,
    WrongBirthDate,
    WrongName,
    WrongNameAndBirthDate,
    OtherwiseWrong,
    /// Found without a number.
    FoundRight,
    NotVerifiable,
    NotSent,
}

impl Standing {
    /// The word in `verification_results.result`, if there is a result.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Right => Some("right"),
            Self::NoSuchNumber => Some("no such number"),
            Self::WrongBirthDate => Some("wrong birth date"),
            Self::WrongName => Some("wrong name"),
            Self::WrongNameAndBirthDate => Some("wrong name and birth date"),
            Self::OtherwiseWrong => Some("other"),
            Self::FoundRight => Some("found right"),
            Self::NotVerifiable => Some("cannot be verified"),
            Self::NotSent => None,
        }
    }

    /// How many in a thousand have one, two, three, four doses; the means are those on record
    /// (2.424, 2.326, 2.338, 1.851 and 2.959).
    pub(super) fn doses(self) -> &'static [(u8, u32); 4] {
        match self {
            Self::Right => &[(1, 75), (2, 431), (3, 489), (4, 5)],
            Self::FoundRight => &[(1, 95), (2, 477), (3, 423), (4, 5)],
            Self::NotVerifiable => &[(1, 330), (2, 492), (3, 175), (4, 3)],
            Self::NotSent => &[(1, 40), (2, 101), (3, 719), (4, 140)],
            _ => &[(1, 100), (2, 479), (3, 416), (4, 5)],
        }
    }
}

/// Draws one subject's lot.
pub(super) fn draw(dice: &mut Dice) -> (Identity, Standing) {
    let identity = if dice.odds(WITH_NUMBER, WITHOUT_NUMBER) {
        Identity::WellFormed
    } else if dice.odds(MISSING, MALFORMED) {
        Identity::Missing
    } else {
        Identity::Malformed
    };
    let standing = if dice.odds(NOT_SENT, SENT) {
        Standing::NotSent
    } else if identity != Identity::WellFormed {
        if dice.odds(FOUND_RIGHT, NOT_VERIFIABLE) {
            Standing::FoundRight
        } else {
            Standing::NotVerifiable
        }
    } else if dice.odds(RIGHT, WRONG) {
        Standing::Right
    } else {
        match dice.below(100) {
            0..30 => Standing::NoSuchNumber,
            30..55 => Standing::WrongBirthDate,
            55..80 => Standing::WrongName,
            80..92 => Standing::WrongNameAndBirthDate,
            _ => Standing::OtherwiseWrong,
        }
    };
    (identity, standing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_add_up_as_far_as_they_do_on_record() {
        assert_eq!(SENT + NOT_SENT, SUBJECTS);
        assert_eq!(WITH_NUMBER + WITHOUT_NUMBER, SENT);
        assert_eq!(FOUND_RIGHT + NOT_VERIFIABLE, WITHOUT_NUMBER);
        // On record these differ from the people with a number by 270,000.
        assert_eq!(RIGHT + WRONG, WITH_NUMBER + 270_000);
    }

    #[test]
    fn doses_per_subject_have_the_means_on_record() {
        for (standing, doses, subjects) in [
            (Standing::Right, 137_449_348, RIGHT),
            (Standing::WrongName, 37_135_931, WRONG),
            (Standing::FoundRight, 18_323_416, FOUND_RIGHT),
            (Standing::NotVerifiable, 3_816_606, NOT_VERIFIABLE),
            (Standing::NotSent, 1_949_647, NOT_SENT),
        ] {
            let shares = standing.doses();
            assert_eq!(shares.iter().map(|(_, share)| share).sum::<u32>(), 1000);
            let mean: u32 = shares.iter().map(|(count, share)| u32::from(*count) * share).sum();
            let recorded = doses * 1000 / u64::from(subjects);
            assert!(u64::from(mean).abs_diff(recorded) <= 1, "{standing:?}: {mean}, {recorded}");
        }
    }
}
