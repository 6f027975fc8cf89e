//! Canonical lines: fields, keys, and what two lines of one row differ in.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

use handover_schemas::value::unescape;

use super::super::cause::{Cause, Explanation, explain};
use super::RowKey;

/// A field that both lines have, differently: position, source, target, all still escaped.
pub(super) type FieldPair<'a> = (usize, &'a [u8], &'a [u8]);

/// The lines of a text, without their LF.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    // No text is no line; `\n` is one, of one empty field.
    let count = if text.is_empty() { 0 } else { usize::MAX };
    text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n').take(count)
}

/// The fields of a line.
pub(super) fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b'\t')
}

/// The text of an escaped field for people to read.
pub(super) fn display(field: &[u8]) -> Option<String> {
    value(field).map(|bytes| match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// The value of an escaped field. A field that is not well escaped stands for itself.
fn value(field: &[u8]) -> Option<Vec<u8>> {
    unescape(field).unwrap_or_else(|_| Some(field.to_vec()))
}

/// The columns that make up a key.
#[derive(Clone, Copy)]
pub(super) struct KeyColumns<'k>(pub(super) &'k [usize]);

impl KeyColumns<'_> {
    fn fields(self, line: &[u8]) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(move |column| fields(line).nth(*column).unwrap_or_default())
    }

    /// A hash of the line's key, the same in every run.
    pub(super) fn hash(self, line: &[u8]) -> u64 {
        let mut hasher = DefaultHasher::new();
        for field in self.fields(line) {
            hasher.write(field);
            hasher.write_u8(b'\t');
        }
        hasher.finish()
    }

    /// Whether two lines have the same key.
    pub(super) fn is_same(self, one: &[u8], other: &[u8]) -> bool {
        self.fields(one).eq(self.fields(other))
    }

    /// The fields of the other columns, with their positions.
    pub(super) fn rest(self, line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
        fields(line).enumerate().filter(move |(column, _)| !self.0.contains(column))
    }

    /// The line's key for people to read.
    pub(super) fn texts(self, line: &[u8]) -> RowKey {
        self.fields(line).map(display).collect()
    }
}

/// The fields in which two lines differ. Where one line has more fields, these differ from NULL.
pub(super) fn differing_fields<'a>(source: &'a [u8], target: &'a [u8]) -> Vec<FieldPair<'a>> {
    let (mut before, mut after) = (fields(source), fields(target));
    let mut found = Vec::new();
    for position in 0.. {
        match (before.next(), after.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => found.push((position, a.unwrap_or(b"\\N"), b.unwrap_or(b"\\N"))),
        }
    }
    found
}

/// The causes of a row's differences, each with its columns, by the first of these.
pub(super) fn explain_fields(
    types: &[String],
    differing: &[FieldPair<'_>],
) -> Vec<(Explanation, Vec<usize>)> {
    let mut found: Vec<(Explanation, Vec<usize>)> = Vec::new();
    let (pairs, rest) = exchanged(differing);
    for (a, b) in pairs {
        found.push((Cause::ColumnsExchanged.into(), vec![a, b]));
    }
    for (position, source, target) in rest {
        let type_name = types.get(position).map_or("", String::as_str);
        let (source, target) = (value(source), value(target));
        let explanation = explain(type_name, source.as_deref(), target.as_deref());
        match found.iter_mut().find(|(known, _)| *known == explanation) {
            Some((_, columns)) => columns.push(position),
            None => found.push((explanation, vec![position])),
        }
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found
}

/// Pairs of columns that have each other's value, and the fields that are in none.
fn exchanged<'a>(differing: &[FieldPair<'a>]) -> (Vec<(usize, usize)>, Vec<FieldPair<'a>>) {
    if differing.len() < 2 {
        return (Vec::new(), differing.to_vec());
    }
    // Where several fields have the same values, the first ones are paired.
    let mut waiting: HashMap<(&[u8], &[u8]), Vec<usize>> = HashMap::new();
    let mut pairs = Vec::new();
    for &(position, source, target) in differing {
        match waiting.get_mut(&(target, source)).filter(|partners| !partners.is_empty()) {
            Some(partners) if is_telling(differing.len(), source, target) => {
                pairs.push((partners.remove(0), position));
            }
            _ => waiting.entry((source, target)).or_default().push(position),
        }
    }
    let is_paired = |position| pairs.iter().any(|(a, b)| *a == position || *b == position);
    let rest = differing.iter().filter(|field| !is_paired(field.0)).copied().collect();
    (pairs, rest)
}

/// Whether two values in each other's place are unlikely to be chance: in a row where much differs,
/// a `t` and an `f` are not.
fn is_telling(differing: usize, source: &[u8], target: &[u8]) -> bool {
    let length = |field: &[u8]| if field == b"\\N" { 0 } else { field.len() };
    differing == 2 || length(source) + length(target) > 2
}
