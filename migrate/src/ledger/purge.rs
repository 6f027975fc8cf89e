//! Purges in the target's ledger: what is written. What is read is in `handover_verify::purge`.

use anyhow::{Context, Result};
use handover_engine::sql::literal;
use handover_schemas::chain::{EventDetail, EventKind};
use handover_schemas::digest::{Digest, hex};
use handover_schemas::purge::record::{
    Backup, KeptReason, Outcome, PurgeState, Selection, TableOutcome,
};
use handover_schemas::purge::statement::PurgeClosing;
use handover_verify::purge::ledger as reading;
use handover_verify::purge::ledger::{BatchEntry, PurgeEntry};
use handover_verify::purge::list::List;
use serde::Serialize;

use super::events::{append_event, prepare_events};
use super::store::{Store, transaction};

/// Makes the tables and gives the database its identity, unless that was done.
pub fn prepare_purges(store: &mut dyn Store) -> Result<()> {
    let (ddl, functions) = (store.purge_ddl(), store.functions_ddl());
    transaction(store, |store| {
        prepare_events(store)?;
        store.execute(ddl)?;
        store.execute(functions)
    })
    .context("cannot make the ledger of purges")
}

/// Identity of the database; it has to have one.
pub fn database_id(store: &mut dyn Store) -> Result<String> {
    reading::database_id(store)?.context(
        "the ledger of this database knows of no purge; begin with handover-migrate purge select",
    )
}

/// All purges.
pub fn purges(store: &mut dyn Store) -> Result<Vec<PurgeEntry>> {
    reading::purges(store)
}

/// The purge with this number.
pub fn purge(store: &mut dyn Store, number: i64) -> Result<PurgeEntry> {
    let found = purges(store)?.into_iter().find(|purge| purge.number == number);
    found.with_context(|| format!("the ledger knows of no purge {number}"))
}

/// The purge of a rule that is neither certified nor given up.
pub fn open_purge<'p>(purges: &'p [PurgeEntry], rule: &str) -> Option<&'p PurgeEntry> {
    purges.iter().find(|purge| {
        purge.selection.rule.name == rule
            && !matches!(
                purge.state,
                PurgeState::Certified | PurgeState::Abandoned | PurgeState::Closed
            )
    })
}

/// Writes down a selection, in the transaction that made it.
pub fn record_selection(
    store: &mut dyn Store,
    number: i64,
    selection: &Selection,
    salt_key: &str,
) -> Result<()> {
    let table = store.table("purge");
    store.execute(&format!(
        "INSERT INTO {table} (purge_no, rule_name, state, selection, salt_key) \
         VALUES ({number}, {}, 'selected', {}, '{salt_key}')",
        literal(&selection.rule.name),
        json(selection)?,
    ))?;
    let detail = EventDetail {
        sha256: Some(selection.root),
        count: Some(selection.rows),
        ..about(number, &selection.rule.name)
    };
    append_event(store, EventKind::Select, &detail).map(drop)
}

/// What an event about a purge begins with.
fn about(number: i64, rule: &str) -> EventDetail {
    EventDetail {
        subject: Some(rule.to_owned()),
        number: u64::try_from(number).ok(),
        ..EventDetail::default()
    }
}

/// Which leaves.
#[derive(Clone, Copy, Debug)]
pub struct LeafChunk {
    /// The purge.
    pub purge: i64,
    /// Position of the table in the selection.
    pub table: usize,
    /// Number of the chunk, from 0.
    pub chunk: usize,
    /// Place on the list of its first row.
    pub first: u64,
    /// Its rows.
    pub rows: u64,
}

/// Writes down the leaves of one chunk.
pub fn record_leaves(store: &mut dyn Store, chunk: LeafChunk, leaves: &[u8]) -> Result<()> {
    let (table, bytes) = (store.table("purge_chunk"), store.bytes_literal(&hex(leaves)));
    let LeafChunk { purge, table: table_no, chunk, first, rows } = chunk;
    store.execute(&format!(
        "INSERT INTO {table} (purge_no, table_no, chunk_no, first_position, row_count, leaves) \
         VALUES ({purge}, {table_no}, {chunk}, {first}, {rows}, {bytes})"
    ))
}

