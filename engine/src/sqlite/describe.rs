//! What tables a SQLite file has.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use handover_schemas::config::{CONFIG_FILE, MapType};
use handover_schemas::name::TableName;
use handover_schemas::pg_type::PgType;
use handover_schemas::plan::{Column, Key, TableShape};
use handover_schemas::sqlite_form::{self, Form};
use handover_schemas::sqlite_type::{self, MappedType};
use handover_schemas::value::written;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::key_classes::usable_key;
use super::open::{ApplicationOnly, cannot_prepare, sqlite_error};
use super::virtual_tables::VirtualTable;
use crate::sql::ident;

/// What the lines of a file's rows are made of.
#[derive(Clone, Copy, Debug)]
pub enum Mapping<'a> {
    /// Values of PostgreSQL's types, some of them chosen by people: the other end is PostgreSQL.
    Values(&'a [TypeOverride]),
    /// Exactly what is stored: the other end is a SQLite file too, or there is none.
    Exact,
}

impl<'a> Mapping<'a> {
    fn overrides(self) -> &'a [TypeOverride] {
        match self {
            Self::Values(overrides) => overrides,
            Self::Exact => &[],
        }
    }

    fn is_exact(self) -> bool {
        matches!(self, Self::Exact)
    }
}

/// A type the user chose for a column: `--map-type 'table.column=type, rule'`, or a `[[map_type]]` of
/// handover.toml.
#[derive(Clone, Debug)]
pub struct TypeOverride {
    /// Table within `main`.
    pub table: String,
    /// Column.
    pub column: String,
    /// The type.
    pub mapped: MappedType,
    /// How stored values become values of it.
    pub form: Form,
}

impl TypeOverride {
    fn new(table: &str, column: &str, chosen: &str) -> Result<Self> {
        let (mapped, form) = sqlite_form::chosen(chosen)?;
        let table = table.strip_prefix("main.").unwrap_or(table).to_owned();
        Ok(Self { table, column: column.to_owned(), mapped, form })
    }

    /// The types that handover.toml chooses, but for columns whose type is given on the command
    /// line, and those.
    pub fn all(configured: &[MapType], given: Vec<Self>) -> Result<Vec<Self>> {
        let configured: Result<Vec<Self>> = configured
            .iter()
            .map(|one| Self::new(&one.table, &one.column, &one.chosen()))
            .collect();
        let mut all = configured?;
        all.retain(|one| {
            !given.iter().any(|given| given.table == one.table && given.column == one.column)
        });
        all.extend(given);
        Ok(all)
    }
}

impl std::fmt::Display for TypeOverride {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}={}", self.table, self.column, self.mapped.type_name)?;
        if self.form.is_default() { Ok(()) } else { write!(f, ", {}", self.form) }
    }
}

impl std::str::FromStr for TypeOverride {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let expected = "expected table.column=type, such as doses.given_at=text";
        let (place, chosen) = text.split_once('=').context(expected)?;
        let place = place.strip_prefix("main.").unwrap_or(place);
        let (table, column) = place.split_once('.').context(expected)?;
        Self::new(table, column, chosen)
    }
}

/// Everything the file says about its tables.
#[derive(Debug, Default)]
pub struct Description {
    /// Tables whose rows are read, sorted by name; those that virtual tables keep for themselves are
    /// among them.
    pub tables: Vec<TableShape>,
    /// Tables that cannot be read, or have a column that maps to no type, and why.
    pub unmapped: Vec<(TableName, String)>,
    /// Virtual tables.
    pub virtual_tables: Vec<VirtualTable>,
    /// Whether texts are stored, and therefore compared, as UTF-16.
    pub is_utf16: bool,
}

