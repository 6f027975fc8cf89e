//! The end that is read: opened once per run, at one moment.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::{Endpoint, PostgresEndpoint};
use handover_engine::postgres::{self, SnapshotHolder};
use handover_engine::rename;
use handover_engine::sqlite::{self, Integrity, Mapping, StandIns, VirtualTable};
use handover_schemas::config::{CONFIG_FILE, LeaveOut, Rename};
use handover_schemas::ledger::LeftOutBy;
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use rusqlite::Connection;

use super::beside::Watched;
use crate::ledger::LeftOutTable;
use crate::target::postgres::cannot_hold;
use crate::target::sqlite::{Made, judge, table_statements};

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
    /// Foreign tables that are partitions, and the partitioned tables that they are parts of.
    foreign_partitions: Vec<(TableName, TableName)>,
    /// What is held against the source though it is not copied.
    pub(super) watched: Watched,
    /// Virtual tables of a SQLite file, which another file has too.
    pub(super) virtual_tables: Vec<VirtualTable>,
}

impl Described {
    /// Refuses a source in which nobody could copy anything: it is not the one that was meant.
    pub(super) fn refuse_nothing(&self, source: &Endpoint) -> Result<()> {
        if self.tables.is_empty() && self.left_out.is_empty() && self.virtual_tables.is_empty() {
            bail!(
                "the source has no table, or the account may see none: {source}; is it the right \
                 database? (The rows of a SQLite file in WAL mode can be in FILE-wal, which belongs to \
                 it.)"
            );
        }
        Ok(())
    }

    /// Leaves out what PostgreSQL cannot have: virtual tables and the indexes that they keep.
    pub(super) fn without_virtual_tables(&mut self) {
        for table in std::mem::take(&mut self.virtual_tables) {
            let is_index = |name: &TableName| {
                table.index_tables().any(|own| own.eq_ignore_ascii_case(&name.name))
            };
            self.tables.retain(|shape| !is_index(&shape.name));
            self.left_out.retain(|left_out| !is_index(&left_out.name));
            self.left_out.push(left_out_here(table.name.clone(), table.elsewhere()));
        }
    }

    /// Gives tables and columns the names that the config gives them in the target.
    pub(super) fn rename(&mut self, rules: &[Rename]) -> Result<()> {
        let unread: Vec<String> =
            self.left_out.iter().map(|left_out| left_out.name.to_string()).collect();
        rename::rename(rules, &mut self.tables, &unread)
    }

    /// Leaves out what another SQLite file cannot have without the application.
    pub(super) fn without_application_tables(&mut self, source: &Source<'_>) -> Result<()> {
        let Source::Sqlite(_, connection) = source else { return Ok(()) };
        let wanted: Vec<String> = self.tables.iter().map(|shape| shape.name.name.clone()).collect();
        let mut impossible = BTreeMap::new();
        for (name, sql) in table_statements(connection, &wanted)? {
            if let Made::NotAtAll(reason) = judge(&mut StandIns::default(), &name, &sql)? {
                impossible.insert(name, reason);
            }
        }
        let left_out = &mut self.left_out;
        self.tables.retain(|shape| match impossible.remove(&shape.name.name) {
            Some(reason) => {
                left_out.push(left_out_here(shape.name.clone(), reason));
                false
            }
            None => true,
        });
        Ok(())
    }

    /// Leaves out what PostgreSQL cannot have under the names it would have there.
    pub(super) fn without_impossible_tables(&mut self) {
        let left_out = &mut self.left_out;
        self.tables.retain(|shape| match cannot_hold(shape) {
            Some(reason) => {
                left_out.push(left_out_here(shape.name.clone(), reason));
                false
            }
            None => true,
        });
    }

