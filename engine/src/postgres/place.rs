//! Where a database is.

use anyhow::Result;

use super::session::Session;

/// What tells a PostgreSQL database from every other: the server's system identifier
/// (`pg_control_system`, made by initdb), the database's name and number. An upgrade with
/// pg_upgrade, a restored dump and a new name make it another; a physical copy is the same.
pub fn place(session: &mut Session) -> Result<String> {
    let database = "SELECT current_database() || ' ' || oid::text FROM pg_database \
                    WHERE datname = current_database()";
    let database = session.query_value(database)?.unwrap_or_default();
    // Any account may ask, unless the vendor took the right away.
    let may =
        session.query_value("SELECT has_function_privilege('pg_control_system()', 'EXECUTE')")?;
    let system = if may.as_deref() == Some("t") {
        session.query_value("SELECT system_identifier::text FROM pg_control_system()")?
    } else {
        None
    };
    Ok(format!("postgres {} {database}", system.unwrap_or_default()))
}
