//! Freezing a selection: every row of the rule's tables is read once, in the order of keys, under
//! the snapshot under which it was selected. Out come the digests of the table and of what is not
//! on the list, and a leaf for each row that is.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::archive::manifest::{CHUNK_ROWS_MAX, CHUNK_TEXT_BYTES};
use handover_schemas::archive::row_leaf::{SaltKey, row_leaf};
use handover_schemas::digest::{Digest, LineDigest, LineHasher, LineSum};
use handover_schemas::merkle::TreeBuilder;
use handover_verify::purge::ledger::{PurgeEntry, leaves};
use handover_verify::purge::list::List;

use super::PurgeDatabase;
use crate::ledger::Store;

/// What a table came to.
pub(super) struct FrozenTable {
    pub(super) listed: LineSum,
    pub(super) before: LineDigest,
    pub(super) outside: LineDigest,
    /// Rows of each chunk, in order.
    pub(super) chunks: Vec<u64>,
}

/// The leaves of all tables so far: in a file without a name, since there may be millions.
pub(super) struct Freezing {
    salts: SaltKey,
    tree: TreeBuilder,
    leaves: BufWriter<File>,
}

impl Freezing {
    /// Begins, with a new key for the salts.
    pub(super) fn begin(salts: SaltKey, spill_dir: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(spill_dir).context("cannot make a temporary file")?;
        Ok(Self { salts, tree: TreeBuilder::new(), leaves: BufWriter::new(file) })
    }

    /// Leaves so far.
    pub(super) fn rows(&self) -> u64 {
        self.tree.size()
    }

    /// Reads one table.
    pub(super) fn table(
        &mut self,
        database: &mut PurgeDatabase,
        list: &List<'_>,
        interrupt: &Interrupt,
        progress: &Progress,
    ) -> Result<FrozenTable> {
        let (mut before, mut outside) = (LineHasher::new(), LineHasher::new());
        let mut listed = LineSum::default();
        let mut cutter = ChunkCutter::default();
        let mut reader = database.reader();
        let sql = list.all_rows(&reader);
        let name = list.shape.name.to_string();
        list.read(&mut reader, &sql, interrupt, |row| {
            before.push(row.line);
            let Some(position) = row.position else {
                outside.push(row.line);
                return Ok(());
            };
            if position != listed.rows {
                bail!(
                    "{name}: the database gave its keys in another order than it numbered them; \
                     an index of it may be damaged"
                );
            }
            listed.add(row.line);
            cutter.row(row.line.len());
            let salt = self.salts.salt(self.tree.size());
            let leaf = row_leaf(&salt, row.line);
            self.tree.push(leaf);
            self.leaves.write_all(leaf.as_bytes()).context("cannot write a temporary file")?;
            if before.rows().is_multiple_of(4096) {
                progress.advance("freeze", 4096, 0);
            }
            Ok(())
        })?;
        Ok(FrozenTable {
            listed,
            before: before.finish(),
            outside: outside.finish(),
            chunks: cutter.finish(),
        })
    }

    /// The root, and the leaves to be read in order.
    pub(super) fn finish(self) -> Result<(Digest, LeafSpool)> {
        let mut file = self.leaves.into_inner().context("cannot write a temporary file")?;
        file.seek(SeekFrom::Start(0)).context("cannot read a temporary file")?;
        Ok((self.tree.root(), LeafSpool(BufReader::new(file))))
    }
}

/// Leaves in order.
pub(super) struct LeafSpool(BufReader<File>);

impl LeafSpool {
    /// The leaves of all tables of a purge, from the ledger.
    pub(super) fn of_ledger(
        store: &mut dyn Store,
        purge: &PurgeEntry,
        spill_dir: &Path,
    ) -> Result<Self> {
        let tables = 0..purge.selection.tables.len();
        Self::of_tables(store, purge, tables, spill_dir)
    }

    /// The leaves of one table of a purge.
    pub(super) fn of_table(
        store: &mut dyn Store,
        purge: &PurgeEntry,
        table: usize,
        spill_dir: &Path,
    ) -> Result<Self> {
        Self::of_tables(store, purge, table..table + 1, spill_dir)
    }

    fn of_tables(
        store: &mut dyn Store,
        purge: &PurgeEntry,
        tables: Range<usize>,
        spill_dir: &Path,
    ) -> Result<Self> {
        let file = tempfile::tempfile_in(spill_dir).context("cannot make a temporary file")?;
        let mut spool = BufWriter::new(file);
        for number in tables {
            let table = purge.selection.tables.get(number).context("no such table")?;
            let rows = leaves(store, purge.number, number, |leaves| {
                let write = |leaf: &Digest| spool.write_all(leaf.as_bytes());
                leaves.iter().try_for_each(write).context("cannot write a temporary file")
            })?;
            if rows != table.listed.rows {
                bail!(
                    "the ledger has {rows} leaves of {}, not {}",
                    table.name(),
                    table.listed.rows
                );
            }
        }
        let mut file = spool.into_inner().context("cannot write a temporary file")?;
        file.seek(SeekFrom::Start(0)).context("cannot read a temporary file")?;
        Ok(Self(BufReader::new(file)))
    }

    /// The next leaf.
    pub(super) fn next_leaf(&mut self) -> Result<Digest> {
        let mut leaf = [0; 32];
        self.0.read_exact(&mut leaf).context("cannot read a temporary file")?;
        Ok(Digest::from_bytes(leaf))
    }

    /// Passes over so many leaves.
    pub(super) fn skip(&mut self, count: u64) -> Result<()> {
        (0..count).try_for_each(|_| self.next_leaf().map(|_leaf| ()))
    }

    /// The next so many leaves, as bytes.
    pub(super) fn next(&mut self, count: u64) -> Result<Vec<u8>> {
        let length = usize::try_from(count * 32).context("a chunk has too many rows")?;
        let mut leaves = vec![0; length];
        self.0.read_exact(&mut leaves).context("cannot read a temporary file")?;
        Ok(leaves)
    }
}

/// Where the chunks of a list end: the rule by which an archive is cut.
#[derive(Default)]
pub(super) struct ChunkCutter {
    rows: u64,
    bytes: u64,
    chunks: Vec<u64>,
}

impl ChunkCutter {
    /// Takes a row; says whether it ends its chunk.
    pub(super) fn row(&mut self, bytes: usize) -> bool {
        self.rows += 1;
        self.bytes += bytes as u64;
        let ends = self.rows >= CHUNK_ROWS_MAX || self.bytes >= CHUNK_TEXT_BYTES;
        if ends {
            self.cut();
        }
        ends
    }

    fn cut(&mut self) {
        self.chunks.push(self.rows);
        (self.rows, self.bytes) = (0, 0);
    }

    /// Rows of each chunk.
    pub(super) fn finish(mut self) -> Vec<u64> {
        if self.rows > 0 {
            self.cut();
        }
        self.chunks
    }
}