    /// Leaves out the tables that the config names. Refuses one that the source does not have.
    pub(super) fn leave_out(&mut self, wanted: &[LeaveOut]) -> Result<()> {
        for LeaveOut { table, reason } in wanted {
            let is_meant = |name: &TableName| name.to_string() == *table;
            let names = self.tables.iter().map(|shape| &shape.name);
            let names = names.chain(self.left_out.iter().map(|left_out| &left_out.name));
            let names = names.chain(self.virtual_tables.iter().map(|table| &table.name));
            let mut names =
                names.chain(self.watched.uncopied.iter().map(|table| &table.shape.name));
            let Some(name) = names.find(|name| is_meant(name)).cloned() else {
                bail!(
                    "{CONFIG_FILE}: leave_out {table:?}: the source has no such table; a table is \
                     named schema.name, as the source has it (a partition goes with its table)"
                );
            };
            // With a virtual table go the tables in which it keeps what it holds, and with a table the
            // foreign ones among its partitions.
            let virtual_tables = self.virtual_tables.iter().filter(|table| table.name == name);
            let kept = virtual_tables.flat_map(|table| &table.own_tables);
            let mut names: Vec<TableName> =
                kept.map(|own| TableName::new(name.schema.as_str(), own.as_str())).collect();
            let roots = &self.foreign_partitions;
            self.left_out.retain(|left_out| {
                !roots.iter().any(|(part, root)| *part == left_out.name && *root == name)
            });
            self.watched.uncopied.retain(|table| table.shape.name != name);
            names.push(name);
            for name in names {
                self.tables.retain(|shape| shape.name != name);
                self.left_out.retain(|left_out| left_out.name != name);
                self.virtual_tables.retain(|table| table.name != name);
                let (reason, by) = (reason.clone(), LeftOutBy::Config);
                self.left_out.push(LeftOutTable { name, reason, by });
            }
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

    /// What SQLite's own check says of a file; nothing of a server's database.
    pub(super) fn integrity(
        &mut self,
        progress: &Progress,
        interrupt: &Interrupt,
    ) -> Result<Option<Integrity>> {
        let Self::Sqlite(path, connection) = self else { return Ok(None) };
        sqlite::check_integrity(connection, path, (progress, interrupt)).map(Some)
    }

    /// Describes the source.
    pub(super) fn describe(&mut self, mapping: Mapping<'_>) -> Result<Described> {
        match self {
            Self::Postgres(_, holder) => {
                if matches!(mapping, Mapping::Values([_, ..])) {
                    bail!("--map-type is for SQLite sources; PostgreSQL's types are kept");
                }
                let found = postgres::describe(holder.session())?;
                let foreign =
                    found.foreign.iter().map(|table| (table.name.clone(), table.reason()));
                let left_out = found
                    .unreadable
                    .into_iter()
                    .chain(foreign)
                    .map(|(name, reason)| left_out_here(name, reason))
                    .collect();
                let parts = found.foreign.into_iter();
                let parts = parts.filter_map(|table| table.root.map(|root| (table.name, root)));
                Ok(Described {
                    tables: found.tables,
                    left_out,
                    virtual_tables: Vec::new(),
                    foreign_partitions: parts.collect(),
                    watched: Watched {
                        beside: found.beside,
                        uncopied: found.uncopied,
                        held: postgres::held_by_row_security(holder.session())?,
                    },
                })
            }
            Self::Sqlite(path, connection) => {
                let found = sqlite::describe(connection, mapping)
                    .with_context(|| format!("cannot describe {}", path.display()))?;
                let left_out = found.unmapped.into_iter();
                Ok(Described {
                    tables: found.tables,
                    left_out: left_out.map(|(name, reason)| left_out_here(name, reason)).collect(),
                    virtual_tables: found.virtual_tables,
                    foreign_partitions: Vec::new(),
                    watched: Watched::default(),
                })
            }
        }
    }
}

/// A table that the source cannot give.
fn left_out_here(name: TableName, reason: String) -> LeftOutTable {
    LeftOutTable { name, reason, by: LeftOutBy::Source }
}

/// The place of a source.
pub(crate) fn source_place(endpoint: &Endpoint, interrupt: &Interrupt) -> Result<String> {
    Source::open(endpoint, interrupt)?.place()
}
