//! The end that is read: opened once per run, at one moment.

use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_schemas::config::{CONFIG_FILE, LeaveOut};
use handover_schemas::ledger::LeftOutBy;
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use handover_verify::endpoint::{Endpoint, PostgresEndpoint};
use handover_verify::interrupt::Interrupt;
use handover_verify::postgres::{self, SnapshotHolder};
use handover_verify::sqlite::{self, Mapping};
use rusqlite::Connection;

use crate::ledger::LeftOutTable;

/// An opened source.
pub(super) enum Source<'a> {
    /// PostgreSQL: a session that holds the snapshot all workers share.
    Postgres(&'a PostgresEndpoint, SnapshotHolder),
    /// SQLite: the one connection, in its one read transaction.
    Sqlite(&'a Path, Connection),
}

/// What the source has.
pub(super) struct Described {
    /// Tables to copy, sorted by name.
    pub(super) tables: Vec<TableShape>,
    /// Tables that are not copied, and why.
    pub(super) left_out: Vec<LeftOutTable>,
}

impl Described {
    /// Leaves out the tables that the config names. Refuses one that the source does not have.
    pub(super) fn leave_out(&mut self, wanted: &[LeaveOut]) -> Result<()> {
        for LeaveOut { table, reason } in wanted {
            let is_meant = |name: &TableName| name.to_string() == *table;
            let names = self.tables.iter().map(|shape| &shape.name);
            let mut names = names.chain(self.left_out.iter().map(|left_out| &left_out.name));
            let Some(name) = names.find(|name| is_meant(name)).cloned() else {
                bail!(
                    "{CONFIG_FILE}: leave_out {table:?}: the source has no such table; a table is \
                     named schema.name, as the source has it (a partition goes with its table)"
                );
            };
            self.tables.retain(|shape| shape.name != name);
            self.left_out.retain(|left_out| left_out.name != name);
            let (reason, by) = (reason.clone(), LeftOutBy::Config);
            self.left_out.push(LeftOutTable { name, reason, by });
        }
        Ok(())
    }
}

impl<'a> Source<'a> {
    /// Opens the source at one moment.
    pub(super) fn open(endpoint: &'a Endpoint, interrupt: &Interrupt) -> Result<Self> {
        match endpoint {
            Endpoint::Postgres(postgres) => {
                Ok(Self::Postgres(postgres, SnapshotHolder::open(postgres, interrupt)?))
            }
            Endpoint::Sqlite(path) => Ok(Self::Sqlite(path, sqlite::open_read_only(path)?)),
        }
    }

    /// Where this database is: what tells it from every other.
    pub(super) fn place(&mut self) -> Result<String> {
        match self {
            Self::Postgres(_, holder) => postgres::place(holder.session()),
            Self::Sqlite(path, _) => Ok(format!("sqlite {}", Endpoint::absolute(path)?.display())),
        }
    }

    /// The moment, as the ledger records it. Equal texts stand for the same rows: of a server, whose
    /// numbers of transactions are its own, at the same place; a SQLite file has no such text, and so
    /// none is equal to one of another run.
    pub(super) fn snapshot(&mut self, run: i64) -> Result<String> {
        match self {
            Self::Postgres(_, holder) => {
                let visible = holder.snapshot().visible.clone();
                Ok(format!("{} {visible}", postgres::place(holder.session())?))
            }
            Self::Sqlite(..) => Ok(format!("sqlite read transaction of run {run}")),
        }
    }

    /// Describes the source.
    pub(super) fn describe(&mut self, mapping: Mapping<'_>) -> Result<Described> {
        match self {
            Self::Postgres(_, holder) => {
                if matches!(mapping, Mapping::Values([_, ..])) {
                    bail!("--map-type is for SQLite sources; PostgreSQL's types are kept");
                }
                let found = postgres::describe(holder.session())?;
                let foreign = "a foreign table: its rows live on another server";
                let foreign = found.foreign.into_iter().map(|name| (name, foreign.to_owned()));
                let left_out = found
                    .unreadable
                    .into_iter()
                    .chain(foreign)
                    .map(|(name, reason)| left_out(name, reason))
                    .collect();
                Ok(Described { tables: found.tables, left_out })
            }
            Self::Sqlite(path, connection) => {
                let found = sqlite::describe(connection, mapping)
                    .with_context(|| format!("cannot describe {}", path.display()))?;
                let mut left_out_tables: Vec<LeftOutTable> = found
                    .unmapped
                    .into_iter()
                    .map(|(name, reason)| left_out(name, reason))
                    .collect();
                let why = "a virtual table: its rows are computed or live elsewhere";
                let virtual_tables = found.virtual_tables.into_iter();
                left_out_tables.extend(virtual_tables.map(|name| left_out(name, why.to_owned())));
                Ok(Described { tables: found.tables, left_out: left_out_tables })
            }
        }
    }
}

/// A table that the source cannot give.
fn left_out(name: TableName, reason: String) -> LeftOutTable {
    LeftOutTable { name, reason, by: LeftOutBy::Source }
}

/// The place of a source.
pub(crate) fn source_place(endpoint: &Endpoint, interrupt: &Interrupt) -> Result<String> {
    Source::open(endpoint, interrupt)?.place()
}
