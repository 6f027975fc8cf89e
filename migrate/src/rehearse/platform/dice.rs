//! Chance that comes out the same everywhere: ChaCha, sampled with integers only.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of chance.
pub(in crate::rehearse) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of one table. Each table has its own, so that a change to one leaves the rows of
    /// the others as they are. At most 24 bytes of the name count.
    pub(in crate::rehearse) fn new(seed: u64, table: &str) -> Self {
        let mut key = [0; 32];
        for (place, byte) in key.iter_mut().zip(seed.to_le_bytes().into_iter().chain(table.bytes()))
        {
            *place = byte;
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number below `bound`; 0 if that is 0.
    pub(in crate::rehearse) fn below(&mut self, bound: u32) -> u32 {
        let scaled = (u64::from(self.0.next_u32()) * u64::from(bound)) >> 32;
        u32::try_from(scaled).unwrap_or(0)
    }

    /// A number of the range, both ends included.
    pub(in crate::rehearse) fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last - first + 1)
    }

    /// True once in `count` times.
    pub(in crate::rehearse) fn one_in(&mut self, count: u32) -> bool {
        self.below(count) == 0
    }

    /// True `part` times in `part + rest`.
    pub(in crate::rehearse) fn odds(&mut self, part: u32, rest: u32) -> bool {
        let scaled = (u64::from(self.0.next_u32()) * (u64::from(part) + u64::from(rest))) >> 32;
        scaled < u64::from(part)
    }

    /// One of the items, which must be some.
    pub(in crate::rehearse) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        &items[self.below(count) as usize]
    }

    /// One of the texts, which must be some.
    pub(in crate::rehearse) fn text(&mut self, texts: &[&'static str]) -> &'static str {
        let text: &&'static str = self.pick(texts);
        text
    }

    /// One of the items, each as often as its weight says.
    pub(in crate::rehearse) fn weighted<'a, T>(&mut self, items: &'a [(T, u32)]) -> &'a T {
        let mut left = self.below(items.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in items {
            if left < *weight {
                return item;
            }
            left -= weight;
        }
        &items[0].0
    }

    /// Bytes.
    pub(in crate::rehearse) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// A UUID of version 4, as text.
    pub(in crate::rehearse) fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        let number = u128::from_be_bytes(bytes);
        let number = number & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
        let hex = format!("{number:032x}");
        let mut text = String::with_capacity(36);
        for (place, digit) in hex.chars().enumerate() {
            if matches!(place, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            text.push(digit);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_on_every_machine() {
        let mut dice = Dice::new(1, "doses");
        let numbers: Vec<u32> = (0..5).map(|_| dice.below(1000)).collect();
        assert_eq!(numbers, [763, 747, 194, 725, 381]);
    }

    #[test]
    fn seed_and_table_both_count() {
        let first = |seed, table| Dice::new(seed, table).below(u32::MAX);
        assert_ne!(first(1, "doses"), first(2, "doses"));
        assert_ne!(first(1, "doses"), first(1, "subjects"));
    }

    #[test]
    fn odds_and_weights_are_kept() {
        let mut dice = Dice::new(1, "odds");
        let hits = (0..100_000).filter(|_| dice.odds(658_955, 82_299_012)).count();
        assert!((700..900).contains(&hits), "{hits} of 100000, 794 expected");
        let items = [('a', 1), ('b', 0), ('c', 3)];
        let picked: String = (0..100_000).map(|_| *dice.weighted(&items)).collect();
        let count = picked.matches('a').count();
        assert!((24_000..26_000).contains(&count), "{count} of 100000, 25000 expected");
        assert!(!picked.contains('b'));
    }

    #[test]
    fn a_uuid_is_one_of_version_4_in_lower_case() {
        let text = Dice::new(1, "uuid").uuid();
        let shape: String =
            text.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
        assert_eq!(text.to_lowercase(), text);
        assert_eq!(text.chars().nth(14), Some('4'));
        assert!(matches!(text.chars().nth(19), Some('8' | '9' | 'a' | 'b')));
    }
}
