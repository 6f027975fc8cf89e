//! One archive, from its first row to its seal.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::archive::index::Location;
use handover_schemas::archive::manifest::{
    ArchiveManifest, ArchivedColumn, ArchivedTable, CHUNK_ROWS_MAX, CHUNK_TEXT_BYTES, DIGESTS_FILE,
    INDEX, KEY, KEY_FILE, KeyKeeper, ParentLink, ROWS, SALTS, SaltLine,
};
use handover_schemas::archive::row_leaf::row_leaf;
use handover_schemas::archive::search::IndexKey;
use handover_schemas::config::{DeliverableForm, DeliverableKind, SearchColumns};
use handover_schemas::digest::{Digest, LineHasher, LineSum, hex};
use handover_schemas::merkle::TreeBuilder;
use handover_schemas::name::TableName;
use handover_schemas::package::manifest::{Encoding, PackedDeliverable};
use handover_schemas::package::stored_name::stored_part;
use handover_verify::archive::{IndexEntries, TableTags};

use super::files::FileThreads;
use super::index::write_index;
use crate::package::{
    ArchivePart, Entry, Partial, Sealed, Sealing, Storing, read_back, sealed_dir,
};
use crate::random::random;

/// What is said of an archive as a whole.
#[derive(Clone, Debug)]
pub struct ArchiveHeader {
    /// What its tree is called.
    pub origin: String,
    /// Identity of the database.
    pub database: String,
    /// Name of the rule.
    pub rule: String,
    /// Why, in Vietnamese.
    pub reason_vi: String,
    /// Why, in English.
    pub reason_en: String,
    /// Documents on which it rests.
    pub legal_basis: Vec<String>,
    /// How long it is kept.
    pub retain_until: String,
    /// Who can open it.
    pub key_keepers: Vec<KeyKeeper>,
    /// By what people are found.
    pub search: Vec<SearchColumns>,
}

/// A table whose rows come next.
#[derive(Clone, Debug)]
pub struct TableDraft {
    /// The table.
    pub name: TableName,
    /// Its columns.
    pub columns: Vec<ArchivedColumn>,
    /// Positions of the key's columns.
    pub key: Vec<usize>,
    /// Tables of the archive to which it refers.
    pub parents: Vec<ParentLink>,
}

/// An archive that is being made.
pub struct ArchiveWriter {
    dir: HandoverDir,
    identifier: String,
    header: ArchiveHeader,
    partial: Partial,
    threads: FileThreads,
    index: IndexEntries,
    tree: TreeBuilder,
    leaves: BufWriter<File>,
    tables: Vec<ArchivedTable>,
    /// The digest of each table's lines.
    digests: String,
    current: Option<Current>,
}

/// The table whose rows are coming.
struct Current {
    table: ArchivedTable,
    tags: TableTags,
    hasher: LineHasher,
    number: u16,
    rows: u64,
    text: Vec<u8>,
    salts: String,
}

impl ArchiveWriter {
    /// Begins an archive in the hand-over folder. What a killed run left of it is taken away.
    pub fn begin(
        dir: &HandoverDir,
        identifier: &str,
        header: ArchiveHeader,
        threads: usize,
    ) -> Result<Self> {
        let age_recipients = header.key_keepers.iter().map(|one| one.key.clone()).collect();
        let encoding = Encoding { zstd: true, age_recipients };
        Partial::remove_leftover(dir, identifier)?;
        let storing = Storing { encoding: encoding.clone(), sha512: false };
        let partial = Partial::open(dir, identifier, storing)?;
        let key = random()?;
        let threads =
            FileThreads::start(threads, partial.bag(), encoding, partial.recipients.clone());
        let spool = tempfile::tempfile_in(dir.path()).context("cannot make a temporary file")?;
        let mut writer = Self {
            dir: dir.clone(),
            identifier: identifier.to_owned(),
            header,
            index: IndexEntries::new(IndexKey::new(&key), dir.path()),
            partial,
            threads,
            tree: TreeBuilder::new(),
            leaves: BufWriter::new(spool),
            tables: Vec::new(),
            digests: String::new(),
            current: None,
        };
        writer.store(KEY, KEY_FILE.to_owned(), format!("{}\n", hex(&key)).into_bytes())?;
        Ok(writer)
    }

    fn store(&mut self, folder: &'static str, name: String, bytes: Vec<u8>) -> Result<()> {
        let done = self.threads.store(folder, name, bytes)?;
        record(&mut self.partial, &done)
    }

    /// Begins a table; its rows come in the order of its key.
    pub fn table(&mut self, draft: TableDraft) -> Result<()> {
        self.end_table()?;
        let search: Vec<SearchColumns> =
            self.header.search.iter().filter(|one| one.is_of(&draft.name)).cloned().collect();
        let tags =
            TableTags::new(&draft.name, &draft.columns, &draft.key, &draft.parents, &search)?;
        let name = draft.name.to_string();
        let lower = name.to_lowercase();
        let collides = self.tables.iter().any(|one| one.folder.to_lowercase() == lower);
        let number = u16::try_from(self.tables.len()).context("an archive has too many tables")?;
        let table = ArchivedTable {
            folder: stored_part(name.as_bytes(), collides),
            name: draft.name,
            columns: draft.columns,
            key: draft.key,
            chunks: 0,
            lines: LineSum::default(),
            first_index: self.tree.size(),
            parents: draft.parents,
        };
        self.current = Some(Current {
            table,
            tags,
            hasher: LineHasher::new(),
            number,
            rows: 0,
            text: Vec::new(),
            salts: String::new(),
        });
        Ok(())
    }

