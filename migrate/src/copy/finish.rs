//! After the rows: constraints, indexes, the rest, sequences. Each piece and the ledger's word that
//! it is done are one transaction.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use handover_schemas::ledger::Stage;
use handover_schemas::report::{Finding, FindingKind};
use handover_verify::endpoint::PostgresEndpoint;
use handover_verify::interrupt::Interrupt;
use handover_verify::postgres::{Access, Session};
use handover_verify::progress::Progress;
use rusqlite::Connection;

use super::structure::Structure;
use crate::ledger::{self, Store};
use crate::target::postgres::{PostDataEntry, Psql, SqlFile, set_sequences, share_work};

/// Lets autovacuum work again on the tables that it was to leave alone while rows were copied.
const VACUUM_AGAIN: &str = "DO $$ DECLARE name text; BEGIN \
    FOR name IN SELECT table_name FROM handover.unvacuumed_table LOOP \
      EXECUTE format('ALTER TABLE %s RESET (autovacuum_enabled)', name); \
    END LOOP; DELETE FROM handover.unvacuumed_table; END $$";

/// Makes what is missing in a PostgreSQL target. Returns what could not be made.
pub(super) fn finish_postgres(
    target: &PostgresEndpoint,
    structure: &Structure,
    jobs: usize,
    run: i64,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<Vec<Finding>> {
    let mut session = Session::open(target, Access::Write, interrupt)?;
    share_work(&mut session)?;
    ledger::set_stage(&mut session, Stage::Structure)?;
    ledger::forget_failed_steps(&mut session)?;
    let done: BTreeSet<String> =
        ledger::steps(&mut session)?.into_iter().map(|(name, _)| name).collect();
    let open: Vec<&PostDataEntry> =
        structure.after.iter().filter(|entry| !done.contains(&entry.step)).collect();
    progress.note(&format!("{} constraints, indexes and other objects to make", open.len()));
    let is_key = |entry: &&PostDataEntry| entry.name.starts_with("KEY ");
    let (keys, others): (Vec<_>, Vec<_>) = open.into_iter().partition(is_key);
    let (indexes, others): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|entry| entry.is_index());
    session.execute(VACUUM_AGAIN)?;
    let mut findings = Vec::new();
    for (entries, at_once) in [(keys, 1), (indexes, jobs), (others, 1)] {
        findings.extend(make_all(target, &session, &entries, at_once, run, interrupt)?);
    }
    for sequence in set_sequences(&mut session, &structure.sequences)? {
        findings.push(Finding {
            object: Some(sequence.display.clone()),
            object_kind: Some("sequence".to_owned()),
            ..Finding::new(
                FindingKind::ObjectDiffers,
                format!(
                    "the account may not read sequence {}; {}",
                    sequence.display,
                    if sequence.is_set {
                        "it was set to the last number in its column"
                    } else {
                        "it starts anew; set it by hand (setval), or ask for SELECT on it"
                    }
                ),
            )
        });
    }
    Ok(findings)
}

fn make_all(
    target: &PostgresEndpoint,
    names: &Session,
    entries: &[&PostDataEntry],
    at_once: usize,
    run: i64,
    interrupt: &Interrupt,
) -> Result<Vec<Finding>> {
    let newest = ledger::only_in_run(names, run);
    let statements: Vec<String> = entries
        .iter()
        .map(|entry| {
            let record = ledger::step_statement(names, &entry.step, None);
            format!("{newest}\n{}\n{record}\n", entry.sql)
        })
        .collect();
    let next = AtomicUsize::new(0);
    let findings = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        let psql = Psql::new(target);
        loop {
            interrupt.check()?;
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(entry), Some(sql)) = (entries.get(index), statements.get(index)) else {
                return Ok(());
            };
            if let Err(error) = psql.run_in_transaction(&[SqlFile::Text(sql)]) {
                interrupt.check()?;
                let finding = not_made(&entry.name, &format!("{error:#}"));
                findings.lock().unwrap_or_else(PoisonError::into_inner).push((index, finding));
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once.min(entries.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_panic| anyhow::bail!("a worker panicked"))
        })
    })?;
    let mut findings = findings.into_inner().unwrap_or_else(PoisonError::into_inner);
    findings.sort_by_key(|(index, _)| *index);
    Ok(findings.into_iter().map(|(_, finding)| finding).collect())
}

fn not_made(name: &str, why: &str) -> Finding {
    Finding {
        object: Some(name.to_owned()),
        ..Finding::new(
            FindingKind::ObjectMissing,
            format!("{name} could not be made: {why}; run the command again to try anew"),
        )
    }
}

/// Makes what is missing in a SQLite target. Returns what could not be made.
pub(super) fn finish_sqlite(
    target: &mut Connection,
    structure: &Structure,
    interrupt: &Interrupt,
) -> Result<Vec<Finding>> {
    ledger::set_stage(target, Stage::Structure)?;
    ledger::forget_failed_steps(target)?;
    let done: BTreeSet<String> = ledger::steps(target)?.into_iter().map(|(name, _)| name).collect();
    let mut findings = Vec::new();
    for entry in structure.after.iter().filter(|entry| !done.contains(&entry.step)) {
        interrupt.check()?;
        let record = ledger::step_statement(target, &entry.step, None);
        let made =
            Store::execute(target, &format!("BEGIN IMMEDIATE; {} {record} COMMIT;", entry.sql));
        if let Err(error) = made {
            if !target.is_autocommit() {
                Store::execute(target, "ROLLBACK")?;
            }
            // A virtual table that was not made may have left it on.
            Store::execute(target, "PRAGMA writable_schema = OFF")?;
            findings.push(not_made(&entry.name, &format!("{error:#}")));
        }
    }
    Ok(findings)
}
