//! Everything but rows: made ready before them, finished after them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use handover_schemas::name::TableName;
use handover_verify::endpoint::PostgresEndpoint;
use handover_verify::postgres::SnapshotHolder;
use handover_verify::sql::literal;
use rusqlite::Connection;

use crate::ledger::FrozenPlan;
use crate::target::postgres::{
    Archive, KeyIndex, PostDataEntry, SequenceValue, key_indexes, sequence_values, translate,
};
use crate::target::sqlite::{later_statements, sequence_statements, table_statements};
use handover_verify::handover_dir::HandoverDir;

/// What is to be made in the target beside rows.
#[derive(Default)]
pub(super) struct Structure {
    /// SQL that makes types, tables, functions, views.
    pub(super) before: String,
    /// Key index per table of the plan.
    pub(super) keys: BTreeMap<i64, KeyIndex>,
    /// What is made after the rows, in order.
    pub(super) after: Vec<PostDataEntry>,
    /// Sequences of a PostgreSQL source.
    pub(super) sequences: Vec<SequenceValue>,
    /// Objects that are not carried over, and why.
    pub(super) not_carried: Vec<(String, String)>,
}

impl Structure {
    /// From one PostgreSQL to another: `pg_dump`'s sections.
    pub(super) fn from_postgres(
        endpoint: &PostgresEndpoint,
        holder: &mut SnapshotHolder,
        plan: &FrozenPlan,
        dir: &HandoverDir,
    ) -> Result<Self> {
        let without: Vec<TableName> =
            plan.left_out.iter().map(|table| table.name.clone()).collect();
        let dependents = dependents(holder, &without)?;
        let archive_path = dir.file("schema/schema.dump")?;
        let snapshot = holder.exported_name().to_owned();
        let archive = Archive::dump(endpoint, &snapshot, &without, archive_path)?;
        let keys = keys_of_plan(holder, plan)?;
        let spill = tempfile::tempdir_in(dir.path()).context("cannot make a temporary folder")?;
        let oids: BTreeSet<String> = dependents.iter().map(|(oid, _)| oid.clone()).collect();
        let before = archive.pre_data(&oids, spill.path())?;
        let chosen: Vec<&KeyIndex> = keys.values().collect();
        let mut after = attachments(&keys);
        after.extend(archive.post_data(&chosen, spill.path())?);
        after.extend(refreshes(holder, &oids)?);
        let why = "it depends on a table that cannot be read";
        let mut not_carried: Vec<(String, String)> =
            dependents.into_iter().map(|(_, name)| (name, why.to_owned())).collect();
        let objects =
            holder.session().query_value("SELECT count(*) FROM pg_largeobject_metadata")?;
        if let Some(count) = objects.filter(|count| count != "0") {
            let why = "only tables are copied, and verify does not look at them";
            not_carried.push((format!("{count} large object(s)"), why.to_owned()));
        }
        let sequences = sequence_values(holder.session())?;
        Ok(Self { before, keys, after, sequences, not_carried })
    }

    /// From SQLite to PostgreSQL: by the written table of types.
    pub(super) fn translated(source: &Connection, plan: &FrozenPlan) -> Result<Self> {
        let translation = translate(source, plan)?;
        let mut after = attachments(&translation.keys);
        after.extend(translation.later);
        after.extend(translation.identities.iter().map(|identity| {
            let name = format!("IDENTITY {}", identity.table());
            PostDataEntry { step: format!("post-data {name}"), name, sql: identity.statement() }
        }));
        Ok(Self {
            before: translation.tables.join("\n"),
            keys: translation.keys,
            after,
            sequences: Vec::new(),
            not_carried: translation.not_carried,
        })
    }

