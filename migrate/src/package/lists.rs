//! The long lists of a package, written in one pass over the journal.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use handover_schemas::digest::Digest;
use handover_schemas::package::bag::manifest_line;
use handover_schemas::package::contents::{Entry, FileEntry};
use handover_schemas::package::manifest::{Encoding, Listing};
use sha2::{Digest as _, Sha256};

use super::encode::{Encoder, Recipients};
use super::journal::Journal;

/// Bytes gathered before they are written.
const WRITE_BYTES: usize = 64 * 1024;

/// What the entries of one deliverable add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Files stored.
    pub files: u64,
    /// Their bytes as delivered.
    pub bytes: u64,
    /// Folders.
    pub directories: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Things that are not stored.
    pub not_stored: u64,
}

/// What `contents.jsonl` holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentsDigest {
    /// SHA-256 of the lines.
    pub sha256: Digest,
    /// How many there are.
    pub lines: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Sums by deliverable.
    pub sums: BTreeMap<String, Sums>,
}

/// A file of lines that is being written: what it holds, and how it is stored.
pub(super) struct ListFile {
    encoder: Encoder,
    buffer: Vec<u8>,
    sha256: Sha256,
    lines: u64,
    bytes: u64,
}

impl ListFile {
    pub(super) fn create(
        path: &Path,
        encoding: &Encoding,
        recipients: &Recipients,
    ) -> Result<Self> {
        let encoder = Encoder::create(path, encoding, recipients, false)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { encoder, buffer: Vec::new(), sha256: Sha256::new(), lines: 0, bytes: 0 })
    }

    pub(super) fn line(&mut self, line: &str) -> Result<()> {
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.push(b'\n');
        self.lines += 1;
        if self.buffer.len() >= WRITE_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.sha256.update(&self.buffer);
        self.bytes += self.buffer.len() as u64;
        self.encoder.write(&self.buffer, false).context("cannot write a list of the package")?;
        self.buffer.clear();
        Ok(())
    }

    /// What it holds, and the digest of the file as it is stored.
    pub(super) fn finish(mut self, stored: String) -> Result<(Listing, Digest)> {
        self.flush()?;
        let digests = self.encoder.finish().context("cannot write a list of the package")?;
        let sha256 = Digest::from_bytes(self.sha256.finalize().into());
        let Self { lines, bytes, .. } = self;
        Ok((Listing { stored, lines, bytes, sha256 }, digests.sha256))
    }
}

/// Goes through the lines of `contents.jsonl`; says what they are.
pub(super) fn contents(
    journal: &Journal,
    mut each: impl FnMut(&str) -> Result<()>,
) -> Result<ContentsDigest> {
    let mut sha256 = Sha256::new();
    let (mut lines, mut bytes) = (0, 0);
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    journal.contents(|entry| {
        let line = entry.to_line().context("cannot write an entry")?;
        sha256.update(&line);
        sha256.update(b"\n");
        lines += 1;
        bytes += line.len() as u64 + 1;
        count(&mut sums, entry);
        each(&line)
    })?;
    Ok(ContentsDigest { sha256: Digest::from_bytes(sha256.finalize().into()), lines, bytes, sums })
}

fn count(sums: &mut BTreeMap<String, Sums>, entry: &Entry) {
    let (Entry::File(FileEntry { deliverable, .. })
    | Entry::Directory { deliverable, .. }
    | Entry::Symlink { deliverable, .. }
    | Entry::NotStored { deliverable, .. }) = entry;
    let sums = sums.entry(deliverable.clone()).or_default();
    match entry {
        Entry::File(file) => {
            sums.files += 1;
            sums.bytes += file.size;
        }
        Entry::Directory { .. } => sums.directories += 1,
        Entry::Symlink { .. } => sums.symlinks += 1,
        Entry::NotStored { .. } => sums.not_stored += 1,
    }
}

/// Number and bytes of the stored files.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PayloadSums {
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// Writes the payload manifests; the digests of the files with them.
pub(super) fn manifests(
    journal: &Journal,
    sha256_path: &Path,
    sha512_path: Option<&Path>,
) -> Result<(PayloadSums, Digest, Option<Digest>)> {
    let (plain, nobody) = (Encoding::default(), Recipients::default());
    let mut sha256_file = ListFile::create(sha256_path, &plain, &nobody)?;
    let mut sha512_file =
        sha512_path.map(|path| ListFile::create(path, &plain, &nobody)).transpose()?;
    let mut sums = PayloadSums::default();
    journal.stored_files(|stored, sha256, sha512, bytes| {
        sums.files += 1;
        sums.bytes += bytes;
        sha256_file.line(&manifest_line(sha256, stored))?;
        if let Some(file) = &mut sha512_file {
            let sha512 = sha512.context("the journal lacks a SHA-512 digest")?;
            file.line(&manifest_line(sha512, stored))?;
        }
        Ok(())
    })?;
    let (_, sha256) = sha256_file.finish(String::new())?;
    let sha512 = sha512_file.map(|file| file.finish(String::new())).transpose()?;
    Ok((sums, sha256, sha512.map(|(_, digest)| digest)))
}
