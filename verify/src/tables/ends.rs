//! Both ends, opened each at one moment, and what their catalogs say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::{Endpoint, PostgresEndpoint};
use handover_engine::inventory::{self, Inventory, SequenceValue};
use handover_engine::postgres::{
    self, Beside, HeldByRowSecurity, SnapshotHolder, Uncopied, UncopiedKind, extension_sequences,
    held_by_row_security,
};
use handover_engine::reader::Reader;
use handover_engine::sqlite::{self, Mapping, VirtualTable};
use handover_schemas::name::TableName;
use handover_schemas::plan::{Extent, TableShape};
use handover_schemas::report::Finding;
use rusqlite::Connection;

use crate::ledger::own::OwnObjects;

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
    /// Whether it is a PostgreSQL database.
    pub(super) is_postgres: bool,
    /// Tables that can be read, sorted by name.
    pub(super) tables: Vec<TableShape>,
    /// Tables that cannot be read, and why.
    pub(super) unreadable: Vec<(TableName, String)>,
    /// Tables that have no rows of their own.
    pub(super) without_rows: Vec<TableName>,
    /// Virtual tables of a SQLite file.
    pub(super) virtual_tables: Vec<VirtualTable>,
    /// Foreign tables that are partitions, and the partitioned tables that they are parts of.
    pub(super) foreign_partitions: Vec<(TableName, TableName)>,
    /// Views and functions that row security holds because of who owns them.
    pub(super) held: Vec<HeldByRowSecurity>,
    /// Sequences of extensions that are configuration of the platform.
    pub(super) sequences: BTreeMap<String, SequenceValue>,
    /// Tables of extensions that are configuration of the platform and hold none.
    pub(super) empty_configuration: Vec<TableName>,
    /// What tables have beside the columns that are read.
    pub(super) beside: BTreeMap<TableName, Beside>,
    /// What is compared though nobody copies it; `tables` has it too.
    pub(super) uncopied: Vec<Uncopied>,
    /// What is not looked at.
    pub(super) not_checked: Vec<String>,
    /// Large objects of a PostgreSQL database; `None` if the account may not count them.
    pub(super) large_objects: Option<u64>,
    /// Whether it is a SQLite file that compares texts as UTF-16.
    pub(super) is_utf16: bool,
    /// That it is a SQLite file which is not whole.
    pub(super) damage: Option<Finding>,
}

impl Described {
    /// Takes out what a database of another engine cannot have: virtual tables and the indexes that
    /// they keep. Those whose rows are nowhere else count as tables that cannot be read.
    pub(super) fn without_virtual_tables(&mut self) {
        for table in std::mem::take(&mut self.virtual_tables) {
            let is_index = |name: &TableName| {
                table.index_tables().any(|own| own.eq_ignore_ascii_case(&name.name))
            };
            self.tables.retain(|shape| !is_index(&shape.name));
            self.unreadable.retain(|(name, _)| !is_index(name));
            if table.has_rows_elsewhere() {
                self.not_checked.push(format!("{}, {}", table.name, table.elsewhere()));
                self.without_rows.push(table.name);
            } else {
                self.unreadable.push((table.name.clone(), table.elsewhere()));
            }
        }
    }

    /// Takes the tables of the ledger out.
    pub(super) fn take(&mut self, own: &OwnObjects) {
        self.tables.retain(|shape| !own.has(&shape.name));
        self.unreadable.retain(|(table, _)| !own.has(table));
    }

