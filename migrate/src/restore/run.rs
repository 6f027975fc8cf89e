//! One restore: everything in one transaction, together with the ledger's entry and the operator's
//! statement. Killed at any moment, nothing was put back, or all of it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::config::{ChangedColumn, PurgeConfig};
use handover_schemas::name::TableName;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::restore::{
    ReplacedRows, RestoreReport, RestoreTable, RestoreWritten, TakenValues,
};
use handover_verify::archive::ArchiveReader;
use handover_verify::purge::ledger::PurgeEntry;
use handover_verify::signing::Trust;

use super::attest::{statement, statement_file, write_statements};
use super::choice::{Choice, Chosen};
use super::held_back::{name_chosen, name_held_back};
use super::overwrite::overwrites;
use super::plan::{Counts, Overwrites, plan};
use super::put_back::put_back;
use super::replaced::archive_replaced;
use super::stage::{StagedTable, stage};
use super::wanted::archived_table;
use crate::keys::Signer;
use crate::ledger;
use crate::purge::PurgeDatabase;
use crate::purge::execute::operator;

/// What to put back.
pub struct RestoreRequest<'a> {
    /// The archive.
    pub archive: &'a ArchiveReader,
    /// The purge that it is of.
    pub purge: &'a PurgeEntry,
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// Which rows.
    pub choice: &'a Choice,
    /// What columns of the archive are by now.
    pub changed: &'a [ChangedColumn],
    /// A file with the rows that may replace others.
    pub overwrite: Option<&'a Path>,
    /// To do it; without, it is only told what would be done.
    pub applying: Option<Applying<'a>>,
}

/// Who puts rows back, and why.
pub struct Applying<'a> {
    /// Whose keys count.
    pub trust: &'a Trust,
    /// The operator's key.
    pub operator: &'a dyn Signer,
    /// Why.
    pub reason: &'a str,
    /// To whom an archive of replaced rows is encrypted.
    pub config: &'a PurgeConfig,
    /// Threads that compress and encrypt it.
    pub jobs: usize,
}