/// Describes all tables of schema `main`; in a target, those of the ledger too.
pub fn describe(connection: &Connection, mapping: Mapping<'_>) -> Result<Description> {
    let mut description = Description { is_utf16: !is_utf8(connection)?, ..Description::default() };
    for Listed { name, virtual_sql, without_rowid } in table_list(connection)? {
        let table = TableName::new("main", &name);
        if let Some(sql) = virtual_sql {
            description.virtual_tables.push(VirtualTable::describe(connection, table, &sql));
        } else {
            match describe_table(connection, table.clone(), without_rowid, mapping) {
                Ok(shape) => description.tables.push(shape),
                Err(error) if error.is::<Unmapped>() => {
                    description.unmapped.push((table, error.to_string()));
                }
                Err(error) if error.is::<ApplicationOnly>() => {
                    description.unmapped.push((table, format!("{error:#}")));
                }
                Err(error) => return Err(error.context(format!("cannot describe {table}"))),
            }
        }
    }
    for wanted in mapping.overrides() {
        let known = description.tables.iter().any(|table| {
            table.name.name == wanted.table
                && table.columns.iter().any(|column| column.name == wanted.column)
        });
        if !known {
            bail!(
                "a type is chosen for {}.{}, which does not exist (--map-type, or map_type in {CONFIG_FILE})",
                wanted.table,
                wanted.column
            );
        }
    }
    Ok(description)
}

/// A table as SQLite lists it. The list is read once: it takes as long for one table as for all.
struct Listed {
    name: String,
    /// The statement of a virtual table.
    virtual_sql: Option<String>,
    without_rowid: bool,
}

/// Tables and virtual tables, sorted by the bytes of their names. SQLite's own word "shadow" goes by
/// the name of a table, and is not believed.
fn table_list(connection: &Connection) -> Result<Vec<Listed>> {
    let mut virtual_sql = virtual_definitions(connection)?;
    let mut statement = connection
        .prepare(
            "SELECT name, wr FROM pragma_table_list \
             WHERE schema = 'main' AND type IN ('table', 'shadow', 'virtual') \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name COLLATE BINARY",
        )
        .map_err(sqlite_error)?;
    let rows = statement
        .query_map([], |row| {
            let name: String = row.get(0)?;
            let virtual_sql = virtual_sql.remove(&name);
            Ok(Listed { name, virtual_sql, without_rowid: row.get(1)? })
        })
        .and_then(Iterator::collect)
        .map_err(sqlite_error)?;
    Ok(rows)
}

/// The virtual tables of schema `main`, sorted by name.
pub fn virtual_tables(connection: &Connection) -> Result<Vec<VirtualTable>> {
    let definitions = virtual_definitions(connection)?.into_iter();
    let describe = |(name, sql): (String, String)| {
        VirtualTable::describe(connection, TableName::new("main", name), &sql)
    };
    Ok(definitions.map(describe).collect())
}

/// The statements of the virtual tables, which have no page of their own.
fn virtual_definitions(connection: &Connection) -> Result<BTreeMap<String, String>> {
    let mut statement = connection
        .prepare("SELECT name, sql FROM main.sqlite_schema WHERE type = 'table' AND rootpage = 0")
        .map_err(sqlite_error)?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(sqlite_error)?;
    Ok(rows)
}

/// A column that maps to no type.
#[derive(Debug, thiserror::Error)]
#[error(
    "column {column}: {reason}; choose a type with --map-type {table}.{column}=TYPE ('text, as \
     stored' takes every value)"
)]
struct Unmapped {
    table: String,
    column: String,
    reason: String,
}

struct DeclaredColumn {
    name: String,
    declared: String,
    not_null: bool,
    /// Position in the primary key, from 1; 0 outside it.
    key_position: i64,
    generated: bool,
}

fn describe_table(
    connection: &Connection,
    table: TableName,
    without_rowid: bool,
    mapping: Mapping<'_>,
) -> Result<TableShape> {
    let declared = declared_columns(connection, &table.name)?;
    let indexes = index_list(connection, &table.name)?;
    let rowid_alias = rowid_alias(&declared, &indexes);
    let mut columns = Vec::new();
    for column in declared.iter().filter(|column| !column.generated) {
        let (mapped, form) = map_column(connection, &table, column, mapping)?;
        columns.push(Column {
            name: column.name.clone(),
            type_name: mapped.type_name,
            ty: mapped.ty,
            not_null: column.not_null
                || Some(column.name.as_str()) == rowid_alias
                || (without_rowid && column.key_position > 0),
            renamed: None,
            form,
        });
    }
    let key = usable_key(connection, &table.name, &columns, rowid_alias, |columns| {
        let candidates = KeyCandidates { connection, table: &table.name, columns };
        candidates.key(&declared, &indexes, rowid_alias, without_rowid)
    })?;
    let estimated_rows = estimated_rows(connection, &table.name)?;
    Ok(TableShape {
        generated: declared.into_iter().filter(|c| c.generated).map(|c| c.name).collect(),
        key,
        estimated_rows,
        ..TableShape::of(table, columns)
    })
}

