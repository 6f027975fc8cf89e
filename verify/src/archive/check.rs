//! A whole archive, read from where it lies: every row, every salt, every leaf, the index.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::archive::index::{ENTRY_LEN, Entry, Location, PART_ENTRIES, ShardSplit};
use handover_schemas::archive::manifest::{ArchivedTable, INDEX, SaltLine};
use handover_schemas::archive::row_leaf::row_leaf;
use handover_schemas::config::SearchColumns;
use handover_schemas::digest::{Digest, LineHasher, LineSum};
use handover_schemas::merkle::TreeBuilder;
use handover_schemas::purge::gaps::SearchGaps;

use super::entries::{IndexEntries, TableTags};
use super::gaps::GapCounter;
use super::reader::ArchiveReader;

/// What an archive turned out to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedArchive {
    /// Its seal.
    pub seal: Digest,
    /// Rows of all tables.
    pub rows: u64,
    /// Root of the tree over their leaves.
    pub root: Digest,
    /// What the index cannot have of tables in which people are searched, and of the first.
    pub gaps: Vec<SearchGaps>,
}

/// Reads everything. An error says what is not as the archive itself says.
pub fn check_archive(
    archive: &ArchiveReader,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<CheckedArchive> {
    let mut entries = IndexEntries::new(archive.index_key()?, &std::env::temp_dir());
    let mut gaps = Vec::new();
    let (rows, root) = std::thread::scope(|scope| {
        let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
        scope.spawn(move || decode_all(archive, &sender));
        check_rows(archive, &chunks, (interrupt, progress), (&mut entries, &mut gaps))
    })?;
    check_index(archive, entries, interrupt)?;
    Ok(CheckedArchive { seal: archive.seal(), rows, root, gaps })
}

/// Chunks that are decoded before they are asked for: decrypting takes as long as hashing rows.
const CHUNKS_AHEAD: usize = 2;

/// Lines and salts of a chunk.
type Chunk = Result<(Vec<u8>, Vec<SaltLine>)>;

/// Decodes the chunks of all tables in order.
fn decode_all(archive: &ArchiveReader, chunks: &SyncSender<Chunk>) {
    for table in &archive.manifest().tables {
        for chunk in 1..=table.chunks {
            let lines = archive.rows(table, chunk);
            let decoded = lines.and_then(|lines| Ok((lines, archive.salts(table, chunk)?)));
            if chunks.send(decoded).is_err() {
                // Something was found that ends the check.
                return;
            }
        }
    }
}

/// Checks all rows; gives their number and the root of the tree over their leaves.
fn check_rows(
    archive: &ArchiveReader,
    chunks: &Receiver<Chunk>,
    (interrupt, progress): (&Interrupt, &Progress),
    (entries, gaps): (&mut IndexEntries, &mut Vec<SearchGaps>),
) -> Result<(u64, Digest)> {
    let manifest = archive.manifest();
    let mut stored = archive.leaves_in_order()?;
    let mut tree = TreeBuilder::new();
    let mut digests = String::new();
    for (number, table) in manifest.tables.iter().enumerate() {
        if table.first_index != tree.size() {
            bail!("{} begins at another leaf than the archive says", table.name);
        }
        let mut hasher = LineHasher::new();
        let tags = tags_of(archive, table)?;
        let mut counter = GapCounter::new(manifest, table);
        for chunk in 1..=table.chunks {
            interrupt.check()?;
            let decoded = chunks.recv().context("the thread that decodes the archive is gone")?;
            let (lines, salts) = decoded?;
            let mut rows = lines.split_inclusive(|byte| *byte == b'\n');
            for (row, salt) in (0..).zip(&salts) {
                let line = whole_line(rows.next()).with_context(|| count_text(table, chunk))?;
                let leaf = row_leaf(salt.salt.as_bytes(), line);
                if salt.index != tree.size() || stored.next_leaf()? != Some(leaf) {
                    bail!(
                        "a row of chunk {chunk} of {} is not the one whose leaf is in the tree",
                        table.name
                    );
                }
                let location = Location { table: u16::try_from(number)?, chunk, row };
                entries.row(&tags, line, location)?;
                counter.as_mut().map(|counter| counter.row(line)).transpose()?;
                hasher.push(line);
                tree.push(leaf);
            }
            if rows.next().is_some() {
                bail!(count_text(table, chunk));
            }
            progress.advance("archive", salts.len() as u64, lines.len() as u64);
        }
        gaps.extend(counter.map(GapCounter::finish));
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
    stored.finish()?;
    Ok((tree.size(), tree.root()))
}

fn whole_line(line: Option<&[u8]>) -> Result<&[u8]> {
    line.filter(|line| line.last() == Some(&b'\n')).context("rows and salts are not as many")
}

fn count_text(table: &ArchivedTable, chunk: u32) -> String {
    format!("chunk {chunk} of {} is malformed", table.name)
}

/// What of a table's rows the index has to have.
fn tags_of(archive: &ArchiveReader, table: &ArchivedTable) -> Result<TableTags> {
    let search: Vec<SearchColumns> =
        archive.manifest().search.iter().filter(|one| one.is_of(&table.name)).cloned().collect();
    TableTags::new(&table.name, &table.columns, &table.key, &table.parents, &search)
}

/// Every part of the index: its entries are exactly those that the rows give, in order and in the
/// right files.
fn check_index(
    archive: &ArchiveReader,
    entries: IndexEntries,
    interrupt: &Interrupt,
) -> Result<()> {
    let info = &archive.manifest().index;
    let prefix = format!("data/{INDEX}/");
    let mut split = ShardSplit::new(info.shard_bits);
    let mut due = entries.sorted()?;
    let mut count = 0;
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
            if due.next_entry()?.as_ref() != Some(entry) {
                bail!("{place} has another entry than the rows give");
            }
            if split.place(Entry::from_bytes(entry))?.to_string() != place {
                bail!("{place} has an entry of another part of the index");
            }
            count += 1;
        }
    }
    if due.next_entry()?.is_some() || count != info.entries {
        bail!("the index lacks entries that the rows give");
    }
    Ok(())
}