    /// Takes a row; gives its leaf.
    pub fn row(
        &mut self,
        line: &[u8],
        salt: [u8; 32],
        evidence_line: Option<u64>,
    ) -> Result<Digest> {
        let index = self.tree.size();
        let leaf = row_leaf(&salt, line);
        let Some(current) = &mut self.current else { bail!("a row came before its table") };
        let location = Location {
            table: current.number,
            chunk: current.table.chunks + 1,
            row: u16::try_from(current.rows).context("a chunk has too many rows")?,
        };
        self.index.row(&current.tags, line, location)?;
        current.hasher.push(line);
        current.text.extend_from_slice(line);
        let salt = SaltLine { index, salt: Digest::from_bytes(salt), evidence_line };
        current.salts.push_str(&salt.to_text());
        current.rows += 1;
        self.tree.push(leaf);
        self.leaves.write_all(leaf.as_bytes()).context("cannot write a temporary file")?;
        if current.rows >= CHUNK_ROWS_MAX || current.text.len() as u64 >= CHUNK_TEXT_BYTES {
            self.end_chunk()?;
        }
        Ok(leaf)
    }

    fn end_chunk(&mut self) -> Result<()> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if current.rows == 0 {
            return Ok(());
        }
        current.rows = 0;
        current.table.chunks += 1;
        let chunk = current.table.chunks;
        let (rows, salts) = (current.table.rows_name(chunk), current.table.salts_name(chunk));
        // The next chunk will be about as large.
        let (text_room, salts_room) = (current.text.len(), current.salts.len());
        let text = std::mem::replace(&mut current.text, Vec::with_capacity(text_room));
        let beside = std::mem::replace(&mut current.salts, String::with_capacity(salts_room));
        self.store(ROWS, rows, text)?;
        self.store(SALTS, salts, beside.into_bytes())
    }

    fn end_table(&mut self) -> Result<()> {
        self.end_chunk()?;
        if let Some(mut current) = self.current.take() {
            let lines = current.hasher.finish();
            current.table.lines = LineSum { rows: lines.rows, bytes: lines.bytes };
            self.digests.push_str(&format!("{}  {}\n", lines.digest, current.table.folder));
            self.tables.push(current.table);
        }
        Ok(())
    }

    /// Writes the index, syncs, reads every stored file back, seals, and puts the package into its
    /// place.
    pub fn finish(mut self, interrupt: &Interrupt, progress: &Progress) -> Result<Sealed> {
        self.end_table()?;
        let digests = std::mem::take(&mut self.digests);
        self.store(KEY, DIGESTS_FILE.to_owned(), digests.into_bytes())?;
        let Self {
            dir,
            identifier,
            header,
            mut partial,
            mut threads,
            index,
            tree,
            leaves,
            tables,
            ..
        } = self;
        let index = write_index(index, |name, bytes| {
            let done = threads.store(INDEX, name, bytes)?;
            record(&mut partial, &done)
        })?;
        record(&mut partial, &threads.finish()?)?;
        if read_back(&mut partial, READ_BACK_THREADS, interrupt, progress)? > 0 {
            bail!(
                "files of the archive were not read back as they were written; check the disk, \
                 then run the same command again"
            );
        }
        let mut leaves = leaves.into_inner().context("cannot write a temporary file")?;
        leaves.seek(SeekFrom::Start(0)).context("cannot read a temporary file")?;
        let manifest = ArchiveManifest {
            origin: header.origin,
            database: header.database,
            rule: header.rule,
            reason_vi: header.reason_vi,
            reason_en: header.reason_en,
            legal_basis: header.legal_basis,
            retain_until: header.retain_until,
            key_keepers: header.key_keepers,
            tables,
            leaves: tree.size(),
            root: tree.root(),
            index,
            search: header.search,
        };
        let place = sealed_dir(&dir, &identifier);
        let sealing = Sealing {
            description: format!("{} / {}", manifest.reason_vi, manifest.reason_en),
            identifier,
            deliverables: [INDEX, KEY, ROWS, SALTS].map(payload_folder).to_vec(),
            archive: Some(ArchivePart { manifest, leaves }),
        };
        sealing.seal(partial, &place)
    }
}

/// Threads that read back at the same time.
const READ_BACK_THREADS: usize = 2;

fn record(partial: &mut Partial, entries: &[Entry]) -> Result<()> {
    entries.iter().try_for_each(|entry| partial.journal.record(entry))
}

fn payload_folder(id: &str) -> PackedDeliverable {
    PackedDeliverable {
        id: id.to_owned(),
        kind: DeliverableKind::Database,
        form: DeliverableForm::Folder,
        files: 0,
        bytes: 0,
        directories: 0,
        symlinks: 0,
        not_stored: 0,
        git: None,
        vendor_checksums: None,
    }
}
