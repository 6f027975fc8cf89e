//! Everything but rows: made ready before them, finished after them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_engine::endpoint::{Endpoint, PostgresEndpoint};
use handover_engine::postgres::{SnapshotHolder, large_objects, wait_until_free};
use handover_engine::sql::qualified;
use handover_engine::sqlite::StandIns;
use handover_schemas::digest::Digest;
use handover_schemas::name::TableName;
use handover_schemas::report::{Finding, FindingKind};
use rusqlite::Connection;

use super::foreign_servers;
use super::invalid_indexes::invalid_indexes;
use super::left_out::Dependents;
use crate::ledger::FrozenPlan;
use crate::target::postgres::{
    Archive, KeyIndex, Owner, PG_CLASS, SchemaEntry, SequenceValue, SourceSettings, dump,
    hidden_patterns, keep_order, key_indexes, refuse_other_statement, reordered_children,
    sequence_values, translate, without,
};
use crate::target::sqlite::{
    ForeignKeyTo, LaterStatement, Made, foreign_keys_to, header_statements, judge,
    later_statements, sequence_statements, table_statements, virtual_table_statements,
};

/// What is to be made in the target beside rows.
#[derive(Clone, Default)]
pub(super) struct Structure {
    /// Types, tables, functions, views: what is made before the rows, in order.
    pub(super) before: Vec<SchemaEntry>,
    /// Key index per table of the plan.
    pub(super) keys: BTreeMap<i64, KeyIndex>,
    /// What is made after the rows, in order.
    pub(super) after: Vec<SchemaEntry>,
    /// Sequences of a PostgreSQL source.
    pub(super) sequences: Vec<SequenceValue>,
    /// Objects that are not carried over, and why.
    pub(super) not_carried: Vec<(String, String)>,
    /// What is made otherwise than at the source, with no loss.
    pub(super) notes: Vec<String>,
    /// What has to stand in while the tables of a SQLite target are made.
    pub(super) stand_ins: StandIns,
    /// What is known beforehand not to be as it is at the source.
    pub(super) findings: Vec<Finding>,
    /// What holds while expressions of a PostgreSQL source are evaluated in the target.
    pub(super) settings: SourceSettings,
    /// Who makes it in a PostgreSQL target.
    pub(super) owner: Owner,
    /// Digest of the archive that entries were read from, if they were.
    pub(super) archive: Option<Digest>,
}

impl Structure {
    /// From one PostgreSQL to another: `pg_dump`'s archive. `known` is the digest of the one that
    /// the plan was made with; as long as the hand-over folder has it, the source is not asked again.
    pub(super) fn from_postgres(
        endpoint: &PostgresEndpoint,
        holder: &mut SnapshotHolder,
        plan: &FrozenPlan,
        dir: &HandoverDir,
        known: Option<Digest>,
    ) -> Result<Self> {
        let left_out: Vec<TableName> =
            plan.left_out.iter().map(|table| table.name.clone()).collect();
        let dependents = Dependents::of(holder.session(), &left_out)?;
        let path = dir.file("schema/schema.dump")?;
        let kept = known.is_some_and(|known| {
            std::fs::read(&path).is_ok_and(|bytes| Digest::of(&bytes) == known)
        });
        if !kept {
            let tables = plan.tables.iter().map(|(_, table)| &table.shape.name);
            wait_until_free(holder.session(), tables)?;
            let left_out = hidden_patterns(holder.session(), &dependents.tables)?;
            let dumped = dump(endpoint, holder.exported_name(), &left_out)?;
            dir.write("schema/schema.dump", &dumped)?;
        }
        let archive = Archive::read(endpoint, path)?;
        let keys = keys_of_plan(holder, plan)?;
        refuse_other_statements(&archive, &keys)?;
        let mut gone = BTreeSet::new();
        let mut before = without(archive.pre_data, &mut gone, |entry| {
            dependents.relations.contains(&entry.object) || foreign_servers::is_one(entry)
        });
        let children = reordered_children(holder.session())?;
        let findings =
            keep_order(&mut before, &children).iter().map(|t| reordered_finding(t)).collect();
        let built: BTreeSet<(u32, u32)> = keys.values().filter_map(KeyIndex::object).collect();
        let rest = without(archive.post_data, &mut gone, |entry| {
            dependents.foreign_keys.contains(&entry.object)
        });
        let mut after = attachments(&keys, &before);
        after.extend(rest.into_iter().filter(|entry| !built.contains(&entry.object)));
        after.extend(refreshes(holder, &before, &dependents.relations)?);
        let mut not_carried = dependents.not_carried;
        not_carried.extend(foreign_servers::not_carried(holder.session(), plan)?);
        not_carried.extend(invalid_indexes(holder.session())?);
        let only_tables = "only tables are copied".to_owned();
        match large_objects(holder.session())? {
            Some(0) => {}
            Some(count) => not_carried.push((format!("{count} large object(s)"), only_tables)),
            None => not_carried.push((
                "large objects, if there are any".to_owned(),
                "the account may not count them, and only tables are copied".to_owned(),
            )),
        }
        let mut sequences = sequence_values(holder.session())?;
        sequences.retain(|sequence| !dependents.sequences.contains(&sequence.display));
        let archive = Some(archive.digest);
        Ok(Self {
            before,
            keys,
            after,
            sequences,
            not_carried,
            findings,
            archive,
            ..Self::default()
        })
    }

