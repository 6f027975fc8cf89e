//! What the ledger says of the copy.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use handover_engine::postgres::TextRow;
use handover_engine::table_root::TableRoot;
use handover_schemas::chunk::{KeyRange, KeyValue};
use handover_schemas::digest::LineDigest;
use handover_schemas::ledger::{
    ChunkEntry, ChunkId, ChunkState, LEDGER_VERSION, LeftOutBy, LesserLine, SourceCheck, Stage,
};
use handover_schemas::moved::MovedEnd;
use handover_schemas::name::TableName;
use handover_schemas::plan::{TablePlan, TableShape};
use handover_schemas::report::Finding;

use super::LedgerQuery;

/// What a ledger was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The source's URL, without a password.
    pub source: String,
    /// What tells this source from every other.
    pub source_identity: String,
    /// Most canonical text in a chunk, in bytes.
    pub chunk_bytes: u64,
    /// How far the hand-over has come.
    pub stage: Stage,
}

/// Whether the target has a ledger.
pub fn exists(ledger: &mut dyn LedgerQuery) -> Result<bool> {
    ledger.has_table("ledger")
}

/// Reads the ledger's one row.
pub fn head(ledger: &mut dyn LedgerQuery) -> Result<Head> {
    let table = ledger.table("ledger");
    let rows = ledger.query(&format!(
        "SELECT version, source, source_identity, chunk_bytes, stage FROM {table}"
    ))?;
    let row: Vec<String> =
        rows.into_iter().next().unwrap_or_default().into_iter().flatten().collect();
    let [version, source, source_identity, chunk_bytes, stage] = row.as_slice() else {
        bail!("the target's ledger is incomplete: its row about the source is missing");
    };
    if version.parse() != Ok(LEDGER_VERSION) {
        bail!(
            "the target's ledger has version {version}, this program knows version \
             {LEDGER_VERSION}; use the program that made it"
        );
    }
    Ok(Head {
        source: source.clone(),
        source_identity: source_identity.clone(),
        chunk_bytes: chunk_bytes.parse().context("the ledger's chunk_bytes is not a number")?,
        stage: Stage::parse(stage).context("the ledger's stage is unknown")?,
    })
}

/// Settings of the source's database under which rows were written, by name; none where the source
/// is no PostgreSQL database.
pub fn settings(ledger: &mut dyn LedgerQuery) -> Result<Vec<(String, String)>> {
    if !ledger.has_table("session_setting")? {
        return Ok(Vec::new());
    }
    let table = ledger.table("session_setting");
    let rows = ledger.query(&format!("SELECT name, value FROM {table}"))?;
    rows.into_iter()
        .map(|row| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(name), Some(value)]) => Ok((name, value)),
            _ => bail!("the ledger holds an incomplete setting"),
        })
        .collect()
}

/// A table that is not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOutTable {
    /// The table.
    pub name: TableName,
    /// Why.
    pub reason: String,
    /// Who decided that.
    pub by: LeftOutBy,
}

/// The plan as it was frozen, tables left out among them.
#[derive(Clone, Debug)]
pub struct FrozenPlan {
    /// Tables with their numbers in the ledger; boundaries are the ledger's chunks.
    pub tables: Vec<(i64, TablePlan)>,
    /// Tables that are not copied, and why.
    pub left_out: Vec<LeftOutTable>,
}

impl FrozenPlan {
    /// Tables that were left out by this decision.
    pub fn left_out_by(&self, by: LeftOutBy) -> impl Iterator<Item = &LeftOutTable> {
        self.left_out.iter().filter(move |table| table.by == by)
    }

