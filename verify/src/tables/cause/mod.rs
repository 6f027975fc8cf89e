//! Why a value is not what it was: the kinds of damage that copying does, told from the two texts.
//!
//! A cause is a diagnosis, not a verdict. Values that differ are different whatever the cause, and
//! the cause named is the most particular one that explains the whole difference.

mod binary;
mod encoding;
mod json;
mod number;
#[cfg(test)]
mod tests;
mod text;
mod time;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a value differs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// NULL in the source, empty text in the target.
    NullBecameEmpty,
    /// Empty text in the source, NULL in the target.
    EmptyBecameNull,
    /// A value in the source, NULL in the target.
    BecameNull,
    /// NULL in the source, a value in the target.
    WasNull,
    /// Text in the source, empty text in the target.
    BecameEmpty,
    /// Empty text in the source, text in the target.
    WasEmpty,
    /// White space at the end.
    TrailingBlanks,
    /// White space at the beginning.
    LeadingBlanks,
    /// White space at both ends or inside.
    Blanks,
    /// CR, LF, CR LF.
    LineEndings,
    /// The same characters, composed and decomposed (NFC, NFD).
    NormalisationForm,
    /// Characters nobody sees: zero width, control, no-break spaces.
    InvisibleCharacters,
    /// Capitals and small letters.
    LetterCase,
    /// The target has the letters without their accents.
    AccentsLost,
    /// Only accents differ.
    AccentsChanged,
    /// UTF-8 read as Latin-1 or the reverse, or letters replaced by `?` or U+FFFD.
    EncodingDamage,
    /// The target has the beginning of the source.
    Truncated,
    /// Two neighbouring digits stand in the other order.
    DigitsSwapped,
    /// One character (in binary data, one byte) is changed, added or left out.
    OneCharacter,
    /// Exactly one bit of binary data.
    BitFlipped,
    /// The same number with other decimals or another exponent.
    ScaleChanged,
    /// The same number with other leading zeros.
    LeadingZeros,
    /// The target is the source's number to fewer digits, or as a binary fraction holds it.
    NumberRounded,
    /// Plus and minus.
    SignChanged,
    /// The same digits with the decimal point elsewhere.
    DecimalPointMoved,
    /// Digits of the fraction of a second cut off.
    MicrosecondsLost,
    /// The fraction of a second rounded.
    FractionRounded,
    /// Only the fraction of a second differs, neither cut off nor rounded.
    FractionChanged,
    /// The same date at midnight, or without a time.
    TimeOfDayLost,
    /// A date that became a point in time, at midnight.
    MidnightAdded,
    /// Another time by a multiple of 15 minutes, as another time zone would have it.
    TimeShifted,
    /// The day before or the day after.
    DayShifted,
    /// Day and month in each other's place.
    DayMonthSwapped,
    /// The same JSON with keys in another order.
    JsonKeyOrder,
    /// The same JSON with other white space.
    JsonSpacing,
    /// Two columns of the row have each other's values.
    ColumnsExchanged,
    /// Two rows have each other's values.
    RowsExchanged,
    /// None of these.
    ValueChanged,
}