    /// From one SQLite file to another: the source's own statements.
    pub(super) fn from_sqlite(source: &Connection, plan: &FrozenPlan) -> Result<Self> {
        let wanted: Vec<String> =
            plan.tables.iter().map(|(_, table)| table.shape.name.name.clone()).collect();
        let before: Vec<String> = table_statements(source, &wanted)?
            .into_iter()
            .map(|(_, sql)| format!("{sql};"))
            .collect();
        let after = later_statements(source)?
            .into_iter()
            .chain(sequence_statements(source, &wanted)?)
            .map(|(name, sql)| PostDataEntry {
                step: format!("post-data {name}"),
                name,
                sql: format!("{sql};"),
            })
            .collect();
        Ok(Self { before: before.join("\n"), after, ..Self::default() })
    }

    /// Leaves the SQL in the hand-over folder, for staff to read before it runs.
    pub(super) fn write_down(&self, dir: &HandoverDir) -> Result<()> {
        dir.write("schema/pre-data.sql", self.before.as_bytes())?;
        let mut after = String::new();
        for key in self.keys.values() {
            after.push_str(&format!("{};\n", key.definition));
        }
        for entry in &self.after {
            after.push_str(&format!("-- {}\n{}\n", entry.name, entry.sql.trim()));
        }
        dir.write("schema/post-data.sql", after.as_bytes())?;
        Ok(())
    }
}

/// The key index of each planned table, where it can be built by itself.
fn keys_of_plan(holder: &mut SnapshotHolder, plan: &FrozenPlan) -> Result<BTreeMap<i64, KeyIndex>> {
    let indexes = key_indexes(holder.session())?;
    let mut keys = BTreeMap::new();
    for (number, table) in &plan.tables {
        let Some(key) = &table.shape.key else { continue };
        let of_table = indexes.get(&table.shape.name).into_iter().flatten();
        let index = of_table.into_iter().find(|(name, _)| *name == key.name);
        if let Some((_, index)) = index {
            keys.insert(*number, index.clone());
        }
    }
    Ok(keys)
}

fn attachments(keys: &BTreeMap<i64, KeyIndex>) -> Vec<PostDataEntry> {
    keys.values()
        .filter_map(|key| {
            let name = format!("KEY {} {}", key.table, key.index_name());
            let sql = key.attach_statement()?;
            Some(PostDataEntry { step: format!("post-data {name}"), name, sql })
        })
        .collect()
}

/// Materialised views that hold rows at the source are filled at the target.
fn refreshes(
    holder: &mut SnapshotHolder,
    without: &BTreeSet<String>,
) -> Result<Vec<PostDataEntry>> {
    // In order of creation, since one may read another.
    let rows = holder.session().query(
        "SELECT c.oid::text, quote_ident(n.nspname) || '.' || quote_ident(c.relname) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'm' AND c.relispopulated ORDER BY c.oid",
    )?;
    Ok(rows
        .into_iter()
        .filter_map(|row| match row.as_slice() {
            [Some(oid), Some(name)] if !without.contains(oid) => {
                let sql = format!("REFRESH MATERIALIZED VIEW {name};");
                let name = format!("MATERIALIZED VIEW DATA {name}");
                Some(PostDataEntry { step: format!("post-data {name}"), name, sql })
            }
            _ => None,
        })
        .collect())
}

/// Views that read a table which is left out, however far away: oid and name.
fn dependents(
    holder: &mut SnapshotHolder,
    left_out: &[TableName],
) -> Result<Vec<(String, String)>> {
    if left_out.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = left_out
        .iter()
        .map(|table| format!("({}, {})", literal(&table.schema), literal(&table.name)))
        .collect();
    let rows = holder.session().query(&format!(
        "WITH RECURSIVE dependent AS ( \
           SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
           WHERE (n.nspname, c.relname) IN ({}) \
           UNION SELECT r.ev_class FROM dependent t \
           JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid \
                AND d.classid = 'pg_rewrite'::regclass \
           JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> t.oid) \
         SELECT c.oid::text, 'view ' || n.nspname || '.' || c.relname FROM dependent \
         JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('v', 'm') ORDER BY 2",
        names.join(", ")
    ))?;
    rows.into_iter()
        .map(|row| match row.as_slice() {
            [Some(oid), Some(name)] => Ok((oid.clone(), name.clone())),
            _ => anyhow::bail!("the catalog gave an incomplete row for a view"),
        })
        .collect()
}
