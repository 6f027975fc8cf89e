//! Rows whose key was damaged: missing under the one key, and extra under the other.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::cause::Explanation;
use super::line::{KeyColumns, differing_fields, explain_fields};
use super::{RangeDiff, RowDifference};

/// Rows with less text besides the key are not enough to recognise a row by.
const TELLING_BYTES_MIN: usize = 8;

/// The number of rows with a content, and the first of them.
type ByContent = HashMap<u64, (usize, usize)>;

/// Sorts rows that only the source has, and only the target has, into the result: as differing in
/// their key, where the rest is the same, no other row has it, and the key differs by a cause that
/// leaves little doubt; otherwise as missing and extra.
pub(super) fn split(
    key: KeyColumns<'_>,
    types: &[String],
    (missing, extra): (Vec<&[u8]>, Vec<&[u8]>),
    diff: &mut RangeDiff,
) {
    let (by_missing, by_extra) = if missing.is_empty() || extra.is_empty() {
        (ByContent::new(), ByContent::new())
    } else {
        (by_content(key, &missing), by_content(key, &extra))
    };
    let mut is_found = vec![false; extra.len()];
    for line in missing {
        let partner = content(key, line)
            .filter(|hash| by_missing.get(hash).is_some_and(|(count, _)| *count == 1))
            .and_then(|hash| by_extra.get(&hash))
            .filter(|(count, _)| *count == 1)
            .and_then(|(_, number)| Some((*number, *extra.get(*number)?)))
            .filter(|(_, other)| key.rest(line).eq(key.rest(other)));
        let causes =
            partner.map(|(_, other)| explain_fields(types, &differing_fields(line, other)));
        match (partner, causes) {
            (Some((number, _)), Some(causes))
                if causes.iter().all(|(explanation, _)| !explanation.cause.is_weak()) =>
            {
                diff.differing_rows += 1;
                if let Some(is_found) = is_found.get_mut(number) {
                    *is_found = true;
                }
                for (Explanation { cause, shift_minutes }, columns) in causes {
                    let key = key.texts(line);
                    diff.differing.push(RowDifference { key, columns, cause, shift_minutes });
                }
            }
            _ => diff.missing.push(key.texts(line)),
        }
    }
    for (line, _) in extra.iter().zip(is_found).filter(|(_, is_found)| !is_found) {
        diff.extra.push(key.texts(line));
    }
}

fn by_content(key: KeyColumns<'_>, lines: &[&[u8]]) -> ByContent {
    let mut by_content = ByContent::new();
    for (number, line) in lines.iter().enumerate() {
        if let Some(hash) = content(key, line) {
            by_content.entry(hash).or_insert((0, number)).0 += 1;
        }
    }
    by_content
}

/// A hash of what the row has besides its key, if that is enough to recognise it by.
fn content(key: KeyColumns<'_>, line: &[u8]) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    let mut length = 0;
    for field in key.rest(line) {
        field.hash(&mut hasher);
        length += field.1.len();
    }
    (length >= TELLING_BYTES_MIN).then(|| hasher.finish())
}
