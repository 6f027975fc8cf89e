//! An evidence file: hashed and checked while its rows are read.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::digest::Digest;
use sha2::{Digest as _, Sha256};

use super::csv::{CsvReader, Row};
use super::header;
use super::other_form::{BEGINNING, other_form};

/// Rows between two looks at the interrupt.
const CHECK_EVERY: u64 = 1024;

/// What a file that was read to its end has.
pub(super) struct Checked {
    pub(super) bytes: u64,
    pub(super) sha256: Digest,
    pub(super) rows: u64,
    pub(super) columns: Vec<String>,
}

/// Reads a file to its end. Refuses one that is not well-formed, or has no rows.
pub(super) fn check(path: &Path, interrupt: &Interrupt, progress: &Progress) -> Result<Checked> {
    progress.note("checking the file");
    let mut rows = Rows::open(path, interrupt)?;
    let mut row = Row::default();
    while rows.next(&mut row)? {}
    rows.finish()
}

/// The file's name without its folder, as the ledger keeps it.
pub(super) fn name(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    match name {
        Some(name) if !name.chars().any(char::is_control) => Ok(name.to_owned()),
        _ => bail!("the file's name is not UTF-8 or has control characters; rename the file"),
    }
}

/// The rows of a file, header left out.
pub(super) struct Rows<'a> {
    path: &'a Path,
    interrupt: &'a Interrupt,
    reader: CsvReader<Hashing>,
    columns: Vec<String>,
    count: u64,
}

impl<'a> Rows<'a> {
    /// Opens the file and reads its header.
    pub(super) fn open(path: &'a Path, interrupt: &'a Interrupt) -> Result<Self> {
        let place = || format!("cannot read {}", path.display());
        let metadata = std::fs::metadata(path).with_context(place)?;
        if !metadata.is_file() {
            bail!("{}: it is not a file", place());
        }
        let mut file = File::open(path).with_context(place)?;
        let mut beginning = Vec::with_capacity(BEGINNING);
        file.by_ref().take(BEGINNING as u64).read_to_end(&mut beginning).with_context(place)?;
        if let Some(what) = other_form(&beginning) {
            bail!("{}: {what}", refused(path));
        }
        file.rewind().with_context(place)?;
        let file = Hashing { file, bytes: 0, sha256: Sha256::new() };
        let mut reader = CsvReader::new(file).with_context(place)?;
        let mut header = Row::default();
        let is_there = reader.next(&mut header).with_context(|| refused(path))?;
        if !is_there {
            bail!("{}: it is empty; the first line has to name the columns", refused(path));
        }
        let columns =
            header::columns(&header).with_context(|| format!("{}, line 1", refused(path)))?;
        Ok(Self { path, interrupt, reader, columns, count: 0 })
    }

    /// Reads the next row, which has as many fields as the header; false at the end.
    pub(super) fn next(&mut self, row: &mut Row) -> Result<bool> {
        if self.count.is_multiple_of(CHECK_EVERY) {
            self.interrupt.check()?;
        }
        if !self.reader.next(row).with_context(|| refused(self.path))? {
            return Ok(false);
        }
        if row.len() != self.columns.len() {
            bail!(
                "{}: line {}: the row has {} field{}, and the header has {}",
                refused(self.path),
                row.line,
                row.len(),
                if row.len() == 1 { "" } else { "s" },
                self.columns.len()
            );
        }
        self.count += 1;
        Ok(true)
    }

    /// What the file came to, once its rows were read.
    pub(super) fn finish(self) -> Result<Checked> {
        if self.count == 0 {
            bail!("{}: it has a header, and no rows", refused(self.path));
        }
        let mut file = self.reader.into_inner();
        let rest = std::io::copy(&mut file, &mut std::io::sink());
        rest.with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(Checked {
            bytes: file.bytes,
            sha256: Digest::from_bytes(file.sha256.finalize().into()),
            rows: self.count,
            columns: self.columns,
        })
    }
}

fn refused(path: &Path) -> String {
    format!("{} is refused, and nothing of it was loaded", path.display())
}

/// A file that is hashed as it is read.
struct Hashing {
    file: File,
    bytes: u64,
    sha256: Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes += read as u64;
        self.sha256.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
