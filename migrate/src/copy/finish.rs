//! After the rows: constraints, indexes, the rest, sequences. Each piece and the ledger's word that
//! it is done are one transaction.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};
use handover_schemas::ledger::Stage;
use handover_schemas::report::{Finding, FindingKind};
use handover_verify::endpoint::PostgresEndpoint;
use handover_verify::interrupt::Interrupt;
use handover_verify::postgres::{Access, Session};
use handover_verify::progress::Progress;
use rusqlite::Connection;

use super::before_rows;
use super::structure::Structure;
use crate::ledger::{self, RefusedIn, Store};
use crate::target::postgres::{
    Refusal, SchemaEntry, SequenceProblem, SourceSettings, make_together, making_session,
    pinned_again, retried, set_sequences, share_work,
};

/// Lets autovacuum work again on the tables that it was to leave alone while rows were copied.
const VACUUM_AGAIN: &str = "DO $$ DECLARE name text; BEGIN \
    FOR name IN SELECT table_name FROM handover.unvacuumed_table LOOP \
      EXECUTE format('ALTER TABLE %s RESET (autovacuum_enabled)', name); \
    END LOOP; DELETE FROM handover.unvacuumed_table; END $$";

/// Small things that are made in one transaction.
const AT_ONCE: usize = 50;

/// What was made of everything that follows the rows.
pub(super) struct Finished {
    /// What could not be made, but for what the ledger lists as refused.
    pub(super) findings: Vec<Finding>,
    /// Rows keep something from being made, which has to be put right first.
    pub(super) rows_are_wrong: bool,
}

/// Makes what is missing in a PostgreSQL target. What is refused is recorded in the ledger.
pub(super) fn finish_postgres(making: &Making<'_>) -> Result<Finished> {
    let Making { target, structure, progress, interrupt, .. } = making;
    let mut session = Session::open(target, Access::Write, interrupt)?;
    share_work(&mut session)?;
    ledger::set_stage(&mut session, Stage::Structure)?;
    session.execute(VACUUM_AGAIN)?;
    let refused = making.make_rest()?;
    progress.phase("setting sequences");
    Ok(Finished {
        findings: sequence_findings(set_sequences(&mut session, &structure.sequences)?),
        rows_are_wrong: refused.iter().any(|refusal| refusal.by_rows),
    })
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

/// How what follows the rows is made.
#[derive(Clone, Copy)]
pub(super) struct Making<'a> {
    pub(super) target: &'a PostgresEndpoint,
    pub(super) structure: &'a Structure,
    /// What holds while expressions are evaluated.
    pub(super) settings: &'a SourceSettings,
    pub(super) jobs: usize,
    pub(super) run: i64,
    pub(super) progress: &'a Progress,
    pub(super) interrupt: &'a Interrupt,
}

impl Making<'_> {
    /// Makes the entries that follow the rows, but for those that are there. Returns what was
    /// refused, which is recorded.
    pub(super) fn make_rest(&self) -> Result<Vec<Refusal>> {
        let mut session = Session::open(self.target, Access::Write, self.interrupt)?;
        share_work(&mut session)?;
        let done: BTreeSet<String> =
            ledger::steps(&mut session)?.into_iter().map(|(name, _)| name).collect();
        let after = &self.structure.after;
        let open: Vec<&SchemaEntry> =
            after.iter().filter(|entry| !done.contains(&entry.step)).collect();
        let text = format!("{} constraints, indexes and other objects to make", open.len());
        self.progress.phase_of(&text, open.len() as u64);
        let statements = open
            .iter()
            .map(|entry| {
                let record = ledger::step_statement(&session, &entry.step, None);
                let pinned = if entry.is_quick() { String::new() } else { pinned_again() };
                format!("{}\n{pinned}{record}\n", entry.statements())
            })
            .collect();
        let refused = Entries { making: *self, open: &open, statements }.make_all()?;
        let steps: BTreeSet<String> =
            ledger::refused(&mut session)?.into_iter().map(|(step, _)| step).collect();
        let mut refused = before_rows::still_missing(&mut session, &open, refused)?;
        // Somebody made by hand what an earlier run was refused. Whether it is the same, the
        // verifier says.
        refused.retain(|(at, refusal)| {
            !(refusal.is_there && open.get(*at).is_some_and(|entry| steps.contains(&entry.step)))
        });
        let before = &self.structure.before;
        let missing: Vec<&SchemaEntry> =
            before.iter().filter(|entry| steps.contains(&entry.step)).collect();
        let findings = before_rows::findings(&open, &refused, &missing, "schema/post-data.sql");
        session.execute("BEGIN")?;
        let recorded = ledger::record_refused(&mut session, RefusedIn::PostData, &findings);
        ledger::end_transaction(&mut session, recorded)?;
        Ok(refused.into_iter().map(|(_, refusal)| refusal).collect())
    }
}

