//! How many large objects a database has.

use anyhow::Result;

use super::session::Session;

/// The number of large objects; `None` if the account may not read `pg_largeobject_metadata`, which
/// everybody may unless it was revoked.
///
/// # Errors
/// The connection is lost, or the server refuses a query.
pub fn large_objects(session: &mut Session) -> Result<Option<u64>> {
    let may = "SELECT has_table_privilege('pg_catalog.pg_largeobject_metadata', 'SELECT')";
    if session.query_value(may)?.as_deref() != Some("t") {
        return Ok(None);
    }
    let count = session.query_value("SELECT count(*) FROM pg_catalog.pg_largeobject_metadata")?;
    Ok(count.and_then(|count| count.parse().ok()))
}
