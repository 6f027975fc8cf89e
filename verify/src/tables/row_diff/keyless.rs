//! Tables without a key: rows are told apart by nothing but their values.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hasher};

use super::super::cause::Explanation;
use super::line::{differing_fields, display, explain_fields, fields, lines};
use super::{RowDifference, RowKey};

/// Of the rows that only one side has, so many of each side are compared with each other.
const PAIRING_MAX: usize = 2000;

/// How many rows a sample holds.
const SAMPLE_MAX: usize = 20;

/// How many rows there are, and the first of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSample {
    /// All of them.
    pub count: u64,
    /// The first ones, in the order of their lines, all columns.
    pub rows: Vec<RowKey>,
}

/// What differs in a table without a key:
/// `source rows - missing - repeats_lost + extra + doubled = target rows`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeylessDiff {
    /// Rows of the source that the target has not, and no row nearly like them.
    pub missing: RowSample,
    /// Rows of the target that the source has not, nor any row nearly like them.
    pub extra: RowSample,
    /// Rows that the target has more often than the source, so many times.
    pub doubled: RowSample,
    /// Rows that the target has, but fewer times than the source, so many times.
    pub repeats_lost: RowSample,
    /// Rows of the source for which the target has one that shares at least half of the columns;
    /// the key is the whole row of the source. This is a guess: nothing says that they are the
    /// same row.
    pub differing: Vec<RowDifference>,
    /// How many such rows there are.
    pub differing_rows: u64,
}

impl KeylessDiff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares two tables of which the lines are sorted as `LC_ALL=C sort` does. `types` are the
/// columns' types, or empty.
pub fn compare_keyless(types: &[String], source: &[u8], target: &[u8]) -> KeylessDiff {
    let mut diff = KeylessDiff::default();
    let (missing, extra) = merge(source, target, &mut diff);
    let pairs = pair(&missing, &extra);
    let mut is_paired = (vec![false; missing.len()], vec![false; extra.len()]);
    for &(from, to) in &pairs {
        let (Some(line), Some(other)) = (missing.get(from), extra.get(to)) else { continue };
        for (paired, number) in [(&mut is_paired.0, from), (&mut is_paired.1, to)] {
            if let Some(paired) = paired.get_mut(number) {
                *paired = true;
            }
        }
        diff.differing_rows += 1;
        for (Explanation { cause, shift_minutes }, columns) in
            explain_fields(types, &differing_fields(line, other))
        {
            diff.differing.push(RowDifference { key: row(line), columns, cause, shift_minutes });
        }
    }
    for (lines, is_paired, sample) in
        [(missing, is_paired.0, &mut diff.missing), (extra, is_paired.1, &mut diff.extra)]
    {
        for (line, _) in lines.iter().zip(is_paired).filter(|(_, is_paired)| !is_paired) {
            sample.add(line, 1);
        }
    }
    diff
}

fn row(line: &[u8]) -> RowKey {
    fields(line).map(display).collect()
}

impl RowSample {
    fn add(&mut self, line: &[u8], times: usize) {
        self.count += u64::try_from(times).unwrap_or(u64::MAX);
        if self.rows.len() < SAMPLE_MAX {
            self.rows.push(row(line));
        }
    }
}

/// The lines that only the source has, and only the target has; those that both have, but not as
/// often, go into the result at once.
fn merge<'a>(
    source: &'a [u8],
    target: &'a [u8],
    diff: &mut KeylessDiff,
) -> (Vec<&'a [u8]>, Vec<&'a [u8]>) {
    let (mut missing, mut extra) = (Vec::new(), Vec::new());
    let (mut before, mut after) = (lines(source).peekable(), lines(target).peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.cmp(b),
        };
        match order {
            Ordering::Less => missing.extend(before.next()),
            Ordering::Greater => extra.extend(after.next()),
            Ordering::Equal => {
                let Some(line) = before.next() else { break };
                let (mut of_source, mut of_target) = (1, 0);
                while before.next_if_eq(&line).is_some() {
                    of_source += 1;
                }
                while after.next_if_eq(&line).is_some() {
                    of_target += 1;
                }
                match of_source.cmp(&of_target) {
                    Ordering::Less => diff.doubled.add(line, of_target - of_source),
                    Ordering::Greater => diff.repeats_lost.add(line, of_source - of_target),
                    Ordering::Equal => {}
                }
            }
        }
    }
    (missing, extra)
}

/// Pairs of missing and extra lines that share half of their fields or more, the most alike first;
/// ordered by the missing line.
fn pair(missing: &[&[u8]], extra: &[&[u8]]) -> Vec<(usize, usize)> {
    let hashed = |lines: &[&[u8]]| -> Vec<Vec<u64>> {
        lines.iter().take(PAIRING_MAX).map(|line| fields(line).map(hash).collect()).collect()
    };
    let (missing, extra) = (hashed(missing), hashed(extra));
    // Small numbers, since there may be four million.
    let mut candidates: Vec<(u16, u16, u16)> = Vec::new();
    for (from, fields) in (0..).zip(&missing) {
        for (to, others) in (0..).zip(&extra) {
            let shared = fields.iter().zip(others).filter(|(a, b)| a == b).count();
            let columns = fields.len().max(others.len());
            if shared > 0 && shared * 2 >= columns {
                let apart = u16::try_from(columns - shared).unwrap_or(u16::MAX);
                candidates.push((apart, from, to));
            }
        }
    }
    candidates.sort_unstable();
    let (mut from_used, mut to_used) = (vec![false; missing.len()], vec![false; extra.len()]);
    let mut pairs = Vec::new();
    for (_, from, to) in candidates {
        let (from, to) = (usize::from(from), usize::from(to));
        if let (Some(from_used @ false), Some(to_used @ false)) =
            (from_used.get_mut(from), to_used.get_mut(to))
        {
            (*from_used, *to_used) = (true, true);
            pairs.push((from, to));
        }
    }
    pairs.sort_unstable();
    pairs
}

fn hash(field: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(field);
    hasher.finish()
}
