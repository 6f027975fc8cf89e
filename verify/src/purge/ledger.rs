//! What the ledger holds of purges.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use handover_engine::postgres::TextRow;
use handover_schemas::archive::row_leaf::SaltKey;
use handover_schemas::digest::Digest;
use handover_schemas::merkle::TreeBuilder;
use handover_schemas::purge::record::{
    Backup, KeptReason, Outcome, OutcomeCounts, PurgeState, Selection,
};
use serde::de::DeserializeOwned;

use crate::ledger::LedgerQuery;

/// One purge.
#[derive(Clone, Debug)]
pub struct PurgeEntry {
    /// Its number in this database.
    pub number: i64,
    /// Name of its rule, as it is looked up.
    pub rule_name: String,
    /// How far it has come.
    pub state: PurgeState,
    /// What was selected.
    pub selection: Selection,
    /// The key of the salts, as 64 digits; erased by certify.
    pub salt_key: Option<String>,
    /// What backup recorded.
    pub backup: Option<Backup>,
    /// Under what rows were deleted, in order.
    pub authorities: Vec<Authority>,
    /// What execute recorded at its end.
    pub outcome: Option<Outcome>,
    /// The envelope of the certificate.
    pub certificate: Option<String>,
    /// The signed checkpoint of the tree.
    pub checkpoint: Option<String>,
    /// The envelope with which it was closed before its end.
    pub closing: Option<String>,
}

impl PurgeEntry {
    /// Whether it came to deleting rows.
    pub fn has_deleted(&self) -> bool {
        match self.state {
            PurgeState::Executing
            | PurgeState::Executed
            | PurgeState::Certified
            | PurgeState::Closed => true,
            PurgeState::Selected | PurgeState::BackedUp | PurgeState::Abandoned => false,
        }
    }

    /// What makes the salts of its rows, until certify erases it.
    pub fn salts(&self) -> Result<SaltKey> {
        let key: Option<Digest> = self.salt_key.as_ref().and_then(|key| key.parse().ok());
        let key = key.context("the ledger lacks the key of this purge's salts")?;
        Ok(SaltKey::new(key.as_bytes()))
    }
}

/// What the batches of one table did together.
pub fn counts_of(batches: &[BatchEntry], table: usize) -> OutcomeCounts {
    let mut counts = OutcomeCounts::default();
    for batch in batches.iter().filter(|batch| usize::try_from(batch.table) == Ok(table)) {
        counts.add(&batch.counts);
    }
    counts
}

/// An approval that was used, and the operator's statement under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Its number in this database.
    pub number: i64,
    /// The approval's nonce, as 64 digits.
    pub nonce: String,
    /// The envelope of the approval.
    pub approval: String,
    /// The envelope with which the operator began to delete, or went on.
    pub execution: String,
}

/// What a batch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchEntry {
    /// Position of the table in the selection.
    pub table: u64,
    /// Under which authority.
    pub authority: i64,
    /// Its first place on the list.
    pub first: u64,
    /// How many places it covers.
    pub rows: u64,
    /// What was done with them.
    pub counts: OutcomeCounts,
}

/// A listed row that was not deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptEntry {
    /// Position of the table in the selection.
    pub table: u64,
    /// Place on the list.
    pub position: u64,
    /// Why.
    pub reason: KeptReason,
}

/// Rows that a restore put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoredRun {
    /// Number of the restore.
    pub restore: i64,
    /// Position of the table in the selection.
    pub table: u64,
    /// First place on the list.
    pub first: u64,
    /// How many places.
    pub rows: u64,
}

/// Identity of the database, if it was given one.
pub fn database_id(ledger: &mut dyn LedgerQuery) -> Result<Option<String>> {
    if !ledger.has_table("identity")? {
        return Ok(None);
    }
    let table = ledger.table("identity");
    let rows = ledger.query(&format!("SELECT database_id FROM {table}"))?;
    Ok(rows.into_iter().flatten().flatten().next())
}

/// All purges, in the order of their numbers.
pub fn purges(ledger: &mut dyn LedgerQuery) -> Result<Vec<PurgeEntry>> {
    if !ledger.has_table("purge")? {
        return Ok(Vec::new());
    }
    let table = ledger.table("purge");
    let rows = ledger.query(&format!(
        "SELECT purge_no, rule_name, state, selection, salt_key, backup, outcome, certificate, checkpoint \
         FROM {table} ORDER BY purge_no"
    ))?;
    let mut purges: Vec<PurgeEntry> = rows.into_iter().map(entry).collect::<Result<_>>()?;
    for (purge, authority) in authorities(ledger)? {
        let purge = purges.iter_mut().find(|known| known.number == purge);
        let purge = purge.context("the ledger has an authority of an unknown purge")?;
        purge.authorities.push(authority);
    }
    for (purge, closing) in closings(ledger)? {
        let purge = purges.iter_mut().find(|known| known.number == purge);
        let purge = purge.context("the ledger has a closing of an unknown purge")?;
        purge.closing = Some(closing);
        if matches!(purge.state, PurgeState::Executing | PurgeState::Executed) {
            purge.state = PurgeState::Closed;
        }
    }
    Ok(purges)
}

