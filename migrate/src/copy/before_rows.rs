//! Before the rows, in a PostgreSQL target: types, tables, functions, views.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use handover_schemas::name::TableName;
use handover_schemas::report::{Finding, FindingKind};
use handover_verify::postgres::Session;
use handover_verify::progress::Progress;

use super::structure::Structure;
use crate::ledger::{self, FrozenPlan, RefusedIn};
use crate::target::postgres::{Refusal, SchemaEntry, is_there_already, make_within};
use crate::target::shape_at_postgres;

/// Makes everything in a new target, with the ledger and the plan, in one transaction. `ledger_rows`
/// are the statements that write into the ledger's tables. Entries that are refused are recorded.
///
/// An error, and nothing is kept, if no table of the plan can be made.
pub(super) fn make_new(
    session: &mut Session,
    structure: &Structure,
    plan: &FrozenPlan,
    (ledger_tables, ledger_rows): (&str, &str),
    progress: &Progress,
) -> Result<()> {
    let entries: Vec<&SchemaEntry> = structure.before.iter().collect();
    session.execute("BEGIN")?;
    let made = session.execute(ledger_tables).and_then(|()| {
        let refused = make(session, &entries, progress)?;
        let tables = tables_of(session)?;
        let is_made = |table: &TableName| tables.contains(table);
        if let Some((at, refusal)) = refused.first()
            && !planned(plan).any(|(_, name)| is_made(&name))
        {
            let name = entries.get(*at).map_or("", |entry| entry.name.as_str());
            bail!("{name}: {}", refusal.reason);
        }
        session.execute(ledger_rows)?;
        record(session, &entries, &refused)
    });
    ledger::end_transaction(session, made)
}

/// Makes what an earlier run was refused, where the target allows it now.
pub(super) fn make_refused(
    session: &mut Session,
    structure: &Structure,
    progress: &Progress,
) -> Result<()> {
    let refused: BTreeSet<String> =
        ledger::refused(session)?.into_iter().map(|(step, _)| step).collect();
    let entries: Vec<&SchemaEntry> =
        structure.before.iter().filter(|entry| refused.contains(&entry.step)).collect();
    if entries.is_empty() {
        return Ok(());
    }
    session.execute("BEGIN")?;
    let made = make(session, &entries, progress).and_then(|mut refused| {
        // Somebody made it by hand. Whether it is the same, the verifier says.
        refused.retain(|(_, refusal)| !refusal.is_there);
        record(session, &entries, &refused)
    });
    ledger::end_transaction(session, made)
}

fn make(
    session: &mut Session,
    entries: &[&SchemaEntry],
    progress: &Progress,
) -> Result<Vec<(usize, Refusal)>> {
    let text = "making types, tables, functions and views";
    progress.phase_of(text, entries.len() as u64);
    let refused = make_within(session, entries, |made| progress.done(made as u64))?;
    still_missing(session, entries, refused)
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

fn record(
    session: &mut Session,
    entries: &[&SchemaEntry],
    refused: &[(usize, Refusal)],
) -> Result<()> {
    let findings = findings(entries, refused, &[], "schema/pre-data.sql");
    ledger::record_refused(session, RefusedIn::PreData, &findings)
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
                        "{} could not be made: {why}; its SQL is in {file}; run the command again \
                         to try anew",
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
                Some(finding) => finding.message.clone(),
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
