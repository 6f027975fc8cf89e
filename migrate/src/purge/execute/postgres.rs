//! A batch in PostgreSQL.
//!
//! Rows are deleted first and looked at as they leave (`DELETE … RETURNING`): what comes out is
//! what was deleted. If one of them is not what was archived, everything is rolled back, and the
//! batch is done again without it. Nobody sees it in between.

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::postgres::Session;
use handover_engine::reader::Reader;
use handover_engine::sql::ident;
use handover_schemas::digest::Digest;
use handover_schemas::purge::record::KeptReason;
use handover_verify::purge::list::{EVIDENCE, POSITION, Positions};

use super::batch::{Deleting, Kept, Met};
use crate::target::postgres::pinned_again;

pub(super) fn delete(
    deleting: &Deleting<'_>,
    session: &mut Session,
    positions: &Positions,
    expected: &[Digest],
) -> Result<()> {
    let mut changed = Kept::new();
    loop {
        session.execute(BEGIN)?;
        let (mut met, kept) = delete_rows(deleting, session, positions, expected, &changed)?;
        if !met.changed.is_empty() {
            session.execute("ROLLBACK")?;
            changed.extend(met.changed.iter().map(|position| (*position, KeptReason::Changed)));
            continue;
        }
        met.same.sort_unstable();
        let record = deleting.record(session, positions, &met.same, &kept)?;
        session.execute(&format!("{record} COMMIT"))?;
        return Ok(());
    }
}

/// Begins the transaction in which rows are deleted.
pub(in crate::purge) const BEGIN: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '60s'";

/// Deletes the rows of some places, but for those that are known to be changed, in the transaction
/// that is open. Gives what was deleted, and what was kept.
pub(in crate::purge) fn delete_rows(
    deleting: &Deleting<'_>,
    session: &mut Session,
    positions: &Positions,
    expected: &[Digest],
    changed: &Kept,
) -> Result<(Met, Kept)> {
    let mut kept = changed.clone();
    keep_referenced(deleting, session, positions, &mut kept)?;
    let met = if deleting.triggers.is_empty() {
        delete_and_look(deleting, session, positions, expected, &kept)?
    } else {
        delete_with_triggers(deleting, session, positions, expected, &kept)?
    };
    refuse_left(deleting, session, positions, &kept)?;
    Ok((met, kept))
}

/// Locks the rows, so that nobody can begin to refer to them, and keeps those to which somebody
/// does already.
fn keep_referenced(
    deleting: &Deleting<'_>,
    session: &mut Session,
    positions: &Positions,
    kept: &mut Kept,
) -> Result<()> {
    let (list, table) = names(deleting, session);
    let Some(referenced) = deleting.referenced(&list, &table, positions) else { return Ok(()) };
    session
        .query(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM {list} AS l JOIN {table} AS t ON {} WHERE {} \
             ORDER BY l.{POSITION} FOR UPDATE OF t) AS locked",
            deleting.list.join(),
            Deleting::within(positions, &Kept::new()),
        ))
        .context("cannot lock the rows of a batch; the same command tries again")?;
    for row in session.query(&referenced)? {
        let position = row.into_iter().flatten().next().and_then(|text| text.parse().ok());
        let position = position.context("a place on the list is not a number")?;
        kept.entry(position).or_insert(KeptReason::Referenced);
    }
    Ok(())
}

fn delete_and_look(
    deleting: &Deleting<'_>,
    session: &mut Session,
    positions: &Positions,
    expected: &[Digest],
    kept: &Kept,
) -> Result<Met> {
    let (list, table) = names(deleting, session);
    let mut reader = Reader::Postgres(session);
    let sql = format!(
        "DELETE FROM {table} AS t USING {list} AS l WHERE {} AND {} RETURNING {}",
        deleting.list.join(),
        Deleting::within(positions, kept),
        deleting.list.select(&reader),
    );
    look(deleting, &mut reader, &sql, positions, expected)
}

/// Settings of the session that functions of the platform may rest on. Encoding and row security stay
/// pinned.
const SEEN_BY_FUNCTIONS: &str = "'DateStyle', 'IntervalStyle', 'TimeZone', 'extra_float_digits', \
     'bytea_output', 'lc_monetary', 'search_path', 'standard_conforming_strings'";

/// The same where triggers act. They run under the settings that the database and the account have
/// of themselves, which their functions were written for; a search path among them. Rows are printed
/// under the pinned ones: in between they wait in a temporary table.
fn delete_with_triggers(
    deleting: &Deleting<'_>,
    session: &mut Session,
    positions: &Positions,
    expected: &[Digest],
    kept: &Kept,
) -> Result<Met> {
    let (list, table) = names(deleting, session);
    let columns = deleting.list.shape.columns.iter().map(|one| format!("t.{}", ident(&one.name)));
    let columns: Vec<String> = columns.collect();
    let columns = format!("l.{POSITION}, l.{EVIDENCE}, {}", columns.join(", "));
    let join = deleting.list.join();
    session
        .execute(&format!(
            "CREATE TEMP TABLE handover_deleted ON COMMIT DROP AS \
             SELECT {columns} FROM {table} AS t JOIN {list} AS l ON {join} LIMIT 0"
        ))
        .context("cannot make a temporary table, in which rows wait that triggers act on")?;
    session.execute(&format!(
        "SELECT pg_catalog.set_config(name, reset_val, true) FROM pg_catalog.pg_settings \
         WHERE name IN ({SEEN_BY_FUNCTIONS}); \
         WITH gone AS (DELETE FROM {table} AS t USING {list} AS l WHERE {join} AND {} \
           RETURNING {columns}) \
         INSERT INTO pg_temp.handover_deleted SELECT * FROM gone; \
         SET CONSTRAINTS ALL IMMEDIATE; {}",
        Deleting::within(positions, kept),
        pinned_again(),
    ))?;
    let mut reader = Reader::Postgres(session);
    let sql =
        format!("SELECT {} FROM pg_temp.handover_deleted AS l", deleting.list.select(&reader));
    let met = look(deleting, &mut reader, &sql, positions, expected)?;
    session.execute("DROP TABLE pg_temp.handover_deleted")?;
    Ok(met)
}

fn look(
    deleting: &Deleting<'_>,
    reader: &mut Reader<'_>,
    sql: &str,
    positions: &Positions,
    expected: &[Digest],
) -> Result<Met> {
    let mut met = Met::default();
    deleting.list.read(reader, sql, &Interrupt::default(), |row| {
        deleting.judge(positions, expected, row.position, row.line, &mut met)
    })?;
    Ok(met)
}

/// A row that was neither kept nor deleted has to be gone. A trigger may hold it back, and somebody
/// may have written it anew while its deletion was waited for: then it is not absent.
fn refuse_left(
    deleting: &Deleting<'_>,
    session: &mut Session,
    positions: &Positions,
    kept: &Kept,
) -> Result<()> {
    let (list, table) = names(deleting, session);
    let left = session.query_value(&format!(
        "SELECT count(*) FROM {list} AS l JOIN {table} AS t ON {} WHERE {}",
        deleting.list.join(),
        Deleting::within(positions, kept),
    ))?;
    let left = left.context("the server does not count the rows that are left")?;
    if left != "0" {
        return Err(deleting.left(&left));
    }
    Ok(())
}

fn names(deleting: &Deleting<'_>, session: &mut Session) -> (String, String) {
    let reader = Reader::Postgres(session);
    (deleting.list.list(&reader), deleting.list.table(&reader))
}
