//! Rows that have each other's values.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::line::{FieldPair, differing_fields};

/// A row of both sides, its source line and its target line.
pub(super) type LinePair<'a> = (&'a [u8], &'a [u8]);

/// Values shorter than this in all are not enough to recognise a row by.
const TELLING_BYTES_MIN: usize = 8;

/// Which of the rows have each other's values in all columns that differ. Where more than two rows
/// could have exchanged theirs, none is said to have.
pub(super) fn exchanged_rows(rows: &[LinePair<'_>]) -> Vec<bool> {
    let mut by_content: HashMap<u64, (usize, usize)> = HashMap::new();
    let mut reversed = Vec::with_capacity(rows.len());
    for (number, (source, target)) in rows.iter().enumerate() {
        let differing = differing_fields(source, target);
        if !is_telling(&differing) {
            reversed.push(None);
            continue;
        }
        let known = by_content.entry(content(&differing, false)).or_insert((0, number));
        known.0 += 1;
        reversed.push(Some(content(&differing, true)));
    }
    let partner = |number: usize| -> Option<usize> {
        let wanted = reversed.get(number).copied().flatten()?;
        by_content.get(&wanted).filter(|(count, _)| *count == 1).map(|(_, partner)| *partner)
    };
    (0..rows.len())
        .map(|number| {
            partner(number).is_some_and(|other| {
                other != number
                    && partner(other) == Some(number)
                    && have_exchanged(rows, number, other)
            })
        })
        .collect()
}

fn is_telling(differing: &[FieldPair<'_>]) -> bool {
    differing.iter().map(|(_, source, target)| source.len() + target.len()).sum::<usize>()
        >= TELLING_BYTES_MIN
}

fn content(differing: &[FieldPair<'_>], is_reversed: bool) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (position, source, target) in differing {
        let (from, to) = if is_reversed { (target, source) } else { (source, target) };
        (position, from, to).hash(&mut hasher);
    }
    hasher.finish()
}

/// The hashes agreed; now the values.
fn have_exchanged(rows: &[LinePair<'_>], one: usize, other: usize) -> bool {
    let (Some(one), Some(other)) = (rows.get(one), rows.get(other)) else { return false };
    let (one, other) = (differing_fields(one.0, one.1), differing_fields(other.0, other.1));
    one.iter().map(|(p, s, t)| (p, s, t)).eq(other.iter().map(|(p, s, t)| (p, t, s)))
}
