//! Copying a database: plan → open ledger → for each chunk: read, encode, write, record → read
//! back → settle.

mod before_rows;
mod beside;
mod board;
mod changes;
mod compared;
mod failure;
mod feed;
mod finish;
mod foreign_servers;
mod gate;
mod intervals;
mod invalid_indexes;
mod ledger_watch;
mod left_out;
mod making;
mod names;
mod owner;
mod plan;
mod rate;
mod read_again;
mod read_back;
pub mod report;
mod roots;
mod rows;
mod shared;
mod source;
mod structure;
mod target;
mod target_lacks;
mod tell;
mod vendor_code;
mod worker;

pub use crate::target::postgres::Owner;
pub(crate) use source::source_place;
pub use vendor_code::Reviewed;

use std::path::PathBuf;

use anyhow::{Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::{Interrupt, Interrupted};
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_engine::reader::ReadOptions;
use handover_engine::rename::refuse_where_names_stay;
use handover_engine::rows::Wire;
use handover_engine::sqlite::values::TextLimit;
use handover_engine::sqlite::{Integrity, Mapping, Respelled, TypeOverride};
use handover_schemas::config::{LeaveOut, Rename};
use handover_schemas::digest::Digest;
use handover_schemas::ledger::{LesserLine, Stage};
use handover_schemas::moved::MovedEnd;
use handover_schemas::name::TableName;
use handover_verify::tables::refuse_types;

use self::beside::Watched;
use self::report::{CopyOutcome, CopyReport};
use self::source::{Described, Source};
use self::structure::Structure;
use self::target::OpenedTarget;
pub(crate) use self::tell::copied_tables;
use self::vendor_code::VendorCode;
use crate::ledger::{self, RunOutcome};
use crate::target::postgres::refuse_more_than_a_routine;
use crate::target::sqlite::hold_target;

/// What to copy, and how.
#[derive(Clone, Debug)]
pub struct CopyRequest {
    /// The vendor's database.
    pub source: Endpoint,
    /// The ministry's database.
    pub target: Endpoint,
    /// The hand-over folder.
    pub handover: PathBuf,
    /// Connections at each end.
    pub jobs: usize,
    /// Most canonical text in a chunk, in bytes; a plan that exists keeps its own.
    pub chunk_bytes: u64,
    /// Most bytes of rows read from the source per second.
    pub max_rate: Option<u64>,
    /// Types chosen for SQLite columns.
    pub type_overrides: Vec<TypeOverride>,
    /// Tables that are not copied.
    pub leave_out: Vec<LeaveOut>,
    /// Names that tables and columns of a SQLite source have in the target.
    pub rename: Vec<Rename>,
    /// What somebody has said about the vendor's code.
    pub reviewed: Option<Reviewed>,
    /// Who owns what is made in a PostgreSQL target, if somebody said so.
    pub owner: Option<Owner>,
    /// Stop before anything is made.
    pub plan_only: bool,
    /// Show keys in the report.
    pub show_keys: bool,
}

impl CopyRequest {
    /// The connections that are less than `verify-full`, as somebody chose by name.
    fn lesser_lines(&self) -> impl Iterator<Item = (MovedEnd, LesserLine)> {
        let ends = [(MovedEnd::Source, &self.source), (MovedEnd::Target, &self.target)];
        ends.into_iter().filter_map(|(end, endpoint)| Some((end, endpoint.lesser_line()?)))
    }

    fn record_lesser_lines(&self, store: &mut dyn ledger::Store) -> Result<()> {
        let mut lines = self.lesser_lines();
        lines.try_for_each(|(end, line)| ledger::record_lesser_line(store, end, line))
    }
}

/// Copies, resumes a copy, or says what changed since it was finished; or only says what would be made.
pub fn copy(
    request: &CopyRequest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<CopyReport> {
    refuse_route(request)?;
    let dir = HandoverDir::open(&request.handover)?;
    let mut source = Source::open(&request.source, interrupt)?;
    let integrity = source.integrity(progress, interrupt)?;
    progress.phase("reading the source's catalog");
    let mut described = describe(&mut source, request)?;
    let was_there = !matches!(&request.target, Endpoint::Sqlite(path) if !path.exists());
    // Before the target, so that it is dropped after it.
    let _alone = match &request.target {
        Endpoint::Sqlite(path) => Some(hold_target(path)?),
        Endpoint::Postgres(_) => None,
    };
    let mut target = OpenedTarget::open(&request.target, interrupt, progress)?;
    let mut options = read_options(request, &dir, interrupt);
    let watched = std::mem::take(&mut described.watched);
    let intervals = intervals::keep_meaning(&mut source, &target, &mut described);
    let left_out: Vec<&TableName> = described.left_out.iter().map(|table| &table.name).collect();
    names::refuse_ledger_names(&mut source, &request.target, &left_out)?;
    let existing = target.existing(&mut source)?;
    let is_new = existing.is_none();
    let (plan, stage) = if let Some((head, plan)) = existing {
        ledger_watch::refuse_changed(target.store())?;
        plan::check_unchanged(&plan, &described)?;
        options.chunk_bytes = head.chunk_bytes;
        (plan, head.stage)
    } else {
        progress.phase(&format!("planning {} tables", described.tables.len()));
        (plan::make_plan(&source, described, request.jobs, &options)?, Stage::Rows)
    };
    let of_finished = (&plan, &watched, integrity.as_ref());
    if stage == Stage::Done && ledger::refused(target.store())?.is_empty() {
        let ends = (source, target);
        return finished_before(request, ends, of_finished, &options, interrupt, progress);
    }
    progress.phase("reading the source's schema");
    let known = if is_new { None } else { ledger::archive(target.store())? };
    let mut structure = structure_of(&mut source, request, &plan, &dir, known)?;
    let vendor_code = fit_to_target(&mut structure, &mut source, &mut target, progress)?;
    structure.write_down(&dir, &request.target)?;
    vendor_code.write_down(&dir)?;
    if request.plan_only {
        target.close_unmade(was_there)?;
        return Ok(tell::planned(&plan, &structure, &vendor_code));
    }
    vendor_code.refuse_unread(request.reviewed.as_ref())?;
    let runs_code = vendor_code.to_read().is_some();
    structure.owner = owner::choose(request, &plan, &mut target, (is_new, runs_code), progress)?;
    if is_new {
        tell::before_anything_is_made(&plan, &structure, progress);
        let made_of = (&structure, &vendor_code);
        target.create(&mut source, request, &plan, made_of, (progress, interrupt))?;
    }
    target.make_before_rows(&structure, is_new, progress, interrupt)?;
    structure.settings = target.source_settings(&mut source, progress)?;
    if stage == Stage::Done {
        target.make_refused_later(&structure, request.jobs, progress, interrupt)?;
        let ends = (source, target);
        return finished_before(request, ends, of_finished, &options, interrupt, progress);
    }
    let run = begin_run(request, &mut target, &structure.owner, runs_code)?;
    if let Some(integrity) = &integrity {
        ledger::record_source_check(target.store(), integrity.answer())?;
        structure.findings.extend(integrity.finding("source"));
    }
    tell::resumed(target.store(), progress)?;
    let (plan, structure) = (&plan, &structure);
    let work =
        rows::Work { request, plan, structure, watched, stage, options, run, intervals, runs_code };
    let done = work.copy_and_finish(source, &mut target, &dir, interrupt, progress);
    target.end_run(run, outcome_of(&done), done.is_ok(), interrupt)?;
    done.map_err(|error| if error.is::<Interrupted>() { error } else { error.context(STOPPED) })
}

/// Records that a run began, and how: gives its number.
fn begin_run(
    request: &CopyRequest,
    target: &mut OpenedTarget<'_>,
    owner: &Owner,
    runs_code: bool,
) -> Result<i64> {
    let run = target.begin_run()?;
    request.record_lesser_lines(target.store())?;
    owner::record(target.store(), owner, runs_code)?;
    if runs_code {
        target.keep_ledger_to_itself()?;
    }
    Ok(run)
}

/// What is to be said of a copy that an earlier run finished: what changed at the source, and what the verifier says.
fn finished_before(
    request: &CopyRequest,
    (mut source, mut target): (Source<'_>, OpenedTarget<'_>),
    (plan, watched, checked): (&ledger::FrozenPlan, &Watched, Option<&Integrity>),
    options: &ReadOptions,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<CopyReport> {
    // An earlier version recorded none.
    roots::record_missing(request, plan, &mut target, options, (interrupt, progress))?
        .iter()
        .for_each(|changed| progress.note(&changed.message));
    let mut report = changes::changes_since(&mut source, target, plan, options, checked, progress)?;
    report.compared = Some(compared::compared(request, plan, watched, interrupt, progress)?);
    if report.outcome == CopyOutcome::Unchanged && report.has_findings() {
        report.outcome = CopyOutcome::Incomplete;
    }
    Ok(report)
}

/// How a run ended, as the ledger has it.
fn outcome_of(done: &Result<CopyReport>) -> RunOutcome {
    match done {
        Ok(report) if report.has_findings() => RunOutcome::Findings,
        Ok(_) => RunOutcome::Finished,
        Err(error) if error.is::<Interrupted>() => RunOutcome::Interrupted,
        Err(_) => RunOutcome::Failed,
    }
}

/// Puts the structure into words that the target knows; gives the vendor's code in it.
fn fit_to_target(
    structure: &mut Structure,
    source: &mut Source<'_>,
    target: &mut OpenedTarget<'_>,
    progress: &Progress,
) -> Result<VendorCode> {
    let OpenedTarget::Postgres(_, session) = target else { return Ok(VendorCode::default()) };
    target_lacks::without_tablespaces(structure, session)?;
    let Source::Postgres(_, holder) = source else { return Ok(VendorCode::default()) };
    target_lacks::tell_versions(holder.session(), session, progress);
    target_lacks::in_older_words(structure, session);
    structure.before.iter().try_for_each(|entry| refuse_more_than_a_routine(session, entry))?;
    let volatile = vendor_code::volatile_functions(holder.session(), session)?;
    Ok(VendorCode::of(structure, volatile))
}

/// What the source has, less what is left out: by the config, and because the target cannot have it.
fn describe(source: &mut Source<'_>, request: &CopyRequest) -> Result<Described> {
    let mut described = source.describe(mapping(request))?;
    described.refuse_nothing(&request.source)?;
    if let Source::Postgres(_, holder) = source {
        left_out::leave_out_unlockable(holder.session(), &mut described)?;
    }
    described.leave_out(&request.leave_out)?;
    refuse_where_names_stay(&request.rename, &request.source, &request.target)?;
    described.rename(&request.rename)?;
    match request.target {
        Endpoint::Postgres(_) => {
            described.without_virtual_tables();
            described.without_impossible_tables();
        }
        Endpoint::Sqlite(_) => described.without_application_tables(source)?,
    }
    Ok(described)
}

const STOPPED: &str = "the copy stopped; what is recorded is kept: put this right and run the same \
                       command again to go on";

fn refuse_route(request: &CopyRequest) -> Result<()> {
    match (&request.source, &request.target) {
        (Endpoint::Postgres(_), Endpoint::Sqlite(_)) => {
            bail!("a PostgreSQL source cannot be copied into SQLite; use a PostgreSQL target")
        }
        (Endpoint::Sqlite(source), Endpoint::Sqlite(target)) => {
            refuse_types(&request.type_overrides)?;
            let same = std::fs::canonicalize(source).ok().zip(std::fs::canonicalize(target).ok());
            match same {
                Some((source, target)) if source == target => {
                    bail!("source and target are the same file; use another one as target")
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// What the source's lines are made of, if it is a SQLite file.
fn mapping(request: &CopyRequest) -> Mapping<'_> {
    match request.target {
        Endpoint::Postgres(_) => Mapping::Values(&request.type_overrides),
        Endpoint::Sqlite(_) => Mapping::Exact,
    }
}

fn read_options(request: &CopyRequest, dir: &HandoverDir, interrupt: &Interrupt) -> ReadOptions {
    let (wire, text_limit) = match request.target {
        Endpoint::Postgres(_) => (Wire::Copy, TextLimit::Postgres),
        Endpoint::Sqlite(_) => (Wire::SqliteValues, TextLimit::None),
    };
    ReadOptions {
        wire,
        text_limit,
        respelled: Respelled::default(),
        chunk_bytes: request.chunk_bytes,
        spill_dir: dir.path().to_owned(),
        interrupt: interrupt.clone(),
    }
}

fn structure_of(
    source: &mut Source<'_>,
    request: &CopyRequest,
    plan: &ledger::FrozenPlan,
    dir: &HandoverDir,
    known: Option<Digest>,
) -> Result<Structure> {
    match (source, &request.target) {
        (Source::Postgres(endpoint, holder), _) => {
            Structure::from_postgres(endpoint, holder, plan, dir, known)
        }
        (Source::Sqlite(_, connection), Endpoint::Postgres(_)) => {
            Structure::translated(connection, plan)
        }
        (Source::Sqlite(_, connection), Endpoint::Sqlite(_)) => {
            Structure::from_sqlite(connection, plan)
        }
    }
}

impl CopyOutcome {
    /// Whether what was asked for is done: the target holds what the source held, or all is planned.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Copied | Self::Unchanged | Self::Planned)
    }
}
