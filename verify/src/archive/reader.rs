//! One archive, opened: its parts, each held against its digest before it is used.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use handover_schemas::archive::index::{Location, ShardName, ShardPart};
use handover_schemas::archive::manifest::{
    ArchiveManifest, ArchivedTable, DIGESTS_FILE, KEY, KEY_FILE, LEAVES_FILE, ROWS, SALTS, SaltLine,
};
use handover_schemas::archive::search::{IndexKey, Tag};
use handover_schemas::digest::Digest;
use handover_schemas::package::bag::parse_manifest_line;
use handover_schemas::package::manifest::{PACKAGE_VERSION, PackageManifest};
use handover_schemas::package::{MANIFEST_SHA256_FILE, PACKAGE_FILE, TAG_MANIFEST_FILE};

use super::leaves::StoredLeaves;
use crate::file_tree::Folder;
use crate::package::{DecodeError, Identities, decoded};

/// Largest tag file that is read into memory: the manifest of a million files has 100 MB.
const TAG_FILE_MAX: u64 = 256 * 1024 * 1024;

/// What a file may be larger than its content at most: age headers, frames.
const ENVELOPE_BYTES: u64 = 1024 * 1024;

/// Largest file beside the rows (salts, a shard of the index, the key).
const SMALL_FILE_MAX: u64 = 1024 * 1024;

/// An opened archive.
pub struct ArchiveReader {
    dir: PathBuf,
    folder: Folder,
    package: PackageManifest,
    archive: ArchiveManifest,
    identities: Identities,
    /// `manifest-sha256.txt`, as it stands there.
    manifest: Vec<u8>,
    seal: Digest,
    leaves_digest: Digest,
}

impl ArchiveReader {
    /// Opens the archive in a folder. If a seal is given, it has to be that one's.
    pub fn open(dir: &Path, identities: Identities, seal: Option<Digest>) -> Result<Self> {
        let place = || format!("cannot open the archive {}", dir.display());
        let folder = Folder::open(dir).with_context(place)?;
        let tags = whole(&folder, TAG_MANIFEST_FILE, TAG_FILE_MAX).with_context(place)?;
        let found = Digest::of(&tags);
        if let Some(expected) = seal
            && found != expected
        {
            bail!(
                "{} is not the archive that is meant: its seal is {found}, not {expected}",
                dir.display()
            );
        }
        let manifest = tag_file(&folder, &tags, MANIFEST_SHA256_FILE).with_context(place)?;
        let text = tag_file(&folder, &tags, PACKAGE_FILE).with_context(place)?;
        let package = PackageManifest::parse(&text)
            .map_err(|error| anyhow!("{PACKAGE_FILE} is malformed: {error}"))
            .with_context(place)?;
        if package.version != PACKAGE_VERSION {
            bail!("{}: a package of version {}", place(), package.version);
        }
        let Some(archive) = package.archive.clone() else {
            bail!("{} is a package, but no archive of rows", dir.display());
        };
        check_tables(&archive).with_context(place)?;
        let leaves_digest = listed(&tags, LEAVES_FILE).with_context(place)?;
        let dir = dir.to_owned();
        Ok(Self { dir, folder, package, archive, identities, manifest, seal: found, leaves_digest })
    }

    /// What it holds.
    pub fn manifest(&self) -> &ArchiveManifest {
        &self.archive
    }

    /// Its name.
    pub fn identifier(&self) -> &str {
        &self.package.identifier
    }

    /// Its seal.
    pub fn seal(&self) -> Digest {
        self.seal
    }

    /// The keys it was opened with.
    pub fn identities(&self) -> &Identities {
        &self.identities
    }

    /// Number and stored bytes of its payload files.
    pub fn payload_sums(&self) -> Result<(u64, u64)> {
        let mut sums = (0, 0);
        for (_, path) in self.listed_files() {
            let status = self.folder.status(path.as_ref());
            let status = status.with_context(|| format!("{path} of the archive is missing"))?;
            sums = (sums.0 + 1, sums.1 + status.size);
        }
        Ok(sums)
    }

