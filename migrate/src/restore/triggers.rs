//! Triggers stay off while rows are put back: what they did when the rows came the first time was
//! done then.

use anyhow::{Result, bail};
use handover_engine::postgres::Session;
use handover_engine::sql::{ident, literal, qualified};
use handover_engine::sqlite::sqlite_error;
use handover_schemas::plan::TableShape;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::purge::PurgeDatabase;

/// Turns triggers of a table off, in the transaction that is open. Gives the statements that turn
/// them on again as they were.
pub(super) fn turn_off(database: &mut PurgeDatabase, shape: &TableShape) -> Result<String> {
    match database {
        PurgeDatabase::Postgres(session) => turn_off_in_postgres(session, shape),
        PurgeDatabase::Sqlite(connection) => {
            allow_in_file(connection, false)?;
            Ok(String::new())
        }
    }
}

/// Turns triggers on again, after an error too: a file's are off for the whole connection.
pub(super) fn turn_on(database: &mut PurgeDatabase) -> Result<()> {
    match database {
        PurgeDatabase::Postgres(_) => Ok(()),
        PurgeDatabase::Sqlite(connection) => allow_in_file(connection, true),
    }
}

fn allow_in_file(connection: &Connection, allow: bool) -> Result<()> {
    let set = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, allow);
    if set.map_err(sqlite_error)? != allow {
        bail!("the triggers of the SQLite file cannot be turned off");
    }
    Ok(())
}

/// Each trigger by itself, since one that was off before stays off. A trigger of a partitioned
/// table stands for those that its partitions have of it.
fn turn_off_in_postgres(session: &mut Session, shape: &TableShape) -> Result<String> {
    let table = literal(&qualified(&shape.name.schema, &shape.name.name));
    // Bits 4 and 16 of tgtype: fires on INSERT, on UPDATE (pg_trigger.h).
    let rows = session.query(&format!(
        "SELECT n.nspname, c.relname, t.tgname, t.tgenabled FROM pg_trigger t \
         JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE (t.tgrelid = {table}::regclass \
                OR t.tgrelid IN (SELECT relid FROM pg_partition_tree({table}::regclass))) \
           AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'D' \
           AND (t.tgtype::int & 20) <> 0 ORDER BY 1, 2, 3"
    ))?;
    let (mut off, mut on) = (String::new(), String::new());
    for row in rows {
        let values: Vec<String> = row.into_iter().flatten().collect();
        let [schema, table, name, enabled] = values.as_slice() else {
            bail!("the catalog gave an incomplete row for a trigger");
        };
        let how = match enabled.as_str() {
            "R" => "ENABLE REPLICA",
            "A" => "ENABLE ALWAYS",
            _origin => "ENABLE",
        };
        let (table, name) = (qualified(schema, table), ident(name));
        off.push_str(&format!("ALTER TABLE {table} DISABLE TRIGGER {name}; "));
        on.push_str(&format!("ALTER TABLE {table} {how} TRIGGER {name}; "));
    }
    if !off.is_empty() {
        session.execute(&off)?;
    }
    Ok(on)
}
