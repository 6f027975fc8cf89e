//! What the ledger is told while the work goes on, and what it tells about it.

use anyhow::{Context, Result, bail};
use handover_engine::sql::literal;
use handover_engine::table_root::TableRoot;
use handover_schemas::chain::{EventDetail, EventKind};
use handover_schemas::chunk::KeyRange;
use handover_schemas::digest::{Digest, LineDigest};
use handover_schemas::ledger::{ChunkEntry, ChunkId, LesserLine, SourceCheck, Stage};
use handover_schemas::moved::MovedEnd;
use handover_schemas::report::Finding;
use handover_verify::ledger::copied::{
    CODE_AS_ACCOUNT, LEDGER_CHANGED, LESSER_LINE, ROOT, SOURCE_CHECK, steps,
};

use super::events::append_event;
use super::plan::{key_literal, planned_chunk_statement};
use super::store::{Store, transaction};
use crate::target::postgres::Owner;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunOutcome {
    /// Everything asked for holds.
    Finished,
    /// It ran to its end and there are findings.
    Findings,
    /// The user stopped it.
    Interrupted,
    /// It could not go on.
    Failed,
}

impl RunOutcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Findings => "findings",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
        }
    }
}

fn id_condition(id: ChunkId) -> String {
    format!("table_no = {} AND chunk_no = {} AND part_no = {}", id.table, id.chunk, id.part)
}

fn digest_values(digest: &LineDigest) -> String {
    format!(
        "row_count = {}, byte_count = {}, digest = {}",
        digest.rows,
        digest.bytes,
        literal(&digest.digest.to_string())
    )
}

/// What was written for a chunk.
#[derive(Clone, Debug)]
pub struct Written {
    /// What the chunk covers now: its range, or the first part of it.
    pub range: KeyRange,
    /// Digest of the rows, as the source gave them.
    pub digest: LineDigest,
    /// The source's snapshot.
    pub snapshot: String,
}

/// Records, in the transaction that writes the rows, that a chunk is copied. If only the first
/// part of its range was, the rest becomes the next part, which is returned.
///
/// An error if somebody else recorded the chunk meanwhile (the server may finish the transaction
/// of a killed run after the next run began): the caller rolls back.
pub fn record_copied(
    store: &mut dyn Store,
    entry: &ChunkEntry,
    written: &Written,
) -> Result<Option<ChunkEntry>> {
    let (table, now) = (store.table("chunk"), store.now());
    let updated = store.query(&format!(
        "UPDATE {table} SET state = 'copied', upper_key = {}, {}, snapshot = {}, \
                copied_at = {now}, read_back_at = NULL \
         WHERE {} AND state = {} RETURNING 1",
        key_literal(written.range.upper.as_ref())?,
        digest_values(&written.digest),
        literal(&written.snapshot),
        id_condition(entry.id),
        literal(entry.state.as_str()),
    ))?;
    if updated.len() != 1 {
        return Err(AlreadyRecorded.into());
    }
    if written.range.upper == entry.range.upper {
        return Ok(None);
    }
    let rest = ChunkEntry {
        id: ChunkId { part: entry.id.part + 1, ..entry.id },
        range: KeyRange { lower: written.range.upper.clone(), upper: entry.range.upper.clone() },
        digest: None,
        snapshot: None,
        ..entry.clone()
    };
    let statement = planned_chunk_statement(store, rest.id, &rest.range)?;
    store.execute(&statement)?;
    Ok(Some(rest))
}

/// Another transaction recorded the chunk first.
#[derive(Debug, thiserror::Error)]
#[error("another run recorded this chunk meanwhile; run the command again")]
pub struct AlreadyRecorded;

/// Records that a chunk's rows are still the source's under a newer snapshot.
pub fn record_rechecked(store: &mut dyn Store, id: ChunkId, snapshot: &str) -> Result<()> {
    let table = store.table("chunk");
    store.execute(&format!(
        "UPDATE {table} SET snapshot = {} WHERE {}",
        literal(snapshot),
        id_condition(id)
    ))
}

/// Records that a chunk's rows, read again from the target, are the source's.
pub fn record_read_back(store: &mut dyn Store, id: ChunkId, digest: &LineDigest) -> Result<()> {
    let (table, now) = (store.table("chunk"), store.now());
    let updated = store.query(&format!(
        "UPDATE {table} SET state = 'read_back', read_back_at = {now} \
         WHERE {} AND state = 'copied' AND digest = {} RETURNING 1",
        id_condition(id),
        literal(&digest.digest.to_string())
    ))?;
    if updated.len() == 1 { Ok(()) } else { Err(AlreadyRecorded.into()) }
}

