//! `handover-verify tables`: two databases, compared.
//!
//! open both ends → describe → pair tables → hash every row at both ends → look into what differs
//! → compare catalogs → judge.

mod beside;
mod catalog;
pub mod cause;
mod chunk_lines;
mod drill_down;
mod ends;
mod hashing;
mod judge;
mod large_objects;
mod left_out;
mod of_the_database;
mod pairs;
pub mod row_diff;
mod turnstile;

use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::Session;
use handover_engine::reader::{End, ReadMode, ReadOptions, Reader};
use handover_engine::rename::{refuse_where_names_stay, rename};
use handover_engine::rows::Wire;
use handover_engine::sqlite::values::TextLimit;
use handover_engine::sqlite::{Mapping, Respelled, TypeOverride};
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::config::{LeaveOut, Rename};
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use handover_schemas::report::{Finding, TablesReport};

use self::ends::{Described, OpenEnd};
use self::hashing::{
    Cuts, Digests, EndHasher, HashedTable, Role, TableToRead, WorkerPanicked, is_about_one_table,
};
use self::left_out::LeftOutTables;
use self::pairs::{TablePair, pair_tables};

/// What to compare, and how.
#[derive(Clone, Debug)]
pub struct TablesRequest {
    /// What should be.
    pub source: Endpoint,
    /// What is.
    pub target: Endpoint,
    /// The hand-over folder, for keys behind findings.
    pub handover: PathBuf,
    /// Connections over both ends.
    pub jobs: usize,
    /// Most canonical text in a chunk, in bytes.
    pub chunk_bytes: u64,
    /// Read so many per cent of the chunks only.
    pub sample_percent: Option<u8>,
    /// Types chosen for SQLite columns.
    pub type_overrides: Vec<TypeOverride>,
    /// Tables that are not compared because they are left out of the hand-over.
    pub leave_out: Vec<LeaveOut>,
    /// Names that tables and columns of a SQLite source have in the target.
    pub rename: Vec<Rename>,
    /// Tables whose rows somebody else compares, as the source calls them: of these, columns and catalogs only.
    pub rows_elsewhere: Vec<TableName>,
    /// Report every chunk of this table, with its command.
    pub chunks: Option<String>,
    /// The file of the hand-over folder for keys behind findings.
    pub findings_in: &'static str,
    /// Show keys in the report.
    pub show_keys: bool,
}

impl TablesRequest {
    /// Whether a table is at both ends, and somebody else compares its rows.
    fn has_rows_elsewhere(&self, pair: &TablePair) -> bool {
        let is_at_both = pair.source.is_some() && pair.target.is_some();
        is_at_both && self.rows_elsewhere.contains(&pair.name)
    }
}

/// Where keys behind findings are, below the hand-over folder.
pub const FINDINGS_FILE: &str = "findings/verify-tables.jsonl";

