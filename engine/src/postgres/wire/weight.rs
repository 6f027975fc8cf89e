//! How much a server may say in answer to one question.
//!
//! What it answers is kept in memory until all of it is there, rows of a COPY excepted. The bound is what the
//! catalog of a database with some hundred thousand objects gives; a server that says more is none.

use super::framing::Refusal;

/// Most of one answer, in bytes as they lie in memory.
const ANSWER_MAX: u64 = 300 << 20;

/// Most of what nobody asked for between two answers, in bytes.
const ASIDE_MAX: u64 = 256 << 20;

/// What a message takes beside its bytes: the row, its list of columns, the allocations.
const MESSAGE: u64 = 64;

/// What a column of a row takes beside its bytes.
const COLUMN: u64 = 40;

/// What a message is to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Part of it, and kept.
    Answer,
    /// A row of a COPY, which is handed on.
    Copied,
    /// A notice, a notification, the value of a setting: nobody asked.
    Aside,
    /// The server is ready for the next question.
    Ready,
}

impl Kind {
    /// By the first byte of the message.
    pub(super) fn of(kind: u8) -> Self {
        match kind {
            b'd' => Self::Copied,
            b'N' | b'A' | b'S' => Self::Aside,
            b'Z' => Self::Ready,
            _ => Self::Answer,
        }
    }
}

/// What was said since the server was ready last.
#[derive(Debug, Default)]
pub(super) struct Weight {
    answer: u64,
    aside: u64,
}

impl Weight {
    /// A message of so many bytes begins.
    pub(super) fn add(&mut self, kind: Kind, bytes: u32) -> Result<(), Refusal> {
        match kind {
            Kind::Copied => {}
            Kind::Ready => *self = Self::default(),
            Kind::Answer => self.answer += u64::from(bytes) + MESSAGE,
            Kind::Aside => self.aside += u64::from(bytes) + MESSAGE,
        }
        self.check()
    }

    /// A row of a query has so many columns.
    pub(super) fn add_columns(&mut self, columns: u16) -> Result<(), Refusal> {
        self.answer += u64::from(columns) * COLUMN;
        self.check()
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.answer > ANSWER_MAX {
            return Err(Refusal::TooMuch { what: "more than 300 MiB" });
        }
        if self.aside > ASIDE_MAX {
            return Err(Refusal::TooMuch { what: "more than 256 MiB of notices and the like" });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_of_a_large_database_is_taken() {
        let mut weight = Weight::default();
        for _ in 0..600_000 {
            weight.add(Kind::Answer, 150).unwrap();
            weight.add_columns(6).unwrap();
        }
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let endless = |kind| {
            let mut weight = Weight::default();
            (0..10_000_000).find_map(|_| weight.add(kind, 100).err())
        };
        assert_eq!(endless(Kind::Answer), Some(Refusal::TooMuch { what: "more than 300 MiB" }));
        assert!(endless(Kind::Aside).is_some());
        assert_eq!(endless(Kind::Copied), None, "rows of a COPY are bounded by their table");
    }

    #[test]
    fn every_question_has_its_own_bound() {
        let mut weight = Weight::default();
        for _ in 0..10 {
            weight.add(Kind::Answer, 250 << 20).unwrap();
            weight.add(Kind::Ready, 5).unwrap();
        }
    }
}
