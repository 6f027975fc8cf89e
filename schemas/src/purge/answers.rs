//! How the lines of evidence answer for the rows of a rule's table: what people have to know before they sign.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::signing::statement::u64_text;

/// The answers of a rule's evidence, counted when rows were selected. A line **answers for** a row if
/// the condition `on` holds for both; it says *delete* if `where` holds for both.
///
/// Numbers are strings, since statements have it as the ledger does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Answers {
    /// Rows of the rule's table.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub rows: u64,
    /// Rows for which no line answers.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub unanswered: u64,
    /// Rows for which several lines answer, all of them alike.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub repeated: u64,
    /// Rows for which several lines answer and contradict each other: some say *delete*, others do not.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub contradicted: u64,
    /// Rows among them that are selected, since the line that wins says so.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub contradicted_selected: u64,
    /// Lines that answer for several rows each.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub shared: u64,
    /// Lines that answer for no row, by file and by what they look like.
    pub unmatched: Vec<UnmatchedAnswers>,
}

/// Lines of one file that answer for no row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmatchedAnswers {
    /// Name under which the file was loaded.
    pub evidence: String,
    /// What the values look like by which rows are found.
    pub form: AnswerForm,
    /// How many lines.
    #[serde(with = "u64_text")]
    #[schemars(with = "String")]
    pub lines: u64,
}

/// What a value looks like that finds no row. The first that fits is the one.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AnswerForm {
    /// Nothing, or only blanks.
    Empty,
    /// Blanks at an end, or characters that nobody sees, such as U+00A0.
    Blanks,
    /// A number as spreadsheet programs write it: `3.8E+10`, `38000000000.0`, `38.000.000.000`.
    Spreadsheet,
    /// 7, 8, 10 or 11 digits: a number of 9 or 12 that may have lost the zeros at its beginning.
    LostZero,
    /// Anything else: the row may not be there.
    Other,
}

impl AnswerForm {
    /// What a value looks like.
    pub fn of(value: &str) -> Self {
        let is_blank = |character: char| {
            character.is_whitespace() || character.is_control() || is_invisible(character)
        };
        let kept = value.trim_matches(is_blank);
        if kept.is_empty() {
            Self::Empty
        } else if kept.len() != value.len() || kept.chars().any(|one| one != ' ' && is_blank(one)) {
            Self::Blanks
        } else if is_of_spreadsheet(kept) {
            Self::Spreadsheet
        } else if matches!(kept.len(), 7 | 8 | 10 | 11) && is_digits(kept) {
            Self::LostZero
        } else {
            Self::Other
        }
    }

    /// In English.
    pub fn words(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Blanks => "with blanks or characters that nobody sees",
            Self::Spreadsheet => "as a spreadsheet program writes numbers (3.8E+10)",
            Self::LostZero => "with as many digits as if a zero were lost at the beginning",
            Self::Other => "of another form",
        }
    }

    /// In Vietnamese.
    pub fn words_vi(self) -> &'static str {
        match self {
            Self::Empty => "để trống",
            Self::Blanks => "có dấu cách hoặc ký tự không nhìn thấy",
            Self::Spreadsheet => "viết kiểu số của bảng tính (3.8E+10)",
            Self::LostZero => "có số chữ số như đã mất số 0 ở đầu",
            Self::Other => "dạng khác",
        }
    }
}

impl fmt::Display for AnswerForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl Answers {
    /// Lines that answer for no row.
    pub fn unmatched_lines(&self) -> u64 {
        self.unmatched.iter().fold(0, |sum, one| sum.saturating_add(one.lines))
    }

    /// Whether the figures can be figures of one selection from files of so many lines.
    pub fn is_consistent(&self, lines: u64) -> bool {
        let answered = self.rows.checked_sub(self.unanswered);
        let several = self.repeated.checked_add(self.contradicted);
        let fits = |part: Option<u64>, whole: Option<u64>| part.is_some() && part <= whole;
        fits(several, answered)
            && self.contradicted_selected <= self.contradicted
            && fits(self.shared.checked_add(self.unmatched_lines()), Some(lines))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// A number with an exponent, a fraction of zeros, or groups of three digits.
fn is_of_spreadsheet(text: &str) -> bool {
    let with_exponent = text.split_once(['e', 'E']).is_some_and(|(number, exponent)| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        is_digits(exponent) && is_digits(&number.replace(['.', ','], ""))
    });
    let parts: Vec<&str> = text.split(['.', ',', ' ']).collect();
    let are_numbers = parts.len() > 1 && parts.iter().all(|part| is_digits(part));
    let [first, rest @ ..] = parts.as_slice() else { return false };
    let is_whole = rest.len() == 1 && rest.iter().all(|part| part.bytes().all(|byte| byte == b'0'));
    let is_grouped = first.len() <= 3 && rest.iter().all(|part| part.len() == 3);
    with_exponent || (are_numbers && (is_whole || is_grouped))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart() {
        for (value, form) in [
            ("", AnswerForm::Empty),
            (" \u{a0}", AnswerForm::Empty),
            (" 079090001234", AnswerForm::Blanks),
            ("079090001234\u{a0}", AnswerForm::Blanks),
            ("079090\u{200b}001234", AnswerForm::Blanks),
            ("3.8E+10", AnswerForm::Spreadsheet),
            ("3,8e10", AnswerForm::Spreadsheet),
            ("38000000000.0", AnswerForm::Spreadsheet),
            ("79.090.001.234", AnswerForm::Spreadsheet),
            ("79090001234", AnswerForm::LostZero),
            ("1090001234", AnswerForm::LostZero),
            ("12345678", AnswerForm::LostZero),
            ("079090001234", AnswerForm::Other),
            ("2", AnswerForm::Other),
            ("Nguyễn Văn An", AnswerForm::Other),
            ("2.5.7", AnswerForm::Other),
        ] {
            assert_eq!(AnswerForm::of(value), form, "{value:?}");
        }
    }

    #[test]
    fn figures_that_cannot_be_are_told() {
        let unmatched =
            vec![UnmatchedAnswers { evidence: "a".to_owned(), form: AnswerForm::Other, lines: 2 }];
        let sound = Answers {
            rows: 10,
            unanswered: 4,
            repeated: 2,
            contradicted: 3,
            contradicted_selected: 1,
            shared: 1,
            unmatched,
        };
        assert!(sound.is_consistent(12));
        let broken: [fn(&mut Answers); 4] = [
            |one| one.unanswered = 6,
            |one| one.contradicted_selected = 4,
            |one| one.unanswered = 11,
            |one| one.repeated = u64::MAX,
        ];
        for change in broken {
            let mut one = sound.clone();
            change(&mut one);
            assert!(!one.is_consistent(12), "{one:?}");
        }
        assert!(!sound.is_consistent(2));
    }
}
