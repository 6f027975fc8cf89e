//! A whole archive, read from where it lies: every row, every salt, every leaf, the index.

use anyhow::{Context, Result, bail};
use handover_schemas::archive::index::{ENTRY_LEN, Entry, Location, PART_ENTRIES, ShardSplit};
use handover_schemas::archive::manifest::{ArchivedTable, INDEX, SaltLine};
use handover_schemas::archive::row_leaf::row_leaf;
use handover_schemas::digest::{Digest, LineHasher, LineSum};
use handover_schemas::merkle::TreeBuilder;

use super::reader::ArchiveReader;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// A row as it is met.
#[derive(Clone, Copy, Debug)]
pub struct ArchivedRow<'r> {
    /// Number of its table.
    pub table: usize,
    /// Place in the list of its table.
    pub position: u64,
    /// Its canonical line.
    pub line: &'r [u8],
    /// What stands beside it.
    pub salt: &'r SaltLine,
}

/// What an archive turned out to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedArchive {
    /// Its seal.
    pub seal: Digest,
    /// Rows of all tables.
    pub rows: u64,
    /// Root of the tree over their leaves.
    pub root: Digest,
}

/// Reads everything, and gives every row to the caller, tables one after the other. An error says
/// what is not as the archive itself says.
pub fn check_archive(
    archive: &ArchiveReader,
    interrupt: &Interrupt,
    progress: &Progress,
    mut each: impl FnMut(ArchivedRow<'_>) -> Result<()>,
) -> Result<CheckedArchive> {
    let manifest = archive.manifest();
    let leaves = archive.leaves()?;
    let mut stored = leaves.as_chunks::<32>().0.iter();
    let mut tree = TreeBuilder::new();
    let mut digests = String::new();
    for (number, table) in manifest.tables.iter().enumerate() {
        if table.first_index != tree.size() {
            bail!("{} begins at another leaf than the archive says", table.name);
        }
        let mut hasher = LineHasher::new();
        for chunk in 1..=table.chunks {
            interrupt.check()?;
            let (lines, salts) = (archive.rows(table, chunk)?, archive.salts(table, chunk)?);
            let mut rows = lines.split_inclusive(|byte| *byte == b'\n');
            for salt in &salts {
                let line = whole_line(rows.next()).with_context(|| count_text(table, chunk))?;
                let leaf = row_leaf(salt.salt.as_bytes(), line);
                if salt.index != tree.size() || stored.next() != Some(leaf.as_bytes()) {
                    bail!(
                        "a row of chunk {chunk} of {} is not the one whose leaf is in the tree",
                        table.name
                    );
                }
                let position = tree.size() - table.first_index;
                hasher.push(line);
                tree.push(leaf);
                each(ArchivedRow { table: number, position, line, salt })?;
            }
            if rows.next().is_some() {
                bail!(count_text(table, chunk));
            }
            progress.advance("archive", salts.len() as u64, lines.len() as u64);
        }
        let lines = hasher.finish();
        if (LineSum { rows: lines.rows, bytes: lines.bytes }) != table.lines {
            bail!("the rows of {} are not those that the archive says", table.name);
        }
        digests.push_str(&format!("{}  {}\n", lines.digest, table.folder));
    }
    if tree.size() != manifest.leaves || tree.root() != manifest.root {
        bail!("the tree over all rows has another root than the archive says");
    }
    if archive.table_digests()? != digests.as_bytes() {
        bail!("the rows of a table have another digest than the archive says");
    }
    check_index(archive, interrupt)?;
    Ok(CheckedArchive { seal: archive.seal(), rows: tree.size(), root: tree.root() })
}

fn whole_line(line: Option<&[u8]>) -> Result<&[u8]> {
    line.filter(|line| line.last() == Some(&b'\n')).context("rows and salts are not as many")
}

fn count_text(table: &ArchivedTable, chunk: u32) -> String {
    format!("chunk {chunk} of {} is malformed", table.name)
}

/// Every part of the index: form, order, and that it names rows that there are.
fn check_index(archive: &ArchiveReader, interrupt: &Interrupt) -> Result<()> {
    let info = &archive.manifest().index;
    archive.index_key()?;
    let prefix = format!("data/{INDEX}/");
    let mut split = ShardSplit::new(info.shard_bits);
    let mut entries = 0;
    let files: Vec<String> = archive
        .listed_files()
        .filter_map(|(_, path)| path.strip_prefix(&prefix))
        .map(|name| name.split('.').next().unwrap_or(name).to_owned())
        .collect();
    for file in files {
        interrupt.check()?;
        let place = format!("{INDEX}/{file}");
        let bytes = archive.index_file(&place)?;
        let (whole, rest) = bytes.as_chunks::<ENTRY_LEN>();
        if !rest.is_empty() || !(1..=PART_ENTRIES).contains(&whole.len()) {
            bail!("{place} has a size that no part of the index has");
        }
        for entry in whole {
            let entry = Entry::from_bytes(entry);
            let name = split.place(entry)?;
            if name.to_string() != place {
                bail!("{place} has entries of {name}");
            }
            check_location(archive, entry.location)?;
            entries += 1;
        }
    }
    if entries != info.entries {
        bail!("the index has {entries} entries, and the archive says {}", info.entries);
    }
    Ok(())
}

fn check_location(archive: &ArchiveReader, location: Location) -> Result<()> {
    let table = archive.manifest().tables.get(usize::from(location.table));
    if table.is_none_or(|table| location.chunk == 0 || location.chunk > table.chunks) {
        bail!("the index names a chunk that the archive does not have");
    }
    Ok(())
}
