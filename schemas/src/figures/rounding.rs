//! Rounded numbers, and what they may stand for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a number was rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rounding {
    /// The word that the document has with it.
    #[serde(rename = "as")]
    pub rounded_as: RoundedAs,
    /// To what it was rounded: 100000 for "212.6 million", 1000000 for "207 million".
    pub step: u64,
}

/// Which side the number was rounded from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoundedAs {
    /// "Over 207 million": this much, or less than one step more.
    Over,
    /// "Nearly 9 million": this much, or less than one step less.
    Nearly,
    /// "About 205 million": at most half a step more or less.
    About,
}

/// The numbers that a reported one may stand for: from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The least of them.
    pub low: i128,
    /// The greatest of them.
    pub high: i128,
}

impl Allowed {
    /// What a number stands for.
    pub fn of(value: u64, rounding: Option<Rounding>) -> Self {
        let value = i128::from(value);
        let Some(Rounding { rounded_as, step }) = rounding else {
            return Self { low: value, high: value };
        };
        let step = i128::from(step);
        let (below, above) = match rounded_as {
            RoundedAs::Over => (0, step - 1),
            RoundedAs::Nearly => (step - 1, 0),
            RoundedAs::About => (step / 2, step / 2),
        };
        Self { low: value - below, high: value + above }
    }

    /// Whether a number is among them.
    pub fn has(self, value: i128) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// What the sum of two may stand for.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { low: self.low + other.low, high: self.high + other.high }
    }

    /// What the difference of two may stand for.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self { low: self.low - other.high, high: self.high - other.low }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_a_number_stands_for() {
        let of = |rounded_as| {
            let Allowed { low, high } = Allowed::of(200, Some(Rounding { rounded_as, step: 100 }));
            (low, high)
        };
        assert_eq!(of(RoundedAs::Over), (200, 299));
        assert_eq!(of(RoundedAs::Nearly), (101, 200));
        assert_eq!(of(RoundedAs::About), (150, 250));
        assert_eq!(Allowed::of(u64::MAX, None).low, i128::from(u64::MAX));
        assert!(!Allowed::of(200, None).has(201));
    }
}