/// Compares two databases.
pub fn compare(
    request: &TablesRequest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<TablesReport> {
    refuse_where_names_stay(&request.rename, &request.source, &request.target)?;
    let spill = tempfile::tempdir().context("cannot make a temporary folder (TMPDIR)")?;
    let options = ReadOptions {
        wire: Wire::None,
        text_limit: TextLimit::None,
        respelled: Respelled::default(),
        chunk_bytes: request.chunk_bytes,
        spill_dir: spill.path().to_owned(),
        interrupt: interrupt.clone(),
    };
    progress.phase("reading both catalogs");
    let mut source = OpenEnd::open(&request.source, interrupt).context("source")?;
    let mut target = OpenEnd::open(&request.target, interrupt).context("target")?;
    let mapping = match (&source, &target) {
        (OpenEnd::Sqlite(..), OpenEnd::Sqlite(..)) => {
            refuse_types(&request.type_overrides)?;
            Mapping::Exact
        }
        _ => Mapping::Values(&request.type_overrides),
    };
    let telling = (progress, interrupt);
    let mut at_source = source.describe("source", mapping, telling).context("source")?;
    let mut at_target = target.describe("target", mapping, telling).context("target")?;
    let mut own = target.own_objects().context("target")?;
    if same_engine(&source, &target) {
        own.give_up(|table| at_source.has(table));
    }
    at_target.take(&own);
    let left_out = LeftOutTables::take_from(&mut at_source, &mut at_target, &request.leave_out)?;
    at_source.match_uncopied(&mut at_target);
    if !same_engine(&source, &target) {
        at_source.without_virtual_tables();
        at_target.without_virtual_tables();
    }
    rename_source(&mut at_source, &left_out, &request.rename)?;
    let pairs = pair_tables(&at_source.tables, &at_target.tables);
    let (elsewhere, pairs): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|pair| request.has_rows_elsewhere(pair));
    let of_columns: Vec<Finding> = elsewhere.into_iter().flat_map(|pair| pair.findings).collect();
    if let Some(table) = &request.chunks {
        let unreadable = at_source.unreadable.iter().chain(&at_target.unreadable);
        let mut names = pairs.iter().map(|pair| &pair.name).chain(unreadable.map(|(name, _)| name));
        if !names.any(|name| name.to_string() == *table) {
            bail!("there is no table {table}; --explain takes a name as the report has it");
        }
    }
    let inventories = same_engine(&source, &target)
        .then(|| Ok::<_, anyhow::Error>((source.inventory()?, target.inventory()?)))
        .transpose()?
        .map(|(source, mut target)| {
            own.take_from(&mut target);
            (source, target)
        });
    progress.phase(&format!("planning {} tables", pairs.len()));
    let ranges = plan(&pairs, &mut source, &mut target, request, &options)?;
    let hashed = hash(&pairs, &ranges, (source, target), request, &options, progress)?;
    progress.phase("comparing catalogs, and looking into what differs");
    let dir = HandoverDir::at(&request.handover);
    judge::judge(judge::Evidence {
        request,
        options: &options,
        pairs,
        hashed,
        described: (at_source, at_target),
        inventories,
        left_out,
        of_columns,
        dir: &dir,
    })
}

/// Refuses types chosen for columns where both ends are SQLite files.
pub fn refuse_types(chosen: &[TypeOverride]) -> Result<()> {
    match chosen {
        [] => Ok(()),
        [first, ..] => bail!(
            "a type is chosen for {}.{}, but both ends are SQLite files, between which values stay \
             exactly as they are stored; leave out --map-type, and map_type in handover.toml",
            first.table,
            first.column
        ),
    }
}

/// Gives what the source has its names in the target.
fn rename_source(source: &mut Described, left_out: &LeftOutTables, rules: &[Rename]) -> Result<()> {
    let unreadable = source.unreadable.iter().map(|(name, _)| name.to_string());
    let left_out = left_out.report.iter().map(|table| table.table.clone());
    let unread: Vec<String> = unreadable.chain(left_out).collect();
    rename(rules, &mut source.tables, &unread)
}

fn same_engine(source: &OpenEnd, target: &OpenEnd) -> bool {
    source.is_postgres() == target.is_postgres()
}

/// The ranges to read of one table.
struct PlannedRanges {
    ranges: Vec<KeyRange>,
    in_all: usize,
}

/// Cuts every table into ranges: by the source's keys, or the target's where only it has the
/// table.
fn plan(
    pairs: &[TablePair],
    source: &mut OpenEnd,
    target: &mut OpenEnd,
    request: &TablesRequest,
    options: &ReadOptions,
) -> Result<Vec<PlannedRanges>> {
    let mut planned = Vec::new();
    let mut source = Planner { end: source, session: None };
    let mut target = Planner { end: target, session: None };
    for pair in pairs {
        let boundaries = match (&pair.source, &pair.target) {
            (Some(shape), _) => source.boundaries(shape, options).context("source"),
            (None, Some(shape)) => target.boundaries(shape, options).context("target"),
            (None, None) => Ok(Vec::new()),
        };
        // A value that does not fit, or a right that is missing, stops the reading of the table,
        // which says so.
        let boundaries = match boundaries {
            Err(error) if is_about_one_table(&error) => Vec::new(),
            other => other.with_context(|| format!("cannot plan {}", pair.name))?,
        };
        let all = KeyRange::between(&boundaries);
        let in_all = all.len();
        let sampled = |shape: &Option<TableShape>| {
            shape.as_ref().is_none_or(|shape| ReadMode::of(shape, in_all) == ReadMode::Ranges)
        };
        let ranges = match request.sample_percent {
            Some(percent)
                if sampled(&pair.source) && sampled(&pair.target) && reads_alike(pair) =>
            {
                sample(all, percent)
            }
            _ => all,
        };
        planned.push(PlannedRanges { ranges, in_all });
    }
    Ok(planned)
}

