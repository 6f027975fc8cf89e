//! Before the rows, in a PostgreSQL target: types, tables, functions, views.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::PostgresEndpoint;
use handover_engine::postgres::Session;
use handover_schemas::name::TableName;
use handover_schemas::report::{Finding, FindingKind};

use super::making::Making;
use super::structure::Structure;
use crate::ledger::{self, FrozenPlan, RefusedIn};
use crate::target::postgres::{
    Refusal, SchemaEntry, is_there_already, make_within, refuse_owner_in_ledger,
};
use crate::target::shape_at_postgres;

/// Objects that are made in one transaction with the ledger and the plan. A server has locks for some
/// thousands of tables only, and a transaction keeps those of every table that it makes.
const WITH_LEDGER: usize = 500;

const TRY_ANEW: &str = "; run the command again to try anew";

const STAGE: &str = "making types, tables, functions and views";

/// Makes the first objects of a new target, with the ledger and the plan, in one transaction. `sql`
/// is the ledger's tables, and what is written into them.
///
/// An error, and nothing is kept, if there are tables and none of them can be made.
pub(super) fn make_new(
    session: &mut Session,
    structure: &Structure,
    (ledger_tables, ledger_rows): (&str, &str),
    progress: &Progress,
) -> Result<()> {
    let entries: Vec<&SchemaEntry> = structure.before.iter().take(WITH_LEDGER).collect();
    progress.phase_of(STAGE, entries.len() as u64);
    session.execute("BEGIN")?;
    let made = session.execute(ledger_tables).and_then(|()| {
        refuse_owner_in_ledger(session, &structure.owner)?;
        let refused = make_within(session, &structure.owner, &entries)?;
        let is_refused = |at: &usize| refused.iter().any(|(other, _)| other == at);
        let tables = entries.iter().enumerate().filter(|(_, entry)| entry.table.is_some());
        let (lost, made): (Vec<_>, Vec<_>) = tables.partition(|(at, _)| is_refused(at));
        let all = structure.before.iter().filter(|entry| entry.table.is_some()).count();
        if let Some((at, entry)) = lost.first()
            && made.is_empty()
            && lost.len() == all
        {
            let refusal = refused.iter().find(|(other, _)| other == at);
            bail!("{}: {}", entry.name, refusal.map_or("", |(_, refusal)| refusal.reason.as_str()));
        }
        session.execute(ledger_rows)?;
        let made = entries.iter().enumerate().filter(|(at, _)| !is_refused(at));
        record_made(session, made.map(|(_, entry)| *entry))
    });
    ledger::end_transaction(session, made)
}

/// Makes what is not made yet; what is refused is recorded.
pub(super) fn make_open(
    target: &PostgresEndpoint,
    session: &mut Session,
    structure: &Structure,
    is_new: bool,
    (progress, interrupt): (&Progress, &Interrupt),
) -> Result<()> {
    let done: BTreeSet<String> =
        ledger::steps(session)?.into_iter().map(|(name, _)| name).collect();
    let open: Vec<&SchemaEntry> =
        structure.before.iter().filter(|entry| !done.contains(&entry.step)).collect();
    if open.is_empty() {
        return Ok(());
    }
    progress.phase_of(STAGE, open.len() as u64);
    let making = Making::new(target, (session, &structure.owner), &open, None, progress, interrupt);
    let refused = making.make_before_rows()?;
    let mut missing = still_missing(session, &open, refused.clone())?;
    if !is_new {
        // Somebody made it by hand. Whether it is the same, the verifier says.
        missing.retain(|(_, refusal)| !refusal.is_there);
    }
    let is_missing = |at: &usize| missing.iter().any(|(other, _)| other == at);
    let there: Vec<&SchemaEntry> = refused
        .iter()
        .filter(|(at, _)| !is_missing(at))
        .filter_map(|(at, _)| open.get(*at).copied())
        .collect();
    let findings = findings(&open, &missing, &[], "schema/pre-data.sql");
    session.execute("BEGIN")?;
    let recorded = record_made(session, there)
        .and_then(|()| ledger::record_refused(session, RefusedIn::PreData, &findings));
    ledger::end_transaction(session, recorded)
}

