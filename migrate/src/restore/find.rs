//! Finding rows of an archive by its index: one shard is read, and the chunk that it names.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::archive::index::Location;
use handover_schemas::archive::loose::Match;
use handover_schemas::archive::manifest::{ArchivedTable, SaltLine};
use handover_schemas::archive::search::Tag;
use handover_schemas::value::{is_tagged, unescape};
use handover_verify::archive::ArchiveReader;

use super::wanted::Wanted;

/// A row that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it lies.
    pub location: Location,
    /// Its canonical line.
    pub line: Vec<u8>,
    /// What stands beside it, if it was asked for.
    pub salt: Option<SaltLine>,
}

/// The rows that are what is searched for, and exactly that, in the order of the archive. What stands
/// beside them is in a file of its own for each chunk, which is read only `with_salts`.
pub fn find(archive: &ArchiveReader, wanted: &Wanted, with_salts: bool) -> Result<Vec<Found>> {
    let tags = wanted.tags(&archive.index_key()?, archive.manifest())?;
    let found = rows_of_tags(archive, wanted, &tags, with_salts)?;
    Ok(found.into_iter().filter(|(_, how)| *how == Match::Exact).map(|(row, _)| row).collect())
}

/// The same, and rows that are like it in one of the ways of [`Match`]: they may be somebody else's.
pub fn find_loosely(
    archive: &ArchiveReader,
    wanted: &Wanted,
    with_salts: bool,
) -> Result<Vec<(Found, Match)>> {
    let tags = wanted.loose_tags(&archive.index_key()?, archive.manifest())?;
    rows_of_tags(archive, wanted, &tags, with_salts)
}

/// The same, by every row of the tables in which people are searched: the index has none of those whose
/// values nobody could read. Nothing for a key, by which the index has every row.
pub fn find_in_every_row(
    archive: &ArchiveReader,
    wanted: &Wanted,
    with_salts: bool,
    interrupt: &Interrupt,
) -> Result<Vec<(Found, Match)>> {
    let manifest = archive.manifest();
    let mut places = Vec::new();
    let searched = |table: &ArchivedTable| manifest.search.iter().any(|one| one.is_of(&table.name));
    let tables = (0..).zip(&manifest.tables).filter(|(_, table)| searched(table));
    for (number, table) in tables.filter(|_| wanted.is_of_a_person()) {
        for chunk in 1..=table.chunks {
            interrupt.check()?;
            let lines = archive.rows(table, chunk)?;
            for (row, line) in (0..).zip(lines.split_inclusive(|byte| *byte == b'\n')) {
                if wanted.matches(manifest, table, line)?.is_some() {
                    places.push(Location { table: number, chunk, row });
                }
            }
        }
    }
    matching(archive, wanted, &places, with_salts)
}

fn rows_of_tags(
    archive: &ArchiveReader,
    wanted: &Wanted,
    tags: &[Tag],
    with_salts: bool,
) -> Result<Vec<(Found, Match)>> {
    let mut places = Vec::new();
    for tag in tags {
        places.extend(archive.locate(*tag)?);
    }
    matching(archive, wanted, &places, with_salts)
}

/// The rows at these places that match.
fn matching(
    archive: &ArchiveReader,
    wanted: &Wanted,
    places: &[Location],
    with_salts: bool,
) -> Result<Vec<(Found, Match)>> {
    let manifest = archive.manifest();
    let mut found = Vec::new();
    for row in rows_at(archive, places, with_salts)? {
        let Some(table) = manifest.tables.get(usize::from(row.location.table)) else { continue };
        if let Some(how) = wanted.matches(manifest, table, &row.line)? {
            found.push((row, how));
        }
    }
    Ok(found)
}

/// The rows at these places, in the order of the archive; each chunk is read once.
pub(super) fn rows_at(
    archive: &ArchiveReader,
    places: &[Location],
    with_salts: bool,
) -> Result<Vec<Found>> {
    let mut chunks: BTreeMap<(u16, u32), Vec<Location>> = BTreeMap::new();
    for place in places {
        chunks.entry((place.table, place.chunk)).or_default().push(*place);
    }
    let mut found = Vec::new();
    for ((number, chunk), mut places) in chunks {
        places.sort_unstable();
        places.dedup();
        let table = archive.manifest().tables.get(usize::from(number));
        let table = table.context("the index names a table that the archive does not have")?;
        let lines = archive.rows(table, chunk)?;
        let salts = if with_salts { Some(archive.salts(table, chunk)?) } else { None };
        let lines: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
        for location in places {
            let at = usize::from(location.row);
            let line = lines.get(at);
            let line = line.context("the index names a row that its chunk does not have")?;
            let salt = salts.as_ref().map(|salts| {
                salts.get(at).cloned().context("a row of the archive has nothing beside it")
            });
            found.push(Found { location, line: line.to_vec(), salt: salt.transpose()? });
        }
    }
    Ok(found)
}

/// The texts of a row's columns; `None` is NULL. What is not UTF-8, or not of its column's
/// own storage class, is given as it stands in the line.
pub fn values(line: &[u8]) -> Result<Vec<Option<String>>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.split(|byte| *byte == b'\t')
        .map(|field| {
            let as_it_stands = || String::from_utf8_lossy(field).into_owned();
            if is_tagged(field) {
                return Ok(Some(as_it_stands()));
            }
            let Some(bytes) = unescape(field)? else { return Ok(None) };
            Ok(Some(String::from_utf8(bytes).unwrap_or_else(|_not_utf8| as_it_stands())))
        })
        .collect()
}
