//! One run: rows copied and read back, then the rest of the structure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use anyhow::{Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::{Access, Session};
use handover_engine::reader::{End, ReadMode, ReadOptions};
use handover_schemas::ledger::{ChunkEntry, ChunkState, Stage};
use handover_schemas::name::TableName;

use super::CopyRequest;
use super::before_rows;
use super::beside::{Expected, Watched, compare, no_longer_held};
use super::board::{Board, ChunkJob, Unit};
use super::compared::compared;
use super::feed::feed;
use super::finish::{Finished, finish_postgres, finish_sqlite};
use super::gate::Gate;
use super::intervals::IntervalEnds;
use super::ledger_watch::{LedgerWatch, Written};
use super::rate::Rate;
use super::read_again::read_again;
use super::read_back::read_back_sqlite;
use super::report::CopyReport;
use super::roots;
use super::shared::{Shared, StoppedTable};
use super::source::Source;
use super::structure::Structure;
use super::target::OpenedTarget;
use super::tell;
use super::worker::{OpenSource, OpenTarget, Worker};
use crate::ledger::{self, FrozenPlan};
use crate::target::Target;
use crate::target::postgres::share_work;
use crate::target::sqlite::stand_in_for_rows;

/// What one run has to do.
pub(super) struct Work<'a> {
    pub(super) request: &'a CopyRequest,
    pub(super) plan: &'a FrozenPlan,
    pub(super) structure: &'a Structure,
    pub(super) watched: Watched,
    pub(super) stage: Stage,
    pub(super) options: ReadOptions,
    pub(super) run: i64,
    pub(super) intervals: IntervalEnds,
    /// Code of the vendor's runs in the target during the copy.
    pub(super) runs_code: bool,
}