fn declared_columns(connection: &Connection, table: &str) -> Result<Vec<DeclaredColumn>> {
    let mut statement = connection
        .prepare("SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?1)")
        .map_err(sqlite_error)?;
    let rows = statement
        .query_map([table], |row| {
            let hidden: i64 = row.get(4)?;
            Ok(DeclaredColumn {
                name: row.get(0)?,
                declared: row.get(1)?,
                not_null: row.get(2)?,
                key_position: row.get(3)?,
                generated: hidden == 2 || hidden == 3,
            })
        })
        .and_then(Iterator::collect)
        .map_err(sqlite_error)?;
    Ok(rows)
}

/// A single primary key column declared exactly `INTEGER` is the rowid itself, if nothing but the
/// table's own tree keeps it: `INTEGER PRIMARY KEY DESC` has an index, is no rowid, and may be NULL.
fn rowid_alias<'c>(columns: &'c [DeclaredColumn], indexes: &[ListedIndex]) -> Option<&'c str> {
    if indexes.iter().any(|index| index.origin == PRIMARY_KEY) {
        return None;
    }
    let mut of_key = columns.iter().filter(|column| column.key_position > 0);
    let only = of_key.next()?;
    let alone = of_key.next().is_none();
    (alone && only.declared.eq_ignore_ascii_case("integer")).then_some(only.name.as_str())
}

/// The column of a table that is the rowid itself, and hands out numbers.
pub fn rowid_column(connection: &Connection, table: &str) -> Result<Option<String>> {
    let declared = declared_columns(connection, table)?;
    let indexes = index_list(connection, table)?;
    Ok(rowid_alias(&declared, &indexes).map(str::to_owned))
}

fn map_column(
    connection: &Connection,
    table: &TableName,
    column: &DeclaredColumn,
    mapping: Mapping<'_>,
) -> Result<(MappedType, Form)> {
    let mut overrides = mapping.overrides().iter();
    let chosen =
        overrides.find(|wanted| wanted.table == table.name && wanted.column == column.name);
    if let Some(chosen) = chosen {
        return Ok((chosen.mapped.clone(), chosen.form.clone()));
    }
    let form = if mapping.is_exact() { Form::Exact } else { Form::default() };
    if let Some(mapped) = sqlite_type::mapped(&column.declared) {
        if mapped.ty == PgType::Timestamp
            && !mapping.is_exact()
            && says_zone(connection, &table.name, &column.name)?
        {
            return Ok((sqlite_type::timestamp_with_time_zone(), form));
        }
        return Ok((mapped, form));
    }
    let held = kinds_held(connection, &table.name, &column.name)?;
    let held: Vec<&str> = held.iter().map(String::as_str).filter(|kind| *kind != "null").collect();
    let name = match held.as_slice() {
        [] | ["text"] => "text",
        ["integer"] => "bigint",
        ["real"] => "double precision",
        ["blob"] => "bytea",
        // Every value says there what it is.
        _ if mapping.is_exact() => "text",
        several => {
            return Err(Unmapped {
                table: table.name.clone(),
                column: column.name.clone(),
                reason: format!(
                    "declared {:?} and holding values of several kinds ({})",
                    column.declared,
                    several.join(", ")
                ),
            }
            .into());
        }
    };
    let mapped = sqlite_type::for_pg_name(name).context("the type table lacks a basic type")?;
    Ok((mapped, form))
}

