//! Names, many of them odd. Each ends with a number of its own, by which a message is seen to name it.

use super::random::Random;

/// What stands before the number.
const WORDS: [&str; 16] = [
    "t",
    "t",
    "visit",
    "dose",
    "Bệnh nhân",
    "mũi tiêm",
    "select",
    "UPPER",
    "a\"b",
    "it's",
    "x y",
    "%s $1",
    "dấu.chấm",
    "tab\there",
    "back\\slash",
    "🙂",
];

/// Hands out names.
#[derive(Debug, Default)]
pub(super) struct Names(usize);

impl Names {
    /// A name that no other object has.
    pub(super) fn next(&mut self, random: &mut Random) -> Name {
        self.0 += 1;
        Name { word: random.pick::<&str>(&WORDS), number: self.0 }
    }
}

/// A name, in double quotes when it is displayed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    word: &'static str,
    number: usize,
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{} _{}_\"", self.word.replace('"', "\"\""), self.number)
    }
}

impl Name {
    /// The part by which a message is seen to name it.
    pub(super) fn mark(self) -> String {
        format!(" _{}_", self.number)
    }
}

/// Whether a message names anything that was made here.
pub fn names_something(message: &str) -> bool {
    message.split(" _").skip(1).any(|rest| {
        rest.split_once('_').is_some_and(|(number, _)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}