    /// The table of a SQLite source that is left out; SQLite finds it whatever the case of its name.
    pub fn left_out_file_table(&self, name: &str) -> Option<&TableName> {
        let mut names = self.left_out.iter().map(|table| &table.name);
        names.find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// The table with a number of the ledger.
    pub fn table(&self, number: i64) -> Result<&TablePlan> {
        // Both a new plan and the ledger's have their tables in the order of numbers.
        self.tables
            .binary_search_by_key(&number, |(known, _)| *known)
            .ok()
            .and_then(|at| self.tables.get(at))
            .map(|(_, table)| table)
            .with_context(|| format!("the ledger has chunks of an unknown table {number}"))
    }
}

fn parse_key(text: Option<&String>) -> Result<Option<KeyValue>> {
    text.map(|text| serde_json::from_str(text).context("the ledger has a damaged key")).transpose()
}

/// Reads the plan as it was frozen.
pub fn plan(ledger: &mut dyn LedgerQuery) -> Result<FrozenPlan> {
    let table = ledger.table("plan_table");
    let rows = ledger.query(&format!(
        "SELECT table_no, schema_name, table_name, shape, left_out, left_out_by FROM {table} \
         ORDER BY table_no"
    ))?;
    let mut plan = FrozenPlan { tables: Vec::new(), left_out: Vec::new() };
    for row in rows {
        let [Some(number), Some(schema), Some(name), Some(shape), left_out, by] = row.as_slice()
        else {
            bail!("the target's ledger has an incomplete row for a table");
        };
        let name = TableName::new(schema, name);
        if let Some(reason) = left_out {
            let by = by.as_deref().and_then(LeftOutBy::parse);
            let by = by.with_context(|| format!("the ledger does not say who left out {name}"))?;
            plan.left_out.push(LeftOutTable { name, reason: reason.clone(), by });
        } else {
            let shape: TableShape = serde_json::from_str(shape)
                .with_context(|| format!("the ledger's plan of {name} is damaged"))?;
            let number = number.parse().context("the ledger has a damaged table number")?;
            plan.tables.push((number, TablePlan { shape, boundaries: Vec::new() }));
        }
    }
    Ok(plan)
}

/// Reads all chunks, in order.
pub fn chunks(ledger: &mut dyn LedgerQuery) -> Result<Vec<ChunkEntry>> {
    read_chunks(ledger, "")
}

/// Reads the chunks of one table, in order.
pub fn chunks_of(ledger: &mut dyn LedgerQuery, table: i64) -> Result<Vec<ChunkEntry>> {
    read_chunks(ledger, &format!("WHERE table_no = {table}"))
}

fn read_chunks(ledger: &mut dyn LedgerQuery, condition: &str) -> Result<Vec<ChunkEntry>> {
    let table = ledger.table("chunk");
    let rows = ledger.query(&format!(
        "SELECT table_no, chunk_no, part_no, lower_key, upper_key, state, row_count, byte_count, \
                digest, snapshot \
         FROM {table} {condition} ORDER BY table_no, chunk_no, part_no"
    ))?;
    rows.iter().map(chunk_entry).collect()
}

fn chunk_entry(row: &TextRow) -> Result<ChunkEntry> {
    let [
        Some(table),
        Some(chunk),
        Some(part),
        lower,
        upper,
        Some(state),
        rows,
        bytes,
        digest,
        snapshot,
    ] = row.as_slice()
    else {
        bail!("the target's ledger has an incomplete row for a chunk");
    };
    let number = |text: &String| text.parse::<i64>().context("the ledger has a damaged number");
    Ok(ChunkEntry {
        id: ChunkId { table: number(table)?, chunk: number(chunk)?, part: number(part)? },
        range: KeyRange { lower: parse_key(lower.as_ref())?, upper: parse_key(upper.as_ref())? },
        state: ChunkState::parse(state).context("the ledger has an unknown chunk state")?,
        digest: line_digest(rows.as_ref(), bytes.as_ref(), digest.as_ref())?,
        snapshot: snapshot.clone(),
    })
}

/// Steps already done, with the problem each met.
pub fn steps(ledger: &mut dyn LedgerQuery) -> Result<Vec<(String, Option<String>)>> {
    let table = ledger.table("step");
    let rows = ledger.query(&format!("SELECT name, problem FROM {table} ORDER BY name"))?;
    rows.into_iter()
        .map(|row| match row.as_slice() {
            [Some(name), problem] => Ok((name.clone(), problem.clone())),
            _ => bail!("the target's ledger has an incomplete row for a step"),
        })
        .collect()
}

/// Beginning of the name of the step that tells what SQLite's own check said of the source's file.
pub const SOURCE_CHECK: &str = "integrity_check ";

/// What SQLite's own check said of the source's file when it was last copied from; none of a source that
/// is no file.
pub fn source_check(ledger: &mut dyn LedgerQuery) -> Result<Option<SourceCheck>> {
    let steps = steps(ledger)?;
    let Some(word) = steps.iter().find_map(|(name, _)| name.strip_prefix(SOURCE_CHECK)) else {
        return Ok(None);
    };
    SourceCheck::parse(word).context("the ledger has an unknown answer of a check").map(Some)
}

/// Beginning of the name of a step that tells the root of a table (FORMAT.md section 32): the table's number, the
/// leaves under the root, the root.
pub const ROOT: &str = "root ";

/// Roots of tables that were read back, by the tables' numbers.
pub fn roots(ledger: &mut dyn LedgerQuery) -> Result<BTreeMap<i64, TableRoot>> {
    let steps = steps(ledger)?;
    steps.iter().filter_map(|(name, _)| name.strip_prefix(ROOT)).map(table_root).collect()
}

fn table_root(words: &str) -> Result<(i64, TableRoot)> {
    let words: Vec<&str> = words.split(' ').collect();
    let read = || {
        let [table, chunks, root] = words.as_slice() else { return None };
        let root = TableRoot { chunks: chunks.parse().ok()?, root: root.parse().ok()? };
        Some((table.parse().ok()?, root))
    };
    read().context("the ledger has a damaged root of a table")
}

/// Beginning of the name of a step that tells over what line rows were copied that was less than
/// `verify-full`; then the end and what it was: `source clear`.
pub const LESSER_LINE: &str = "less_than_verify_full ";

/// The lines less than `verify-full` over which runs of the copy reached an end.
pub fn lesser_lines(ledger: &mut dyn LedgerQuery) -> Result<Vec<(MovedEnd, LesserLine)>> {
    let steps = steps(ledger)?;
    steps.iter().filter_map(|(name, _)| name.strip_prefix(LESSER_LINE)).map(end_and_line).collect()
}

/// The end and the line of `source clear`, as the ledger has them.
pub fn end_and_line(words: &str) -> Result<(MovedEnd, LesserLine)> {
    let known = words
        .split_once(' ')
        .and_then(|(end, line)| Some((end.parse().ok()?, LesserLine::parse(line)?)));
    known.context("the ledger has an unknown line to a database")
}

/// Name of the step that tells that code of the vendor's ran with the rights of the target's account.
pub const CODE_AS_ACCOUNT: &str = "vendor_code_as_account";

/// Whether code of the vendor's ran with the rights of the target's account, which can write the ledger.
pub fn ran_code_as_account(ledger: &mut dyn LedgerQuery) -> Result<bool> {
    Ok(steps(ledger)?.iter().any(|(name, _)| name == CODE_AS_ACCOUNT))
}

/// Name of the step that tells that code of the vendor's changed the ledger during a copy.
pub const LEDGER_CHANGED: &str = "ledger_changed_by_vendor_code";

/// Whether a run found that code of the vendor's changed the ledger.
pub fn was_changed(ledger: &mut dyn LedgerQuery) -> Result<bool> {
    Ok(steps(ledger)?.iter().any(|(name, _)| name == LEDGER_CHANGED))
}

/// What was found when the copy was finished.
pub fn findings(ledger: &mut dyn LedgerQuery) -> Result<Vec<Finding>> {
    let problems = steps(ledger)?.into_iter().filter_map(|(_, problem)| problem);
    problems
        .map(|json| serde_json::from_str(&json).context("the ledger has a damaged finding"))
        .collect()
}

/// Runs so far, and how many of them were cut off: killed (no end recorded), interrupted or
/// failed. The newest run without an end may still be going on.
pub fn runs(ledger: &mut dyn LedgerQuery) -> Result<(u64, u64)> {
    let table = ledger.table("run");
    let rows = ledger.query(&format!(
        "SELECT count(*), count(CASE WHEN coalesce(outcome, 'killed') IN \
                ('killed', 'interrupted', 'failed') THEN 1 END) FROM {table}"
    ))?;
    let mut numbers = rows.into_iter().flatten().flatten().map(|text| text.parse::<u64>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(runs)), Some(Ok(cut_off))) => Ok((runs, cut_off)),
        _ => bail!("the ledger does not tell its runs"),
    }
}

fn line_digest(
    rows: Option<&String>,
    bytes: Option<&String>,
    digest: Option<&String>,
) -> Result<Option<LineDigest>> {
    let (Some(rows), Some(bytes), Some(digest)) = (rows, bytes, digest) else { return Ok(None) };
    let damaged = "the ledger has a damaged digest";
    Ok(Some(LineDigest {
        rows: rows.parse().context(damaged)?,
        bytes: bytes.parse().context(damaged)?,
        digest: digest.parse().map_err(|_error| anyhow::anyhow!(damaged))?,
    }))
}
