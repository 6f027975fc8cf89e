//! Everything of a database that is not rows: defaults, constraints, indexes, sequences, views,
//! functions, triggers, policies, types.
//!
//! An object has an identity that is the same in both databases (its qualified name) and a
//! definition, the text that its own database prints for it. Neither holds an object number, an
//! owner or a file. Inventories of two engines of the same kind compare; inventories of different
//! engines do not.

pub mod difference;
mod expression;
pub mod postgres;
pub mod sqlite;

use std::collections::BTreeMap;
use std::fmt;

use handover_schemas::name::TableName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an object of a database's catalog is. The order is the order of reports.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// SQLite: the `CREATE TABLE` statement, which holds every constraint of the table.
    TableDefinition,
    /// A column's default.
    Default,
    /// `NOT NULL` of a column.
    NotNull,
    /// The order of the columns of a partition, or of a table with generated columns.
    ColumnOrder,
    /// A column's collation, where it is not its type's.
    Collation,
    /// `GENERATED … AS IDENTITY` of a column.
    Identity,
    /// The expression of a generated column.
    GeneratedExpression,
    /// A `CHECK` constraint of a table.
    Check,
    /// A primary key.
    PrimaryKey,
    /// A `UNIQUE` constraint.
    Unique,
    /// A foreign key, and whether the triggers that enforce it are switched off.
    ForeignKey,
    /// An exclusion constraint.
    Exclusion,
    /// An index that no constraint stands for.
    Index,
    /// What a sequence was told: type, start, step, bounds, cycle, cache, owner column.
    Sequence,
    /// Where a sequence has got to.
    SequenceValue,
    /// A view.
    View,
    /// A materialised view, and whether it holds rows.
    MaterializedView,
    /// A function, procedure or aggregate.
    Function,
    /// A trigger, and when it fires.
    Trigger,
    /// A rewrite rule.
    Rule,
    /// A row security policy; under the table's own name, whether row security is on.
    Policy,
    /// The bounds by which a partition belongs to its parent.
    PartitionBound,
    /// How a partitioned table is divided.
    PartitionKey,
    /// The tables a table inherits from (partitions are not meant).
    InheritanceParent,
    /// An enumeration and its labels, in order.
    EnumType,
    /// A domain, with its default and constraints.
    Domain,
    /// A free-standing composite type.
    CompositeType,
    /// A range type.
    RangeType,
    /// Extended statistics.
    Statistics,
    /// A table that loses its rows when its server crashes.
    Unlogged,
    /// `REPLICA IDENTITY` of a table, where it is not the primary key.
    ReplicaIdentity,
    /// A trigger of the whole database: what it is called on, its function, its tags, whether it is on.
    EventTrigger,
    /// A foreign table: its columns, its server, and digests of its options.
    ForeignTable,
    /// A text search configuration: its parser, and the dictionaries of each kind of token.
    TextSearchConfiguration,
    /// A text search dictionary: its template and options.
    TextSearchDictionary,
    /// `COMMENT ON` anything that is compared.
    Comment,
    /// SQLite: a number that applications keep in the file's header, `user_version` or
    /// `application_id`, where it is not zero.
    HeaderNumber,
}

impl ObjectKind {
    /// The kind as reports and JSON write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TableDefinition => "table_definition",
            Self::Default => "default",
            Self::NotNull => "not_null",
            Self::ColumnOrder => "column_order",
            Self::Collation => "collation",
            Self::Identity => "identity",
            Self::GeneratedExpression => "generated_expression",
            Self::Check => "check",
            Self::PrimaryKey => "primary_key",
            Self::Unique => "unique",
            Self::ForeignKey => "foreign_key",
            Self::Exclusion => "exclusion",
            Self::Index => "index",
            Self::Sequence => "sequence",
            Self::SequenceValue => "sequence_value",
            Self::View => "view",
            Self::MaterializedView => "materialized_view",
            Self::Function => "function",
            Self::Trigger => "trigger",
            Self::Rule => "rule",
            Self::Policy => "policy",
            Self::PartitionBound => "partition_bound",
            Self::PartitionKey => "partition_key",
            Self::InheritanceParent => "inheritance_parent",
            Self::EnumType => "enum_type",
            Self::Domain => "domain",
            Self::CompositeType => "composite_type",
            Self::RangeType => "range_type",
            Self::Statistics => "statistics",
            Self::Unlogged => "unlogged",
            Self::ReplicaIdentity => "replica_identity",
            Self::EventTrigger => "event_trigger",
            Self::TextSearchConfiguration => "text_search_configuration",
            Self::TextSearchDictionary => "text_search_dictionary",
            Self::ForeignTable => "foreign_table",
            Self::Comment => "comment",
            Self::HeaderNumber => "header_number",
        }
    }

    /// Whether the definition is, or holds, an expression or query that PostgreSQL printed from its
    /// parse tree, so that a copy made by `pg_dump` may print differently what means the same.
    fn is_deparsed(self) -> bool {
        matches!(
            self,
            Self::Default
                | Self::GeneratedExpression
                | Self::Check
                | Self::Exclusion
                | Self::Index
                | Self::View
                | Self::MaterializedView
                | Self::Function
                | Self::Trigger
                | Self::Rule
                | Self::Policy
                | Self::PartitionKey
                | Self::Domain
                | Self::Statistics
        )
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Its qualified name, e.g. `public.t.column` or `public.f(integer)`; never folded or quoted.
    pub name: String,
    /// The table, view or materialised view it belongs to.
    pub table: Option<TableName>,
    /// What it is made of, as its database prints it.
    pub definition: String,
}

