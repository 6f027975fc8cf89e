//! Putting rows back, and reading them back: a row counts only if the table gives it as it was
//! archived.

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::postgres;
use handover_engine::sql::{ident, qualified};
use handover_schemas::archive::row_leaf::row_leaf;
use handover_schemas::digest::Digest;
use handover_verify::purge::list::POSITION;
use sha2::{Digest as _, Sha256};

use super::load::read_positioned;
use super::plan::Counts;
use super::stage::{Aside, StagedTable};
use super::triggers;
use crate::ledger::RestoredRuns;
use crate::purge::PurgeDatabase;

/// What was put back.
pub(super) struct PutBack {
    /// SHA-256 of the leaves of all rows, in their order.
    pub(super) leaves: Digest,
    /// Where they are in the lists of their tables.
    pub(super) runs: Vec<RestoredRuns>,
}

/// Writes what the plan says, parents first, with the triggers off; then reads all of it back.
pub(super) fn put_back(
    database: &mut PurgeDatabase,
    tables: &mut [StagedTable<'_>],
    counts: &[Counts],
    (interrupt, progress): (&Interrupt, &Progress),
) -> Result<PutBack> {
    if matches!(database, PurgeDatabase::Postgres(_)) {
        // Whatever is wrong is to be known now, and no check may wait while triggers change.
        database.execute("SET CONSTRAINTS ALL IMMEDIATE")?;
    }
    let written = write(database, tables, counts);
    triggers::turn_on(database)?;
    written?;
    let mut hasher = Sha256::new();
    let mut runs = Vec::new();
    for (table, counts) in tables.iter_mut().zip(counts) {
        let expected = counts.insert + counts.replace;
        let places = read_back(database, table, &mut hasher, (interrupt, progress))?;
        if places.rows() != expected {
            bail!(
                "{expected} rows of {} were written, and {} are there; nothing was put back",
                table.shape.name,
                places.rows()
            );
        }
        runs.push(places);
    }
    Ok(PutBack { leaves: Digest::from_bytes(hasher.finalize().into()), runs })
}

fn write(
    database: &mut PurgeDatabase,
    tables: &[StagedTable<'_>],
    counts: &[Counts],
) -> Result<()> {
    for (table, counts) in tables.iter().zip(counts) {
        if counts.insert + counts.replace == 0 {
            continue;
        }
        let place = || format!("cannot put rows of {} back", table.shape.name);
        let turn_on = triggers::turn_off(database, &table.shape).with_context(place)?;
        if counts.replace > 0 {
            let sql = replace_sql(database, table);
            if !sql.is_empty() {
                database.execute(&sql).with_context(place)?;
            }
        }
        let sql = insert_sql(database, table);
        database.execute(&sql).with_context(place)?;
        if !turn_on.is_empty() {
            database.execute(&turn_on).with_context(place)?;
        }
    }
    Ok(())
}

fn insert_sql(database: &PurgeDatabase, table: &StagedTable<'_>) -> String {
    // Keys that the database numbers are those that the rows had.
    let overriding = match database {
        PurgeDatabase::Postgres(_) => "OVERRIDING SYSTEM VALUE",
        PurgeDatabase::Sqlite(_) => "",
    };
    format!(
        "INSERT INTO {} ({}) {overriding} SELECT {} FROM {} AS s JOIN {} AS b \
         ON b.place = s.{POSITION} WHERE b.replaces = 0 ORDER BY s.{POSITION}",
        qualified(&table.shape.name.schema, &table.shape.name.name),
        table.columns(""),
        table.columns("s."),
        table.staged(database),
        table.aside(database, Aside::Back),
    )
}

/// A row is replaced in its place, so that nothing that refers to it notices.
fn replace_sql(database: &PurgeDatabase, table: &StagedTable<'_>) -> String {
    let columns = table.shape.columns.iter().enumerate();
    let values: Vec<String> = columns
        .filter(|(at, _)| !table.key.columns.contains(at))
        .map(|(_, column)| format!("{0} = s.{0}", ident(&column.name)))
        .collect();
    if values.is_empty() {
        // Nothing but a key: what differs is found out when it is read back.
        return String::new();
    }
    format!(
        "UPDATE {} AS t SET {} FROM {} AS s JOIN {} AS b ON b.place = s.{POSITION} \
         WHERE b.replaces = 1 AND {}",
        table.table(database),
        values.join(", "),
        table.staged(database),
        table.aside(database, Aside::Back),
        table.same_key(),
    )
}

/// A query for the rows of the table that stand in the places of rows that go back, in their order.
pub(super) fn rows_in_place(
    database: &PurgeDatabase,
    table: &StagedTable<'_>,
    condition: &str,
) -> String {
    let columns = match database {
        PurgeDatabase::Postgres(_) => postgres::canonical_columns(&table.shape.columns),
        PurgeDatabase::Sqlite(_) => table.columns(""),
    };
    let own: Vec<String> = table
        .shape
        .columns
        .iter()
        .map(|column| format!("t.{0} AS {0}", ident(&column.name)))
        .collect();
    format!(
        "SELECT {POSITION}, {columns} FROM (SELECT s.{POSITION}, {} FROM {} AS s \
         JOIN {} AS b ON b.place = s.{POSITION} JOIN {} AS t ON {} WHERE {condition}) AS x \
         ORDER BY {POSITION}",
        own.join(", "),
        table.staged(database),
        table.aside(database, Aside::Back),
        table.table(database),
        table.same_key(),
    )
}

fn read_back(
    database: &mut PurgeDatabase,
    table: &mut StagedTable<'_>,
    hasher: &mut Sha256,
    (interrupt, progress): (&Interrupt, &Progress),
) -> Result<RestoredRuns> {
    let sql = rows_in_place(database, table, "true");
    let mut runs = RestoredRuns::new(table.number);
    let (shape, beside) = (&table.shape, &mut table.beside);
    read_positioned(&mut database.reader(), shape, &sql, interrupt, &mut |position, line| {
        let (salt, leaf) = beside.at(position)?;
        if row_leaf(&salt, line) != leaf {
            bail!(
                "a row of {} was written, and read back it is not what was archived (a rule of \
                 the table may have changed it); nothing was put back",
                shape.name
            );
        }
        hasher.update(leaf.as_bytes());
        runs.push(position);
        if runs.rows().is_multiple_of(4096) {
            progress.advance("read back", 4096, 0);
        }
        Ok(())
    })?;
    Ok(runs)
}