    /// Whether the end has a table of this name, whatever its rows.
    pub(super) fn has(&self, name: &TableName) -> bool {
        let read = self.tables.iter().map(|shape| &shape.name);
        let unread = self.unreadable.iter().map(|(table, _)| table);
        let virtual_tables = self.virtual_tables.iter().map(|table| &table.name);
        let mut all = read.chain(unread).chain(&self.without_rows).chain(virtual_tables);
        all.any(|table| table == name)
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

    /// Describes the tables; `end` is "source" or "target". A file is first looked at as a whole.
    pub(super) fn describe(
        &mut self,
        end: &str,
        mapping: Mapping<'_>,
        telling: (&Progress, &Interrupt),
    ) -> Result<Described> {
        match self {
            Self::Postgres(_, holder) => {
                let found = postgres::describe(holder.session())?;
                let held = held_by_row_security(holder.session())?;
                let sequences = extension_sequences(holder.session())?;
                Ok(Described { held, sequences, ..described_in_postgres(found) })
            }
            Self::Sqlite(path, connection) => {
                let integrity = sqlite::check_integrity(connection, path, telling)?;
                let found = sqlite::describe(connection, mapping)?;
                let damage = integrity.finding(end);
                let not_checked = integrity.not_checked.into_iter();
                Ok(Described {
                    damage,
                    not_checked: not_checked.chain(generated_columns(&found.tables)).collect(),
                    tables: found.tables,
                    unreadable: found.unmapped,
                    without_rows: Vec::new(),
                    virtual_tables: found.virtual_tables,
                    is_utf16: found.is_utf16,
                    ..Described::default()
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

fn described_in_postgres(found: postgres::Description) -> Described {
    let mut described = Described {
        is_postgres: true,
        not_checked: not_checked_in(&found),
        large_objects: found.large_objects,
        unreadable: found.unreadable,
        tables: found.tables,
        beside: found.beside,
        empty_configuration: found.empty_configuration,
        ..Described::default()
    };
    for foreign in found.foreign {
        described.unreadable.push((foreign.name.clone(), foreign.reason()));
        described.foreign_partitions.extend(foreign.root.map(|root| (foreign.name, root)));
    }
    for table in found.uncopied {
        let name = table.shape.name.clone();
        match &table.unreadable {
            Some(reason) => described.unreadable.push((name, reason.clone())),
            None => described.tables.push(table.shape.clone()),
        }
        described.uncopied.push(table);
    }
    described.tables.sort_by(|a, b| a.name.cmp(&b.name));
    described
}

impl Described {
    /// Takes away what only one of two ends has, and what is no loss there: a materialised view,
    /// which catalogs tell of, and an empty table of another version of an extension.
    pub(super) fn match_uncopied(&mut self, other: &mut Self) {
        let (mine, theirs) = (self.only_here(other), other.only_here(self));
        for (end, gone) in [(self, mine), (other, theirs)] {
            end.tables.retain(|table| !gone.contains(&table.name));
            end.unreadable.retain(|(name, _)| !gone.contains(name));
        }
    }

    /// What a table has beside the columns that are read.
    pub(super) fn beside(&self, shape: &TableShape) -> Beside {
        self.beside.get(&shape.name).cloned().unwrap_or_default()
    }

    fn only_here(&self, other: &Self) -> Vec<TableName> {
        let is_there = |name: &TableName| {
            let unreadable = other.unreadable.iter().map(|(name, _)| name);
            other.tables.iter().map(|table| &table.name).chain(unreadable).any(|o| o == name)
        };
        let is_no_loss =
            |table: &&Uncopied| table.is_empty || table.kind == UncopiedKind::MaterializedView;
        let gone = self.uncopied.iter().filter(is_no_loss).map(|table| &table.shape.name);
        let gone = gone.chain(&self.empty_configuration);
        gone.filter(|name| !is_there(name)).cloned().collect()
    }
}

fn not_checked_in(found: &postgres::Description) -> Vec<String> {
    let mut list = Vec::new();
    for table in &found.tables {
        if let Extent::Configuration(condition) = &table.extent
            && !condition.is_empty()
        {
            let name = &table.name;
            list.push(format!("rows of {name} that its extension makes itself (not {condition})"));
        }
    }
    let is_stored = |table: &TableShape, name: &str| {
        let beside = found.beside.get(&table.name).into_iter().flat_map(|beside| &beside.generated);
        beside.into_iter().any(|column| column.name == name)
    };
    let mut computed = found.tables.clone();
    for table in &mut computed {
        let generated = std::mem::take(&mut table.generated);
        table.generated = generated.into_iter().filter(|name| !is_stored(table, name)).collect();
    }
    list.extend(generated_columns(&computed));
    if found.large_objects == Some(0) {
        list.push("large objects (there are none)".to_owned());
    }
    list
}
