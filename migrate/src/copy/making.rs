//! Schema entries on their way into a PostgreSQL target: each commits together with the ledger's word
//! that it is made.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::PostgresEndpoint;
use handover_engine::postgres::Session;

use crate::ledger;
use crate::target::postgres::{
    Owner, Refusal, SchemaEntry, SourceSettings, make_together, making_session, pinned_again,
    retried, takes_account,
};

/// Small things that are made in one transaction. A server has locks for some thousands of tables
/// only, and a transaction keeps those of every table that it makes.
const AT_ONCE: usize = 50;

/// Entries on their way into the target.
pub(super) struct Making<'a> {
    target: &'a PostgresEndpoint,
    entries: &'a [&'a SchemaEntry],
    /// SQL that records each entry.
    records: Vec<String>,
    owner: &'a Owner,
    /// What holds while rows are looked at.
    settings: String,
    /// The run; none before the first one.
    run: Option<i64>,
    progress: &'a Progress,
    interrupt: &'a Interrupt,
}

impl<'a> Making<'a> {
    /// Entries that are to be made in the target, in their order. `names` knows the ledger's.
    pub(super) fn new(
        target: &'a PostgresEndpoint,
        (names, owner): (&Session, &'a Owner),
        entries: &'a [&'a SchemaEntry],
        run: Option<i64>,
        progress: &'a Progress,
        interrupt: &'a Interrupt,
    ) -> Self {
        let record = |entry: &&SchemaEntry| {
            let record = ledger::step_statement(names, &entry.step, None);
            let pinned = if entry.is_quick() { String::new() } else { pinned_again() };
            format!("{pinned}{record}")
        };
        let records = entries.iter().map(record).collect();
        let settings = String::new();
        Self { target, entries, records, owner, settings, run, progress, interrupt }
    }

    /// What takes its time looks at rows, and evaluates expressions: that goes under these settings.
    pub(super) fn under(self, settings: &SourceSettings) -> Self {
        Self { settings: settings.begin(), ..self }
    }

    /// Makes everything in its order; what was refused once more, as long as that helps. Returns
    /// what is refused in the end, by its place among the entries.
    pub(super) fn make_before_rows(&self) -> Result<Vec<(usize, Refusal)>> {
        retried((0..self.entries.len()).collect(), |open| self.make(open, 1))
    }

    /// Makes everything: what needs only its table first, by several sessions; then the rest in its
    /// order; what was refused once more, as long as that helps; event triggers at the very end,
    /// since they act on what is made after them.
    pub(super) fn make_after_rows(&self, jobs: usize) -> Result<Vec<(usize, Refusal)>> {
        let of = |wanted: &dyn Fn(&SchemaEntry) -> bool| -> Vec<usize> {
            let known = self.entries.iter().enumerate();
            known.filter(|(_, entry)| wanted(entry)).map(|(at, _)| at).collect()
        };
        let is_alone =
            |entry: &SchemaEntry| matches!(entry.kind.as_str(), "KEY" | "INDEX" | "CONSTRAINT");
        let alone = of(&is_alone);
        let in_order = of(&|entry| !is_alone(entry) && !entry.is_event_trigger());
        let last = of(&SchemaEntry::is_event_trigger);
        let mut open = self.make(&alone, jobs)?;
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
            let mut session = making_session(self.target, self.interrupt)?;
            // As long as this session is there, no other run begins.
            if let Some(run) = self.run {
                ledger::check_newest(&mut session, run)?;
            }
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
            let is_quick = self.entries.get(*at).is_some_and(|entry| entry.is_quick());
            match groups.last_mut() {
                Some(group) if is_open && is_quick && group.len() < AT_ONCE => group.push(*at),
                _ => groups.push(vec![*at]),
            }
            is_open = is_quick;
        }
        groups
    }

    fn make_group(&self, session: &mut Session, group: &[usize]) -> Result<Vec<(usize, Refusal)>> {
        let together: Vec<String> =
            group.iter().map(|at| self.statement(*at, self.owner)).collect();
        let mut refused = Vec::new();
        let settings = self.settings_of(group);
        match (make_together(session, self.owner, settings, &together.join("\n"))?, group) {
            (None, _) => {}
            (Some(refusal), [at]) => refused.extend(self.once_more(session, *at, refusal)?),
            (Some(_), group) => {
                for at in group {
                    let sql = self.statement(*at, self.owner);
                    if let Some(refusal) = make_together(session, self.owner, settings, &sql)? {
                        refused.extend(self.once_more(session, *at, refusal)?);
                    }
                }
            }
        }
        self.progress.done((group.len() - refused.len()) as u64);
        Ok(refused)
    }

    /// An entry and what records it.
    fn statement(&self, at: usize, owner: &Owner) -> String {
        let (Some(entry), Some(record)) = (self.entries.get(at), self.records.get(at)) else {
            return String::new();
        };
        format!("{}\n{record}\n", owner.run(&entry.statements()))
    }

    /// Makes what its owner may not make with the account's own rights, if that is allowed.
    fn once_more(
        &self,
        session: &mut Session,
        at: usize,
        refusal: Refusal,
    ) -> Result<Option<(usize, Refusal)>> {
        let takes = |entry: &&SchemaEntry| takes_account(self.owner, entry, &refusal);
        if !self.entries.get(at).is_some_and(takes) {
            return Ok(Some((at, refusal)));
        }
        let sql = self.statement(at, &Owner::Account);
        let refusal = make_together(session, self.owner, self.settings_of(&[at]), &sql)?;
        Ok(refusal.map(|refusal| (at, refusal)))
    }

    /// What looks at rows is a group of its own.
    fn settings_of(&self, group: &[usize]) -> &str {
        match group {
            [at] if self.entries.get(*at).is_some_and(|entry| !entry.is_quick()) => &self.settings,
            _ => "",
        }
    }
}
