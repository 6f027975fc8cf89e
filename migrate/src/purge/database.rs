//! The database that is purged: the target of the copy.

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::{self, Access, Session};
use handover_engine::reader::Reader;
use handover_engine::sqlite::{self, Mapping};
use handover_schemas::name::TableName;
use handover_schemas::plan::TableShape;
use handover_verify::ledger::moves::{moves, was_known_as};
use handover_verify::ledger::own::without_own;
use rusqlite::Connection;

use crate::ledger::{self, Store};
use crate::target;

/// An opened database. No other run works on it as long as this lives.
pub enum PurgeDatabase {
    /// PostgreSQL; the session holds the lock that keeps other runs away.
    Postgres(Session),
    /// SQLite: the one writing connection.
    Sqlite(Connection),
}

impl PurgeDatabase {
    /// Opens a database that is there.
    pub fn open(endpoint: &Endpoint, interrupt: &Interrupt) -> Result<Self> {
        match endpoint {
            Endpoint::Postgres(postgres) => {
                let mut session = Session::open(postgres, Access::Write, interrupt)?;
                target::postgres::lock_run(&mut session)
                    .context("another run works on this database; wait for it, or end it")?;
                Ok(Self::Postgres(session))
            }
            Endpoint::Sqlite(path) => {
                if !path.exists() {
                    bail!("{}: there is no such file", path.display());
                }
                let connection = target::sqlite::open_target(path)?;
                sqlite::add_identity_number_class(&connection)?;
                // What is deleted here is overwritten, lists and keys of salts among it.
                connection
                    .execute_batch("PRAGMA secure_delete = ON")
                    .map_err(|error| target::sqlite::failed(&connection, error))?;
                Ok(Self::Sqlite(connection))
            }
        }
    }

    /// The ledger's place.
    pub fn store(&mut self) -> &mut dyn Store {
        match self {
            Self::Postgres(session) => session,
            Self::Sqlite(connection) => connection,
        }
    }

    /// Reads on this session.
    pub fn reader(&mut self) -> Reader<'_> {
        match self {
            Self::Postgres(session) => Reader::Postgres(session),
            Self::Sqlite(connection) => Reader::Sqlite(connection),
        }
    }

    /// Runs statements.
    pub fn execute(&mut self, sql: &str) -> Result<()> {
        self.store().execute(sql)
    }

    /// Begins a transaction in which everything is seen as it is at one moment.
    pub fn begin_at_one_moment(&mut self) -> Result<()> {
        match self {
            // Whoever reads a selection in order wants the indexes of both sides merged; the
            // pinned settings of the session see to that. Selecting itself is the planner's.
            Self::Postgres(session) => session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ"),
            Self::Sqlite(connection) => {
                let begun = connection.execute_batch("BEGIN IMMEDIATE");
                begun.map_err(|error| target::sqlite::failed(connection, error))
            }
        }
    }

    /// Lets the planner choose freely until the end of the transaction, for queries whose order
    /// does not matter.
    pub fn plan_freely(&mut self) -> Result<()> {
        match self {
            Self::Postgres(session) => session.execute(
                "SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on; \
                 SET LOCAL work_mem = '64MB'",
            ),
            Self::Sqlite(_) => Ok(()),
        }
    }

    /// Makes the planner read in the order of keys, by indexes, until the end of the transaction.
    pub fn plan_in_order(&mut self) -> Result<()> {
        match self {
            Self::Postgres(session) => session.execute(
                "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
                 SET LOCAL enable_hashjoin = off",
            ),
            Self::Sqlite(_) => Ok(()),
        }
    }

    /// Lets the server forget what certify erased: dead rows stay readable until they are swept.
    pub fn sweep(&mut self) -> Result<()> {
        match self {
            Self::Postgres(session) => session.execute("VACUUM handover.purge"),
            Self::Sqlite(_) => Ok(()),
        }
    }

    /// Describes all tables of the platform. Rows of a table that reaches another server, or of which
    /// only a part is the platform's, are nobody's to delete.
    pub fn tables(&mut self) -> Result<Vec<TableShape>> {
        match self {
            Self::Postgres(session) => {
                let mut tables = postgres::describe(session)?.tables;
                tables.retain(|table| table.extent.is_whole());
                without_own(session, tables)
            }
            Self::Sqlite(connection) => {
                let tables = sqlite::describe(connection, Mapping::Exact)?.tables;
                without_own(connection, tables)
            }
        }
    }

    /// A table as a rule names it: `schema.name`. `public` of PostgreSQL and `main` of SQLite are
    /// the same place.
    pub fn table_name(&self, written: &str) -> Result<TableName> {
        let (schema, name) = written.split_once('.').context("a table is named schema.name")?;
        let schema = match (self, schema) {
            (Self::Postgres(_), "main") => "public",
            (Self::Sqlite(_), "public") => "main",
            (_, schema) => schema,
        };
        Ok(TableName::new(schema, name))
    }

    /// Where this database is. A file may be copied wherever people like: its place is always the
    /// same.
    pub fn place(&mut self) -> Result<String> {
        match self {
            Self::Postgres(session) => postgres::place(session),
            Self::Sqlite(_) => Ok("sqlite".to_owned()),
        }
    }

    /// What tells this database from every other: an identity that the ledger was given once, and
    /// its place.
    pub fn identity(&mut self) -> Result<String> {
        Ok(format!("{} {}", ledger::database_id(self.store())?, self.place()?))
    }

    /// Whether it was known by an identity: it has that one now, or had it before it moved.
    pub fn was_known_as(&mut self, identity: &str) -> Result<bool> {
        let (id, place) = (ledger::database_id(self.store())?, self.place()?);
        Ok(was_known_as(identity, (&id, &place), &moves(self.store())?))
    }
}
