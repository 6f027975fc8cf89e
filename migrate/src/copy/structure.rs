//! Everything but rows: made ready before them, finished after them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use handover_schemas::name::TableName;
use handover_schemas::report::{Finding, FindingKind};
use handover_verify::endpoint::PostgresEndpoint;
use handover_verify::postgres::SnapshotHolder;
use rusqlite::Connection;

use super::left_out::Dependents;
use crate::ledger::FrozenPlan;
use crate::target::postgres::{
    Archive, KeyIndex, PostDataEntry, SequenceValue, key_indexes, sequence_values, translate,
};
use crate::target::sqlite::{
    ForeignKeyTo, Made, StandIns, foreign_keys_to, header_statements, later_statements,
    sequence_statements, table_statements, virtual_table_statements,
};
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
    /// What is made otherwise than at the source, with no loss.
    pub(super) notes: Vec<String>,
    /// What has to stand in while the tables of a SQLite target are made.
    pub(super) stand_ins: StandIns,
    /// Foreign keys that a SQLite target declares and that point at a table it does not have.
    pub(super) dangling: Vec<Finding>,
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
        let dependents = Dependents::of(holder.session(), &without)?;
        let archive_path = dir.file("schema/schema.dump")?;
        let snapshot = holder.exported_name().to_owned();
        let archive = Archive::dump(endpoint, &snapshot, &dependents.tables, archive_path)?;
        let keys = keys_of_plan(holder, plan)?;
        let spill = tempfile::tempdir_in(dir.path()).context("cannot make a temporary folder")?;
        let before = archive.pre_data(&dependents.relations, spill.path())?;
        let chosen: Vec<&KeyIndex> = keys.values().collect();
        let mut after = attachments(&keys);
        after.extend(archive.post_data(&chosen, &dependents.foreign_keys, spill.path())?);
        after.extend(refreshes(holder, &dependents.relations)?);
        let mut not_carried = dependents.not_carried;
        let objects =
            holder.session().query_value("SELECT count(*) FROM pg_largeobject_metadata")?;
        if let Some(count) = objects.filter(|count| count != "0") {
            let why = "only tables are copied, and verify does not look at them";
            not_carried.push((format!("{count} large object(s)"), why.to_owned()));
        }
        let mut sequences = sequence_values(holder.session())?;
        sequences.retain(|sequence| !dependents.sequences.contains(&sequence.display));
        Ok(Self { before, keys, after, sequences, not_carried, ..Self::default() })
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
            not_carried: translation.not_carried,
            notes: translation.notes,
            ..Self::default()
        })
    }

    /// From one SQLite file to another: the source's own statements.
    pub(super) fn from_sqlite(source: &Connection, plan: &FrozenPlan) -> Result<Self> {
        let wanted: Vec<String> =
            plan.tables.iter().map(|(_, table)| table.shape.name.name.clone()).collect();
        let mut stand_ins = StandIns::default();
        let (mut before, mut not_carried) = (Vec::new(), Vec::new());
        for (name, sql) in table_statements(source, &wanted)? {
            let made = stand_ins.judge(&sql)?;
            let Made::Without { sql, collations } = made else {
                before.push(format!("{sql};"));
                continue;
            };
            before.push(format!("{sql};"));
            not_carried.push((
                format!("collation {} of main.{name}", collations.join(", ")),
                "a key is in its order, and only the application has it; the table compares bytes"
                    .to_owned(),
            ));
        }
        let left_out: Vec<&str> =
            plan.left_out.iter().map(|table| table.name.name.as_str()).collect();
        let virtual_tables = virtual_table_statements(source, &left_out)?;
        let after = virtual_tables
            .statements
            .into_iter()
            .chain(later_statements(source, &left_out)?)
            .chain(sequence_statements(source, &wanted)?)
            .chain(header_statements(source)?)
            .map(|(name, sql)| PostDataEntry {
                step: format!("post-data {name}"),
                name,
                sql: format!("{sql};"),
            })
            .collect();
        let mut dangling = Vec::new();
        for table in &wanted {
            let keys = foreign_keys_to(source, table, &left_out)?;
            dangling.extend(keys.iter().map(|key| dangling_finding(table, key)));
        }
        not_carried.extend(virtual_tables.not_carried);
        let before = before.join("\n");
        Ok(Self { before, after, not_carried, stand_ins, dangling, ..Self::default() })
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

fn dangling_finding(table: &str, key: &ForeignKeyTo) -> Finding {
    let ForeignKeyTo { columns, parent } = key;
    let object = format!("foreign key ({columns}) of main.{table}");
    let message = format!(
        "{object} references main.{parent}, which is not copied: SQLite refuses to change rows of \
         main.{table} while foreign keys are enforced; make main.{parent} by hand, or take the \
         foreign key out of the table"
    );
    Finding {
        object: Some(object),
        object_kind: Some("foreign_key".to_owned()),
        ..Finding::new(FindingKind::ObjectDiffers, message)
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