/// Records the roots of tables that were read back, by the tables' numbers.
pub fn record_roots(store: &mut dyn Store, roots: &[(i64, TableRoot)]) -> Result<()> {
    let steps = roots.iter().map(|(table, root)| {
        let TableRoot { chunks, root } = root;
        step_statement(store, &format!("{ROOT}{table} {chunks} {root}"), None)
    });
    let sql: String = steps.collect();
    transaction(store, |store| store.execute(&sql))
}

/// A statement that records a step, to run in the step's own transaction.
pub fn step_statement(names: &dyn Store, name: &str, problem: Option<&str>) -> String {
    format!(
        "INSERT INTO {} (name, problem) VALUES ({}, {});",
        names.table("step"),
        literal(name),
        problem.map_or_else(|| "NULL".to_owned(), literal)
    )
}

/// Records what SQLite's own check says of the source's file, instead of what it said before.
pub fn record_source_check(store: &mut dyn Store, answer: SourceCheck) -> Result<()> {
    let sql = format!(
        "DELETE FROM {} WHERE substr(name, 1, {}) = {}; {}",
        store.table("step"),
        SOURCE_CHECK.len(),
        literal(SOURCE_CHECK),
        step_statement(store, &format!("{SOURCE_CHECK}{}", answer.as_str()), None)
    );
    transaction(store, |store| store.execute(&sql))
}

/// Records that an end was reached over a line less than `verify-full`. It stays, whatever later runs
/// choose: rows came over it.
pub fn record_lesser_line(store: &mut dyn Store, end: MovedEnd, line: LesserLine) -> Result<()> {
    let name = format!("{LESSER_LINE}{end} {}", line.as_str());
    record_for_good(store, &name)
}

/// Records a step that stays, whatever later runs do, and that may be there already.
fn record_for_good(store: &mut dyn Store, name: &str) -> Result<()> {
    store.execute(&format!(
        "INSERT INTO {} (name) VALUES ({}) ON CONFLICT (name) DO NOTHING",
        store.table("step"),
        literal(name)
    ))
}

/// A statement that records who owns the platform's objects.
pub fn owner_statement(names: &dyn Store, owner: &Owner) -> String {
    step_statement(names, &format!("{STRUCTURE_OWNER}{}", owner_words(owner)), None)
}

/// Who owns the platform's objects, if a run said so.
pub fn structure_owner(store: &mut dyn Store) -> Result<Option<Owner>> {
    let steps = steps(store)?;
    let mut words = steps.iter().filter_map(|(name, _)| name.strip_prefix(STRUCTURE_OWNER));
    Ok(words.next().map(|words| match words.strip_prefix("role ") {
        Some(role) => Owner::Role(role.to_owned()),
        None => Owner::Account,
    }))
}

fn owner_words(owner: &Owner) -> String {
    match owner {
        Owner::Account => Owner::ACCOUNT.to_owned(),
        Owner::Role(role) => format!("role {role}"),
    }
}

/// Records that code of the vendor's runs with the rights of the target's account, as somebody chose by name.
pub fn record_code_as_account(store: &mut dyn Store) -> Result<()> {
    record_for_good(store, CODE_AS_ACCOUNT)
}

/// Records that code of the vendor's changed the ledger: nobody may go on with it.
pub fn record_ledger_changed(store: &mut dyn Store) -> Result<()> {
    record_for_good(store, LEDGER_CHANGED)
}

/// A statement that records the archive of the source's schema which the plan was made with.
pub fn archive_statement(names: &dyn Store, digest: Digest) -> String {
    step_statement(names, &format!("{ARCHIVE}{digest}"), None)
}

/// The digest of that archive.
pub fn archive(store: &mut dyn Store) -> Result<Option<Digest>> {
    let steps = steps(store)?;
    let mut digests = steps.iter().filter_map(|(name, _)| name.strip_prefix(ARCHIVE));
    Ok(digests.next().and_then(|digest| digest.parse().ok()))
}

const STRUCTURE_OWNER: &str = "structure_owner ";
const ARCHIVE: &str = "archive ";
const REFUSED: &str = "refused ";

/// Where an entry was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedIn {
    /// Before the rows.
    PreData,
    /// After the rows.
    PostData,
}

