//! A trial in a SQLite file. Which triggers act, and which tables they write, is told by what SQLite
//! asks an authorizer when it prepares the statement (`c3ref/set_authorizer.html`). How many rows, by
//! the hook that it calls for each (`c3ref/update_hook.html`), and by counting: it calls none for
//! tables without rowids, and none where all rows of a table go at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::sql::{ident, qualified};
use handover_engine::sqlite::sqlite_error;
use handover_schemas::name::TableName;
use handover_verify::ledger::LedgerQuery;
use rusqlite::Connection;
use rusqlite::hooks::{Action, AuthAction, AuthContext, Authorization};

use super::{Runs, Tried, Written};
use crate::purge::execute::batch::Deleting;
use crate::purge::execute::sqlite::delete_rows;

/// What acts when rows of a table are deleted.
#[derive(Default)]
struct Acting {
    triggers: BTreeSet<String>,
    /// Tables that they write.
    tables: BTreeSet<String>,
}

pub(super) fn delete(
    deleting: &Deleting<'_>,
    connection: &mut Connection,
    runs: &Runs,
    interrupt: &Interrupt,
) -> Result<Tried> {
    let acting = acting(deleting, connection)?;
    let before = counts(connection, &acting.tables)?;
    let seen = watch(connection)?;
    let rows = delete_runs(deleting, connection, runs, interrupt);
    connection.update_hook(None::<fn(Action, &str, &str, i64)>).map_err(sqlite_error)?;
    let rows = rows?;
    let after = counts(connection, &acting.tables)?;
    let mut written = lock(&seen).clone();
    for ((table, before), after) in before.iter().zip(after.values()) {
        let counts = written.entry(TableName::new("main", table)).or_default();
        let told = before.saturating_add(counts[0]).saturating_sub(counts[2]);
        counts[0] += after.saturating_sub(told);
        counts[2] += told.saturating_sub(*after);
    }
    Ok(Tried { rows, triggers: acting.triggers.into_iter().collect(), written })
}

fn delete_runs(
    deleting: &Deleting<'_>,
    connection: &mut Connection,
    runs: &Runs,
    interrupt: &Interrupt,
) -> Result<u64> {
    let mut rows = 0;
    for (first, leaves) in runs {
        let places = *first..*first + leaves.len() as u64;
        let (deleted, _kept) = delete_rows(deleting, connection, &places, leaves, interrupt)?;
        rows += deleted.len() as u64;
    }
    Ok(rows)
}

fn acting(deleting: &Deleting<'_>, connection: &mut Connection) -> Result<Acting> {
    let acting = Arc::new(Mutex::new(Acting::default()));
    let asked = Arc::clone(&acting);
    connection
        .authorizer(Some(move |context: AuthContext<'_>| {
            if let Some(trigger) = context.accessor {
                let mut acting = lock(&asked);
                acting.triggers.insert(trigger.to_owned());
                if let AuthAction::Insert { table_name }
                | AuthAction::Delete { table_name }
                | AuthAction::Update { table_name, .. } = context.action
                {
                    acting.tables.insert(table_name.to_owned());
                }
            }
            Authorization::Allow
        }))
        .map_err(sqlite_error)?;
    let key = deleting.list.key_names().next().context("a table has no key")?;
    let table = qualified("main", &deleting.list.shape.name.name);
    let sql = format!("DELETE FROM {table} WHERE {} = ?1", ident(key));
    let prepared = connection.prepare(&sql).map(drop);
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>).map_err(sqlite_error)?;
    prepared.map_err(sqlite_error)?;
    let acting = std::mem::take(&mut *lock(&acting));
    Ok(acting)
}

fn watch(connection: &mut Connection) -> Result<Arc<Mutex<Written>>> {
    let seen = Arc::new(Mutex::new(Written::new()));
    let writes = Arc::clone(&seen);
    connection
        .update_hook(Some(move |action: Action, database: &str, table: &str, _row: i64| {
            let mut writes = lock(&writes);
            let counts = writes.entry(TableName::new(database, table)).or_default();
            let [inserted, updated, deleted] = counts;
            match action {
                Action::SQLITE_INSERT => *inserted += 1,
                Action::SQLITE_UPDATE => *updated += 1,
                Action::SQLITE_DELETE => *deleted += 1,
                _ => {}
            }
        }))
        .map_err(sqlite_error)?;
    Ok(seen)
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rows of these tables.
fn counts(connection: &mut Connection, tables: &BTreeSet<String>) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    for table in tables {
        let sql = format!("SELECT count(*) FROM {}", qualified("main", table));
        let count = connection.query(&sql)?.into_iter().flatten().flatten().next();
        let count = count.and_then(|count| count.parse().ok());
        counts.insert(table.clone(), count.context("SQLite does not count the rows of a table")?);
    }
    Ok(counts)
}