/// Whether the first value of a column says its time zone. If others do not, they are found out.
fn says_zone(connection: &Connection, table: &str, column: &str) -> Result<bool> {
    let (table, column) = (ident(table), ident(column));
    let sql =
        format!("SELECT {column} FROM main.{table} NOT INDEXED WHERE {column} IS NOT NULL LIMIT 1");
    let mut statement = connection.prepare(&sql).map_err(cannot_prepare)?;
    let mut rows = statement.raw_query();
    let Some(row) = rows.next().map_err(sqlite_error)? else { return Ok(false) };
    let ValueRef::Text(text) = row.get_ref(0).map_err(sqlite_error)? else { return Ok(false) };
    let moment = std::str::from_utf8(text).ok().and_then(written::moment);
    Ok(moment.is_some_and(|moment| moment.zone.is_some()))
}

fn kinds_held(connection: &Connection, table: &str, column: &str) -> Result<BTreeSet<String>> {
    let sql =
        format!("SELECT DISTINCT typeof({}) FROM main.{} NOT INDEXED", ident(column), ident(table));
    let mut statement = connection.prepare(&sql).map_err(cannot_prepare)?;
    let rows = statement
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .map_err(sqlite_error)?;
    Ok(rows)
}

/// The span of rowids or, without one, the row count: for display only. Rowids may be anything,
/// so no more rows than the file has room for.
fn estimated_rows(connection: &Connection, table: &str) -> Result<u64> {
    let table = ident(table);
    let by_rowid = connection.query_row(
        // Two queries in one: each reads one end of the tree, both aggregates in one read it all.
        &format!(
            "SELECT (SELECT min(rowid) FROM main.{table}), (SELECT max(rowid) FROM main.{table})"
        ),
        [],
        |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)),
    );
    match by_rowid {
        Ok((Some(first), Some(last))) => {
            let bytes: i64 = connection
                .query_row(
                    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
                    [],
                    |row| row.get(0),
                )
                .map_err(sqlite_error)?;
            let room = u64::try_from(bytes).unwrap_or(0) / ROW_BYTES_MIN;
            Ok(last.abs_diff(first).saturating_add(1).min(room))
        }
        Ok(_no_rows) => Ok(0),
        Err(_no_rowid) => {
            let rows: i64 = connection
                .query_row(&format!("SELECT count(*) FROM main.{table} NOT INDEXED"), [], |row| {
                    row.get(0)
                })
                .map_err(cannot_prepare)?;
            Ok(u64::try_from(rows).unwrap_or(0))
        }
    }
}

/// A row's cell: its length, its rowid, a header and nothing else, and two bytes that point to it.
const ROW_BYTES_MIN: u64 = 5;

/// A table, while a key is looked for by which its rows can be told apart.
struct KeyCandidates<'a> {
    connection: &'a Connection,
    table: &'a str,
    columns: &'a [Column],
}

