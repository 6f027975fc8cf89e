//! Finding rows of an archive by its index: one shard is read, and the chunk that it names.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use handover_schemas::archive::index::Location;
use handover_schemas::archive::manifest::SaltLine;
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

/// The rows that are what is searched for, in the order of the archive. What stands beside them is
/// in a file of its own for each chunk, which is read only `with_salts`.
pub fn find(archive: &ArchiveReader, wanted: &Wanted, with_salts: bool) -> Result<Vec<Found>> {
    let manifest = archive.manifest();
    let tag = wanted.tag(&archive.index_key()?, manifest)?;
    let mut rows = rows_at(archive, &archive.locate(tag)?, with_salts)?;
    let mut failed = None;
    rows.retain(|row| {
        let table = manifest.tables.get(usize::from(row.location.table));
        let is = table.map_or(Ok(false), |table| wanted.is(manifest, table, &row.line));
        is.unwrap_or_else(|error| {
            failed = Some(error);
            false
        })
    });
    failed.map_or(Ok(rows), Err)
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
