//! Both ends, opened each at one moment, and what their catalogs say.

use std::path::PathBuf;

use anyhow::{Result, bail};
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use rusqlite::Connection;

use crate::endpoint::{Endpoint, PostgresEndpoint};
use crate::interrupt::Interrupt;
use crate::inventory::{self, Inventory};
use crate::ledger::own::OwnObjects;
use crate::postgres::{self, SnapshotHolder};
use crate::reader::Reader;
use crate::sqlite::{self, Mapping};

/// One opened end.
pub(super) enum OpenEnd {
    /// A session that holds the snapshot its readers share.
    Postgres(PostgresEndpoint, Box<SnapshotHolder>),
    /// The one connection, in its one read transaction.
    Sqlite(PathBuf, Box<Connection>),
}

/// What an end has.
#[derive(Default)]
pub(super) struct Described {
    /// Tables that can be read, sorted by name.
    pub(super) tables: Vec<TableShape>,
    /// Tables that cannot be read, and why.
    pub(super) unreadable: Vec<(TableName, String)>,
    /// Foreign and virtual tables, which have no rows of their own.
    pub(super) without_rows: Vec<TableName>,
    /// What is not looked at.
    pub(super) not_checked: Vec<String>,
    /// Whether it is a SQLite file that compares texts as UTF-16.
    pub(super) is_utf16: bool,
}

impl Described {
    /// Takes the tables of the ledger out.
    pub(super) fn take(&mut self, own: &OwnObjects) {
        self.tables.retain(|shape| !own.has(&shape.name));
        self.unreadable.retain(|(table, _)| !own.has(table));
    }

    /// Whether the end has a table of this name, whatever its rows.
    pub(super) fn has(&self, name: &TableName) -> bool {
        let read = self.tables.iter().map(|shape| &shape.name);
        let unread = self.unreadable.iter().map(|(table, _)| table);
        read.chain(unread).chain(&self.without_rows).any(|table| table == name)
    }
}

impl OpenEnd {
    /// Opens an end at one moment, read-only.
    pub(super) fn open(endpoint: &Endpoint, interrupt: &Interrupt) -> Result<Self> {
        match endpoint {
            Endpoint::Postgres(postgres) => {
                let holder = SnapshotHolder::open(postgres, interrupt)?;
                Ok(Self::Postgres(postgres.clone(), Box::new(holder)))
            }
            Endpoint::Sqlite(path) => {
                Ok(Self::Sqlite(path.clone(), Box::new(sqlite::open_read_only(path)?)))
            }
        }
    }

    /// Whether the end is a PostgreSQL database.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(..))
    }

    /// Reads on the session that was opened first.
    pub(super) fn reader(&mut self) -> Reader<'_> {
        match self {
            Self::Postgres(_, holder) => Reader::Postgres(holder.session()),
            Self::Sqlite(_, connection) => Reader::Sqlite(connection),
        }
    }

    /// Describes the tables.
    pub(super) fn describe(&mut self, mapping: Mapping<'_>) -> Result<Described> {
        match self {
            Self::Postgres(_, holder) => {
                let found = postgres::describe(holder.session())?;
                Ok(Described {
                    not_checked: not_checked_in(&found),
                    unreadable: found.unreadable,
                    without_rows: found.foreign,
                    tables: found.tables,
                    is_utf16: false,
                })
            }
            Self::Sqlite(_, connection) => {
                let found = sqlite::describe(connection, mapping)?;
                Ok(Described {
                    not_checked: not_checked_in_sqlite(&found),
                    tables: found.tables,
                    unreadable: found.unmapped,
                    without_rows: found.virtual_tables,
                    is_utf16: found.is_utf16,
                })
            }
        }
    }

    /// What of a target is the ledger's own.
    pub(super) fn own_objects(&mut self) -> Result<OwnObjects> {
        match self {
            Self::Postgres(_, holder) => OwnObjects::of(holder.session()),
            Self::Sqlite(_, connection) => OwnObjects::of(&mut **connection),
        }
    }

    /// Everything in the catalog besides tables and columns.
    pub(super) fn inventory(&mut self) -> Result<Inventory> {
        match self {
            Self::Postgres(_, holder) => {
                let session = holder.session();
                inventory::postgres::collect(&mut |sql| {
                    session.query(sql)?.into_iter().map(four_columns).collect()
                })
            }
            Self::Sqlite(_, connection) => inventory::sqlite::collect(connection),
        }
    }
}

fn four_columns(row: Vec<Option<String>>) -> Result<[Option<String>; 4]> {
    match row.try_into() {
        Ok(columns) => Ok(columns),
        Err(_other) => bail!("a catalog query gave an unexpected number of columns"),
    }
}

fn not_checked_in_sqlite(found: &sqlite::Description) -> Vec<String> {
    let rows = found.virtual_tables.iter().map(|name| format!("rows of the virtual table {name}"));
    rows.chain(generated_columns(&found.tables)).collect()
}

/// Generated columns, whose expressions are compared between databases of one engine.
fn generated_columns(tables: &[TableShape]) -> impl Iterator<Item = String> {
    tables.iter().flat_map(|table| {
        table.generated.iter().map(|column| {
            format!(
                "values of the generated column {}.{column}, which each end computes by itself",
                table.name
            )
        })
    })
}

fn not_checked_in(found: &postgres::Description) -> Vec<String> {
    let mut list = Vec::new();
    for name in &found.foreign {
        list.push(format!("rows of the foreign table {name}, which live on another server"));
    }
    for name in &found.materialized_views {
        list.push(format!("contents of the materialized view {name}"));
    }
    list.extend(generated_columns(&found.tables));
    match found.large_objects {
        Some(0) => list.push("large objects (there are none)".to_owned()),
        Some(count) => list.push(format!("large objects ({count})")),
        None => list.push("large objects".to_owned()),
    }
    list
}