    /// Where it lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The lines of a chunk.
    pub fn rows(&self, table: &ArchivedTable, chunk: u32) -> Result<Vec<u8>> {
        // No chunk can have more than its whole table.
        self.payload(&format!("{ROWS}/{}", table.rows_name(chunk)), table.lines.bytes)
    }

    /// What stands beside the rows of a chunk.
    pub fn salts(&self, table: &ArchivedTable, chunk: u32) -> Result<Vec<SaltLine>> {
        let name = format!("{SALTS}/{}", table.salts_name(chunk));
        let text = self.payload(&name, SMALL_FILE_MAX)?;
        let damaged = || format!("{name} of {} is malformed", self.dir.display());
        let lines = text.strip_suffix(b"\n").with_context(damaged)?;
        let lines: Option<Vec<SaltLine>> =
            lines.split(|byte| *byte == b'\n').map(SaltLine::parse).collect();
        lines.with_context(damaged)
    }

    /// The key with which tags are made.
    pub fn index_key(&self) -> Result<IndexKey> {
        let text = self.payload(&format!("{KEY}/{KEY_FILE}"), SMALL_FILE_MAX)?;
        let digits = text.strip_suffix(b"\n").and_then(|text| std::str::from_utf8(text).ok());
        let key: Option<Digest> = digits.and_then(|digits| digits.parse().ok());
        let key = key.with_context(|| format!("{KEY}/{KEY_FILE} is malformed"))?;
        Ok(IndexKey::new(key.as_bytes()))
    }

    /// The digests of all tables' lines, as `sha256sum` writes them.
    pub(super) fn table_digests(&self) -> Result<Vec<u8>> {
        self.payload(&format!("{KEY}/{DIGESTS_FILE}"), SMALL_FILE_MAX)
    }

    /// The rows that have a tag, in the order of tables and places.
    pub fn locate(&self, tag: Tag) -> Result<Vec<Location>> {
        let mut found = Vec::new();
        let mut name = Some(ShardName::of(tag, self.archive.index.shard_bits));
        while let Some(part) = name {
            // A shard without entries has no file.
            if self.listed_payload(&part.to_string())?.is_none() {
                break;
            }
            let bytes = self.index_file(&part.to_string())?;
            let shard = ShardPart::read(part, &bytes)?;
            found.extend(shard.find(tag));
            name = if shard.may_go_on(tag) { part.next_part() } else { None };
        }
        Ok(found)
    }

    /// The bytes of a part of the index.
    pub(super) fn index_file(&self, name: &str) -> Result<Vec<u8>> {
        self.payload(name, SMALL_FILE_MAX)
    }

    /// Gives the hashes of all leaves one after the other. What was given counts only if this ends
    /// without an error: the file's digest is known at its end.
    pub fn each_leaf(&self, mut each: impl FnMut(Digest)) -> Result<()> {
        let mut leaves = self.leaves_in_order()?;
        while let Some(leaf) = leaves.next_leaf()? {
            each(leaf);
        }
        leaves.finish()
    }

    /// The hashes of all leaves, one after the other.
    pub fn leaves_in_order(&self) -> Result<StoredLeaves<File>> {
        let place = format!("{LEAVES_FILE} of {}", self.dir.display());
        let (file, status) = self
            .folder
            .file(LEAVES_FILE.as_ref())
            .with_context(|| format!("cannot read {place}"))?;
        if status.size != self.archive.leaves.saturating_mul(32) {
            bail!("{place} is damaged");
        }
        Ok(StoredLeaves::new(file, place, self.leaves_digest))
    }

