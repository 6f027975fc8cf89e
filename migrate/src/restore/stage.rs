//! The chosen rows beside the tables they came from, in temporary tables with the same types, where
//! the database itself can compare them.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::postgres;
use handover_engine::sql::{ident, qualified};
use handover_schemas::archive::manifest::{ArchivedTable, SaltLine};
use handover_schemas::archive::row_leaf::row_leaf;
use handover_schemas::config::ChangedColumn;
use handover_schemas::digest::Digest;
use handover_schemas::plan::{Key, TableShape};
use handover_schemas::purge::columns::ColumnChange;
use handover_verify::archive::ArchiveReader;
use handover_verify::purge::list::POSITION;

use super::choice::Chosen;
use super::columns::{Fitted, fit};
use super::load::{Loading, staging};
use crate::purge::PurgeDatabase;

/// The chosen rows of one table.
pub(super) struct StagedTable<'a> {
    /// Number of the table in the archive, which is that in the selection.
    pub(super) number: usize,
    /// The table as the archive has it.
    pub(super) archived: &'a ArchivedTable,
    /// The table as the database has it, with the archived columns alone.
    pub(super) shape: TableShape,
    /// Its key.
    pub(super) key: Key,
    /// What is otherwise than when the rows were archived.
    pub(super) changes: Vec<ColumnChange>,
    /// Rows that were chosen.
    pub(super) rows: u64,
    /// Salts and leaves of these rows, in their order.
    pub(super) beside: Beside,
}

/// Tables beside a staged one. Each has a column `place`, the row's place in the archived table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aside {
    /// Rows whose key is in the table, with `same` 1 if the row is what was archived.
    Present,
    /// Rows that may replace another one.
    Overwrite,
    /// Rows that are not put back, with `why`.
    Blocked,
    /// Rows that are, with `replaces` 1 if another row is replaced.
    Back,
}

impl Aside {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Present, "same integer NOT NULL"),
        (Self::Overwrite, "listed integer NOT NULL"),
        (Self::Blocked, "why text NOT NULL"),
        (Self::Back, "replaces integer NOT NULL"),
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Overwrite => "overwrite",
            Self::Blocked => "blocked",
            Self::Back => "back",
        }
    }
}

impl StagedTable<'_> {
    /// The staged rows, as they stand in a `FROM` clause.
    pub(super) fn staged(&self, database: &PurgeDatabase) -> String {
        staging(database, &staged_name(self.number))
    }

    /// A table beside them.
    pub(super) fn aside(&self, database: &PurgeDatabase, what: Aside) -> String {
        staging(database, &format!("{}_{}", staged_name(self.number), what.word()))
    }

    /// The table itself, to read from and to write to.
    pub(super) fn table(&self, database: &PurgeDatabase) -> String {
        match database {
            PurgeDatabase::Postgres(_) => postgres::from_table(&self.shape),
            PurgeDatabase::Sqlite(_) => qualified("main", &self.shape.name.name),
        }
    }

    /// The condition that the row of the table `t` has the key of the staged row `s`.
    pub(super) fn same_key(&self) -> String {
        let columns = self.key.columns.iter().filter_map(|at| self.shape.columns.get(*at));
        let parts: Vec<String> =
            columns.map(|column| format!("t.{0} = s.{0}", ident(&column.name))).collect();
        parts.join(" AND ")
    }

    /// The columns, each with something before its name.
    pub(super) fn columns(&self, before: &str) -> String {
        let columns = self.shape.columns.iter();
        let names: Vec<String> =
            columns.map(|column| format!("{before}{}", ident(&column.name))).collect();
        names.join(", ")
    }
}

fn staged_name(number: usize) -> String {
    format!("restore_{number}")
}

