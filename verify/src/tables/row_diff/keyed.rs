//! Tables with a key: rows are told apart by it.

use std::collections::{HashMap, HashSet};

use super::super::cause::{Cause, Explanation};
use super::exchange::{LinePair, exchanged_rows};
use super::line::{KeyColumns, differing_fields, explain_fields, lines};
use super::{RangeDiff, RowDifference, rekeyed};

/// Compares one key range. `key_columns` are positions of columns; `types` the columns' types as
/// `format_type` prints them, or empty; the lines may stand in any order, and the target may have
/// several of one key.
pub fn compare_keyed(
    key_columns: &[usize],
    types: &[String],
    source: &[u8],
    target: &[u8],
) -> RangeDiff {
    let key = KeyColumns(key_columns);
    let middle = without_common_ends(source, target);
    let mut targets = Targets::new(key, lines(middle.target).collect());
    // Lines that are equal are dealt with first, so that of two rows with one key the changed one
    // is left over.
    let left: Vec<&[u8]> = lines(middle.source).filter(|line| !targets.take_equal(line)).collect();
    let mut pairs = Vec::new();
    let mut missing = Vec::new();
    for line in left {
        match targets.take_of_key(line) {
            Some(other) => pairs.push((line, other)),
            None => missing.push(line),
        }
    }
    let beyond: Vec<&[u8]> = targets.left().collect();
    let all_source = [middle.before, middle.source, middle.after];
    let of_source = keys_among(key, &beyond, all_source.into_iter().flat_map(lines));
    let (doubled, extra) = beyond.iter().partition(|line| of_source.contains(&key.hash(line)));
    let differing = explain_rows(key, types, &pairs);
    let mut diff = RangeDiff {
        differing_rows: u64::try_from(pairs.len()).unwrap_or(u64::MAX),
        differing,
        ..RangeDiff::default()
    };
    let doubled: Vec<&[u8]> = doubled;
    diff.doubled = doubled.into_iter().map(|line| key.texts(line)).collect();
    rekeyed::split(key, types, (missing, extra), &mut diff);
    diff
}

/// The keys, hashed, that some of these lines have.
fn keys_among<'a>(
    key: KeyColumns<'_>,
    wanted: &[&[u8]],
    lines: impl Iterator<Item = &'a [u8]>,
) -> HashSet<u64> {
    if wanted.is_empty() {
        return HashSet::new();
    }
    let wanted: HashSet<u64> = wanted.iter().map(|line| key.hash(line)).collect();
    lines.map(|line| key.hash(line)).filter(|hash| wanted.contains(hash)).collect()
}

fn explain_rows(
    key: KeyColumns<'_>,
    types: &[String],
    pairs: &[LinePair<'_>],
) -> Vec<RowDifference> {
    let exchanged = exchanged_rows(pairs);
    let mut found = Vec::new();
    for ((source, target), is_exchanged) in pairs.iter().zip(exchanged) {
        let differing = differing_fields(source, target);
        let mut causes = explain_fields(types, &differing);
        if is_exchanged && causes.iter().any(|(explanation, _)| explanation.cause.is_weak()) {
            let columns = differing.iter().map(|field| field.0).collect();
            causes = vec![(Cause::RowsExchanged.into(), columns)];
        }
        for (Explanation { cause, shift_minutes }, columns) in causes {
            found.push(RowDifference { key: key.texts(source), columns, cause, shift_minutes });
        }
    }
    found
}

/// The target's lines, by key.
struct Targets<'a, 'k> {
    key: KeyColumns<'k>,
    lines: Vec<&'a [u8]>,
    /// The first line of each key's hash; the next one of the same hash is at `next`.
    first: HashMap<u64, usize>,
    next: Vec<Option<usize>>,
    is_taken: Vec<bool>,
}

impl<'a, 'k> Targets<'a, 'k> {
    fn new(key: KeyColumns<'k>, lines: Vec<&'a [u8]>) -> Self {
        let mut first = HashMap::with_capacity(lines.len());
        let mut next = vec![None; lines.len()];
        // Backwards, so that each chain is in the lines' order.
        for (number, (line, next)) in lines.iter().zip(&mut next).enumerate().rev() {
            *next = first.insert(key.hash(line), number);
        }
        let is_taken = vec![false; lines.len()];
        Self { key, lines, first, next, is_taken }
    }

    /// Takes a line that is the same as this one.
    fn take_equal(&mut self, line: &[u8]) -> bool {
        self.take(line, |other| other == line).is_some()
    }

    /// Takes a line that has the same key as this one.
    fn take_of_key(&mut self, line: &[u8]) -> Option<&'a [u8]> {
        let key = self.key;
        self.take(line, |other| key.is_same(other, line))
    }

    fn take(&mut self, line: &[u8], is_wanted: impl Fn(&[u8]) -> bool) -> Option<&'a [u8]> {
        let mut place = self.first.get(&self.key.hash(line)).copied();
        while let Some(number) = place {
            let other = *self.lines.get(number)?;
            let is_taken = self.is_taken.get_mut(number)?;
            if !*is_taken && is_wanted(other) {
                *is_taken = true;
                return Some(other);
            }
            place = self.next.get(number).copied().flatten();
        }
        None
    }

    /// The lines nobody took.
    fn left(&self) -> impl Iterator<Item = &'a [u8]> {
        self.lines
            .iter()
            .zip(&self.is_taken)
            .filter(|(_, is_taken)| !**is_taken)
            .map(|(line, _)| *line)
    }
}

/// Two texts without the lines that they have in common at both ends: most ranges differ in a few
/// rows only.
struct Middle<'a> {
    before: &'a [u8],
    after: &'a [u8],
    source: &'a [u8],
    target: &'a [u8],
}

fn without_common_ends<'a>(source: &'a [u8], target: &'a [u8]) -> Middle<'a> {
    let is_equal = |(a, b): &(&u8, &u8)| a == b;
    let common = source.iter().zip(target).take_while(is_equal).count();
    let is_lf = |byte: &u8| *byte == b'\n';
    let whole = source.get(..common).unwrap_or_default().iter().rposition(is_lf);
    let start = whole.map_or(0, |lf| lf + 1);
    let (before, source) = source.split_at_checked(start).unwrap_or((b"", source));
    let target = target.get(start..).unwrap_or_default();

    let common = source.iter().rev().zip(target.iter().rev()).take_while(is_equal).count();
    let tail = source.get(source.len() - common..).unwrap_or_default();
    // The first LF ends a line that may begin differently.
    let length = tail.iter().position(is_lf).map_or(0, |lf| tail.len() - lf - 1);
    let (source, after) = source.split_at_checked(source.len() - length).unwrap_or((source, b""));
    let target = target.get(..target.len() - length).unwrap_or_default();
    Middle { before, after, source, target }
}
