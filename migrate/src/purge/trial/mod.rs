//! A trial of a deletion: one row of every table is deleted as execute will delete it, and put back.
//!
//! What stands in the way shows before anybody signs: a trigger that keeps rows, one whose function
//! fails, a right that the account lacks. What triggers write, and where copies stay, is recorded,
//! and signed.

mod choice;
mod copies;
mod postgres;
mod rights;
mod sqlite;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::digest::Digest;
use handover_schemas::name::TableName;
use handover_schemas::purge::reach::{Reach, TriedTable, Writes};
use handover_schemas::purge::record::{Backup, PurgeState};
use handover_verify::purge::ledger::{PurgeEntry, batches, counts_of, leaves};
use handover_verify::purge::list::List;

use self::choice::{Chosen, choose};
use super::PurgeDatabase;
use super::execute::batch::Hanging;
use super::execute::refuse_other_tables;
use crate::ledger::{self, Store};

/// Rows that came, changed and went, by table.
type Written = BTreeMap<TableName, [u64; 3]>;

/// What deleting the chosen rows of one table did.
struct Tried {
    /// Rows that were deleted.
    rows: u64,
    /// Triggers that acted.
    triggers: Vec<String>,
    /// Rows of all tables that were written, the deleted ones among them.
    written: Written,
}

/// Deletes and puts back; gives what was seen. Refuses a deletion that would not come to its end, or
/// would take rows that are not archived.
pub(super) fn try_deletion(
    database: &mut PurgeDatabase,
    purge: &PurgeEntry,
    interrupt: &Interrupt,
) -> Result<Reach> {
    let hanging = Hanging::read(database)?;
    let account = rights::check(database, purge, &hanging)?;
    database.execute(match database {
        PurgeDatabase::Postgres(_) => super::execute::postgres::BEGIN,
        PurgeDatabase::Sqlite(_) => "BEGIN IMMEDIATE",
    })?;
    let tried = try_tables(database, purge, &hanging, interrupt);
    let rolled_back = database.execute("ROLLBACK");
    let tables = tried?;
    rolled_back?;
    let copies = copies::of(database, purge)?;
    Ok(Reach { account, tables, ..copies })
}

/// `purge try`: the trial that a backup made, once more: with the rights of another account, or after
/// something was mended. Approvers sign what it comes to.
pub fn try_anew(
    database: &mut PurgeDatabase,
    purge: &PurgeEntry,
    interrupt: &Interrupt,
) -> Result<Reach> {
    let (PurgeState::BackedUp, Some(backup)) = (purge.state, &purge.backup) else {
        bail!(
            "purge {} is {}; what is tried is a deletion that is backed up and not begun",
            purge.number,
            purge.state
        );
    };
    refuse_other_tables(database, purge)?;
    let reach = try_deletion(database, purge, interrupt)?;
    let backup = Backup { reach: Some(reach.clone()), ..backup.clone() };
    ledger::record_backup(database.store(), purge, &backup)?;
    Ok(reach)
}

/// Children before parents, in the transaction that is open.
fn try_tables(
    database: &mut PurgeDatabase,
    purge: &PurgeEntry,
    hanging: &Hanging,
    interrupt: &Interrupt,
) -> Result<Vec<TriedTable>> {
    let salts = purge.salts()?;
    let remaining = remaining(database.store(), purge)?;
    let chosen = choose(database, purge, &remaining)?;
    let mut tables = Vec::new();
    for (number, table) in purge.selection.tables.iter().enumerate().rev() {
        let list = List::new(purge.number, number, &table.shape)?;
        let deleting = hanging.deleting((purge.number, 0), (number, table), &list, &salts);
        let rows = chosen.of(number);
        let expected = frozen_leaves(database.store(), (purge.number, number), &rows)?;
        let tried = match database {
            PurgeDatabase::Postgres(session) => postgres::delete(&deleting, session, &expected),
            PurgeDatabase::Sqlite(connection) => {
                sqlite::delete(&deleting, connection, &expected, interrupt)
            }
        };
        let tried = tried.with_context(|| {
            format!("rows of {} cannot be deleted; this was tried, and nothing was", table.name())
        })?;
        tables.push(judge(purge, table.name(), tried)?);
    }
    tables.reverse();
    Ok(tables)
}

/// The first place of each table's list that was not dealt with yet.
fn remaining(store: &mut dyn Store, purge: &PurgeEntry) -> Result<Vec<u64>> {
    let done = batches(store, purge.number)?;
    Ok((0..purge.selection.tables.len()).map(|table| counts_of(&done, table).total()).collect())
}

/// Leaves by place, of runs of places that follow one another.
type Runs = Vec<(u64, Vec<Digest>)>;

/// What was frozen of some places of a table.
fn frozen_leaves(
    store: &mut dyn Store,
    (purge, table): (i64, usize),
    places: &Chosen,
) -> Result<Runs> {
    let (mut at, mut runs) = (0_u64, Runs::new());
    if places.is_empty() {
        return Ok(runs);
    }
    leaves(store, purge, table, |leaves| {
        for leaf in leaves {
            if places.contains(&at) {
                match runs.last_mut() {
                    Some((first, run)) if *first + run.len() as u64 == at => run.push(*leaf),
                    _ => runs.push((at, vec![*leaf])),
                }
            }
            at += 1;
        }
        Ok(())
    })?;
    Ok(runs)
}

/// Triggers may write beside the purge, and approvers are told where. They may not touch its tables,
/// whose rows would no longer be what was archived, and not take rows that are in no archive.
fn judge(purge: &PurgeEntry, table: &TableName, tried: Tried) -> Result<TriedTable> {
    let Tried { rows, triggers, mut written } = tried;
    if let Some(own) = written.get_mut(table) {
        own[2] = own[2].saturating_sub(rows);
    }
    written.retain(|_, counts| *counts != [0; 3]);
    let names = triggers.join(", ");
    for (name, [inserted, updated, deleted]) in &written {
        if purge.selection.tables.iter().any(|one| one.name() == name) {
            bail!(
                "when rows of {table} are deleted, its triggers ({names}) write to {name} \
                 ({inserted} rows come, {updated} change, {deleted} go), which is a table of the \
                 purge: its rows would not be what was archived any more. Disable the trigger that \
                 does so as long as rows are deleted"
            );
        }
        if *deleted > 0 {
            bail!(
                "when rows of {table} are deleted, its triggers ({names}) delete {deleted} rows of \
                 {name}, which are in no archive. Disable the trigger that does so, or write {name} \
                 into the rule's follow"
            );
        }
    }
    let writes = written.into_iter().map(|(table, [inserted, updated, deleted])| Writes {
        table,
        inserted: inserted.into(),
        updated: updated.into(),
        deleted: deleted.into(),
    });
    Ok(TriedTable { name: table.clone(), tried: rows.into(), triggers, writes: writes.collect() })
}
