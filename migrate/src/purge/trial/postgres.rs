//! A trial in PostgreSQL: the server counts the rows that a transaction writes, table by table.

use anyhow::{Context, Result, bail};
use handover_engine::postgres::Session;
use handover_schemas::name::TableName;

use super::{Runs, Tried, Written};
use crate::purge::execute::batch::{Deleting, Kept};
use crate::purge::execute::postgres::delete_rows;

pub(super) fn delete(deleting: &Deleting<'_>, session: &mut Session, runs: &Runs) -> Result<Tried> {
    let before = written(session)?;
    let mut rows = 0;
    for (first, leaves) in runs {
        let places = *first..*first + leaves.len() as u64;
        let (met, _kept) = delete_rows(deleting, session, &places, leaves, &Kept::new())?;
        rows += (met.same.len() + met.changed.len()) as u64;
    }
    let mut written = written(session)?;
    for (table, counts) in &before {
        if let Some(now) = written.get_mut(table) {
            for (now, before) in now.iter_mut().zip(counts) {
                *now = now.saturating_sub(*before);
            }
        }
    }
    let own = written.get(&deleting.list.shape.name).map_or(0, |counts| counts[2]);
    if own < rows && !deleting.triggers.is_empty() {
        bail!(
            "the server does not count what a transaction writes (track_counts is off), so that \
             nobody can tell what the triggers of {} do; switch it on, or disable them",
            deleting.list.shape.name
        );
    }
    let triggers = deleting.triggers.iter().map(|trigger| trigger.name.clone()).collect();
    Ok(Tried { rows, triggers, written })
}

/// Rows that this session wrote and the server did not yet add up, by table: what was there before is
/// taken away. A partition's are its table's. Of the catalog only large objects are rows of people.
fn written(session: &mut Session) -> Result<Written> {
    let rows = session.query(
        "SELECT n.nspname, r.relname, sum(s.n_tup_ins), sum(s.n_tup_upd), sum(s.n_tup_del) \
         FROM pg_stat_xact_all_tables s JOIN pg_class c ON c.oid = s.relid \
         JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid) \
         JOIN pg_namespace n ON n.oid = r.relnamespace \
         WHERE s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0 \
           AND (n.nspname !~ '^pg_' OR r.relname = 'pg_largeobject') \
         GROUP BY 1, 2 ORDER BY 1, 2",
    )?;
    rows.into_iter()
        .map(|row| {
            let values: Vec<String> = row.into_iter().flatten().collect();
            let [schema, table, inserted, updated, deleted] = values.as_slice() else {
                bail!("the server gave an incomplete row of what was written");
            };
            let number =
                |text: &String| text.parse().context("the server gave a count that is no number");
            let counts = [number(inserted)?, number(updated)?, number(deleted)?];
            Ok((TableName::new(schema, table), counts))
        })
        .collect()
}
