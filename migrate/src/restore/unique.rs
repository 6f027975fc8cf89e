//! What has to be unique in a table beside its key.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use handover_engine::sql::{literal, qualified};
use handover_engine::sqlite::sqlite_error;
use handover_schemas::plan::TableShape;
use rusqlite::Connection;

use crate::purge::PurgeDatabase;

/// The columns of each unique index that is on columns alone and on all rows. Of any other it is
/// the database that refuses a row.
pub(super) fn unique_columns(
    database: &mut PurgeDatabase,
    shape: &TableShape,
) -> Result<Vec<Vec<String>>> {
    let found = match database {
        PurgeDatabase::Postgres(session) => {
            let table = literal(&qualified(&shape.name.schema, &shape.name.name));
            let rows = session.query(&format!(
                "SELECT (SELECT json_agg(a.attname ORDER BY k.n)::text \
                         FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n) \
                         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum \
                         WHERE k.n <= i.indnkeyatts) \
                 FROM pg_index i WHERE i.indrelid = {table}::regclass AND i.indisunique \
                   AND NOT i.indisprimary AND i.indpred IS NULL AND i.indexprs IS NULL \
                 ORDER BY i.indexrelid"
            ))?;
            rows.into_iter()
                .flatten()
                .flatten()
                .map(|json| {
                    serde_json::from_str(&json).context("the catalog gave a list that is none")
                })
                .collect::<Result<Vec<Vec<String>>>>()?
        }
        PurgeDatabase::Sqlite(connection) => in_file(connection, &shape.name.name)?,
    };
    // Of a column that was added since, archived rows have no value.
    let is_archived = |name: &String| shape.columns.iter().any(|column| column.name == *name);
    Ok(found.into_iter().filter(|columns| columns.iter().all(is_archived)).collect())
}

fn in_file(connection: &Connection, table: &str) -> Result<Vec<Vec<String>>> {
    let mut statement = connection
        .prepare(
            "SELECT l.seq, i.name FROM pragma_index_list(?1) l, pragma_index_info(l.name) i \
             WHERE l.\"unique\" = 1 AND l.origin <> 'pk' AND l.partial = 0 ORDER BY l.seq, i.seqno",
        )
        .map_err(sqlite_error)?;
    let mut found: BTreeMap<i64, Option<Vec<String>>> = BTreeMap::new();
    let mut rows = statement.query([table]).map_err(sqlite_error)?;
    while let Some(row) = rows.next().map_err(sqlite_error)? {
        let number: i64 = row.get(0).map_err(sqlite_error)?;
        let name: Option<String> = row.get(1).map_err(sqlite_error)?;
        let columns = found.entry(number).or_insert_with(|| Some(Vec::new()));
        // An expression has no name.
        *columns = columns.take().zip(name).map(|(mut columns, name)| {
            columns.push(name);
            columns
        });
    }
    Ok(found.into_values().flatten().collect())
}