    /// Paths and digests of all payload files.
    pub(super) fn listed_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.manifest
            .split(|byte| *byte == b'\n')
            .filter_map(|line| parse_manifest_line(line, 64).ok())
    }

    fn listed_payload(&self, name: &str) -> Result<Option<(String, Digest)>> {
        let path = format!("data/{name}{}", self.package.encoding.suffix());
        Ok(find_listed(&self.manifest, &path)?.map(|digest| (path, digest)))
    }

    /// The content of a payload file of at most so many bytes.
    fn payload(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let place = || format!("{name} of the archive {}", self.dir.display());
        let Some((path, digest)) = self.listed_payload(name)? else {
            bail!("{}: the manifest does not list it", place());
        };
        let stored_limit = limit.saturating_add(limit / 8).saturating_add(ENVELOPE_BYTES);
        let stored = whole(&self.folder, &path, stored_limit)
            .with_context(|| format!("cannot read {}", place()))?;
        if Digest::of(&stored) != digest {
            bail!("{} is damaged: its digest is not that of the manifest", place());
        }
        let mut content = Vec::new();
        let reader = decoded(Cursor::new(stored), &self.package.encoding, &self.identities);
        let reader = reader.map_err(|error| match error {
            DecodeError::WrongKey if self.identities.is_empty() => anyhow!(
                "{} is encrypted; give the age identity of one who keeps a key (--identity)",
                place()
            ),
            DecodeError::WrongKey => anyhow!(
                "the key given is not one of those to whom {} is encrypted",
                self.dir.display()
            ),
            other => anyhow!("{}: {other}", place()),
        })?;
        reader
            .take(limit.saturating_add(1))
            .read_to_end(&mut content)
            .with_context(|| format!("{} cannot be decoded", place()))?;
        if content.len() as u64 > limit {
            bail!("{} holds more than the archive says", place());
        }
        Ok(content)
    }
}

/// Names of folders come from the archive and lead nowhere else.
fn check_tables(archive: &ArchiveManifest) -> Result<()> {
    for table in &archive.tables {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !table.folder.bytes().all(safe) || matches!(table.folder.as_str(), "" | "." | "..") {
            bail!("{PACKAGE_FILE} names a folder that no archive has");
        }
        if table.key.is_empty() || table.key.iter().any(|at| *at >= table.columns.len()) {
            bail!("{PACKAGE_FILE} has a key of columns that {} does not have", table.name);
        }
    }
    Ok(())
}

fn whole(folder: &Folder, name: &str, limit: u64) -> Result<Vec<u8>> {
    let (file, status) = folder.file(name.as_ref())?;
    if status.size > limit {
        bail!("{name} is larger than it can be");
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        bail!("{name} is larger than it can be");
    }
    Ok(bytes)
}

fn tag_file(folder: &Folder, tags: &[u8], name: &str) -> Result<Vec<u8>> {
    let text = whole(folder, name, TAG_FILE_MAX)?;
    if Digest::of(&text) != listed(tags, name)? {
        bail!("{name} is damaged: its digest is not that of {TAG_MANIFEST_FILE}");
    }
    Ok(text)
}

fn listed(tags: &[u8], name: &str) -> Result<Digest> {
    let found = find_listed(tags, name)?;
    found.with_context(|| format!("{TAG_MANIFEST_FILE} does not list {name}"))
}

/// The digest of a path in a manifest, found without reading every line of it.
fn find_listed(manifest: &[u8], path: &str) -> Result<Option<Digest>> {
    let needle = format!("  {path}\n");
    let Some(at) = memchr::memmem::find(manifest, needle.as_bytes()) else { return Ok(None) };
    let start = at.checked_sub(64).context("a manifest is malformed")?;
    if start > 0 && manifest.get(start - 1) != Some(&b'\n') {
        bail!("a manifest is malformed");
    }
    let digits = manifest.get(start..at).and_then(|digits| std::str::from_utf8(digits).ok());
    let digest = digits.and_then(|digits| digits.parse().ok());
    Ok(Some(digest.context("a manifest has a digest that is none")?))
}