/// Whether the target's end of a table is read in the source's ranges, or the table is at one end
/// only.
fn reads_alike(pair: &TablePair) -> bool {
    pair.same_order || pair.source.is_none() || pair.target.is_none()
}

/// Finds boundaries at one end, in a session of its own: one that the server refuses in the middle
/// must not take the snapshot with it.
struct Planner<'a> {
    end: &'a mut OpenEnd,
    session: Option<Session>,
}

impl Planner<'_> {
    fn boundaries(&mut self, shape: &TableShape, options: &ReadOptions) -> Result<Vec<KeyValue>> {
        let OpenEnd::Postgres(endpoint, holder) = &mut *self.end else {
            return self.end.reader().boundaries(shape, options);
        };
        let mut session = match self.session.take() {
            Some(session) => session,
            None => holder.snapshot().open_session(endpoint, &options.interrupt)?,
        };
        let boundaries = Reader::Postgres(&mut session).boundaries(shape, options)?;
        self.session = Some(session);
        Ok(boundaries)
    }
}

/// Every *n*-th range, the first always: evenly spread, and the same each time.
fn sample(all: Vec<KeyRange>, percent: u8) -> Vec<KeyRange> {
    let percent = usize::from(percent);
    all.into_iter()
        .enumerate()
        .filter(|(index, _)| {
            *index == 0 || (index * percent) / 100 != ((index - 1) * percent) / 100
        })
        .map(|(_, range)| range)
        .collect()
}

/// Results per pair of tables, and both ends, to look into what differs.
struct Hashed {
    source: Vec<Option<HashedTable>>,
    target: Vec<Option<HashedTable>>,
    ends: (OpenEnd, OpenEnd),
    sampled: Vec<bool>,
}

fn hash(
    pairs: &[TablePair],
    ranges: &[PlannedRanges],
    ends: (OpenEnd, OpenEnd),
    request: &TablesRequest,
    options: &ReadOptions,
    progress: &Progress,
) -> Result<Hashed> {
    let (source, target) = ends;
    let expected = pairs.iter().map(|pair| {
        let both = [&pair.source, &pair.target];
        let rows = both.into_iter().flatten().map(|shape| shape.estimated_rows).sum();
        (pair.name.to_string(), rows)
    });
    progress.begin("reading both ends", expected);
    let at_source = tables_to_read(pairs, ranges, |pair| pair.source.as_ref());
    let mut at_target = tables_to_read(pairs, ranges, |pair| pair.target.as_ref());
    for table in &mut at_target {
        // The source's ranges mean nothing there: it is read from end to end.
        if pairs.get(table.pair).is_some_and(|pair| !reads_alike(pair)) {
            (table.ranges, table.ranges_in_all) = (vec![KeyRange::everything()], 1);
        }
    }
    let alone: Vec<usize> = pairs
        .iter()
        .enumerate()
        .filter(|(_, pair)| pair.source.is_none() || !reads_alike(pair))
        .map(|(index, _)| index)
        .collect();
    let (cuts, large_rows) = (Cuts::default(), Mutex::new(()));
    let hasher =
        |tables, role| EndHasher { tables, role, options, progress, large_rows: &large_rows };
    let leading = hasher(&at_source, Role::Leads(&cuts));
    let following = hasher(&at_target, Role::Follows(&cuts, &alone, Digests::OfChunks));
    let workers = workers(&source, &target, request.jobs);
    let (source_read, target_read) = std::thread::scope(|scope| {
        let first = scope.spawn(|| read_end(source, &leading, workers.0, options));
        let second = read_end(target, &following, workers.1, options);
        (first.join().unwrap_or_else(|_panic| Err(WorkerPanicked.into())), second)
    });
    let (source, found_at_source) = source_read.context("source")?;
    let (mut target, mut found_at_target) = target_read.context("target")?;
    let differing =
        take_over_digests(&at_source, &found_at_source, &at_target, &mut found_at_target);
    if !differing.is_empty() {
        progress.note(&format!("{} tables differ; reading them again in order", differing.len()));
        let again: Vec<TableToRead<'_>> =
            differing.iter().filter_map(|at| at_target.get(*at)).cloned().collect();
        let in_order = hasher(&again, Role::Follows(&cuts, &alone, Digests::OfAll));
        let (end, found) = read_end(target, &in_order, workers.1, options).context("target")?;
        target = end;
        for (at, found) in differing.into_iter().zip(found) {
            if let Some(slot) = found_at_target.get_mut(at) {
                *slot = found;
            }
        }
    }
    let by_pair = |tables: &[TableToRead<'_>], found: Vec<HashedTable>| {
        let mut by_pair = vec![None; pairs.len()];
        for (table, found) in tables.iter().zip(found) {
            if let Some(slot) = by_pair.get_mut(table.pair) {
                *slot = Some(found);
            }
        }
        by_pair
    };
    Ok(Hashed {
        source: by_pair(&at_source, found_at_source),
        target: by_pair(&at_target, found_at_target),
        ends: (source, target),
        sampled: ranges.iter().map(|planned| planned.ranges.len() < planned.in_all).collect(),
    })
}

