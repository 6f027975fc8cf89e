//! `purge execute`: the archived rows are deleted, batch by batch, each only if it is still what was
//! archived.

mod authority;
pub(super) mod batch;
mod pace;
pub(super) mod postgres;
pub(super) mod sqlite;

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use handover_cli_kit::findings::FindingsFile;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::rows::key_value;
use handover_schemas::digest::{Digest, LineHasher};
use handover_schemas::purge::record::{
    KeptReason, Outcome, OutcomeCounts, PurgeState, SelectedTable, TableOutcome,
};
use handover_schemas::purge::used::ApprovalUse;
use handover_verify::purge::ledger::{PurgeEntry, batches, counts_of, kept};
use handover_verify::purge::list::{List, MarkedRow};
use handover_verify::signing::Trust;

use self::authority::InForce;
pub(crate) use self::authority::operator;
use self::batch::Hanging;
pub use self::pace::{Pace, parse_window};
use super::PurgeDatabase;
use super::closure::rule_tables;
use super::freeze::LeafSpool;
use super::listed_row::ListedRow;
use super::nonces;
use super::trial::try_deletion;
use crate::keys::Signer;
use crate::ledger;

/// What to delete, and how fast.
pub struct ExecuteRequest<'a> {
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// The purge.
    pub purge: &'a PurgeEntry,
    /// Whose keys count.
    pub trust: &'a Trust,
    /// The operator's key.
    pub operator: &'a dyn Signer,
    /// Rows of a batch.
    pub batch_rows: u64,
    /// Pauses, replicas, hours.
    pub pace: Pace,
}