impl KeyCandidates<'_> {
    /// The rowid, the primary key, or the unique index of the fewest columns, whose columns are never
    /// NULL.
    fn key(
        &self,
        declared: &[DeclaredColumn],
        indexes: &[ListedIndex],
        rowid_alias: Option<&str>,
        without_rowid: bool,
    ) -> Result<Option<Key>> {
        let table_key = || table_key_name(self.table);
        if let Some(at) = rowid_alias.and_then(|name| self.position(name)) {
            return Ok(Some(Key { name: table_key(), columns: vec![at], range_scan: true }));
        }
        let mut of_key: Vec<&DeclaredColumn> =
            declared.iter().filter(|column| column.key_position > 0).collect();
        of_key.sort_by_key(|column| column.key_position);
        let primary: Option<Vec<usize>> = of_key.iter().map(|c| self.position(&c.name)).collect();
        if let Some(positions) = primary
            && !positions.is_empty()
            && (without_rowid || !self.holds_null(&positions)?)
        {
            let index = indexes.iter().find(|index| index.origin == PRIMARY_KEY);
            let range_scan = match index {
                Some(index) => {
                    self.is_canonical(&index_columns(self.connection, &index.name)?, &positions)?
                }
                None => false,
            };
            return Ok(Some(Key { name: table_key(), columns: positions, range_scan }));
        }
        for index in indexes.iter().filter(|index| index.unique && !index.partial) {
            let parts = index_columns(self.connection, &index.name)?;
            let positions: Option<Vec<usize>> = parts
                .iter()
                .map(|(name, _)| name.as_deref().and_then(|name| self.position(name)))
                .collect();
            let Some(positions) = positions.filter(|positions| !positions.is_empty()) else {
                continue;
            };
            if self.holds_null(&positions)? {
                continue;
            }
            let range_scan = self.is_canonical(&parts, &positions)?;
            return Ok(Some(Key { name: index.name.clone(), columns: positions, range_scan }));
        }
        Ok(None)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name && column.not_null)
    }

    /// Whether a column that is declared `NOT NULL` holds NULL nevertheless, as one can that was
    /// declared so by changing the schema's text. No range of keys would hold such rows.
    fn holds_null(&self, positions: &[usize]) -> Result<bool> {
        let columns = positions.iter().filter_map(|at| self.columns.get(*at));
        // Of a column that is declared NOT NULL, `IS NULL` is false without a look at any row.
        let is_null = columns.map(|column| format!("typeof({}) = 'null'", ident(&column.name)));
        let is_null = is_null.collect::<Vec<_>>().join(" OR ");
        let ask = |hint: &str| {
            let table = ident(self.table);
            let sql = format!("SELECT EXISTS (SELECT 1 FROM main.{table}{hint} WHERE {is_null})");
            self.connection.query_row(&sql, [], |row| row.get(0)).map_err(cannot_prepare)
        };
        // The shortest way may be an index in an order that only the application has.
        ask("").or_else(|_error| ask(" NOT INDEXED"))
    }

    /// Whether an index keeps its columns in the canonical order.
    fn is_canonical(
        &self,
        parts: &[(Option<String>, String)],
        positions: &[usize],
    ) -> Result<bool> {
        let binary = parts.iter().all(|(_, collation)| collation.eq_ignore_ascii_case("binary"));
        Ok(binary && is_utf8(self.connection)? && in_canonical_order(self.columns, positions))
    }
}

fn table_key_name(table: &str) -> String {
    format!("{table}_pkey")
}

fn is_utf8(connection: &Connection) -> Result<bool> {
    let encoding: String =
        connection.query_row("PRAGMA encoding", [], |row| row.get(0)).map_err(sqlite_error)?;
    Ok(encoding == "UTF-8")
}

/// Whether SQLite's own order of the stored values is the canonical one: numbers by value, texts
/// by bytes. Dates and times are stored as text and order differently outside years 1 to 9999.
fn in_canonical_order(columns: &[Column], positions: &[usize]) -> bool {
    positions.iter().filter_map(|at| columns.get(*at)).all(|column| {
        matches!(
            column.order(),
            PgType::Bool
                | PgType::Int2
                | PgType::Int4
                | PgType::Int8
                | PgType::Numeric
                | PgType::Text
                | PgType::Uuid
                | PgType::Json
                | PgType::Bytea
        )
    })
}

/// An index as SQLite lists it.
struct ListedIndex {
    name: String,
    unique: bool,
    /// `c` for `CREATE INDEX`, `u` for `UNIQUE`, `pk` for `PRIMARY KEY`.
    origin: String,
    partial: bool,
}

/// Origin of the index behind a primary key that is not the rowid.
const PRIMARY_KEY: &str = "pk";

/// The indexes of a table, those of the fewest columns first.
fn index_list(connection: &Connection, table: &str) -> Result<Vec<ListedIndex>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1) AS list \
             ORDER BY (SELECT count(*) FROM pragma_index_info(list.name)), name COLLATE BINARY",
        )
        .map_err(sqlite_error)?;
    let rows = statement
        .query_map([table], |row| {
            Ok(ListedIndex {
                name: row.get(0)?,
                unique: row.get(1)?,
                origin: row.get(2)?,
                partial: row.get(3)?,
            })
        })
        .and_then(Iterator::collect)
        .map_err(sqlite_error)?;
    Ok(rows)
}

/// Key columns of an index (`None` for an expression) with their collations.
pub fn index_columns(
    connection: &Connection,
    index: &str,
) -> Result<Vec<(Option<String>, String)>> {
    let mut statement = connection
        .prepare("SELECT name, coll FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno")
        .map_err(sqlite_error)?;
    let rows = statement
        .query_map([index], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(sqlite_error)?;
    Ok(rows)
}