/// All objects of one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The objects by kind and name.
    pub objects: BTreeMap<(ObjectKind, String), CatalogObject>,
    /// `kind name` of the objects that are there but whose definition this account may not read.
    /// They are never compared: somebody has to say so.
    pub unreadable: Vec<String>,
    /// The objects that are not compared: a line for each sort, with their names.
    pub not_compared: Vec<String>,
    /// PostgreSQL's major version.
    pub server_version: Option<u32>,
}

impl Inventory {
    /// Adds an object. Two objects whose names print alike (a dot within a name can do that) are
    /// kept as one with both definitions, so that a change in either still shows.
    fn add(&mut self, object: CatalogObject) {
        let key = (object.kind, object.name.clone());
        match self.objects.get_mut(&key) {
            None => {
                self.objects.insert(key, object);
            }
            Some(known) => {
                let mut definitions = [known.definition.as_str(), object.definition.as_str()];
                definitions.sort_unstable();
                known.definition = definitions.join("\n");
            }
        }
    }

    /// Notes an object whose definition cannot be read.
    fn add_unreadable(&mut self, kind: ObjectKind, name: &str) {
        self.unreadable.push(unreadable_entry(kind, name));
    }
}

/// How [`Inventory::unreadable`] names an object.
fn unreadable_entry(kind: ObjectKind, name: &str) -> String {
    format!("{kind} {name}")
}

/// Where a sequence has got to, in the form that definitions of [`ObjectKind::SequenceValue`] have:
/// `last_value 42, is_called true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceValue {
    /// The value given out last, or to be given out first.
    pub last_value: i64,
    /// Whether `last_value` was given out already.
    pub is_called: bool,
}

impl fmt::Display for SequenceValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "last_value {}, is_called {}", self.last_value, self.is_called)
    }
}

impl SequenceValue {
    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(definition: &str) -> Option<Self> {
        let (last_value, is_called) =
            definition.strip_prefix("last_value ")?.split_once(", is_called ")?;
        Some(Self { last_value: last_value.parse().ok()?, is_called: is_called.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_print_as_they_serialise() {
        for kind in [
            ObjectKind::TableDefinition,
            ObjectKind::NotNull,
            ObjectKind::GeneratedExpression,
            ObjectKind::MaterializedView,
            ObjectKind::InheritanceParent,
            ObjectKind::ColumnOrder,
            ObjectKind::ReplicaIdentity,
            ObjectKind::EventTrigger,
            ObjectKind::TextSearchConfiguration,
            ObjectKind::TextSearchDictionary,
            ObjectKind::ForeignTable,
            ObjectKind::Comment,
        ] {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
    }

    #[test]
    fn objects_whose_names_print_alike_are_both_kept() {
        let object = |definition: &str| CatalogObject {
            kind: ObjectKind::Check,
            name: "a.b.c".to_owned(),
            table: None,
            definition: definition.to_owned(),
        };
        let mut one = Inventory::default();
        one.add(object("x"));
        one.add(object("y"));
        let mut other = Inventory::default();
        other.add(object("y"));
        other.add(object("x"));
        assert_eq!(one, other);
        let mut third = Inventory::default();
        third.add(object("y"));
        assert_ne!(one, third);
    }

    #[test]
    fn sequence_values_are_read_as_written() {
        let value = SequenceValue { last_value: -7, is_called: true };
        assert_eq!(SequenceValue::parse(&value.to_string()), Some(value));
        assert_eq!(SequenceValue::parse("last_value x, is_called true"), None);
    }
}
