//! The inventory of a PostgreSQL database (14 to 19), read with nothing but `SELECT` on the system
//! catalog.
//!
//! Every query returns four text columns: name, table schema or NULL, table name or NULL,
//! definition. A NULL definition means that the object is there and this account may not read it.
//!
//! The session must have the pinned settings of the canonical form (`search_path pg_catalog`,
//! `TimeZone UTC`, `DateStyle ISO`, `extra_float_digits 1`): `pg_get_expr` and its kin qualify every
//! name that the search path does not show, and print constants as the session prints values.
//!
//! Left out: system schemas, temporary objects, whatever belongs to an extension, and what hangs on
//! a table that belongs to an extension.

/// Holds for the schemas `n` that people made.
macro_rules! user_schema {
    () => {
        "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
    };
}

/// Holds for the object of this catalog with this number unless it belongs to an extension.
macro_rules! not_of_extension {
    ($catalog:literal, $oid:literal) => {
        concat!(
            "not exists (select from pg_depend e where e.classid = '",
            $catalog,
            "'::regclass and e.objid = ",
            $oid,
            " and e.deptype = 'e')"
        )
    };
}

/// Holds for relations `c` in schemas `n` that are compared.
macro_rules! user_relation {
    () => {
        concat!(
            user_schema!(),
            " and c.relpersistence <> 't' and ",
            not_of_extension!("pg_class", "c.oid")
        )
    };
}

mod code;
mod column;
mod not_compared;
mod relation;
mod sequence;
#[cfg(test)]
mod tests;
mod text_search;
mod types;

use anyhow::{Context, Result};
use handover_schemas::name::TableName;

use super::{CatalogObject, Inventory, ObjectKind};

/// The query for each kind of object; sequence values take one more, made from the first's answer.
pub const QUERIES: &[(ObjectKind, &str)] = &[
    (ObjectKind::Default, column::DEFAULTS),
    (ObjectKind::NotNull, column::NOT_NULLS),
    (ObjectKind::ColumnOrder, column::COLUMN_ORDERS),
    (ObjectKind::Collation, column::COLLATIONS),
    (ObjectKind::Identity, column::IDENTITIES),
    (ObjectKind::GeneratedExpression, column::GENERATED_EXPRESSIONS),
    (ObjectKind::Check, relation::CHECKS),
    (ObjectKind::PrimaryKey, relation::PRIMARY_KEYS),
    (ObjectKind::Unique, relation::UNIQUES),
    (ObjectKind::ForeignKey, relation::FOREIGN_KEYS),
    (ObjectKind::Exclusion, relation::EXCLUSIONS),
    (ObjectKind::Index, relation::INDEXES),
    (ObjectKind::Sequence, sequence::SEQUENCES),
    (ObjectKind::View, code::VIEWS),
    (ObjectKind::MaterializedView, code::MATERIALIZED_VIEWS),
    (ObjectKind::Function, code::FUNCTIONS),
    (ObjectKind::Trigger, code::TRIGGERS),
    (ObjectKind::Rule, code::RULES),
    (ObjectKind::Policy, code::POLICIES),
    (ObjectKind::PartitionBound, relation::PARTITION_BOUNDS),
    (ObjectKind::PartitionKey, relation::PARTITION_KEYS),
    (ObjectKind::InheritanceParent, relation::INHERITANCE_PARENTS),
    (ObjectKind::EnumType, types::ENUM_TYPES),
    (ObjectKind::Domain, types::DOMAINS),
    (ObjectKind::CompositeType, types::COMPOSITE_TYPES),
    (ObjectKind::RangeType, types::RANGE_TYPES),
    (ObjectKind::Statistics, relation::STATISTICS),
    (ObjectKind::Unlogged, relation::UNLOGGED_TABLES),
    (ObjectKind::ReplicaIdentity, relation::REPLICA_IDENTITIES),
    (ObjectKind::EventTrigger, code::EVENT_TRIGGERS),
    (ObjectKind::ForeignTable, relation::FOREIGN_TABLES),
    (ObjectKind::TextSearchConfiguration, text_search::CONFIGURATIONS),
    (ObjectKind::TextSearchDictionary, text_search::DICTIONARIES),
    (ObjectKind::Comment, code::COMMENTS),
];

/// One row of a query's answer: name, table schema, table name, definition.
pub type QueryRow = [Option<String>; 4];

/// How many sequences one query reads.
const SEQUENCES_PER_QUERY: usize = 100;

/// Reads the inventory; `run` runs one query and returns its rows.
pub fn collect(run: &mut dyn FnMut(&str) -> Result<Vec<QueryRow>>) -> Result<Inventory> {
    let mut inventory = Inventory::default();
    for &(kind, sql) in QUERIES {
        let rows = run(sql).with_context(|| format!("reading the catalog for {kind}"))?;
        for row in rows {
            add_row(&mut inventory, kind, row)?;
        }
    }
    collect_sequence_values(run, &mut inventory).context("reading the sequences")?;
    for [line, ..] in run(not_compared::OBJECTS).context("reading what is not compared")? {
        inventory.not_compared.extend(line);
    }
    for [version, ..] in run("select current_setting('server_version_num'), null, null, null")? {
        let number = version.as_deref().and_then(|number| number.parse::<u32>().ok());
        inventory.server_version = number.map(|number| number / 10_000);
    }
    inventory.unreadable.sort_unstable();
    Ok(inventory)
}

fn collect_sequence_values(
    run: &mut dyn FnMut(&str) -> Result<Vec<QueryRow>>,
    inventory: &mut Inventory,
) -> Result<()> {
    let mut queries = Vec::new();
    for [name, schema, table, query] in run(sequence::SEQUENCE_VALUE_QUERIES)? {
        match query {
            Some(query) => queries.push(query),
            None => add_row(inventory, ObjectKind::SequenceValue, [name, schema, table, None])?,
        }
    }
    for queries in queries.chunks(SEQUENCES_PER_QUERY) {
        for row in run(&queries.join("\nunion all "))? {
            add_row(inventory, ObjectKind::SequenceValue, row)?;
        }
    }
    Ok(())
}

fn add_row(inventory: &mut Inventory, kind: ObjectKind, row: QueryRow) -> Result<()> {
    let [name, schema, table, definition] = row;
    let name = name.with_context(|| format!("the catalog returned a {kind} without a name"))?;
    let table = schema.zip(table).map(|(schema, table)| TableName::new(schema, table));
    match definition {
        Some(definition) => inventory.add(CatalogObject { kind, name, table, definition }),
        None => inventory.add_unreadable(kind, &name),
    }
    Ok(())
}
