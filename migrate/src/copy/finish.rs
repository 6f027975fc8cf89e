//! After the rows: constraints, indexes, the rest, sequences. Each piece and the ledger's word that
//! it is done are one transaction.

use std::collections::BTreeSet;

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::PostgresEndpoint;
use handover_engine::postgres::{Access, Session};
use handover_schemas::ledger::Stage;
use handover_schemas::report::{Finding, FindingKind};
use rusqlite::Connection;

use super::before_rows;
use super::making::Making;
use super::structure::Structure;
use crate::ledger::{self, RefusedIn, Store};
use crate::target::postgres::{Refusal, SchemaEntry, SequenceProblem, set_sequences, share_work};
use crate::target::sqlite;

/// Lets autovacuum work again on the tables that it was to leave alone while rows were copied.
const VACUUM_AGAIN: &str = "DO $$ DECLARE name text; BEGIN \
    FOR name IN SELECT table_name FROM handover.unvacuumed_table LOOP \
      EXECUTE format('ALTER TABLE %s RESET (autovacuum_enabled)', name); \
    END LOOP; DELETE FROM handover.unvacuumed_table; END $$";

/// What was made of everything that follows the rows.
pub(super) struct Finished {
    /// What could not be made, but for what the ledger lists as refused.
    pub(super) findings: Vec<Finding>,
    /// Rows keep something from being made, which has to be put right first.
    pub(super) rows_are_wrong: bool,
    /// Steps that were recorded.
    pub(super) made: BTreeSet<String>,
}

/// Makes what is missing in a PostgreSQL target. What is refused is recorded in the ledger.
pub(super) fn finish_postgres(
    target: &PostgresEndpoint,
    structure: &Structure,
    jobs: usize,
    run: i64,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<Finished> {
    let mut session = Session::open(target, Access::Write, interrupt)?;
    share_work(&mut session)?;
    ledger::set_stage(&mut session, Stage::Structure)?;
    session.execute(VACUUM_AGAIN)?;
    let (made, refused) = make_rest(target, structure, jobs, run, progress, interrupt)?;
    progress.phase("setting sequences");
    Ok(Finished {
        findings: sequence_findings(set_sequences(&mut session, &structure.sequences)?),
        rows_are_wrong: refused.iter().any(|refusal| refusal.by_rows),
        made,
    })
}

/// Makes the entries that follow the rows, but for those that are there. Returns what was refused,
/// which is recorded, behind the steps that were done.
pub(super) fn make_rest(
    target: &PostgresEndpoint,
    structure: &Structure,
    jobs: usize,
    run: i64,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<(BTreeSet<String>, Vec<Refusal>)> {
    let mut session = Session::open(target, Access::Write, interrupt)?;
    share_work(&mut session)?;
    let done: BTreeSet<String> =
        ledger::steps(&mut session)?.into_iter().map(|(name, _)| name).collect();
    let open: Vec<&SchemaEntry> =
        structure.after.iter().filter(|entry| !done.contains(&entry.step)).collect();
    let text = format!("{} constraints, indexes and other objects to make", open.len());
    progress.phase_of(&text, open.len() as u64);
    let making =
        Making::new(target, (&session, &structure.owner), &open, Some(run), progress, interrupt);
    let refused = making.under(&structure.settings).make_after_rows(jobs)?;
    let is_refused = |at: usize| refused.iter().any(|(other, _)| *other == at);
    let made = open.iter().enumerate().filter(|(at, _)| !is_refused(*at));
    let made = made.map(|(_, entry)| entry.step.clone()).collect();
    let steps: BTreeSet<String> =
        ledger::refused(&mut session)?.into_iter().map(|(step, _)| step).collect();
    let mut refused = before_rows::still_missing(&mut session, &open, refused)?;
    // Somebody made by hand what an earlier run was refused. Whether it is the same, the verifier
    // says.
    refused.retain(|(at, refusal)| {
        !(refusal.is_there && open.get(*at).is_some_and(|entry| steps.contains(&entry.step)))
    });
    let missing: Vec<&SchemaEntry> =
        structure.before.iter().filter(|entry| steps.contains(&entry.step)).collect();
    let findings = before_rows::findings(&open, &refused, &missing, "schema/post-data.sql");
    session.execute("BEGIN")?;
    let recorded = ledger::record_refused(&mut session, RefusedIn::PostData, &findings);
    ledger::end_transaction(&mut session, recorded)?;
    Ok((made, refused.into_iter().map(|(_, refusal)| refusal).collect()))
}

fn sequence_findings(problems: Vec<SequenceProblem>) -> Vec<Finding> {
    let finding = |problem: SequenceProblem| Finding {
        object: Some(problem.display.clone()),
        object_kind: Some("sequence".to_owned()),
        ..Finding::new(
            FindingKind::ObjectDiffers,
            format!(
                "{} sequence {}; {}",
                problem.reason,
                problem.display,
                if problem.is_set {
                    "it was set to the last number in its column"
                } else {
                    "it starts anew; set it by hand (setval), or ask for SELECT on it"
                }
            ),
        )
    };
    problems.into_iter().map(finding).collect()
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
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<Finished> {
    ledger::set_stage(target, Stage::Structure)?;
    let done: BTreeSet<String> = ledger::steps(target)?.into_iter().map(|(name, _)| name).collect();
    let mut findings = Vec::new();
    let open: Vec<&SchemaEntry> =
        structure.after.iter().filter(|entry| !done.contains(&entry.step)).collect();
    progress.phase_of("making indexes, views and triggers", open.len() as u64);
    for entry in open {
        interrupt.check()?;
        let record = ledger::step_statement(target, &entry.step, None);
        let made = sqlite::in_transaction(target, |target| {
            sqlite::make(target, std::slice::from_ref(entry))?;
            Store::execute(target, &record)
        });
        if let Err(error) = made {
            // A virtual table that was not made may have left it on.
            Store::execute(target, "PRAGMA writable_schema = OFF")?;
            findings.push(not_made(&entry.name, &format!("{error:#}")));
        }
        progress.done(1);
    }
    let rows_are_wrong = !findings.is_empty();
    Ok(Finished { findings, rows_are_wrong, made: BTreeSet::new() })
}