    /// From SQLite to PostgreSQL: by the written table of types.
    pub(super) fn translated(source: &Connection, plan: &FrozenPlan) -> Result<Self> {
        let translation = translate(source, plan)?;
        let mut after = attachments(&translation.keys, &translation.tables);
        after.extend(translation.later);
        after.extend(
            translation.identities.iter().map(|identity| {
                SchemaEntry::new("IDENTITY", &identity.table(), identity.statement())
            }),
        );
        Ok(Self {
            before: translation.tables,
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
        let table = |name: String, sql: String| {
            SchemaEntry::of_file_table(TableName::new("main", name), format!("{sql};"))
        };
        let mut stand_ins = StandIns::default();
        let (mut before, mut not_carried) = (Vec::new(), Vec::new());
        for (name, sql) in table_statements(source, &wanted)? {
            let made = judge(&mut stand_ins, &name, &sql)?;
            let Made::Without { sql, collations } = made else {
                before.push(table(name, sql));
                continue;
            };
            before.push(table(name.clone(), sql));
            not_carried.push((
                format!("collation {} of main.{name}", collations.join(", ")),
                "a key is in its order, and only the application has it; the table compares bytes"
                    .to_owned(),
            ));
        }
        let left_out: Vec<&str> =
            plan.left_out.iter().map(|table| table.name.name.as_str()).collect();
        let virtual_tables = virtual_table_statements(source, &left_out)?;
        let ours = |statements: Vec<(String, String)>| {
            let entry = |(name, sql)| SchemaEntry::of_file(name, format!("{sql};"));
            statements.into_iter().map(entry).collect::<Vec<_>>()
        };
        let mut after = ours(virtual_tables.statements);
        after.extend(later_statements(source, &left_out)?.into_iter().map(|statement| {
            let LaterStatement { kind, name, sql } = statement;
            SchemaEntry::of_file_object(kind, name, format!("{sql};"))
        }));
        after.extend(ours(sequence_statements(source, &wanted)?));
        after.extend(ours(header_statements(source)?));
        let mut findings = Vec::new();
        for table in &wanted {
            let keys = foreign_keys_to(source, table, &left_out)?;
            findings.extend(keys.iter().map(|key| dangling_finding(table, key)));
        }
        not_carried.extend(virtual_tables.not_carried);
        Ok(Self { before, after, not_carried, stand_ins, findings, ..Self::default() })
    }

    /// What can be made beside the rows of all tables but these, which stopped: not their keys, nor
    /// what needs those or reads their rows.
    pub(super) fn without_rows_of(&self, stopped: &BTreeSet<&TableName>) -> Self {
        let mut gone = BTreeSet::new();
        for entry in &self.before {
            let is_stopped = entry.table.as_ref().is_some_and(|table| stopped.contains(table));
            let reads = matches!(entry.kind.as_str(), "VIEW" | "MATERIALIZED VIEW")
                && entry.needs().any(|number| gone.contains(&number));
            if is_stopped || reads {
                gone.extend(entry.number());
            }
        }
        let mut after = Vec::new();
        for entry in &self.after {
            if entry.needs().any(|number| gone.contains(&number)) {
                gone.extend(entry.number());
            } else {
                after.push(entry.clone());
            }
        }
        Self { after, ..self.clone() }
    }

    /// Leaves the SQL in the hand-over folder, for staff to read before it runs.
    pub(super) fn write_down(&self, dir: &HandoverDir, target: &Endpoint) -> Result<()> {
        let strings = match target {
            Endpoint::Postgres(_) => STRINGS,
            Endpoint::Sqlite(_) => "",
        };
        let before = format!("{strings}{}", listing(&self.before));
        dir.write("schema/pre-data.sql", before.as_bytes())?;
        let mut after = strings.to_owned();
        for key in self.keys.values() {
            after.push_str(&format!("{};\n", key.definition));
        }
        after.push_str(&listing(&self.after));
        dir.write("schema/post-data.sql", after.as_bytes())?;
        Ok(())
    }
}

/// How texts for PostgreSQL are written: a client that reads them otherwise finds their ends elsewhere.
const STRINGS: &str = "SET standard_conforming_strings = on;\n";

/// Entries as SQL to be read, each below its name.
fn listing(entries: &[SchemaEntry]) -> String {
    let mut text = String::new();
    for entry in entries {
        // A client may take what follows any kind of line break for a command.
        let name = entry.name.replace(|c: char| c.is_control(), " ");
        text.push_str(&format!("-- {name}\n{}\n", entry.statements()));
    }
    text
}

/// What the source gave as SQL may make objects, and do nothing else.
fn refuse_other_statements(archive: &Archive, keys: &BTreeMap<i64, KeyIndex>) -> Result<()> {
    let entries = archive.pre_data.iter().chain(&archive.post_data);
    entries
        .map(|entry| (entry.name.as_str(), entry.sql.as_str()))
        .chain(keys.values().map(|key| (key.index_name(), key.definition.as_str())))
        .try_for_each(|(name, sql)| refuse_other_statement(name, sql))
}

fn reordered_finding(table: &str) -> Finding {
    let message = format!(
        "the columns of {table} come in another order than at the source: values of its row type are \
         exchanged where they are stored; make the table by hand"
    );
    Finding { object: Some(table.to_owned()), ..Finding::new(FindingKind::ColumnOrder, message) }
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

fn attachments(keys: &BTreeMap<i64, KeyIndex>, before: &[SchemaEntry]) -> Vec<SchemaEntry> {
    let tables: BTreeMap<&TableName, &SchemaEntry> =
        before.iter().filter_map(|entry| Some((entry.table.as_ref()?, entry))).collect();
    keys.values()
        .filter_map(|key| {
            let name = format!("{} {}", key.table, key.index_name());
            let entry = SchemaEntry::new("KEY", &name, key.attach_statement()?);
            Some(entry.needing(tables.get(&key.table).copied()))
        })
        .collect()
}

/// Materialised views that hold rows at the source are filled at the target.
fn refreshes(
    holder: &mut SnapshotHolder,
    before: &[SchemaEntry],
    without: &BTreeSet<(u32, u32)>,
) -> Result<Vec<SchemaEntry>> {
    let views: BTreeMap<(u32, u32), &SchemaEntry> =
        before.iter().map(|entry| (entry.object, entry)).collect();
    // In order of creation, since one may read another.
    let rows = holder.session().query(
        "SELECT c.oid::text, n.nspname, c.relname FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'm' AND c.relispopulated ORDER BY c.oid",
    )?;
    let mut refreshes = Vec::new();
    for row in rows {
        let [Some(oid), Some(schema), Some(name)] = row.as_slice() else {
            bail!("the catalog gave an incomplete row for a materialised view");
        };
        let object = (PG_CLASS, oid.parse()?);
        if !without.contains(&object) {
            let sql = format!("REFRESH MATERIALIZED VIEW {};", qualified(schema, name));
            let shown = format!("{schema}.{name}");
            let entry = SchemaEntry::new("MATERIALIZED VIEW DATA", &shown, sql);
            refreshes.push(entry.needing(views.get(&object).copied()));
        }
    }
    Ok(refreshes)
}