/// The tables that one end has, each with the ranges to read.
fn tables_to_read<'p>(
    pairs: &'p [TablePair],
    ranges: &[PlannedRanges],
    shape_of: impl Fn(&'p TablePair) -> Option<&'p TableShape>,
) -> Vec<TableToRead<'p>> {
    pairs
        .iter()
        .zip(ranges)
        .enumerate()
        .filter_map(|(pair, (tables, planned))| {
            Some(TableToRead {
                pair,
                shape: shape_of(tables)?,
                ranges: planned.ranges.clone(),
                ranges_in_all: planned.in_all,
            })
        })
        .collect()
}

/// A table whose chunks have the source's digests has the source's digest. Gives the others.
fn take_over_digests(
    at_source: &[TableToRead<'_>],
    found_at_source: &[HashedTable],
    at_target: &[TableToRead<'_>],
    found_at_target: &mut [HashedTable],
) -> Vec<usize> {
    let mut differing = Vec::new();
    for (at, (table, found)) in at_target.iter().zip(found_at_target).enumerate() {
        if found.lines.is_some() || found.failure.is_some() {
            continue;
        }
        let source = at_source.iter().zip(found_at_source).find(|(s, _)| s.pair == table.pair);
        match source {
            Some((_, source)) if source.lines.is_some() && source.chunks == found.chunks => {
                found.lines = source.lines;
            }
            _ => differing.push(at),
        }
    }
    differing
}

/// Readers per end: a SQLite file has one.
fn workers(source: &OpenEnd, target: &OpenEnd, jobs: usize) -> (usize, usize) {
    match (source.is_postgres(), target.is_postgres()) {
        (true, true) => ((jobs / 2).max(1), (jobs - jobs / 2).max(1)),
        (true, false) => ((jobs - 1).max(1), 1),
        (false, true) => (1, (jobs - 1).max(1)),
        (false, false) => (1, 1),
    }
}

fn read_end(
    end: OpenEnd,
    hasher: &EndHasher<'_>,
    workers: usize,
    options: &ReadOptions,
) -> Result<(OpenEnd, Vec<HashedTable>)> {
    match end {
        OpenEnd::Postgres(endpoint, holder) => {
            let snapshot = holder.snapshot().clone();
            let open = || Ok(End::Postgres(snapshot.open_session(&endpoint, &options.interrupt)?));
            let found = hasher.run(&open, workers)?;
            Ok((OpenEnd::Postgres(endpoint, holder), found))
        }
        OpenEnd::Sqlite(path, connection) => {
            let (found, connection) = hasher.run_on(*connection)?;
            Ok((OpenEnd::Sqlite(path, Box::new(connection)), found))
        }
    }
}