impl Work<'_> {
    /// Does it.
    pub(super) fn copy_and_finish(
        self,
        mut source: Source<'_>,
        target: &mut OpenedTarget<'_>,
        dir: &HandoverDir,
        interrupt: &Interrupt,
        progress: &Progress,
    ) -> Result<CopyReport> {
        let watch = self.watch_ledger(target)?;
        let not_made = self.not_made(target)?;
        let mut jobs = chunk_jobs(self.plan, ledger::chunks(target.store())?);
        jobs.retain(|job| !not_made.contains_key(&job.table));
        let shared = self.shared(&mut source, target, &jobs, interrupt, progress)?;
        for (table, why) in &not_made {
            shared.board.stop_table(*table);
            shared.stop_table(*table, &anyhow::anyhow!("{why}"));
        }
        tell::begin_rows(&shared, &jobs);
        let (source, expected) = self.copy_rows(&shared, source, target, jobs, interrupt);
        interrupt.check()?;
        if let Some(failure) = shared.board.take_failure() {
            return Err(failure);
        }
        let expected = expected?;
        if let Some(watch) = &watch {
            watch.check(target.store(), &shared.written)?;
        }
        if let OpenedTarget::Sqlite(path, connection) = &mut *target {
            progress.begin("reading back", tell::expected(&shared));
            read_back_sqlite(&shared, connection, path, self.request.jobs)?;
        }
        let mut report = tell::report(&shared, target.store(), self.structure)?;
        tell::stopped_tables(&shared, source.as_ref(), dir, self.request.show_keys, &mut report)?;
        if let Some(source) = &source {
            tell::written_another_way(source, self.plan, &shared.options, &mut report)?;
        }
        let stopped = shared.stopped_tables();
        // A table that is not there has no rows that would have to be replaced; and no other table
        // waits for one whose rows the target can never hold.
        let waits_for =
            |stopped: &StoppedTable| !stopped.is_for_good && !not_made.contains_key(&stopped.table);
        if !stopped.iter().any(waits_for) {
            let finished = self.finish(target, &stopped, progress, interrupt)?;
            let mut is_done = stopped.is_empty() && !finished.rows_are_wrong;
            report.findings.extend(finished.findings);
            if let Some(watch) = &watch {
                finished.made.iter().for_each(|step| shared.written.step(step));
                watch.check(target.store(), &shared.written)?;
                progress.begin(
                    "reading again, since code of the vendor's ran",
                    tell::expected(&shared),
                );
                let changed =
                    read_again(&self, &shared, &|| self.open_target(interrupt), interrupt)?;
                is_done &= changed.is_empty();
                report.findings.extend(changed);
            }
            let told = (interrupt, progress);
            let changed =
                roots::record_missing(self.request, self.plan, target, &self.options, told)?;
            is_done &= changed.is_empty();
            report.findings.extend(changed);
            if let OpenedTarget::Postgres(endpoint, _) = target {
                progress.phase("comparing what is not copied");
                report.findings.extend(compare(endpoint, &expected, &shared.options)?);
                report.findings.extend(no_longer_held(endpoint, &self.watched.held, interrupt)?);
            }
            report.compared =
                Some(compared(self.request, self.plan, &self.watched, interrupt, progress)?);
            let refused = ledger::refused(target.store())?;
            ledger::end_structure(target.store(), &report.to_keep(refused.is_empty()), is_done)?;
        }
        report.findings.extend(tell::refused(
            target.store(),
            self.structure,
            self.plan,
            &not_made,
        )?);
        tell::set_outcome(&mut report);
        Ok(report)
    }

    /// The ledger, where code of the vendor's runs beside it.
    fn watch_ledger(&self, target: &mut OpenedTarget<'_>) -> Result<Option<LedgerWatch>> {
        self.runs_code.then(|| LedgerWatch::begin(target.store(), self.plan)).transpose()
    }

    /// Tables of the plan that the target refused to make, with the reason.
    fn not_made(&self, target: &mut OpenedTarget<'_>) -> Result<BTreeMap<i64, String>> {
        match target {
            OpenedTarget::Postgres(_, session) => {
                before_rows::not_made(session, self.structure, self.plan)
            }
            OpenedTarget::Sqlite(..) => Ok(BTreeMap::new()),
        }
    }

    fn finish(
        &self,
        target: &mut OpenedTarget<'_>,
        stopped: &[StoppedTable],
        progress: &Progress,
        interrupt: &Interrupt,
    ) -> Result<Finished> {
        match target {
            OpenedTarget::Postgres(endpoint, _) => {
                let gone: BTreeSet<&TableName> = stopped
                    .iter()
                    .filter(|stopped| stopped.is_for_good)
                    .map(|stopped| Ok(&self.plan.table(stopped.table)?.shape.name))
                    .collect::<Result<_>>()?;
                let structure = if gone.is_empty() {
                    Cow::Borrowed(self.structure)
                } else {
                    Cow::Owned(self.structure.without_rows_of(&gone))
                };
                let (jobs, run) = (self.request.jobs, self.run);
                finish_postgres(endpoint, &structure, jobs, run, progress, interrupt)
            }
            OpenedTarget::Sqlite(_, connection) => {
                finish_sqlite(connection, self.structure, progress, interrupt)
            }
        }
    }

    fn shared<'s>(
        &'s self,
        source: &mut Source<'_>,
        target: &mut OpenedTarget<'_>,
        jobs: &[ChunkJob],
        interrupt: &Interrupt,
        progress: &'s Progress,
    ) -> Result<Shared<'s>> {
        let mut open: BTreeMap<i64, usize> = BTreeMap::new();
        for job in jobs {
            *open.entry(job.table).or_default() += job.entries.len();
        }
        let steps: BTreeSet<String> =
            ledger::steps(target.store())?.into_iter().map(|(name, _)| name).collect();
        let feeding = matches!(&*source, Source::Sqlite(..));
        Ok(Shared {
            plan: self.plan,
            board: Board::new(open, VecDeque::new(), feeding, interrupt),
            snapshot: source.snapshot(self.run)?,
            written: Written::from(&ledger::chunks(target.store())?),
            options: self.options.clone(),
            rate: Rate::new(self.request.max_rate, interrupt),
            gate: Arc::new(Gate::default()),
            progress,
            intervals: &self.intervals,
            steps,
            may_replace: self.stage == Stage::Rows,
            settings: self.structure.settings.clone(),
            owner: self.structure.owner.clone(),
            counted: Mutex::default(),
            stopped: Mutex::default(),
            without_key: Mutex::default(),
        })
    }

    fn open_target(&self, interrupt: &Interrupt) -> Result<Target> {
        match &self.request.target {
            Endpoint::Postgres(postgres) => {
                let mut session = Session::open(postgres, Access::Write, interrupt)?;
                share_work(&mut session)?;
                Ok(Target::Postgres(session))
            }
            Endpoint::Sqlite(path) => {
                let connection = crate::target::sqlite::open_target(path)?;
                stand_in_for_rows(&self.structure.stand_ins, &connection)?;
                Ok(Target::Sqlite(connection))
            }
        }
    }

    /// Lets the workers copy everything; gives a SQLite source back, and what a PostgreSQL source has
    /// of what is not copied.
    fn copy_rows<'s>(
        &self,
        shared: &Shared<'_>,
        source: Source<'s>,
        target: &mut OpenedTarget<'_>,
        jobs: Vec<ChunkJob>,
        interrupt: &Interrupt,
    ) -> (Option<Source<'s>>, Result<Vec<Expected>>) {
        let keys = &self.structure.keys;
        let workers = match target {
            OpenedTarget::Postgres(..) => self.request.jobs,
            OpenedTarget::Sqlite(..) => 1,
        };
        let open_target: &OpenTarget<'_> = &|| self.open_target(interrupt);
        match source {
            Source::Postgres(endpoint, holder) => {
                for job in jobs {
                    shared.board.add(Unit::Copy(job));
                }
                let snapshot = holder.snapshot().clone();
                let open_source: &OpenSource<'_> =
                    &|| Ok(End::Postgres(snapshot.open_session(endpoint, interrupt)?));
                std::thread::scope(|scope| {
                    for _ in 0..workers {
                        scope.spawn(|| {
                            shared.board.run(|| {
                                Worker::new(shared, open_source, open_target, keys).run();
                            });
                        });
                    }
                    let open = || snapshot.open_session(endpoint, interrupt);
                    let expected = self.watched.read_source(self.plan, &shared.options, open);
                    shared.board.wait_for_source();
                    // All rows are read: the source may forget this moment.
                    drop(holder);
                    (None, expected)
                })
            }
            Source::Sqlite(path, connection) => {
                let open_source: &OpenSource<'_> =
                    &|| bail!("a SQLite source is read by one connection only");
                std::thread::scope(|scope| {
                    for _ in 0..workers {
                        scope.spawn(|| {
                            shared.board.run(|| {
                                Worker::new(shared, open_source, open_target, keys).run();
                            });
                        });
                    }
                    shared.board.run(|| feed(shared, &connection, &jobs));
                });
                (Some(Source::Sqlite(path, connection)), Ok(Vec::new()))
            }
        }
    }
}

/// Jobs for every chunk of the plan: one each, or one per table that has to be read whole.
fn chunk_jobs(plan: &FrozenPlan, entries: Vec<ChunkEntry>) -> Vec<ChunkJob> {
    let mut by_table: BTreeMap<i64, Vec<ChunkEntry>> = BTreeMap::new();
    for entry in entries {
        by_table.entry(entry.id.table).or_default().push(entry);
    }
    let mut jobs = Vec::new();
    for (table, planned) in &plan.tables {
        let entries = by_table.remove(table).unwrap_or_default();
        match ReadMode::of(&planned.shape, entries.len()) {
            ReadMode::WholeThenSort => jobs.push(ChunkJob { table: *table, entries }),
            ReadMode::Ranges | ReadMode::Keyless => jobs.extend(
                entries.into_iter().map(|entry| ChunkJob { table: *table, entries: vec![entry] }),
            ),
        }
    }
    // Tables with most to do first, so that no worker is left alone with one at the end.
    let open = |job: &ChunkJob| job.entries.iter().any(|e| e.state == ChunkState::Planned);
    jobs.sort_by_key(|job| !open(job));
    jobs
}
