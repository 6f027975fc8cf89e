//! Rights that a deletion takes.

use anyhow::{Context, Result, bail};
use handover_engine::postgres::Session;
use handover_engine::sql::{literal, qualified};
use handover_verify::purge::ledger::PurgeEntry;

use crate::purge::PurgeDatabase;
use crate::purge::execute::batch::Hanging;

/// Rights in the ledger.
const LEDGER: [(&str, &str); 5] = [
    ("handover.purge", "UPDATE"),
    ("handover.purge_authority", "INSERT"),
    ("handover.purge_batch", "INSERT"),
    ("handover.purge_kept", "INSERT"),
    ("handover.event", "INSERT"),
];

/// Gives the account of the session, if there is one; an error that names every right it lacks.
pub(super) fn check(
    database: &mut PurgeDatabase,
    purge: &PurgeEntry,
    hanging: &Hanging,
) -> Result<Option<String>> {
    let PurgeDatabase::Postgres(session) = database else { return Ok(None) };
    let account = session.query_value("SELECT current_user")?;
    let account = account.context("the server does not say which account this is")?;
    let mut needed: Vec<(String, &str)> =
        LEDGER.iter().map(|(table, right)| ((*table).to_owned(), *right)).collect();
    let mut triggers = false;
    for table in &purge.selection.tables {
        let name = qualified(&table.name().schema, &table.name().name);
        needed.push((name.clone(), "SELECT"));
        // Rows that others refer to are locked before they go.
        if !hanging.referring(table.name()).is_empty() {
            needed.push((name.clone(), "UPDATE"));
        }
        needed.push((name, "DELETE"));
        triggers |= !hanging.triggers(table.name()).is_empty();
    }
    let mut missing = Vec::new();
    for (table, right) in needed {
        if !has(session, &format!("has_table_privilege({}, '{right}')", literal(&table)))? {
            missing.push(format!("{right} on {table}"));
        }
    }
    if triggers && !has(session, "has_database_privilege(current_database(), 'TEMPORARY')")? {
        missing.push("TEMPORARY on the database".to_owned());
    }
    if missing.is_empty() {
        return Ok(Some(account));
    }
    bail!(
        "the account {account} cannot carry out this deletion, for it lacks: {}. Grant it that \
         (GRANT … TO {account}), or give --target with the account that is going to delete",
        missing.join(", ")
    )
}

fn has(session: &mut Session, right: &str) -> Result<bool> {
    Ok(session.query_value(&format!("SELECT {right}"))?.as_deref() == Some("t"))
}