/// Gives up a purge of which nothing was deleted: its lists and the key of its salts go.
pub fn abandon_purge(store: &mut dyn Store, purge: &PurgeEntry) -> Result<()> {
    let sql = erase_statements(store, purge, PurgeState::Abandoned)?;
    store.execute(&sql)?;
    let detail = about(purge.number, &purge.rule_name);
    append_event(store, EventKind::Abandon, &detail).map(drop)
}

/// Statements that drop a purge's lists, erase the key of its salts and move it on.
fn erase_statements(store: &dyn Store, purge: &PurgeEntry, state: PurgeState) -> Result<String> {
    let mut sql = drop_lists(store, purge)?;
    let (table, now) = (store.table("purge"), store.now());
    sql.push_str(&format!(
        "UPDATE {table} SET salt_key = NULL, state = '{}', changed_at = {now} \
         WHERE purge_no = {};",
        state.as_str(),
        purge.number
    ));
    Ok(sql)
}

/// Statements that drop a purge's lists.
fn drop_lists(store: &dyn Store, purge: &PurgeEntry) -> Result<String> {
    let mut sql = String::new();
    for (number, table) in purge.selection.tables.iter().enumerate() {
        let list = List::new(purge.number, number, &table.shape)?;
        sql.push_str(&format!("DROP TABLE IF EXISTS {};\n", store.table(&list.name)));
    }
    Ok(sql)
}

/// Records a backup that was opened again and found whole, or that its deletion was tried anew.
pub fn record_backup(store: &mut dyn Store, purge: &PurgeEntry, backup: &Backup) -> Result<()> {
    let (table, now) = (store.table("purge"), store.now());
    let update = format!(
        "UPDATE {table} SET state = 'backed_up', backup = {}, changed_at = {now} \
         WHERE purge_no = {} AND state IN ('selected', 'backed_up')",
        json(backup)?,
        purge.number
    );
    let detail = EventDetail { sha256: Some(backup.seal), ..about(purge.number, &purge.rule_name) };
    transaction(store, |store| {
        store.execute(&update)?;
        append_event(store, EventKind::Backup, &detail).map(drop)
    })
}

/// Writes down under what rows are deleted from now on; gives its number.
pub fn record_authority(
    store: &mut dyn Store,
    purge: &PurgeEntry,
    nonce: &str,
    approval: &str,
    execution: &str,
) -> Result<i64> {
    let (table, authorities, now) =
        (store.table("purge"), store.table("purge_authority"), store.now());
    let last = store.query(&format!("SELECT coalesce(max(authority_no), 0) FROM {authorities}"))?;
    let last: Option<i64> =
        last.into_iter().flatten().flatten().next().and_then(|number| number.parse().ok());
    let number = last.context("the ledger's authorities cannot be counted")? + 1;
    let record = format!(
        "INSERT INTO {authorities} (authority_no, purge_no, nonce, approval, execution) \
           VALUES ({number}, {0}, {1}, {2}, {3}); \
         UPDATE {table} SET state = 'executing', changed_at = {now} \
           WHERE purge_no = {0} AND state IN ('backed_up', 'executing');",
        purge.number,
        literal(nonce),
        literal(approval),
        literal(execution),
    );
    let detail = EventDetail {
        sha256: Some(Digest::of(approval.as_bytes())),
        ..about(purge.number, &purge.rule_name)
    };
    transaction(store, |store| {
        store.execute(&record)?;
        append_event(store, EventKind::Approve, &detail)
    })?;
    Ok(number)
}

/// The purge for which a nonce was used in this database.
pub fn nonce_used_by(store: &mut dyn Store, nonce: &str) -> Result<Option<i64>> {
    let table = store.table("purge_authority");
    let rows =
        store.query(&format!("SELECT purge_no FROM {table} WHERE nonce = {}", literal(nonce)))?;
    let number = rows.into_iter().flatten().flatten().next();
    number.map(|number| number.parse().context("the ledger has a damaged number")).transpose()
}

