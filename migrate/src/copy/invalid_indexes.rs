//! Indexes that were not built to their end at the source: `pg_dump` leaves them out without a word.

use anyhow::Result;
use handover_engine::postgres::Session;

/// Each with the reason why it is not carried over. An index that not every partition has, which the
/// server calls invalid too, is carried.
pub(super) fn invalid_indexes(session: &mut Session) -> Result<Vec<(String, String)>> {
    let rows = session.query(
        "SELECT n.nspname || '.' || x.relname, t.relname FROM pg_index i \
         JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
         JOIN pg_namespace n ON n.oid = x.relnamespace \
         WHERE NOT i.indisvalid AND x.relkind = 'i' \
           AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
         ORDER BY n.nspname COLLATE \"C\", x.relname COLLATE \"C\"",
    )?;
    let mut found = Vec::new();
    for row in rows {
        if let [Some(index), Some(table)] = row.as_slice() {
            let why = format!(
                "it is not valid at the source, where it was never built to its end on {table}, \
                 and the vendor should rebuild (REINDEX INDEX) or drop it"
            );
            found.push((format!("index {index}"), why));
        }
    }
    Ok(found)
}