fn record_made<'e>(
    session: &mut Session,
    entries: impl IntoIterator<Item = &'e SchemaEntry>,
) -> Result<()> {
    let steps: Vec<String> = entries
        .into_iter()
        .map(|entry| ledger::step_statement(session, &entry.step, None))
        .collect();
    session.execute(&steps.join("\n"))
}

/// What was refused and is not there already.
pub(super) fn still_missing(
    session: &mut Session,
    entries: &[&SchemaEntry],
    refused: Vec<(usize, Refusal)>,
) -> Result<Vec<(usize, Refusal)>> {
    let mut missing = Vec::new();
    for (at, refusal) in refused {
        let Some(entry) = entries.get(at) else { continue };
        if !is_there_already(session, entry)? {
            missing.push((at, refusal));
        }
    }
    Ok(missing)
}

/// A finding for each refused entry, with the name of its step. One that needs another refused
/// entry says so. `missing` are entries that were refused before.
pub(super) fn findings(
    entries: &[&SchemaEntry],
    refused: &[(usize, Refusal)],
    missing: &[&SchemaEntry],
    file: &str,
) -> Vec<(String, Finding)> {
    let refused: Vec<(&SchemaEntry, &Refusal)> =
        refused.iter().filter_map(|(at, refusal)| Some((*entries.get(*at)?, refusal))).collect();
    let absent: BTreeMap<u32, &SchemaEntry> = refused
        .iter()
        .map(|(entry, _)| *entry)
        .chain(missing.iter().copied())
        .filter_map(|entry| Some((entry.number()?, entry)))
        .collect();
    refused
        .iter()
        .map(|(entry, refusal)| {
            let needed = entry.needs().find_map(|number| absent.get(&number));
            let why = match needed {
                Some(needed) => format!("it needs {}, which could not be made", needed.name),
                None => refusal.reason.clone(),
            };
            let finding = Finding {
                object: Some(entry.name.clone()),
                object_kind: (!entry.kind.is_empty())
                    .then(|| entry.kind.to_lowercase().replace(' ', "_")),
                ..Finding::new(
                    FindingKind::ObjectMissing,
                    format!(
                        "{} could not be made: {why}; its SQL is in {file}{TRY_ANEW}",
                        entry.name
                    ),
                )
            };
            (entry.step.clone(), finding)
        })
        .collect()
}

/// The plan's tables that the target does not have, with the reason.
pub(super) fn not_made(
    session: &mut Session,
    structure: &Structure,
    plan: &FrozenPlan,
) -> Result<BTreeMap<i64, String>> {
    let tables = tables_of(session)?;
    let refused: BTreeMap<String, Finding> = ledger::refused(session)?.into_iter().collect();
    let reasons: BTreeMap<&TableName, &Finding> = structure
        .before
        .iter()
        .filter_map(|entry| Some((entry.table.as_ref()?, refused.get(&entry.step)?)))
        .collect();
    Ok(planned(plan)
        .filter(|(_, name)| !tables.contains(name))
        .map(|(number, name)| {
            let why = match reasons.get(&name) {
                Some(Finding { message, .. }) => {
                    message.strip_suffix(TRY_ANEW).unwrap_or(message).to_owned()
                }
                None => "the target does not have it any more".to_owned(),
            };
            (number, why)
        })
        .collect())
}

/// Tables of the plan, by the names that they have in the target.
fn planned(plan: &FrozenPlan) -> impl Iterator<Item = (i64, TableName)> {
    plan.tables.iter().map(|(number, table)| (*number, shape_at_postgres(&table.shape).name))
}

fn tables_of(session: &mut Session) -> Result<BTreeSet<TableName>> {
    let rows = session.query(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')",
    )?;
    let name = |row: Vec<Option<String>>| {
        let mut values = row.into_iter().flatten();
        Some(TableName::new(values.next()?, values.next()?))
    };
    Ok(rows.into_iter().filter_map(name).collect())
}