/// Statements that record a batch and the rows it kept, for the transaction that deletes.
pub fn batch_statements(
    names: &dyn Store,
    purge: i64,
    batch: &BatchEntry,
    kept: &[(u64, KeptReason)],
) -> String {
    let (table, counts) = (names.table("purge_batch"), &batch.counts);
    let mut sql = format!(
        "INSERT INTO {table} (purge_no, table_no, authority_no, first_position, row_count, \
                              deleted, changed, referenced, absent) \
         VALUES ({purge}, {}, {}, {}, {}, {}, {}, {}, {});",
        batch.table,
        batch.authority,
        batch.first,
        batch.rows,
        counts.deleted,
        counts.changed,
        counts.referenced,
        counts.absent
    );
    if !kept.is_empty() {
        let rows: Vec<String> = kept
            .iter()
            .map(|(position, reason)| {
                format!("({purge}, {}, {position}, '{}')", batch.table, reason.as_str())
            })
            .collect();
        sql.push_str(&format!(
            " INSERT INTO {} (purge_no, table_no, position, reason) VALUES {};",
            names.table("purge_kept"),
            rows.join(", ")
        ));
    }
    sql
}

/// Records what became of every listed row.
pub fn record_outcome(store: &mut dyn Store, purge: &PurgeEntry, outcome: &Outcome) -> Result<()> {
    let (table, now) = (store.table("purge"), store.now());
    let document = serde_json::to_string(outcome).context("cannot write a document")?;
    let update = format!(
        "UPDATE {table} SET state = 'executed', outcome = {}, changed_at = {now} \
         WHERE purge_no = {} AND state = 'executing'",
        literal(&document),
        purge.number
    );
    let detail = EventDetail {
        sha256: Some(Digest::of(document.as_bytes())),
        count: Some(outcome.tables.iter().map(|table| table.counts.deleted).sum()),
        ..about(purge.number, &purge.rule_name)
    };
    transaction(store, |store| {
        store.execute(&update)?;
        append_event(store, EventKind::Execute, &detail).map(drop)
    })
}

/// Records that a purge was closed before its end, and what it came to; erases keys and salts from
/// the list, in one transaction.
pub fn record_closing(
    store: &mut dyn Store,
    purge: &PurgeEntry,
    envelope: &str,
    closing: &PurgeClosing,
) -> Result<()> {
    let tables = closing.tables.iter().map(|table| TableOutcome {
        name: table.name.clone(),
        counts: table.counts.into(),
        after: table.after.into(),
        outside: table.outside_after.into(),
    });
    let outcome = purge.outcome.clone().unwrap_or(Outcome { tables: tables.collect() });
    let (table, closings, now) = (store.table("purge"), store.table("purge_closing"), store.now());
    let lists = drop_lists(store, purge)?;
    let record = format!(
        "{} INSERT INTO {closings} (purge_no, statement) VALUES ({1}, {2}); {lists} \
         UPDATE {table} SET salt_key = NULL, outcome = {3}, changed_at = {now} WHERE purge_no = {1};",
        store.closings_ddl(),
        purge.number,
        literal(envelope),
        json(&outcome)?,
    );
    let detail = EventDetail {
        sha256: Some(Digest::of(envelope.as_bytes())),
        count: Some(closing.tables.iter().map(|table| table.counts.deleted).sum()),
        ..about(purge.number, &purge.rule_name)
    };
    transaction(store, |store| {
        store.execute(&record)?;
        append_event(store, EventKind::ClosePurge, &detail).map(drop)
    })
}

/// Records the certificate and erases keys and salts from the list, in one transaction.
pub fn record_certificate(
    store: &mut dyn Store,
    purge: &PurgeEntry,
    certificate: &str,
    checkpoint: &str,
) -> Result<()> {
    let erase = erase_statements(store, purge, PurgeState::Certified)?;
    let table = store.table("purge");
    let record = format!(
        "UPDATE {table} SET certificate = {}, checkpoint = {} WHERE purge_no = {}; {erase}",
        literal(certificate),
        literal(checkpoint),
        purge.number
    );
    let detail = EventDetail {
        sha256: Some(Digest::of(certificate.as_bytes())),
        ..about(purge.number, &purge.rule_name)
    };
    transaction(store, |store| {
        store.execute(&record)?;
        append_event(store, EventKind::Certify, &detail).map(drop)
    })
}

fn json(document: &impl Serialize) -> Result<String> {
    Ok(literal(&serde_json::to_string(document).context("cannot write a document")?))
}
