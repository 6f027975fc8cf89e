//! The end that is written to.

pub mod postgres;
pub mod sqlite;

use std::path::Path;

use anyhow::Result;
use handover_engine::postgres::{Session, TextRow};
use handover_schemas::chunk::KeyRange;
use handover_schemas::digest::LineDigest;
use handover_schemas::ledger::ChunkEntry;
use handover_schemas::plan::TableShape;
use rusqlite::Connection;

use self::postgres::{Owner, SourceSettings};
use crate::ledger::Store;

/// The connection on which rows and the ledger's entries about them are committed together.
pub enum Target {
    /// A session of a PostgreSQL server.
    Postgres(Session),
    /// The one writing connection to a SQLite file.
    Sqlite(Connection),
}

/// A chunk to be written.
#[derive(Clone, Copy)]
pub struct ChunkWrite<'a> {
    /// The table as the source has it.
    pub shape: &'a TableShape,
    /// The chunk's entry as it stands in the ledger.
    pub entry: &'a ChunkEntry,
    /// Rows of an earlier copy of the chunk are to go first.
    pub replace: bool,
    /// The source's snapshot.
    pub snapshot: &'a str,
    /// Where sorts spill.
    pub spill_dir: &'a Path,
    /// What holds while a PostgreSQL target takes the rows.
    pub settings: &'a SourceSettings,
    /// Who owns the tables of a PostgreSQL target.
    pub owner: &'a Owner,
}

/// What was read for a chunk.
#[derive(Clone, Debug)]
pub struct Filled {
    /// What the rows cover: the chunk's range, or its first part.
    pub range: KeyRange,
    /// Digest of the rows.
    pub digest: LineDigest,
}

/// Gives a chunk's rows, in the target's wire form, to the function it is called with.
pub type Fill<'f> = dyn FnMut(&mut dyn FnMut(&[u8]) -> Result<()>) -> Result<Filled> + 'f;

impl Target {
    /// Writes one chunk and its ledger entry in one transaction. Returns the entry of the part of
    /// the range that is still to be copied, if the chunk had to be cut.
    pub fn write_chunk(
        &mut self,
        write: ChunkWrite<'_>,
        fill: &mut Fill<'_>,
    ) -> Result<Option<ChunkEntry>> {
        match self {
            Self::Postgres(session) => postgres::write_chunk(session, write, fill),
            Self::Sqlite(connection) => sqlite::write_chunk(connection, write, fill),
        }
    }

    /// The ledger's place.
    pub fn store(&mut self) -> &mut dyn Store {
        match self {
            Self::Postgres(session) => session,
            Self::Sqlite(connection) => connection,
        }
    }

    /// Runs a query; every value as text.
    pub fn query(&mut self, sql: &str) -> Result<Vec<TextRow>> {
        self.store().query(sql)
    }
}

/// The table's shape under its names at a PostgreSQL target. A SQLite table becomes one of
/// `public`.
pub fn shape_at_postgres(shape: &TableShape) -> TableShape {
    let mut shape = shape.under_target_names();
    if shape.name.schema == "main" {
        shape.name.schema = String::from("public");
    }
    shape
}