/// Envelopes of closings with the numbers of their purges.
fn closings(ledger: &mut dyn LedgerQuery) -> Result<Vec<(i64, String)>> {
    if !ledger.has_table("purge_closing")? {
        return Ok(Vec::new());
    }
    let table = ledger.table("purge_closing");
    let rows =
        ledger.query(&format!("SELECT purge_no, statement FROM {table} ORDER BY purge_no"))?;
    rows.into_iter()
        .map(|row| {
            let mut values = row.into_iter().flatten();
            let number = values.next().and_then(|number| number.parse().ok());
            number.zip(values.next()).context("the ledger has an incomplete row of a closing")
        })
        .collect()
}

/// Roots of the trees over the leaves of one table's list: of the rows that batches deleted, and of
/// all others, each in the order of the list.
pub fn roots_of_fates(
    ledger: &mut dyn LedgerQuery,
    purge: i64,
    table_no: usize,
) -> Result<(Digest, Digest)> {
    let covered = counts_of(&batches(ledger, purge)?, table_no).total();
    let of_table = |entry: &&KeptEntry| usize::try_from(entry.table) == Ok(table_no);
    let kept: BTreeSet<u64> =
        kept(ledger, purge)?.iter().filter(of_table).map(|entry| entry.position).collect();
    let (mut deleted, mut others) = (TreeBuilder::new(), TreeBuilder::new());
    let mut place = 0;
    leaves(ledger, purge, table_no, |leaves| {
        for leaf in leaves {
            let is_deleted = place < covered && !kept.contains(&place);
            if is_deleted {
                deleted.push(*leaf);
            } else {
                others.push(*leaf);
            }
            place += 1;
        }
        Ok(())
    })?;
    Ok((deleted.root(), others.root()))
}

/// Every authority with the number of its purge.
fn authorities(ledger: &mut dyn LedgerQuery) -> Result<Vec<(i64, Authority)>> {
    let table = ledger.table("purge_authority");
    let rows = ledger.query(&format!(
        "SELECT purge_no, authority_no, nonce, approval, execution FROM {table} \
         ORDER BY authority_no"
    ))?;
    rows.into_iter()
        .map(|row| {
            let values: Vec<String> = row.into_iter().flatten().collect();
            let [purge, authority, nonce, approval, execution] = values.as_slice() else {
                bail!("the ledger has an incomplete row of an authority");
            };
            let number = |text: &str| text.parse().context("the ledger has a damaged number");
            let authority = Authority {
                number: number(authority)?,
                nonce: nonce.clone(),
                approval: approval.clone(),
                execution: execution.clone(),
            };
            Ok((number(purge)?, authority))
        })
        .collect()
}

fn entry(row: TextRow) -> Result<PurgeEntry> {
    let mut values = row.into_iter();
    let mut next = || values.next().flatten();
    let damaged = || "the ledger's row of a purge is damaged".to_owned();
    Ok(PurgeEntry {
        number: next().and_then(|number| number.parse().ok()).with_context(damaged)?,
        rule_name: next().with_context(damaged)?,
        state: next().and_then(|word| PurgeState::parse(&word)).with_context(damaged)?,
        selection: document(next())?.with_context(damaged)?,
        salt_key: next(),
        backup: document(next())?,
        authorities: Vec::new(),
        outcome: document(next())?,
        certificate: next(),
        checkpoint: next(),
        closing: None,
    })
}

fn document<T: DeserializeOwned>(text: Option<String>) -> Result<Option<T>> {
    // What serde says could quote the document.
    text.map(|text| {
        serde_json::from_str(&text)
            .map_err(|error| anyhow::anyhow!("line {}, column {}", error.line(), error.column()))
            .context("a document of a purge in the ledger is damaged")
    })
    .transpose()
}

/// The leaves of one table's listed rows, chunk by chunk, in order.
pub fn leaves(
    ledger: &mut dyn LedgerQuery,
    purge: i64,
    table_no: usize,
    mut each: impl FnMut(&[Digest]) -> Result<()>,
) -> Result<u64> {
    let table = ledger.table("purge_chunk");
    let hex = ledger.hex_of("leaves");
    let condition = format!("purge_no = {purge} AND table_no = {table_no}");
    let mut next = 0_u64;
    let mut chunk_no = 0_u64;
    loop {
        let rows = ledger.query(&format!(
            "SELECT chunk_no, first_position, row_count, {hex} FROM {table} \
             WHERE {condition} AND chunk_no >= {chunk_no} AND chunk_no < {} ORDER BY chunk_no",
            chunk_no + CHUNKS_AT_ONCE
        ))?;
        if rows.is_empty() {
            return Ok(next);
        }
        for (expected, row) in (chunk_no..).zip(rows) {
            let (number, first, count, digits) = leaf_row(row)?;
            let leaves = parse_leaves(&digits)?;
            if number != expected || first != next || leaves.len() as u64 != count {
                bail!("the ledger's leaves of table {table_no} of purge {purge} are not whole");
            }
            each(&leaves)?;
            next += count;
        }
        chunk_no += CHUNKS_AT_ONCE;
    }
}

