//! What cannot be made, in a copy from PostgreSQL, without the tables that are not copied.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use handover_engine::postgres::{Session, TextRow};
use handover_engine::sql::literal;
use handover_schemas::ledger::LeftOutBy;
use handover_schemas::name::TableName;

use super::source::Described;
use crate::ledger::LeftOutTable;
use crate::target::postgres::{PG_CLASS, PG_CONSTRAINT};

/// What goes with the tables that are not copied.
#[derive(Default)]
pub(super) struct Dependents {
    /// The tables and their partitions.
    pub(super) tables: Vec<TableName>,
    /// Views over them, however far away, and sequences that only they use: catalog and oid.
    pub(super) relations: BTreeSet<(u32, u32)>,
    /// Those sequences by name.
    pub(super) sequences: BTreeSet<String>,
    /// Foreign keys of other tables that point at them: catalog and oid.
    pub(super) foreign_keys: BTreeSet<(u32, u32)>,
    /// What of this is a loss, and why.
    pub(super) not_carried: Vec<(String, String)>,
}

impl Dependents {
    /// Asks the catalog.
    pub(super) fn of(session: &mut Session, left_out: &[TableName]) -> Result<Self> {
        let mut found = Self::default();
        if left_out.is_empty() {
            return Ok(found);
        }
        let tables = tables_and_partitions(left_out);
        for [schema, name] in rows(session, &format!("{tables} {NAMES}"))? {
            found.tables.push(TableName::new(schema, name));
        }
        for [oid, view] in rows(session, &format!("{tables} {VIEWS}"))? {
            let why = "it depends on a table that is not copied";
            found.not_carried.push((format!("view {view}"), why.to_owned()));
            found.relations.insert((PG_CLASS, oid.parse()?));
        }
        for [oid, name] in rows(session, &format!("{tables} {SEQUENCES}"))? {
            found.relations.insert((PG_CLASS, oid.parse()?));
            found.sequences.insert(name);
        }
        for [oid, key, table] in rows(session, &format!("{tables} {FOREIGN_KEYS}"))? {
            let why = format!("it references {table}, which is not copied");
            found.not_carried.push((format!("foreign key {key}"), why));
            found.foreign_keys.insert((PG_CONSTRAINT, oid.parse()?));
        }
        Ok(found)
    }
}

/// Leaves out partitioned tables of which the account may not read a partition: their rows could be
/// read, but `pg_dump` locks every partition, and without the partition the rows have no place.
pub(super) fn leave_out_unlockable(session: &mut Session, described: &mut Described) -> Result<()> {
    for [schema, name, partition] in rows(session, UNLOCKABLE)? {
        let name = TableName::new(schema, name);
        if described.tables.iter().any(|shape| shape.name == name) {
            described.tables.retain(|shape| shape.name != name);
            let reason =
                format!("the account may not read its partition {partition}; ask for SELECT on it");
            described.left_out.push(LeftOutTable { name, reason, by: LeftOutBy::Source });
        }
    }
    Ok(())
}

const UNLOCKABLE: &str = "SELECT rn.nspname, r.relname, n.nspname || '.' || c.relname \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_class r ON r.oid = pg_partition_root(c.oid) \
    JOIN pg_namespace rn ON rn.oid = r.relnamespace \
    WHERE c.relispartition AND c.relkind IN ('r', 'p') \
      AND NOT (has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')) \
    ORDER BY 1, 2, 3";

/// The head of a query: `gone` has the oids of the tables and of their partitions.
fn tables_and_partitions(left_out: &[TableName]) -> String {
    let names: Vec<String> = left_out
        .iter()
        .map(|table| format!("({}, {})", literal(&table.schema), literal(&table.name)))
        .collect();
    format!(
        "WITH RECURSIVE gone AS ( \
           SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
           WHERE (n.nspname, c.relname) IN ({}) \
           UNION SELECT i.inhrelid FROM gone JOIN pg_inherits i ON i.inhparent = gone.oid \
           JOIN pg_class p ON p.oid = i.inhrelid AND p.relispartition)",
        names.join(", ")
    )
}

const NAMES: &str = "SELECT n.nspname, c.relname FROM gone JOIN pg_class c USING (oid) \
    JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1, 2";

const VIEWS: &str = ", dependent AS ( \
      SELECT oid FROM gone \
      UNION SELECT r.ev_class FROM dependent t \
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid \
           AND d.classid = 'pg_rewrite'::regclass \
      JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> t.oid) \
    SELECT c.oid::text, n.nspname || '.' || c.relname FROM dependent \
    JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('v', 'm') ORDER BY 2";

/// A sequence from which a column of another table takes its numbers stays.
const SEQUENCES: &str = "SELECT s.oid::text, n.nspname || '.' || s.relname FROM gone \
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = gone.oid \
         AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') \
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' \
    JOIN pg_namespace n ON n.oid = s.relnamespace \
    WHERE NOT EXISTS ( \
      SELECT FROM pg_depend u \
      LEFT JOIN pg_attrdef a ON u.classid = 'pg_attrdef'::regclass AND a.oid = u.objid \
      WHERE u.refclassid = 'pg_class'::regclass AND u.refobjid = s.oid AND u.deptype = 'n' \
        AND (a.adrelid IS NULL OR a.adrelid NOT IN (SELECT oid FROM gone))) \
    ORDER BY 2";

const FOREIGN_KEYS: &str = "SELECT k.oid::text, n.nspname || '.' || c.relname || '.' || k.conname, \
           pn.nspname || '.' || p.relname \
    FROM gone JOIN pg_constraint k ON k.confrelid = gone.oid AND k.contype = 'f' \
         AND k.conparentid = 0 AND k.conrelid NOT IN (SELECT oid FROM gone) \
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace \
    ORDER BY 2";

fn rows<const N: usize>(session: &mut Session, sql: &str) -> Result<Vec<[String; N]>> {
    let complete = |row: TextRow| {
        let values: Option<Vec<String>> = row.into_iter().collect();
        match values.map(TryInto::try_into) {
            Some(Ok(values)) => Ok(values),
            _ => bail!("the catalog gave an incomplete row for what depends on a table"),
        }
    };
    session.query(sql)?.into_iter().map(complete).collect()
}