impl Cause {
    /// The cause in a few words, to follow "column x:".
    pub fn text(self) -> &'static str {
        match self {
            Self::NullBecameEmpty => "NULL became empty text",
            Self::EmptyBecameNull => "empty text became NULL",
            Self::BecameNull => "the value became NULL",
            Self::WasNull => "NULL became a value",
            Self::BecameEmpty => "the text became empty",
            Self::WasEmpty => "empty text became other text",
            Self::TrailingBlanks => "white space at the end differs",
            Self::LeadingBlanks => "white space at the beginning differs",
            Self::Blanks => "white space differs",
            Self::LineEndings => "line endings differ",
            Self::NormalisationForm => "the same text in another Unicode normalisation form",
            Self::InvisibleCharacters => "invisible characters differ",
            Self::LetterCase => "letter case differs",
            Self::AccentsLost => "accents were lost",
            Self::AccentsChanged => "accents differ",
            Self::EncodingDamage => "the text was read in the wrong encoding",
            Self::Truncated => "the value was cut off",
            Self::DigitsSwapped => "two neighbouring digits changed places",
            Self::OneCharacter => "one character differs",
            Self::BitFlipped => "one bit differs",
            Self::ScaleChanged => "the same number, written with other decimals",
            Self::LeadingZeros => "leading zeros differ",
            Self::NumberRounded => "the number was rounded",
            Self::SignChanged => "the sign changed",
            Self::DecimalPointMoved => "the decimal point moved",
            Self::MicrosecondsLost => "digits of the fraction of a second were cut off",
            Self::FractionRounded => "the fraction of a second was rounded",
            Self::FractionChanged => "the fraction of a second differs",
            Self::TimeOfDayLost => "the time of day was lost",
            Self::MidnightAdded => "the date became a point in time",
            Self::TimeShifted => "the time is shifted as by a time zone",
            Self::DayShifted => "the date is off by one day",
            Self::DayMonthSwapped => "day and month changed places",
            Self::JsonKeyOrder => "the same JSON, keys in another order",
            Self::JsonSpacing => "the same JSON, spaced differently",
            Self::ColumnsExchanged => "the contents of two columns are exchanged",
            Self::RowsExchanged => "the values belong to another row, and that row has these",
            Self::ValueChanged => "the value differs",
        }
    }

    /// Whether chance, or something else, may well explain the difference too.
    pub(super) fn is_weak(self) -> bool {
        matches!(
            self,
            Self::BecameNull
                | Self::WasNull
                | Self::BecameEmpty
                | Self::WasEmpty
                | Self::Truncated
                | Self::DigitsSwapped
                | Self::OneCharacter
                | Self::NumberRounded
                | Self::SignChanged
                | Self::DecimalPointMoved
                | Self::TimeShifted
                | Self::DayShifted
                | Self::DayMonthSwapped
                | Self::ValueChanged
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// A cause, and what can be said beyond its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Explanation {
    /// Why the value differs.
    pub cause: Cause,
    /// For [`Cause::TimeShifted`]: target less source.
    pub shift_minutes: Option<i64>,
}

impl From<Cause> for Explanation {
    fn from(cause: Cause) -> Self {
        Self { cause, shift_minutes: None }
    }
}

/// Says why two values, unescaped, `None` for NULL, differ. `type_name` is the column's type as
/// PostgreSQL's `format_type` prints it, or empty if not known.
pub fn explain(type_name: &str, source: Option<&[u8]>, target: Option<&[u8]>) -> Explanation {
    match (source, target) {
        (None, Some(b"")) => Cause::NullBecameEmpty.into(),
        (Some(b""), None) => Cause::EmptyBecameNull.into(),
        (Some(_), None) => Cause::BecameNull.into(),
        (None, _) => Cause::WasNull.into(),
        (Some(source), Some(target)) => explain_values(type_name, source, target),
    }
}

fn explain_values(type_name: &str, source: &[u8], target: &[u8]) -> Explanation {
    if matches!(type_name, "bytea" | "")
        && let Some(cause) = binary::cause(source, target)
    {
        return cause.into();
    }
    let (Ok(source_text), Ok(target_text)) = (str::from_utf8(source), str::from_utf8(target))
    else {
        return encoding::cause_in_bytes(source, target).into();
    };
    match (source_text.is_empty(), target_text.is_empty()) {
        (true, false) => return Cause::WasEmpty.into(),
        (false, true) => return Cause::BecameEmpty.into(),
        _ => {}
    }
    json::cause(source_text, target_text)
        .or_else(|| number::cause(source_text, target_text))
        .map(Explanation::from)
        .or_else(|| time::explain(source_text, target_text))
        .unwrap_or_else(|| text::cause(source_text, target_text).into())
}