/// Deletes everything that the approval covers and that is still what was archived.
pub fn execute(
    database: &mut PurgeDatabase,
    request: &ExecuteRequest<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Outcome> {
    let purge = request.purge;
    if purge.state != PurgeState::Executed {
        refuse_other_tables(database, purge)?;
        refuse_unsigned_reach(database, purge, interrupt)?;
        let in_force = authority::authorize(database, request, interrupt, progress)?;
        delete_all(database, request, &in_force, interrupt, progress)?;
        let outcome = outcome(database, purge, interrupt, progress)?;
        ledger::record_outcome(database.store(), purge, &outcome)?;
    }
    // A run that was killed once the outcome was recorded has this left to do.
    let purge = ledger::purge(database.store(), purge.number)?;
    note_finished(request.dir, &purge)?;
    name_kept_rows(database, request, interrupt)?;
    purge.outcome.context("the ledger lacks what this purge came to")
}

/// Tells the folder that no row is deleted any more under any of the approvals.
pub(super) fn note_finished(dir: &HandoverDir, purge: &PurgeEntry) -> Result<()> {
    for nonce in authority::used_nonces(purge)? {
        if nonces::known(dir, &nonce)? != Some(ApprovalUse::Finished) {
            nonces::note(dir, &nonce, &purge.selection.origin, ApprovalUse::Finished)?;
        }
    }
    Ok(())
}

/// Nothing may hang on the tables that did not when the rows were selected.
pub(super) fn refuse_other_tables(database: &mut PurgeDatabase, purge: &PurgeEntry) -> Result<()> {
    let selection = &purge.selection;
    if !database.was_known_as(&selection.database)? {
        bail!(
            "this is another database than the one in which the rows were selected ({})",
            selection.database
        );
    }
    database.begin_at_one_moment()?;
    let tables = rule_tables(database, &selection.rule);
    database.execute("ROLLBACK")?;
    let tables = tables.context("the database is not what it was when the rows were selected")?;
    let now = tables.iter().map(|table| (&table.shape, &table.parents));
    let then = selection.tables.iter().map(|table| (&table.shape, &table.parents));
    if !now.eq(then) {
        bail!(
            "tables of the rule have other columns, keys or references than when the rows were \
             selected; put them back as they were, or, if nothing was deleted yet, select again \
             with --anew"
        );
    }
    Ok(())
}

/// The deletion is tried once more, with the rights of the account that is to carry it out. It may
/// reach nothing that the approvers were not shown.
fn refuse_unsigned_reach(
    database: &mut PurgeDatabase,
    purge: &PurgeEntry,
    interrupt: &Interrupt,
) -> Result<()> {
    // In any other state there is nothing to delete, which is told by what is checked next.
    if !matches!(purge.state, PurgeState::BackedUp | PurgeState::Executing) {
        return Ok(());
    }
    let now = try_deletion(database, purge, interrupt)?;
    let signed = purge.backup.as_ref().and_then(|backup| backup.reach.as_ref());
    // A backup of an older version tried nothing.
    let beyond = signed.map(|signed| now.beyond(signed)).unwrap_or_default();
    if beyond.is_empty() {
        return Ok(());
    }
    bail!(
        "the deletion would reach what the approvers were not shown: {}. Nothing was deleted. Put it \
         back as it was, or, if no row was deleted yet, try the deletion anew (handover-migrate purge \
         try) and approve again",
        beyond.join(", ")
    )
}

/// Children before parents, each table from where the last batch ended.
fn delete_all(
    database: &mut PurgeDatabase,
    request: &ExecuteRequest<'_>,
    in_force: &InForce,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<()> {
    let purge = request.purge;
    let salts = purge.salts()?;
    let hanging = Hanging::read(database)?;
    let done = batches(database.store(), purge.number)?;
    for (number, table) in purge.selection.tables.iter().enumerate().rev() {
        let mut next = counts_of(&done, number).total();
        let list = List::new(purge.number, number, &table.shape)?;
        let deleting =
            hanging.deleting((purge.number, in_force.number), (number, table), &list, &salts);
        let mut leaves = LeafSpool::of_table(database.store(), purge, number, request.dir.path())?;
        leaves.skip(next)?;
        progress.advance("delete", next, 0);
        while next < table.listed.rows {
            request.pace.wait_before_batch(database, interrupt)?;
            in_force.check_time()?;
            let rows = request.batch_rows.min(table.listed.rows - next);
            let expected: Result<Vec<Digest>> = (0..rows).map(|_| leaves.next_leaf()).collect();
            let positions = next..next + rows;
            deleting
                .batch(database, &positions, &expected?, interrupt)
                .with_context(|| format!("cannot delete rows of {}", table.name()))?;
            progress.advance("delete", rows, 0);
            next += rows;
        }
    }
    Ok(())
}

/// What every table came to, read under one snapshot.
fn outcome(
    database: &mut PurgeDatabase,
    purge: &PurgeEntry,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Outcome> {
    let done = batches(database.store(), purge.number)?;
    database.begin_at_one_moment()?;
    database.plan_in_order()?;
    let mut tables = Vec::new();
    for (number, table) in purge.selection.tables.iter().enumerate() {
        let counts = counts_of(&done, number);
        if counts.total() != table.listed.rows {
            bail!(
                "{} rows of {} were selected, and {} were dealt with: the ledger of the batches \
                 is not whole",
                table.listed.rows,
                table.name(),
                counts.total()
            );
        }
        tables.push(table_outcome(database, purge, (number, table), counts, interrupt, progress)?);
    }
    database.execute("COMMIT")?;
    Ok(Outcome { tables })
}

/// What a table came to. Rows of the list that were not dealt with are there, and on the list.
pub(super) fn table_outcome(
    database: &mut PurgeDatabase,
    purge: &PurgeEntry,
    (number, table): (usize, &SelectedTable),
    counts: OutcomeCounts,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<TableOutcome> {
    let list = List::new(purge.number, number, &table.shape)?;
    let stays: BTreeSet<u64> = kept(database.store(), purge.number)?
        .iter()
        .filter(|one| usize::try_from(one.table) == Ok(number) && one.reason.is_there())
        .map(|one| one.position)
        .collect();
    let dealt_with = counts.total();
    // Both have seen the same until a row is met that was kept, which is rare: up to there each
    // line is hashed once.
    let (mut outside, mut after): (LineHasher, Option<LineHasher>) = (LineHasher::new(), None);
    let mut rows = 0_u64;
    let mut reader = database.reader();
    let sql = list.all_rows(&reader);
    list.read(&mut reader, &sql, interrupt, |row: MarkedRow<'_>| {
        let stays = |position: u64| position >= dealt_with || stays.contains(&position);
        if row.position.is_some_and(stays) {
            after.get_or_insert_with(|| outside.clone()).push(row.line);
        } else {
            // A row that somebody wrote under the key of one that is gone is none of the list's: it
            // shows as a change outside of it.
            outside.push(row.line);
            if let Some(after) = &mut after {
                after.push(row.line);
            }
        }
        rows += 1;
        if rows.is_multiple_of(4096) {
            progress.advance("read again", 4096, 0);
        }
        Ok(())
    })?;
    let outside = outside.finish();
    let after = after.map_or(outside, LineHasher::finish);
    Ok(TableOutcome { name: table.name().clone(), counts, after, outside })
}

/// The keys of rows that were kept, in the findings file: the terminal gives counts only.
fn name_kept_rows(
    database: &mut PurgeDatabase,
    request: &ExecuteRequest<'_>,
    interrupt: &Interrupt,
) -> Result<()> {
    let mut file = FindingsFile::new(request.dir, "findings/purge-kept.jsonl");
    let entries = kept(database.store(), request.purge.number)?;
    for (number, table) in request.purge.selection.tables.iter().enumerate() {
        let list = List::new(request.purge.number, number, &table.shape)?;
        for entry in entries.iter().filter(|entry| usize::try_from(entry.table) == Ok(number)) {
            let why = match entry.reason {
                KeptReason::Changed => "it changed after it was backed up",
                KeptReason::Referenced => "a row that is still there refers to it",
                KeptReason::Absent => continue,
            };
            let mut reader = database.reader();
            let sql = list.listed_rows(&reader, Some(&(entry.position..entry.position + 1)));
            list.read(&mut reader, &sql, interrupt, |row| {
                let key = key_value(row.line, list.key).ok();
                file.add(&ListedRow { table: table.name().to_string(), key, why });
                Ok(())
            })?;
        }
    }
    file.finish()
}
