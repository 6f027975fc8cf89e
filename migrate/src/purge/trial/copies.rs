//! Where copies of deleted rows stay, as far as the catalog knows.

use anyhow::{Result, bail};
use handover_engine::postgres::{Session, TextRow};
use handover_engine::sql::{literal, qualified};
use handover_schemas::name::TableName;
use handover_schemas::purge::reach::{ObjectColumn, Reach};
use handover_verify::purge::ledger::PurgeEntry;

use crate::purge::PurgeDatabase;

/// What a SQLite file has of the kind, triggers write.
pub(super) fn of(database: &mut PurgeDatabase, purge: &PurgeEntry) -> Result<Reach> {
    let PurgeDatabase::Postgres(session) = database else { return Ok(Reach::default()) };
    let tables: Vec<String> = purge
        .selection
        .tables
        .iter()
        .map(|table| {
            let name = qualified(&table.name().schema, &table.name().name);
            format!("{}::regclass", literal(&name))
        })
        .collect();
    let tables = tables.join(", ");
    Ok(Reach {
        views: names(session, &views(&tables))?,
        objects: objects(session, &tables)?,
        parents: names(session, &parents(&tables))?,
        ..Reach::default()
    })
}

/// Materialised views that read one of the tables, also through views. What a view reads, the rule
/// that makes it depends on; a partition or a table that inherits is read through its parent.
fn views(tables: &str) -> String {
    format!(
        "WITH RECURSIVE read AS ( \
           SELECT c.oid FROM pg_class c WHERE c.oid IN ({tables}) \
           UNION SELECT next.oid FROM read, LATERAL ( \
             SELECT r.ev_class AS oid FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid \
             WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = read.oid \
               AND d.classid = 'pg_rewrite'::regclass \
             UNION ALL SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = read.oid) next) \
         SELECT n.nspname, c.relname FROM read JOIN pg_class c ON c.oid = read.oid \
         JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' ORDER BY 1, 2"
    )
}

fn parents(tables: &str) -> String {
    format!(
        "WITH RECURSIVE parent AS ( \
           SELECT inhparent FROM pg_inherits WHERE inhrelid IN ({tables}) \
           UNION SELECT i.inhparent FROM parent p JOIN pg_inherits i ON i.inhrelid = p.inhparent) \
         SELECT DISTINCT n.nspname, c.relname FROM parent p JOIN pg_class c ON c.oid = p.inhparent \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.oid NOT IN ({tables}) ORDER BY 1, 2"
    )
}

/// Columns of the type `oid`, or of a domain of it such as `lo`, if there are large objects at all.
fn objects(session: &mut Session, tables: &str) -> Result<Vec<ObjectColumn>> {
    let rows = session.query(&format!(
        "SELECT n.nspname, c.relname, a.attname FROM pg_attribute a \
         JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_type t ON t.oid = a.atttypid \
         WHERE c.oid IN ({tables}) AND a.attnum > 0 AND NOT a.attisdropped \
           AND 'oid'::regtype IN (t.oid, t.typbasetype) \
           AND EXISTS (SELECT 1 FROM pg_largeobject_metadata) ORDER BY 1, 2, 3"
    ))?;
    rows.into_iter()
        .map(|row| match row.as_slice() {
            [Some(schema), Some(table), Some(column)] => {
                Ok(ObjectColumn { table: TableName::new(schema, table), column: column.clone() })
            }
            _ => bail!("the catalog gave an incomplete row for a column"),
        })
        .collect()
}

fn names(session: &mut Session, sql: &str) -> Result<Vec<TableName>> {
    let name = |row: TextRow| match row.as_slice() {
        [Some(schema), Some(name)] => Ok(TableName::new(schema, name)),
        _ => bail!("the catalog gave an incomplete row for a table or view"),
    };
    session.query(sql)?.into_iter().map(name).collect()
}
