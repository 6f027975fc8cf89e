//! How `handover.toml` says that the texts of a column are read.

use std::borrow::Cow;
use std::collections::BTreeSet;

use handover_schemas::config::{FileReference, PathReading};

use super::reading;

/// A column that names files.
pub(super) struct Column {
    /// `schema.table.column`.
    pub(super) name: String,
    /// The readings that are declared.
    pub(super) read_as: BTreeSet<PathReading>,
    prefixes: Vec<Vec<u8>>,
}

/// A text as it is read.
pub(super) struct Read<'t> {
    /// The path.
    pub(super) text: Cow<'t, [u8]>,
    /// The declared prefix that was taken off.
    pub(super) taken_off: Vec<u8>,
}

impl Column {
    /// The column that an entry of the config names.
    pub(super) fn of(reference: &FileReference) -> Self {
        let prefixes = reference.strip_prefix.iter().flat_map(|prefixes| prefixes.all());
        Self {
            name: format!("{}.{}", reference.table, reference.column),
            read_as: reference.read_as.clone(),
            prefixes: prefixes.map(|prefix| prefix.clone().into_bytes()).collect(),
        }
    }

    /// The text after the longest prefix that it begins with, and that prefix.
    pub(super) fn without_prefix<'t>(&self, text: &'t [u8]) -> (&'t [u8], &[u8]) {
        let fits = self.prefixes.iter().filter(|prefix| text.starts_with(prefix));
        let prefix = fits.max_by_key(|prefix| prefix.len()).map_or(&[][..], Vec::as_slice);
        (text.strip_prefix(prefix).unwrap_or(text), prefix)
    }

    /// A text by these readings. A prefix is taken off as it stands in the column; where none stands
    /// there, as it stands in what was read.
    pub(super) fn read<'t>(&self, text: &'t [u8], readings: &BTreeSet<PathReading>) -> Read<'t> {
        let (rest, prefix) = self.without_prefix(text);
        let read = reading::apply(rest, readings);
        if !prefix.is_empty() {
            return Read { text: read, taken_off: prefix.to_vec() };
        }
        let (rest, prefix) = self.without_prefix(&read);
        if prefix.is_empty() {
            return Read { text: read, taken_off: Vec::new() };
        }
        Read { text: Cow::Owned(rest.to_vec()), taken_off: prefix.to_vec() }
    }
}
