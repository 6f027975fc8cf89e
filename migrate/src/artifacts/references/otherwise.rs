//! Whether a text would name a delivered file if it were read in a way that nobody declared. The
//! fewest readings win; a prefix that nobody declared is looked for last.

use std::collections::BTreeSet;

use anyhow::Result;
use handover_schemas::config::PathReading;

use super::column::{Column, Read};
use super::files::{DeliveredFile, Files, Found};
use super::reading::{self, OF_TEXT, describe, listed};

/// Bytes of the longest text that is read as a path: Linux's `PATH_MAX`, each byte percent-encoded.
pub(super) const PATH_MAX: usize = 3 * 4096;

/// Folders before a path that are left away at most.
const FOLDERS_MAX: usize = 16;

/// What a text would name.
pub(super) enum Otherwise {
    /// One file.
    One(ReadOtherwise),
    /// One of several files.
    Ambiguous(Ambiguous),
}

/// Files whose names are the same by readings that compare.
pub(super) struct Ambiguous {
    pub(super) files: Vec<DeliveredFile>,
    pub(super) readings: BTreeSet<PathReading>,
}

/// A file, and how a text is read to name it.
pub(super) struct ReadOtherwise {
    pub(super) file: DeliveredFile,
    readings: BTreeSet<PathReading>,
    /// What precedes the path.
    prefix: Option<Vec<u8>>,
}

impl ReadOtherwise {
    /// How it is written, and what to write in `handover.toml` to have it read so.
    pub(super) fn cause(&self, column: &Column) -> String {
        let needed = self.readings.difference(&column.read_as);
        let mut how: Vec<&str> = needed.map(|one| describe(*one)).collect();
        let mut remedy = Vec::new();
        if !how.is_empty() {
            remedy.push(listed(&self.readings));
        }
        if self.prefix.is_some() {
            how.push("an undeclared prefix");
            remedy.push("strip_prefix with what precedes the path".to_owned());
        }
        format!(
            "{}; if that is right, write {} in [[file_reference]]",
            how.join(" and "),
            remedy.join(" and ")
        )
    }

    /// The column, and the prefix if there is one. A prefix may have a password or a token.
    pub(super) fn what(&self, column: &Column) -> String {
        let Some(prefix) = &self.prefix else { return column.name.clone() };
        let withheld = prefix.iter().any(|byte| matches!(byte, b'@' | b'?'));
        match str::from_utf8(prefix) {
            Ok(prefix) if !withheld => {
                format!("{}: strip_prefix = {}", column.name, toml::Value::from(prefix))
            }
            _ => format!("{}: the prefix may hold a secret and is not told", column.name),
        }
    }
}

/// The ways to read one text.
pub(super) struct Reads<'t>(Vec<(BTreeSet<PathReading>, Read<'t>)>);

impl<'t> Reads<'t> {
    /// None of a text that is longer than any path.
    pub(super) fn of(column: &Column, text: &'t [u8]) -> Self {
        Self(if text.len() > PATH_MAX { Vec::new() } else { all_reads(column, text) })
    }

    /// The file that the whole text names by the fewest readings. `digest` is that of the row: a file
    /// with another one is not meant.
    pub(super) fn whole(&self, files: &Files, digest: Option<&str>) -> Result<Option<Otherwise>> {
        for (readings, read) in &self.0 {
            if let Some(found) = by_comparing(files, &read.text, readings, digest)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The file that the text names behind a prefix that nobody declared.
    pub(super) fn behind_prefix(
        &self,
        files: &Files,
        digest: Option<&str>,
    ) -> Result<Option<Otherwise>> {
        for (readings, read) in &self.0 {
            for at in ends_of_folders(&read.text) {
                let Some((before, path)) = read.text.split_at_checked(at) else { continue };
                match by_comparing(files, path, readings, digest)? {
                    Some(Otherwise::One(found)) => {
                        let prefix = Some([&read.taken_off, before].concat());
                        return Ok(Some(Otherwise::One(ReadOtherwise { prefix, ..found })));
                    }
                    Some(ambiguous) => return Ok(Some(ambiguous)),
                    None => {}
                }
            }
        }
        Ok(None)
    }
}

/// The text by every set of readings that has the declared ones and makes another text of it, the
/// smallest sets first.
fn all_reads<'t>(column: &Column, text: &'t [u8]) -> Vec<(BTreeSet<PathReading>, Read<'t>)> {
    let free: Vec<_> = OF_TEXT.into_iter().filter(|one| !column.read_as.contains(one)).collect();
    let mut sets: Vec<BTreeSet<PathReading>> = vec![column.read_as.clone()];
    for one in free {
        // Of readings of which each changes nothing, none has to be tried together with others.
        let with: Vec<_> = sets
            .iter()
            .map(|set| set.iter().copied().chain([one]).collect::<BTreeSet<_>>())
            .filter(|set| {
                let mut without = set.clone();
                without.remove(&one);
                reading::apply(text, set) != reading::apply(text, &without)
            })
            .collect();
        sets.extend(with);
    }
    sets.sort_by_key(BTreeSet::len);
    sets.into_iter().map(|set| (set.clone(), column.read(text, &set))).collect()
}

/// The file with this path, or with one that is the same by more and more readings that compare.
fn by_comparing(
    files: &Files,
    path: &[u8],
    readings: &BTreeSet<PathReading>,
    digest: Option<&str>,
) -> Result<Option<Otherwise>> {
    if path.is_empty() || !files.has_alike(path)? {
        return Ok(None);
    }
    let more: [&[PathReading]; 4] = [
        &[],
        &[PathReading::Unicode],
        &[PathReading::Case],
        &[PathReading::Unicode, PathReading::Case],
    ];
    for more in more {
        let readings: BTreeSet<_> = readings.iter().chain(more).copied().collect();
        match files.find(path, &readings)? {
            Found::One(file) => {
                let other = file.size > 0 && digest.is_some_and(|digest| digest != file.sha256);
                return Ok((!other).then_some(Otherwise::One(ReadOtherwise {
                    file,
                    readings,
                    prefix: None,
                })));
            }
            Found::Several(files) => {
                return Ok(Some(Otherwise::Ambiguous(Ambiguous { files, readings })));
            }
            Found::None => {}
        }
    }
    Ok(None)
}

/// Where the path may begin: behind each of the first slashes.
fn ends_of_folders(text: &[u8]) -> impl Iterator<Item = usize> {
    let slashes = text.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    slashes.map(|(at, _)| at + 1).take(FOLDERS_MAX)
}
