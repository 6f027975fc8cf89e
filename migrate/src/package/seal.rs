//! Sealing: the lists, the tag files, one rename.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_schemas::archive::manifest::{ArchiveManifest, LEAVES_FILE};
use handover_schemas::archive::recovery::recovery_text as archive_recovery_text;
use handover_schemas::digest::Digest;
use handover_schemas::package::bag::{BAGIT_TEXT, BagInfo, tag_manifest};
use handover_schemas::package::manifest::{
    Carries, Encoding, Listing, PACKAGE_VERSION, PackageManifest, PackedDeliverable,
};
use handover_schemas::package::recovery::recovery_text;
use handover_schemas::package::{
    BAG_INFO_FILE, BAGIT_FILE, CONTENTS_FILE, MANIFEST_SHA256_FILE, MANIFEST_SHA512_FILE,
    MEMBERS_FILE, PACKAGE_FILE, RECOVERY_FILE, TAG_MANIFEST_FILE,
};

use handover_verify::package::BLOCK_BYTES;

use super::encode::{Encoder, Recipients, write_tag_file};
use super::journal::Journal;
use super::lists::{ContentsDigest, ListFile, contents, manifests};
use super::partial::Partial;
use super::read_back::sync;

/// What is written beside the payload.
pub struct Sealing {
    /// What the package is called.
    pub identifier: String,
    /// One line about it.
    pub description: String,
    /// The deliverables, in the order of their ids; their sums are filled in.
    pub deliverables: Vec<PackedDeliverable>,
    /// What makes it an archive.
    pub archive: Option<ArchivePart>,
}

/// What an archive has beside other packages.
pub struct ArchivePart {
    /// What it holds.
    pub manifest: ArchiveManifest,
    /// The leaves of all rows, one after the other.
    pub leaves: File,
}

/// A sealed package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// SHA-256 of the tag manifest.
    pub seal: Digest,
    /// Payload files.
    pub files: u64,
    /// Their bytes as they are stored.
    pub bytes: u64,
}

/// Digest and sums that `contents.jsonl` would have.
pub fn listing_digest(journal: &Journal) -> Result<ContentsDigest> {
    contents(journal, |_line| Ok(()))
}

impl Sealing {
    /// Writes everything beside the payload, syncs, and renames the bag to its place, which must
    /// be free.
    pub fn seal(mut self, mut partial: Partial, place: &Path) -> Result<Sealed> {
        partial.journal.commit()?;
        let bag = partial.bag();
        let mut tags: Vec<(String, Digest)> = Vec::new();
        let contents = self.write_contents(&partial, &mut tags)?;
        let members = write_members(&partial, &mut tags)?;
        let sha512_path = bag.join(MANIFEST_SHA512_FILE);
        let sha512_path = partial.storing.sha512.then_some(sha512_path.as_path());
        let (payload, sha256, sha512) =
            manifests(&partial.journal, &bag.join(MANIFEST_SHA256_FILE), sha512_path)?;
        tags.push((MANIFEST_SHA256_FILE.to_owned(), sha256));
        tags.extend(sha512.map(|digest| (MANIFEST_SHA512_FILE.to_owned(), digest)));
        let info = BagInfo {
            identifier: self.identifier.clone(),
            description: self.description,
            payload_bytes: payload.bytes,
            payload_files: payload.files,
        };
        let archive =
            self.archive.map(|archive| write_leaves(archive, &bag, &mut tags)).transpose()?;
        let (carries, recovery) = if let Some(archive) = &archive {
            (Carries::Archive, archive_recovery_text(&self.identifier, archive))
        } else {
            let text = recovery_text(&self.identifier, &partial.storing.encoding);
            (Carries::Deliverables, text)
        };
        let manifest = PackageManifest {
            version: PACKAGE_VERSION,
            identifier: self.identifier,
            carries,
            encoding: partial.storing.encoding.clone(),
            contents,
            members,
            deliverables: self.deliverables,
            archive,
        };
        let texts = [
            (BAGIT_FILE, BAGIT_TEXT.to_owned()),
            (BAG_INFO_FILE, info.to_text()),
            (PACKAGE_FILE, manifest.to_text().context("cannot write package.json")?),
            (RECOVERY_FILE, recovery),
        ];
        for (name, text) in texts {
            tags.push((name.to_owned(), write_tag_file(&bag.join(name), text.as_bytes())?));
        }
        let text = tag_manifest(tags);
        let seal = write_tag_file(&bag.join(TAG_MANIFEST_FILE), text.as_bytes())?;
        move_into_place(partial, &bag, place)?;
        Ok(Sealed { seal, files: payload.files, bytes: payload.bytes })
    }

    fn write_contents(
        &mut self,
        partial: &Partial,
        tags: &mut Vec<(String, Digest)>,
    ) -> Result<Listing> {
        let stored = format!("{CONTENTS_FILE}{}", partial.storing.encoding.suffix());
        let path = partial.bag().join(&stored);
        let mut file = ListFile::create(&path, &partial.storing.encoding, &partial.recipients)?;
        let digest = contents(&partial.journal, |line| file.line(line))?;
        for one in &mut self.deliverables {
            let sums = digest.sums.get(&one.id).copied().unwrap_or_default();
            one.files = sums.files;
            one.bytes = sums.bytes;
            one.directories = sums.directories;
            one.symlinks = sums.symlinks;
            one.not_stored = sums.not_stored;
        }
        let (listing, stored_digest) = file.finish(stored.clone())?;
        tags.push((stored, stored_digest));
        Ok(listing)
    }
}

fn write_leaves(
    mut archive: ArchivePart,
    bag: &Path,
    tags: &mut Vec<(String, Digest)>,
) -> Result<ArchiveManifest> {
    let place = || format!("cannot write {LEAVES_FILE} of the archive");
    let mut encoder = Encoder::create(
        &bag.join(LEAVES_FILE),
        &Encoding::default(),
        &Recipients::default(),
        false,
    )
    .with_context(place)?;
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        let read = archive.leaves.read(&mut block).with_context(place)?;
        let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else { break };
        encoder.write(part, false).with_context(place)?;
    }
    tags.push((LEAVES_FILE.to_owned(), encoder.finish().with_context(place)?.sha256));
    Ok(archive.manifest)
}

fn write_members(partial: &Partial, tags: &mut Vec<(String, Digest)>) -> Result<Option<Listing>> {
    let stored = format!("{MEMBERS_FILE}{}", partial.storing.encoding.suffix());
    let path = partial.bag().join(&stored);
    let mut file = ListFile::create(&path, &partial.storing.encoding, &partial.recipients)?;
    partial.journal.members(|line| file.line(line))?;
    let (listing, stored_digest) = file.finish(stored.clone())?;
    if listing.lines == 0 {
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        return Ok(None);
    }
    tags.push((stored, stored_digest));
    Ok(Some(listing))
}

fn move_into_place(partial: Partial, bag: &Path, place: &Path) -> Result<()> {
    let context = || format!("cannot put the package into {}", place.display());
    sync(bag)?;
    if place.exists() {
        bail!("{} is there already; nothing was written over it", place.display());
    }
    fs::rename(bag, place).with_context(context)?;
    if let Some(parent) = place.parent() {
        File::open(parent).and_then(|folder| folder.sync_all()).with_context(context)?;
    }
    partial.remove()
}
