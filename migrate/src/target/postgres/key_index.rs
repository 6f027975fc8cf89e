//! The index behind a table's key: built by itself, before rows are read back.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use handover_engine::postgres::Session;
use handover_engine::sql::{ident, qualified};
use handover_schemas::name::TableName;

use super::archive::{PG_CLASS, PG_CONSTRAINT};

/// The index behind a table's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyIndex {
    /// Table.
    pub table: TableName,
    /// `CREATE UNIQUE INDEX …`.
    pub definition: String,
    /// The constraint that the index is attached to afterwards.
    pub constraint: Option<KeyConstraint>,
    index_oid: String,
    index_name: String,
}

/// A primary key or unique constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyConstraint {
    oid: String,
    name: String,
    kind: &'static str,
    deferrable: &'static str,
}

impl KeyIndex {
    /// The key of a table that does not come from PostgreSQL.
    pub fn translated(table: TableName, name: &str, columns: &[&str], primary: bool) -> Self {
        let list: Vec<String> = columns.iter().map(|column| ident(column)).collect();
        let definition = format!(
            "CREATE UNIQUE INDEX {} ON {} ({})",
            ident(name),
            qualified(&table.schema, &table.name),
            list.join(", ")
        );
        let constraint = primary.then(|| KeyConstraint {
            oid: String::new(),
            name: name.to_owned(),
            kind: "PRIMARY KEY",
            deferrable: "",
        });
        let index_name = name.to_owned();
        Self { table, definition, constraint, index_oid: String::new(), index_name }
    }

    /// Catalog and oid of the object that the source's schema has for it: its constraint, or the
    /// index itself.
    pub fn object(&self) -> Option<(u32, u32)> {
        let (catalog, oid) = match &self.constraint {
            Some(constraint) => (PG_CONSTRAINT, &constraint.oid),
            None => (PG_CLASS, &self.index_oid),
        };
        Some((catalog, oid.parse().ok()?))
    }

    /// Name of the index.
    pub fn index_name(&self) -> &str {
        &self.index_name
    }

    /// Attaches the index to its constraint.
    pub fn attach_statement(&self) -> Option<String> {
        let constraint = self.constraint.as_ref()?;
        Some(format!(
            "ALTER TABLE ONLY {} ADD CONSTRAINT {} {} USING INDEX {}{};",
            qualified(&self.table.schema, &self.table.name),
            ident(&constraint.name),
            constraint.kind,
            ident(&self.index_name),
            constraint.deferrable
        ))
    }
}

/// The key indexes of the source's plain tables. Extensions make theirs themselves. Partitioned tables
/// have theirs made by the post-data section, and so do tables whose key index carries a further
/// property, or is one that no CREATE INDEX makes (WITHOUT OVERLAPS).
pub fn key_indexes(session: &mut Session) -> Result<BTreeMap<TableName, Vec<(String, KeyIndex)>>> {
    let rows = session.query(
        "SELECT n.nspname, c.relname, x.relname, x.oid::text, pg_get_indexdef(x.oid), k.oid::text, \
                k.conname, k.contype::text, k.condeferrable, k.condeferred \
         FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid \
         JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u') \
         WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL \
           AND c.relkind = 'r' AND NOT c.relispartition AND NOT i.indisclustered \
           AND NOT i.indisreplident AND NOT i.indisexclusion AND n.nspname !~ '^pg_' \
           AND n.nspname <> 'information_schema' \
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
                           AND d.objid = c.oid AND d.deptype = 'e') \
         ORDER BY 1, 2, 3",
    )?;
    let mut keys: BTreeMap<TableName, Vec<(String, KeyIndex)>> = BTreeMap::new();
    for row in rows {
        let [Some(schema), Some(table), Some(index), Some(oid), Some(definition), rest @ ..] =
            row.as_slice()
        else {
            bail!("the catalog gave an incomplete row for an index");
        };
        let constraint = match rest {
            [Some(oid), Some(name), Some(kind), deferrable, deferred] => Some(KeyConstraint {
                oid: oid.clone(),
                name: name.clone(),
                kind: if kind == "p" { "PRIMARY KEY" } else { "UNIQUE" },
                deferrable: match (deferrable.as_deref(), deferred.as_deref()) {
                    (_, Some("t")) => " DEFERRABLE INITIALLY DEFERRED",
                    (Some("t"), _) => " DEFERRABLE",
                    _ => "",
                },
            }),
            _ => None,
        };
        let table = TableName::new(schema, table);
        let key = KeyIndex {
            table: table.clone(),
            definition: definition.clone(),
            constraint,
            index_oid: oid.clone(),
            index_name: index.clone(),
        };
        keys.entry(table).or_default().push((index.clone(), key));
    }
    Ok(keys)
}