/// Stages the chosen rows of every table that has some.
pub(super) fn stage<'a>(
    database: &mut PurgeDatabase,
    archive: &'a ArchiveReader,
    (chosen, changed): (&Chosen, &[ChangedColumn]),
    spill_dir: &Path,
    (interrupt, progress): (&Interrupt, &Progress),
) -> Result<Vec<StagedTable<'a>>> {
    let shapes = database.tables()?;
    let mut staged = Vec::new();
    for (number, archived) in archive.manifest().tables.iter().enumerate() {
        let Fitted { shape, key, changes } =
            fit(database, table_shape(&shapes, archived)?, archived, changed)?;
        let mut beside = BesideWriter::new(spill_dir)?;
        let mut loading = Loading::begin(database, &shape, &staged_name(number))?;
        let mut rows = 0_u64;
        chosen.rows(archive, number, interrupt, |salt, line| {
            let position = salt.index.checked_sub(archived.first_index);
            let position = position.context("a row of the archive has a salt of another table")?;
            loading.row(position, line)?;
            rows += 1;
            if rows.is_multiple_of(4096) {
                progress.advance("read the archive", 4096, 0);
            }
            beside.push(position, salt, line)
        })?;
        loading.finish()?;
        let beside = beside.finish()?;
        let table = StagedTable { number, archived, shape, key, changes, rows, beside };
        if table.rows > 0 {
            make_asides(database, &table)?;
            staged.push(table);
        }
    }
    Ok(staged)
}

/// The table as the database has it.
fn table_shape<'s>(shapes: &'s [TableShape], archived: &ArchivedTable) -> Result<&'s TableShape> {
    shapes.iter().find(|shape| shape.name == archived.name).with_context(|| {
        format!(
            "the database has no table {}; rows of it are put back into a table that is there \
             (RECOVERY.md of the archive tells how to load them elsewhere)",
            archived.name
        )
    })
}

fn make_asides(database: &mut PurgeDatabase, table: &StagedTable<'_>) -> Result<()> {
    let stage = table.staged(database);
    let index = match database {
        PurgeDatabase::Postgres(_) => {
            format!("CREATE UNIQUE INDEX ON {stage} ({POSITION}); ANALYZE {stage};")
        }
        PurgeDatabase::Sqlite(_) => {
            let name = format!("handover_{}", staged_name(table.number));
            format!(
                "CREATE UNIQUE INDEX temp.{} ON {} ({POSITION});",
                ident(&format!("{name}_place")),
                ident(&name)
            )
        }
    };
    let asides: Vec<String> = Aside::ALL
        .iter()
        .map(|(what, column)| {
            let name = table.aside(database, *what);
            format!(
                "DROP TABLE IF EXISTS {name}; \
                 CREATE TABLE {name} (place bigint NOT NULL PRIMARY KEY, {column});"
            )
        })
        .collect();
    database.execute(&format!("{index} {}", asides.join(" ")))
}

/// What stands beside the staged rows, in a file without a name: there may be millions.
pub(super) struct Beside(BufReader<File>);

struct BesideWriter(BufWriter<File>);

impl BesideWriter {
    fn new(spill_dir: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(spill_dir).context("cannot make a temporary file")?;
        Ok(Self(BufWriter::new(file)))
    }

    fn push(&mut self, position: u64, salt: &SaltLine, line: &[u8]) -> Result<()> {
        let leaf = row_leaf(salt.salt.as_bytes(), line);
        let parts = [&position.to_be_bytes()[..], salt.salt.as_bytes(), leaf.as_bytes()];
        let written = parts.into_iter().try_for_each(|part| self.0.write_all(part));
        written.context("cannot write a temporary file")
    }

    fn finish(self) -> Result<Beside> {
        let mut file = self.0.into_inner().context("cannot write a temporary file")?;
        file.seek(SeekFrom::Start(0)).context("cannot read a temporary file")?;
        Ok(Beside(BufReader::new(file)))
    }
}

impl Beside {
    /// Salt and leaf of the row at this place; places are asked for in their order.
    pub(super) fn at(&mut self, position: u64) -> Result<([u8; 32], Digest)> {
        loop {
            let (mut place, mut salt, mut leaf) = ([0; 8], [0; 32], [0; 32]);
            let mut read = |part: &mut [u8]| {
                self.0.read_exact(part).context("the database gave a row that was not staged")
            };
            read(&mut place)?;
            read(&mut salt)?;
            read(&mut leaf)?;
            if u64::from_be_bytes(place) == position {
                return Ok((salt, Digest::from_bytes(leaf)));
            }
        }
    }
}