/// Entries on their way into the target.
struct Entries<'a> {
    making: Making<'a>,
    open: &'a [&'a SchemaEntry],
    /// SQL of each entry, with what records it.
    statements: Vec<String>,
}

impl Entries<'_> {
    /// Makes everything: what needs only its table first, by several sessions; then the rest in its
    /// order; what was refused once more, as long as that helps; event triggers at the very end,
    /// since they act on what is made after them.
    fn make_all(&self) -> Result<Vec<(usize, Refusal)>> {
        let of = |wanted: &dyn Fn(&SchemaEntry) -> bool| -> Vec<usize> {
            let known = self.open.iter().enumerate();
            known.filter(|(_, entry)| wanted(entry)).map(|(at, _)| at).collect()
        };
        let is_alone =
            |entry: &SchemaEntry| matches!(entry.kind.as_str(), "KEY" | "INDEX" | "CONSTRAINT");
        let alone = of(&is_alone);
        let in_order = of(&|entry| !is_alone(entry) && !entry.is_event_trigger());
        let last = of(&SchemaEntry::is_event_trigger);
        let mut open = self.make(&alone, self.making.jobs)?;
        open.extend(self.make(&in_order, 1)?);
        let again = open.into_iter().map(|(at, _)| at).collect();
        let mut refused = retried(again, |open| self.make(open, 1))?;
        refused.extend(retried(last, |open| self.make(open, 1))?);
        refused.sort_by_key(|(at, _)| *at);
        Ok(refused)
    }

    fn make(&self, open: &[usize], sessions: usize) -> Result<Vec<(usize, Refusal)>> {
        let groups = self.groups(open);
        let next = AtomicUsize::new(0);
        let refused = Mutex::new(Vec::new());
        let work = || -> Result<()> {
            let mut session = making_session(self.making.target, self.making.interrupt)?;
            // As long as this session is there, no other run begins.
            ledger::check_newest(&mut session, self.making.run)?;
            while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                let found = self.make_group(&mut session, group)?;
                refused.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..sessions.min(groups.len())).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| {
                worker.join().unwrap_or_else(|_panic| bail!("a worker panicked"))
            })
        })?;
        let mut refused = refused.into_inner().unwrap_or_else(PoisonError::into_inner);
        refused.sort_by_key(|(at, _)| *at);
        Ok(refused)
    }

    /// What is quick goes together; what reads rows goes by itself.
    fn groups(&self, open: &[usize]) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut is_open = false;
        for at in open {
            let is_quick = self.open.get(*at).is_some_and(|entry| entry.is_quick());
            match groups.last_mut() {
                Some(group) if is_open && is_quick && group.len() < AT_ONCE => group.push(*at),
                _ => groups.push(vec![*at]),
            }
            is_open = is_quick;
        }
        groups
    }

    fn make_group(&self, session: &mut Session, group: &[usize]) -> Result<Vec<(usize, Refusal)>> {
        let of = |at: &usize| self.statements.get(*at).map_or("", String::as_str);
        let together: Vec<&str> = group.iter().map(of).collect();
        let mut refused = Vec::new();
        let settings = self.settings_of(group);
        match (make_together(session, &settings, &together.join("\n"))?, group) {
            (None, _) => {}
            (Some(refusal), [at]) => refused.push((*at, refusal)),
            (Some(_), group) => {
                for at in group {
                    let refusal = make_together(session, &settings, of(at))?;
                    refused.extend(refusal.map(|refusal| (*at, refusal)));
                }
            }
        }
        self.making.progress.done(group.len() as u64);
        Ok(refused)
    }

    /// What has to hold while a group is made: only what is not quick evaluates anything, and that
    /// goes by itself.
    fn settings_of(&self, group: &[usize]) -> String {
        match group {
            [at] if self.open.get(*at).is_some_and(|entry| !entry.is_quick()) => {
                self.making.settings.begin()
            }
            _ => String::new(),
        }
    }
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
        let made =
            Store::execute(target, &format!("BEGIN IMMEDIATE; {} {record} COMMIT;", entry.sql));
        if let Err(error) = made {
            if !target.is_autocommit() {
                Store::execute(target, "ROLLBACK")?;
            }
            findings.push(not_made(&entry.name, &format!("{error:#}")));
        }
        progress.done(1);
    }
    let rows_are_wrong = !findings.is_empty();
    Ok(Finished { findings, rows_are_wrong })
}