/// Chunks of leaves that are read at once: 1 MiB of leaves.
const CHUNKS_AT_ONCE: u64 = 8;

fn leaf_row(row: TextRow) -> Result<(u64, u64, u64, String)> {
    let values: Vec<String> = row.into_iter().flatten().collect();
    let Ok([chunk, first, count, digits]) = <[String; 4]>::try_from(values) else {
        bail!("the ledger has an incomplete row of leaves");
    };
    Ok((number(&chunk)?, number(&first)?, number(&count)?, digits))
}

fn parse_leaves(digits: &str) -> Result<Vec<Digest>> {
    let (leaves, rest) = digits.as_bytes().as_chunks::<64>();
    let leaves: Option<Vec<Digest>> = leaves
        .iter()
        .map(|leaf| std::str::from_utf8(leaf).ok().and_then(|leaf| leaf.parse().ok()))
        .collect();
    leaves.filter(|_| rest.is_empty()).context("the ledger has leaves that are none")
}

/// Batches of a purge, in the order of tables and places.
pub fn batches(ledger: &mut dyn LedgerQuery, purge: i64) -> Result<Vec<BatchEntry>> {
    let table = ledger.table("purge_batch");
    let rows = ledger.query(&format!(
        "SELECT table_no, authority_no, first_position, row_count, deleted, changed, referenced, \
                absent \
         FROM {table} WHERE purge_no = {purge} ORDER BY table_no, first_position"
    ))?;
    rows.into_iter()
        .map(|row| {
            let [table, authority, first, rows, deleted, changed, referenced, absent] =
                numbers(&row)?;
            let authority = i64::try_from(authority).context("the ledger has a damaged number")?;
            let counts = OutcomeCounts { deleted, changed, referenced, absent };
            Ok(BatchEntry { table, authority, first, rows, counts })
        })
        .collect()
}

/// Listed rows of a purge that were not deleted.
pub fn kept(ledger: &mut dyn LedgerQuery, purge: i64) -> Result<Vec<KeptEntry>> {
    let table = ledger.table("purge_kept");
    let rows = ledger.query(&format!(
        "SELECT table_no, position, reason FROM {table} WHERE purge_no = {purge} \
         ORDER BY table_no, position"
    ))?;
    rows.into_iter()
        .map(|row| {
            let reason = row.get(2).cloned().flatten();
            let reason = reason.and_then(|word| KeptReason::parse(&word));
            let [table, position] = numbers(row.get(..2).unwrap_or_default())?;
            let reason = reason.context("the ledger has an unknown reason of a kept row")?;
            Ok(KeptEntry { table, position, reason })
        })
        .collect()
}

/// What restores put back of a purge.
pub fn restored(ledger: &mut dyn LedgerQuery, purge: i64) -> Result<Vec<RestoredRun>> {
    let (rows_table, table) = (ledger.table("restored_rows"), ledger.table("restore"));
    let rows = ledger.query(&format!(
        "SELECT r.restore_no, r.table_no, r.first_position, r.row_count FROM {rows_table} r \
         JOIN {table} s ON s.restore_no = r.restore_no WHERE s.purge_no = {purge} \
         ORDER BY r.restore_no, r.table_no, r.first_position"
    ))?;
    rows.into_iter()
        .map(|row| {
            let [restore, table, first, rows] = numbers(&row)?;
            let restore = i64::try_from(restore).context("the ledger has a damaged number")?;
            Ok(RestoredRun { restore, table, first, rows })
        })
        .collect()
}

/// Statements of the restores of a purge, with their numbers.
pub fn restore_statements(ledger: &mut dyn LedgerQuery, purge: i64) -> Result<Vec<(i64, String)>> {
    let table = ledger.table("restore");
    let rows = ledger.query(&format!(
        "SELECT restore_no, statement FROM {table} WHERE purge_no = {purge} ORDER BY restore_no"
    ))?;
    rows.into_iter()
        .map(|row| {
            let mut values = row.into_iter().flatten();
            let number = values.next().and_then(|number| number.parse().ok());
            number.zip(values.next()).context("the ledger has an incomplete row of a restore")
        })
        .collect()
}

fn numbers<const N: usize>(row: &[Option<String>]) -> Result<[u64; N]> {
    let values: Result<Vec<u64>> =
        row.iter().map(|value| number(value.as_deref().unwrap_or_default())).collect();
    values?.try_into().ok().context("the ledger has an incomplete row")
}

fn number(text: &str) -> Result<u64> {
    text.parse().context("the ledger has a damaged number")
}