/// Tells what would be put back, or puts it back.
pub fn restore(
    database: &mut PurgeDatabase,
    request: &RestoreRequest<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<RestoreReport> {
    check_purge(database, request)?;
    if let Some(applying) = &request.applying {
        operator(applying.trust, applying.operator)?;
        write_statements(database, request.dir, request.purge)?;
        ledger::prepare_packages(database.store())?;
    }
    let chosen = Chosen::of(request.archive, request.choice, &request.purge.selection.rule)?;
    let overwrites = request.overwrite.map(|file| overwrites(request.archive, file)).transpose()?;
    let overwrites = overwrites.unwrap_or_default();
    database.begin_at_one_moment()?;
    let done = within(database, request, (&chosen, &overwrites), interrupt, progress);
    match done {
        Ok(report) if report.written.is_some() => {
            database.execute("COMMIT")?;
            write_statements(database, request.dir, request.purge)?;
            Ok(report)
        }
        other => {
            // Whatever went wrong is what is told, not that the connection may be gone.
            let _rolled_back = database.execute("ROLLBACK");
            other
        }
    }
}

/// The ledger has to know the archive, and its rows have to be deleted.
fn check_purge(database: &mut PurgeDatabase, request: &RestoreRequest<'_>) -> Result<()> {
    let (manifest, purge) = (request.archive.manifest(), request.purge);
    if !database.was_known_as(&manifest.database)? {
        bail!(
            "the archive is of another database ({}); RECOVERY.md in the archive tells how its \
             rows are loaded into one that never knew them",
            manifest.database
        );
    }
    if !matches!(purge.state, PurgeState::Executed | PurgeState::Certified | PurgeState::Closed) {
        bail!(
            "purge {} is {}: rows are put back once every one of them was dealt with (purge \
             execute)",
            purge.number,
            purge.state
        );
    }
    Ok(())
}

fn within(
    database: &mut PurgeDatabase,
    request: &RestoreRequest<'_>,
    (chosen, overwrites): (&Chosen, &Overwrites),
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<RestoreReport> {
    database.plan_freely()?;
    let spill_dir = request.dir.path();
    let mut tables = stage(
        database,
        request.archive,
        (chosen, request.changed),
        spill_dir,
        (interrupt, progress),
    )?;
    let people = people_table(request)?;
    let counts = plan(database, &tables, overwrites, people)?;
    refuse_replacing(&tables, &counts)?;
    let taken = name_held_back(database, request.dir, &tables, interrupt)?;
    let mut report = report(request, &tables, &counts, taken);
    if let Some(people) = people {
        name_chosen(database, request.dir, &tables, interrupt)?;
        let rows = tables.iter().filter(|table| table.shape.name == *people).map(|one| one.rows);
        report.people = Some(rows.sum());
    }
    let anything = counts.iter().any(|counts| counts.insert + counts.replace > 0);
    if let Some(applying) = request.applying.as_ref().filter(|_| anything) {
        let both = (interrupt, progress);
        let number = ledger::next_restore(database.store())?;
        let replaced = if counts.iter().any(|counts| counts.replace > 0) {
            let by = (applying, number);
            Some(archive_replaced(database, request, by, &tables, &counts, both)?)
        } else {
            None
        };
        let back = put_back(database, &mut tables, &counts, both)?;
        let seal = replaced.as_ref().map(|(_, seal)| *seal);
        let text = statement(request, applying, &tables, &counts, (back.leaves, seal))?;
        let of = (number, request.purge.number);
        ledger::record_restore(database.store(), of, &text, &back.runs)?;
        interrupt.check()?;
        report.written = Some(RestoreWritten {
            number,
            leaves: back.leaves,
            statement: statement_file(request.purge, number),
            replaced: replaced.map(|(archive, seal)| ReplacedRows { archive, seal }),
        });
    }
    Ok(report)
}

/// What was added to a table since is of the row that is there: it must not become another row's.
fn refuse_replacing(tables: &[StagedTable<'_>], counts: &[Counts]) -> Result<()> {
    for (table, counts) in tables.iter().zip(counts).filter(|(_, counts)| counts.replace > 0) {
        if let Some(added) = table.changes.iter().find(|one| one.archived.is_none()) {
            bail!(
                "{} rows of {} would be replaced, and {:?} was added to it since: what stands there would be \
                 mixed with the archived row. Delete the present rows yourself, or correct them, and restore \
                 without --overwrite",
                counts.replace,
                table.shape.name,
                added.now
            );
        }
    }
    Ok(())
}

/// The table that people are in, if single people were chosen.
fn people_table<'a>(request: &RestoreRequest<'a>) -> Result<Option<&'a TableName>> {
    let Choice::Person(_) = request.choice else { return Ok(None) };
    let rule = &request.purge.selection.rule;
    let (_, table) = archived_table(request.archive.manifest(), &rule.table)?;
    Ok(Some(&table.name))
}

fn report(
    request: &RestoreRequest<'_>,
    tables: &[StagedTable<'_>],
    counts: &[Counts],
    taken: Vec<Vec<TakenValues>>,
) -> RestoreReport {
    let of_table = |((table, counts), taken): ((&StagedTable<'_>, &Counts), _)| RestoreTable {
        name: table.shape.name.clone(),
        chosen: table.rows,
        insert: counts.insert,
        identical: counts.identical,
        replace: counts.replace,
        conflict: counts.conflict,
        parent_missing: counts.parent_missing,
        held_back: counts.held_back,
        columns: table.changes.clone(),
        taken,
    };
    RestoreReport {
        archive: request.archive.identifier().to_owned(),
        seal: request.archive.seal(),
        purge: request.purge.number,
        apply: request.applying.is_some(),
        tables: tables.iter().zip(counts).zip(taken).map(of_table).collect(),
        people: None,
        written: None,
    }
}

/// The purge that an archive is of.
pub fn purge_of<'p>(
    purge: Option<&'p PurgeEntry>,
    archive: &ArchiveReader,
) -> Result<&'p PurgeEntry> {
    purge.with_context(|| {
        format!(
            "the ledger of this database knows of no purge with the archive {} (seal {}). \
             RECOVERY.md in the archive tells how its rows are loaded without it",
            archive.identifier(),
            archive.seal()
        )
    })
}
