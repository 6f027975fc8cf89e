//! Everything that hangs together with a row: the rows it refers to, and the rows that refer to any
//! of these. A row about two people leads to no other person: nobody asked for that one.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::archive::index::Location;
use handover_schemas::archive::manifest::{ArchivedTable, ParentLink};
use handover_schemas::archive::search::{IndexKey, Tag};
use handover_verify::archive::ArchiveReader;

use super::fields::{borrowed, texts};
use super::find::{Found, rows_at};

/// The places of these rows and of all that hangs together with them, up to other rows of the
/// table that people are in.
pub(super) fn person(
    archive: &ArchiveReader,
    found: BTreeSet<Location>,
    people_table: usize,
) -> Result<BTreeSet<Location>> {
    let key = archive.index_key()?;
    let people = people(archive, &key, &found, people_table)?;
    let mut all = found.clone();
    let mut waiting = found;
    while !waiting.is_empty() {
        let places: Vec<Location> = waiting.iter().copied().collect();
        let mut next = BTreeSet::new();
        for row in rows_at(archive, &places, false)? {
            let table = archive.manifest().tables.get(usize::from(row.location.table));
            let table = table.context("the index names a table that the archive does not have")?;
            next.extend(parents(archive, &key, table, &row)?);
            next.extend(children(archive, &key, table, &row)?);
        }
        next.retain(|place| !is_of(*place, people_table) || people.contains(place));
        waiting = next.difference(&all).copied().collect();
        all.extend(&waiting);
    }
    Ok(all)
}

/// The people that rows are about: those among them, and those that they lead to upwards.
fn people(
    archive: &ArchiveReader,
    key: &IndexKey,
    found: &BTreeSet<Location>,
    people_table: usize,
) -> Result<BTreeSet<Location>> {
    let mut seen = found.clone();
    let mut waiting: Vec<Location> = found.iter().copied().collect();
    while !waiting.is_empty() {
        let mut next = BTreeSet::new();
        for row in rows_at(archive, &waiting, false)? {
            let table = archive.manifest().tables.get(usize::from(row.location.table));
            let table = table.context("the index names a table that the archive does not have")?;
            next.extend(parents(archive, key, table, &row)?);
        }
        waiting = next.difference(&seen).copied().collect();
        seen.extend(&waiting);
    }
    seen.retain(|place| is_of(*place, people_table));
    Ok(seen)
}

fn is_of(place: Location, table: usize) -> bool {
    usize::from(place.table) == table
}

/// Places of the rows that a row refers to.
fn parents(
    archive: &ArchiveReader,
    key: &IndexKey,
    table: &ArchivedTable,
    row: &Found,
) -> Result<Vec<Location>> {
    let mut found = Vec::new();
    for link in &table.parents {
        let Some(values) = values_of(table, &link.columns, row)? else { continue };
        let Some((number, parent)) = archive.manifest().table(&link.parent) else { continue };
        let places = places_of(parent, &link.parent_columns)?;
        let in_key: Option<Vec<&str>> = parent
            .key
            .iter()
            .map(|at| places.iter().position(|place| place == at))
            .map(|at| values.get(at?).map(String::as_str))
            .collect();
        match in_key {
            Some(in_key) if in_key.len() == places.len() => {
                let tag = key.key(&parent.name, &in_key);
                let is = |line: &[u8]| holds(line, &places, &values);
                found.extend(located(archive, tag, parent, is)?);
            }
            _ => found.extend(scanned(archive, number, parent, &places, &values)?),
        }
    }
    Ok(found)
}

/// Places of the rows that refer to a row.
fn children(
    archive: &ArchiveReader,
    key: &IndexKey,
    table: &ArchivedTable,
    row: &Found,
) -> Result<Vec<Location>> {
    let mut found = Vec::new();
    let links = archive
        .manifest()
        .tables
        .iter()
        .flat_map(|child| child.parents.iter().map(move |link: &ParentLink| (child, link)));
    for (child, link) in links.filter(|(_, link)| link.parent == table.name) {
        let Some(values) = values_of(table, &link.parent_columns, row)? else { continue };
        let columns: Vec<&str> = link.columns.iter().map(String::as_str).collect();
        let tag = key.parent(&child.name, &columns, &borrowed(&values));
        let places = places_of(child, &link.columns)?;
        found.extend(located(archive, tag, child, |line| holds(line, &places, &values))?);
    }
    Ok(found)
}

/// The rows of a table that have a tag and are what it stands for.
fn located(
    archive: &ArchiveReader,
    tag: Tag,
    table: &ArchivedTable,
    is: impl Fn(&[u8]) -> Result<bool>,
) -> Result<Vec<Location>> {
    let mut found = Vec::new();
    for row in rows_at(archive, &archive.locate(tag)?, false)? {
        let of = archive.manifest().tables.get(usize::from(row.location.table));
        if of.is_some_and(|of| of.name == table.name) && is(&row.line)? {
            found.push(row.location);
        }
    }
    Ok(found)
}

/// The same for columns that are not in the index: every chunk of the table is read.
fn scanned(
    archive: &ArchiveReader,
    number: usize,
    table: &ArchivedTable,
    places: &[usize],
    values: &[String],
) -> Result<Vec<Location>> {
    let mut found = Vec::new();
    for chunk in 1..=table.chunks {
        Interrupt::default().check()?;
        let lines = archive.rows(table, chunk)?;
        for (row, line) in (0..).zip(lines.split_inclusive(|byte| *byte == b'\n')) {
            if holds(line, places, values)? {
                let number = u16::try_from(number).context("an archive has too many tables")?;
                found.push(Location { table: number, chunk, row });
            }
        }
    }
    Ok(found)
}

fn places_of(table: &ArchivedTable, columns: &[String]) -> Result<Vec<usize>> {
    let place = |name: &String| {
        table.column(name).with_context(|| format!("{} has no column {name:?}", table.name))
    };
    columns.iter().map(place).collect()
}

fn values_of(
    table: &ArchivedTable,
    columns: &[String],
    row: &Found,
) -> Result<Option<Vec<String>>> {
    texts(&row.line, &places_of(table, columns)?)
}

fn holds(line: &[u8], places: &[usize], values: &[String]) -> Result<bool> {
    Ok(texts(line, places)?.is_some_and(|found| found == values))
}
