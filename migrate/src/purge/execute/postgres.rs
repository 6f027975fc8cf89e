//! A batch in PostgreSQL.
//!
//! Rows are deleted first and looked at as they leave (`DELETE … RETURNING`): what comes out is
//! what was deleted. If one of them is not what was archived, everything is rolled back, and the
//! batch is done again without it. Nobody sees it in between.

use anyhow::{Context, Result, bail};
use handover_schemas::digest::Digest;
use handover_schemas::purge::record::KeptReason;
use handover_verify::interrupt::Interrupt;
use handover_verify::postgres::Session;
use handover_verify::purge::list::{POSITION, Positions};
use handover_verify::reader::Reader;

use super::batch::{Deleting, Kept, Met};

pub(super) fn delete(
    deleting: &Deleting<'_>,
    session: &mut Session,
    positions: &Positions,
    expected: &[Digest],
) -> Result<()> {
    let mut changed = Kept::new();
    loop {
        session.execute("BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '60s'")?;
        let mut kept = changed.clone();
        keep_referenced(deleting, session, positions, &mut kept)?;
        let mut met = delete_and_look(deleting, session, positions, expected, &kept)?;
        if !met.changed.is_empty() {
            session.execute("ROLLBACK")?;
            changed.extend(met.changed.iter().map(|position| (*position, KeptReason::Changed)));
            continue;
        }
        refuse_left(deleting, session, positions, &kept)?;
        met.same.sort_unstable();
        let record = deleting.record(session, positions, &met.same, &kept)?;
        session.execute(&format!("{record} COMMIT"))?;
        return Ok(());
    }
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
    let mut met = Met::default();
    deleting.list.read(&mut reader, &sql, &Interrupt::default(), |row| {
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
        bail!(
            "{left} rows of a batch are there although they were deleted: a trigger or rule holds \
             them back, or somebody wrote them anew at this moment. Nothing of the batch was \
             deleted; the same command tries again"
        );
    }
    Ok(())
}

fn names(deleting: &Deleting<'_>, session: &mut Session) -> (String, String) {
    let reader = Reader::Postgres(session);
    (deleting.list.list(&reader), deleting.list.table(&reader))
}
