//! Indexes of a SQLite table in PostgreSQL's words.

use anyhow::Result;
use handover_engine::sql::{ident, qualified};
use handover_engine::sqlite::{index_columns, sqlite_error};
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, TableShape};
use rusqlite::Connection;

use super::archive::SchemaEntry;
use super::from_sqlite::{Translation, target_column};
use super::key_index::KeyIndex;

/// An order of texts that SQLite has, or an application gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collation {
    /// By bytes.
    Binary,
    /// `NOCASE`: the 26 letters of ASCII are the same in both cases.
    NoCase,
    /// `RTRIM`: blanks at the end do not count.
    RightTrimmed,
    /// The application's own.
    Other,
}

impl Collation {
    /// The collation of this name.
    pub(super) fn of(name: &str) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "BINARY" | "" => Self::Binary,
            "NOCASE" => Self::NoCase,
            "RTRIM" => Self::RightTrimmed,
            _ => Self::Other,
        }
    }

    /// What PostgreSQL has to index so that the same texts are equal.
    fn indexed(self, column: &Column) -> Option<String> {
        let name = ident(column.target_name());
        match self {
            // Numbers and moments have one order.
            _ if column.ty != PgType::Text => Some(name),
            Self::Binary => Some(name),
            // Under "C", lower() knows the letters of ASCII only.
            Self::NoCase => Some(format!("lower({name} COLLATE \"C\")")),
            Self::RightTrimmed => Some(format!("rtrim({name}, ' ')")),
            Self::Other => None,
        }
    }
}

/// An index of the source.
pub(super) struct SourceIndex {
    name: String,
    /// Its name in the target: its own, or one that is made up for a constraint.
    target: String,
    unique: bool,
    /// `c` for `CREATE INDEX`, `u` for `UNIQUE`, `pk` for `PRIMARY KEY`.
    origin: String,
    partial: bool,
    parts: Vec<(Option<String>, String)>,
}

impl SourceIndex {
    /// The indexes of a table, sorted by name. Those that people named keep their names.
    pub(super) fn of(
        source: &Connection,
        shape: &TableShape,
        translation: &mut Translation,
    ) -> Result<Vec<Self>> {
        let mut statement = source
            .prepare(
                "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1) \
                 ORDER BY name COLLATE BINARY",
            )
            .map_err(sqlite_error)?;
        let listed: Vec<(String, bool, String, bool)> = statement
            .query_map([&shape.name.name], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .and_then(Iterator::collect)
            .map_err(sqlite_error)?;
        let mut indexes = Vec::new();
        for (name, unique, origin, partial) in listed {
            let parts = index_columns(source, &name)?;
            let target = if origin == "c" { translation.keep_name(&name) } else { String::new() };
            indexes.push(Self { name, target, unique, origin, partial, parts });
        }
        Ok(indexes)
    }

    /// Whether it is the index behind the table's key.
    fn is_key(&self, shape: &TableShape, all: &[Self]) -> bool {
        let Some(key) = &shape.key else { return false };
        match all.iter().find(|index| index.name == key.name) {
            Some(named) => named.name == self.name,
            None => self.origin == "pk",
        }
    }

    /// What is to be indexed, part by part; none if it has no counterpart.
    fn indexed(&self, shape: &TableShape) -> Option<Vec<String>> {
        if self.partial {
            return None;
        }
        let indexed = |(name, collation): &(Option<String>, String)| {
            let name = name.as_deref()?;
            let column = shape.columns.iter().find(|column| column.name == name)?;
            Collation::of(collation).indexed(column)
        };
        self.parts.iter().map(indexed).collect()
    }

    /// Adds the index, or says that it is lost.
    pub(super) fn translate(
        &self,
        shape: &TableShape,
        all: &[Self],
        translation: &mut Translation,
    ) {
        let columns: Vec<&str> = self
            .parts
            .iter()
            .filter_map(|(name, _)| name.as_deref())
            .map(|name| target_column(shape, name))
            .collect();
        let by_bytes: Vec<String> = columns.iter().map(|column| ident(column)).collect();
        let indexed = self.indexed(shape);
        let is_key = self.is_key(shape, all);
        // The key's own index tells apart more than SQLite's did.
        if is_key && indexed.as_ref().is_none_or(|indexed| *indexed == by_bytes) {
            return;
        }
        let Some(indexed) = indexed else {
            let why = "it is partial, or over an expression, or in an order of SQLite's own";
            translation.not_carried.push((format!("index {}", self.name), why.to_owned()));
            return;
        };
        let table = shape.target_name().name;
        let (on, list) = (qualified("public", &table), indexed.join(", "));
        let name = if self.target.is_empty() || is_key {
            translation.make_name(&format!("{table}_{}_key", columns.join("_")))
        } else {
            self.target.clone()
        };
        // A primary key whose columns may be NULL, as SQLite allows, is a unique constraint.
        let (kind, name, sql) = if self.origin != "c" && indexed == by_bytes {
            let sql = format!("ALTER TABLE {on} ADD CONSTRAINT {} UNIQUE ({list});", ident(&name));
            ("CONSTRAINT", format!("public {table} {name}"), sql)
        } else {
            let unique = if self.unique { "UNIQUE " } else { "" };
            let sql = format!("CREATE {unique}INDEX {} ON {on} ({list});", ident(&name));
            ("INDEX", format!("public {name}"), sql)
        };
        translation.later.push(SchemaEntry::new(kind, &name, sql));
    }
}

/// `INDEX_MAX_KEYS`, as every distribution builds the server.
const INDEX_COLUMNS_MAX: usize = 32;

/// The index behind a table's key.
pub(super) fn key_index(
    shape: &TableShape,
    indexes: &[SourceIndex],
    translation: &mut Translation,
) -> Option<KeyIndex> {
    let key = shape.key.as_ref()?;
    let table = shape.target_name().name;
    if key.columns.len() > INDEX_COLUMNS_MAX {
        let why = format!("an index of PostgreSQL's has room for {INDEX_COLUMNS_MAX} columns");
        translation.not_carried.push((format!("key {} of {}", key.name, shape.name), why));
        return None;
    }
    let columns: Vec<&str> = key
        .columns
        .iter()
        .filter_map(|at| shape.columns.get(*at))
        .map(|column| column.target_name())
        .collect();
    let named = indexes.iter().find(|index| index.name == key.name);
    let name = match named {
        Some(index) if index.origin == "c" => index.target.clone(),
        Some(_) => translation.make_name(&format!("{table}_{}_key", columns.join("_"))),
        None => translation.make_name(&format!("{table}_pkey")),
    };
    let table = TableName::new("public", &table);
    Some(KeyIndex::translated(table, &name, &columns, named.is_none()))
}
