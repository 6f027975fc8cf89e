//! What an identity number looks like. Never a verdict on a person: whether somebody is
//! verifiable is decided by the file that comes back from the population database.
//!
//! | class | text |
//! |---|---|
//! | `missing` | NULL, no text, or nothing but white space |
//! | `cmnd` | exactly 9 digits: the old identity card |
//! | `cccd` | exactly 12 digits, of which the fourth is 0, 1, 2 or 3: citizen identity number, personal identification number |
//! | `malformed` | everything else |
//!
//! Digits are `0` to `9`; white space is blank, TAB, LF, VT, FF and CR. Nothing is trimmed or left
//! out: a number with white space around it, with dots, dashes or letters in it is malformed,
//! because as it stands nobody finds it. So is a value that is no text (SQLite), except an
//! integer, which counts as its decimal text.
//!
//! Of a personal number (Decree 137/2015 article 13) no more is held against it than is certain.
//! There is no check digit. The first three digits are a province or a country, and no list of
//! either is complete. The fourth is the century of birth: 0 and 1 for 1900 to 1999, 2 and 3 for
//! 2000 to 2099; 4 to 9 are the centuries to come, in which nobody was born. Whether 2087 is in the
//! future depends on the day of reading, and these classes do not: a number is in the same one
//! for ever. Of a card's number nothing is certain but its length.
//!
//! `sql/identity_number_postgres.sql` is the same in SQL, for predicates.

/// The statement that makes `handover.identity_number_class(text)` in a PostgreSQL database.
pub const POSTGRES_FUNCTION: &str = include_str!("../sql/identity_number_postgres.sql");

/// Name of the function in SQLite, of one argument, which a program has to add to its connection.
pub const SQLITE_FUNCTION: &str = "handover_identity_number_class";

/// What an identity number looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityNumberClass {
    /// There is none.
    Missing,
    /// Something that cannot be an identity number.
    Malformed,
    /// An old identity card's (chứng minh nhân dân, CMND), 9 digits.
    OldCard,
    /// A citizen's identity number or personal identification number (căn cước công dân, CCCD; số
    /// định danh cá nhân), 12 digits.
    PersonalNumber,
}

impl IdentityNumberClass {
    /// The class of a text, byte for byte as it is stored; `None` is NULL.
    pub fn of(number: Option<&[u8]>) -> Self {
        let number = number.unwrap_or_default();
        if number.iter().all(|byte| matches!(byte, b' ' | 0x09..=0x0d)) {
            return Self::Missing;
        }
        if !number.iter().all(u8::is_ascii_digit) {
            return Self::Malformed;
        }
        match number {
            [_, _, _, b'0'..=b'3', ..] if number.len() == 12 => Self::PersonalNumber,
            _ if number.len() == 9 => Self::OldCard,
            _ => Self::Malformed,
        }
    }

    /// The word, the same in Rust and in both databases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::OldCard => "cmnd",
            Self::PersonalNumber => "cccd",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn class(number: &str) -> &'static str {
        IdentityNumberClass::of(Some(number.as_bytes())).as_str()
    }

    #[test]
    fn each_class() {
        assert_eq!(IdentityNumberClass::of(None).as_str(), "missing");
        for (expected, numbers) in [
            ("missing", &["", " ", "\t\r\n \x0b\x0c"][..]),
            // Born in Hà Nội 1985, 2004; abroad; with a code that no list has.
            ("cccd", &["001085123456", "001304123456", "101185123456", "999085123456"]),
            ("cmnd", &["012345678", "387654321"]),
            // Born in 2185 and later.
            ("malformed", &["001485123456", "001985123456"]),
            // White space around, inside, and of other kinds.
            ("malformed", &[" 012345678", "001085123456\n", "001 085 123 456", "\u{a0}"]),
            ("malformed", &["12345678", "1234567890", "01085123456", "0010851234567"]),
            ("malformed", &["-", "B1234567", "OO1085123456", "1.0851E+9", "không có"]),
            ("malformed", &["０１２３４５６７８", "001.085.123.456", "+12345678", "01234567\0"]),
        ] {
            for number in numbers {
                assert_eq!(class(number), expected, "{number:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_class(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let class = IdentityNumberClass::of(Some(&bytes));
            let is_number = matches!(
                class, IdentityNumberClass::OldCard | IdentityNumberClass::PersonalNumber
            );
            prop_assert!(!is_number || bytes.iter().all(u8::is_ascii_digit));
        }
    }
}
