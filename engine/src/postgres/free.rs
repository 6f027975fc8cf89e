//! Waiting for tables that somebody else holds, where it can be told who does.

use anyhow::Result;
use handover_schemas::name::TableName;

use super::session::Session;
use crate::sql::qualified;

/// Tables per statement.
const AT_ONCE: usize = 500;

/// Waits until nobody holds one of these tables for himself (`ACCESS EXCLUSIVE`), and lets go of
/// them again: `pg_dump`, which locks them too, waits for a minute only and says nothing meanwhile.
/// Within a transaction.
pub fn wait_until_free<'t>(
    session: &mut Session,
    tables: impl Iterator<Item = &'t TableName>,
) -> Result<()> {
    let names: Vec<String> =
        tables.map(|table| format!("ONLY {}", qualified(&table.schema, &table.name))).collect();
    for names in names.chunks(AT_ONCE) {
        // A table that may not be locked is for whoever reads it to tell.
        let locked = session.released(|session| {
            session.execute(&format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", ")))
        })?;
        drop(locked);
    }
    Ok(())
}