/// Records, in a transaction, which entries of a section the target refused: instead of those that
/// an earlier run recorded. An entry is known by the name of its step.
pub fn record_refused(
    store: &mut dyn Store,
    section: RefusedIn,
    refused: &[(String, Finding)],
) -> Result<()> {
    let prefix = match section {
        RefusedIn::PreData => "refused pre-data ",
        RefusedIn::PostData => "refused post-data ",
    };
    let table = store.table("step");
    let mut sql = format!(
        "DELETE FROM {table} WHERE substr(name, 1, {}) = {};",
        prefix.len(),
        literal(prefix)
    );
    for (step, finding) in refused {
        let finding = serde_json::to_string(finding).context("cannot write down a finding")?;
        sql.push_str(&step_statement(store, &format!("{REFUSED}{step}"), Some(&finding)));
    }
    store.execute(&sql)
}

/// Entries that the target refused: the names of their steps, and what was found.
pub fn refused(store: &mut dyn Store) -> Result<Vec<(String, Finding)>> {
    let mut refused = Vec::new();
    for (name, problem) in steps(store)? {
        if let (Some(step), Some(problem)) = (name.strip_prefix(REFUSED), problem) {
            let finding =
                serde_json::from_str(&problem).context("the ledger has a damaged finding")?;
            refused.push((step.to_owned(), finding));
        }
    }
    Ok(refused)
}

/// Records what was found while everything but rows was made, and whether that is done: a finished
/// copy, run again, still has to say it.
pub fn end_structure(store: &mut dyn Store, findings: &[Finding], is_done: bool) -> Result<()> {
    let mut sql =
        format!("DELETE FROM {} WHERE substr(name, 1, 8) = 'finding ';", store.table("step"));
    for (number, finding) in findings.iter().enumerate() {
        let finding = serde_json::to_string(finding).context("cannot write down a finding")?;
        sql.push_str(&step_statement(store, &format!("finding {number:06}"), Some(&finding)));
    }
    if is_done {
        let stage = literal(Stage::Done.as_str());
        sql.push_str(&format!("UPDATE {} SET stage = {stage};", store.table("ledger")));
    }
    transaction(store, |store| {
        store.execute(&sql)?;
        if is_done {
            let found = (findings.len() + refused(store)?.len()) as u64;
            let count = Some(found);
            let outcome = if found == 0 { "finished" } else { "findings" };
            let detail =
                EventDetail { count, outcome: Some(outcome.to_owned()), ..EventDetail::default() };
            append_event(store, EventKind::Settle, &detail)?;
        }
        Ok(())
    })
}

/// Records that a run began; gives its number.
pub fn begin_run(store: &mut dyn Store) -> Result<i64> {
    let (table, now) = (store.table("run"), store.now());
    let rows = store
        .query(&format!("INSERT INTO {table} (started_at) VALUES ({now}) RETURNING run_no"))?;
    let number = rows.into_iter().flatten().flatten().next().context("no run number")?;
    number.parse().context("the ledger gave no run number")
}

/// The number of the newest run.
pub fn newest_run(store: &mut dyn Store) -> Result<i64> {
    let rows = store.query(&format!("SELECT max(run_no) FROM {}", store.table("run")))?;
    let number = rows.into_iter().flatten().flatten().next().context("the ledger has no run")?;
    number.parse().context("the ledger has a damaged run number")
}

/// Fails unless the run is the newest one.
pub fn check_newest(store: &mut dyn Store, run: i64) -> Result<()> {
    if newest_run(store)? != run {
        bail!("another copy into this target began meanwhile; it goes on instead of this one");
    }
    Ok(())
}

/// Records how a run ended.
pub fn end_run(store: &mut dyn Store, run: i64, outcome: RunOutcome) -> Result<()> {
    let (table, now) = (store.table("run"), store.now());
    transaction(store, |store| {
        store.execute(&format!(
            "UPDATE {table} SET ended_at = {now}, outcome = {} WHERE run_no = {run}",
            literal(outcome.as_str())
        ))?;
        let number = u64::try_from(run).ok();
        let outcome = Some(outcome.as_str().to_owned());
        let detail = EventDetail { number, outcome, ..EventDetail::default() };
        append_event(store, EventKind::Copy, &detail).map(drop)
    })
}

/// One table's chunks, counted.
#[derive(Clone, Debug, Default)]
pub struct TableProgress {
    /// Chunks of the plan.
    pub planned: u64,
    /// Chunks whose rows are in the target.
    pub copied: u64,
    /// Chunks whose rows were read back.
    pub read_back: u64,
    /// Rows in the target.
    pub rows: u64,
    /// Bytes of canonical text of those rows.
    pub bytes: u64,
}
