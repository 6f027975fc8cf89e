//! A batch in a SQLite file: the transaction holds the one write lock, so that what was read is
//! what is deleted.

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::reader::Reader;
use handover_engine::sql::ident;
use handover_schemas::digest::Digest;
use handover_schemas::purge::record::KeptReason;
use handover_verify::ledger::LedgerQuery;
use handover_verify::purge::list::{List, Positions};
use rusqlite::Connection;

use super::batch::{Deleting, Kept, Met};
use crate::ledger::Store;
use crate::target::sqlite::failed;

pub(super) fn delete(
    deleting: &Deleting<'_>,
    connection: &mut Connection,
    positions: &Positions,
    expected: &[Digest],
    interrupt: &Interrupt,
) -> Result<()> {
    Store::execute(connection, "BEGIN IMMEDIATE")?;
    let (deleted, kept) = delete_rows(deleting, connection, positions, expected, interrupt)?;
    let record = deleting.record(connection, positions, &deleted, &kept)?;
    Store::execute(connection, &format!("{record} COMMIT"))
}

/// Deletes the rows of some places that are what was archived, in the transaction that is open.
/// Gives the places of those that were deleted, and what was kept.
pub(in crate::purge) fn delete_rows(
    deleting: &Deleting<'_>,
    connection: &mut Connection,
    positions: &Positions,
    expected: &[Digest],
    interrupt: &Interrupt,
) -> Result<(Vec<u64>, Kept)> {
    let mut reader = Reader::Sqlite(connection);
    let (list, table) = (deleting.list.list(&reader), deleting.list.table(&reader));
    let mut met = Met::default();
    let sql = deleting.list.listed_rows(&reader, Some(positions));
    deleting.list.read(&mut reader, &sql, interrupt, |row| {
        deleting.judge(positions, expected, row.position, row.line, &mut met)
    })?;
    let mut kept: Kept =
        met.changed.iter().map(|position| (*position, KeptReason::Changed)).collect();
    if let Some(referenced) = deleting.referenced(&list, &table, positions) {
        for row in connection.query(&referenced)? {
            let position = row.into_iter().flatten().next().and_then(|text| text.parse().ok());
            let position = position.context("a place on the list is not a number")?;
            kept.entry(position).or_insert(KeptReason::Referenced);
        }
    }
    let mut deleted: Vec<u64> =
        met.same.into_iter().filter(|position| !kept.contains_key(position)).collect();
    deleted.sort_unstable();
    let keys: Vec<String> = deleting.list.key_names().map(ident).collect();
    let listed: Vec<String> =
        (0..keys.len()).map(|at| format!("l.{}", List::key_column(at))).collect();
    let sql = format!(
        "DELETE FROM {table} WHERE ({}) IN (SELECT {} FROM {list} AS l WHERE {})",
        keys.join(", "),
        listed.join(", "),
        Deleting::within(positions, &kept)
    );
    let removed = Connection::execute(connection, &sql, []);
    let removed = removed.map_err(|error| failed(connection, error))?;
    if !deleting.triggers.is_empty() {
        let left = format!(
            "SELECT count(*) FROM {list} AS l JOIN {table} AS t ON {} WHERE {}",
            deleting.list.join(),
            Deleting::within(positions, &kept)
        );
        let left = connection.query(&left)?.into_iter().flatten().flatten().next();
        let left = left.context("SQLite does not count the rows that are left")?;
        if left != "0" {
            return Err(deleting.left(&left));
        }
    }
    if removed != deleted.len() {
        bail!("{} rows were to be deleted, and {removed} were; nothing was", deleted.len());
    }
    Ok((deleted, kept))
}
