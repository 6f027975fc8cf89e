//! Which rows of an archive are to be put back.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::archive::index::Location;
use handover_schemas::archive::manifest::{ArchivedTable, SaltLine};
use handover_schemas::config::PurgeRule;
use handover_schemas::digest::LineSum;
use handover_verify::archive::ArchiveReader;

use super::fields::text;
use super::find::{find, rows_at};
use super::person::person;
use super::wanted::{Wanted, archived_table};

/// Which rows.
pub enum Choice {
    /// What is found.
    Found(Wanted),
    /// What is found, and everything that hangs together with it.
    Person(Wanted),
    /// The rows of a table with this text in a column.
    Where {
        /// The table, `schema.name`.
        table: String,
        /// The column.
        column: String,
        /// The canonical text.
        value: String,
    },
    /// Every row.
    All,
}

/// The same, looked up in the archive.
pub(super) enum Chosen {
    /// Rows at these places.
    Places(BTreeSet<Location>),
    /// Rows of a table with a text in the column at this place.
    Where { table: usize, column: usize, value: String },
    /// Every row.
    All,
}

impl Chosen {
    /// Looks up what is meant; every row of the archive that is found by a tag has been read then.
    /// People are in the table that the purge's rule is about.
    pub(super) fn of(archive: &ArchiveReader, choice: &Choice, rule: &PurgeRule) -> Result<Self> {
        let places = |wanted: &Wanted| -> Result<BTreeSet<Location>> {
            Ok(find(archive, wanted, false)?.iter().map(|row| row.location).collect())
        };
        match choice {
            Choice::Found(wanted) => Ok(Self::Places(places(wanted)?)),
            Choice::Person(wanted) => {
                let (people, _) = archived_table(archive.manifest(), &rule.table)?;
                Ok(Self::Places(person(archive, places(wanted)?, people)?))
            }
            Choice::Where { table, column, value } => {
                let (number, table) = archived_table(archive.manifest(), table)?;
                let Some(column) = table.column(column) else {
                    bail!("{} of the archive has no column {column:?}", table.name);
                };
                Ok(Self::Where { table: number, column, value: value.clone() })
            }
            Choice::All => Ok(Self::All),
        }
    }

    /// Gives the chosen rows of a table, in the order of the archive.
    pub(super) fn rows(
        &self,
        archive: &ArchiveReader,
        number: usize,
        interrupt: &Interrupt,
        mut each: impl FnMut(&SaltLine, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let table = archive.manifest().tables.get(number);
        let table = table.with_context(|| format!("the archive has no table {number}"))?;
        match self {
            Self::Places(places) => {
                let here = |place: &&Location| usize::from(place.table) == number;
                let places: Vec<Location> = places.iter().filter(here).copied().collect();
                rows_at(archive, &places, true)?.into_iter().try_for_each(|row| {
                    let salt = row.salt.context("a row of the archive has nothing beside it")?;
                    each(&salt, &row.line)
                })
            }
            Self::Where { table: other, .. } if *other != number => Ok(()),
            Self::Where { column, value, .. } => {
                whole_table(archive, table, interrupt, |salt, line| {
                    if text(line, *column)?.as_ref() == Some(value) {
                        each(salt, line)
                    } else {
                        Ok(())
                    }
                })
            }
            Self::All => whole_table(archive, table, interrupt, each),
        }
    }
}

/// Gives every row of a table, a chunk at a time, which together have to be the table.
fn whole_table(
    archive: &ArchiveReader,
    table: &ArchivedTable,
    interrupt: &Interrupt,
    mut each: impl FnMut(&SaltLine, &[u8]) -> Result<()>,
) -> Result<()> {
    let damaged = || format!("the rows of {} are not those that the archive says", table.name);
    let mut read = LineSum::default();
    for chunk in 1..=table.chunks {
        interrupt.check()?;
        let (lines, salts) = (archive.rows(table, chunk)?, archive.salts(table, chunk)?);
        let mut lines = lines.split_inclusive(|byte| *byte == b'\n');
        for salt in &salts {
            let line = lines.next().with_context(damaged)?;
            if salt.index != table.first_index + read.rows {
                bail!(damaged());
            }
            read.add(line);
            each(salt, line)?;
        }
        if lines.next().is_some() {
            bail!(damaged());
        }
    }
    if read != table.lines {
        bail!(damaged());
    }
    Ok(())
}
