//! The vendor's own checksum file, held against what was delivered, before anything is taken over.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::package::manifest::VendorChecksums;
use handover_verify::file_tree::{FileKind, Folder, Walk};
use handover_verify::package::BLOCK_BYTES;

use super::finding::{ArtifactFindingKind as Kind, Place};
use super::read_file::at;
use crate::deliverable::vendor_checksums::{
    Algorithm, HashingReader, Listed, Matching, Unlisted, parse,
};

/// Largest checksum file: a million lines.
const CHECKSUM_FILE_MAX: u64 = 256 * 1024 * 1024;

/// Names of such lists, besides the one that the config names.
const LISTS: [&str; 6] = ["md5sums", "sha1sums", "sha256sums", "sha512sums", "b2sums", "checksums"];

/// Checks the files in `root` that the checksum file `checksums` (below it) lists; `only`: just
/// this one.
pub(super) fn check(
    root: &Path,
    checksums: &str,
    only: Option<&OsStr>,
    interrupt: &Interrupt,
    findings: &mut Vec<(Kind, Place)>,
) -> Result<Option<VendorChecksums>> {
    let folder = Folder::open(root).with_context(|| format!("cannot read {}", root.display()))?;
    let mut unusable = |what: String| {
        let place = Place { what: Some(what), ..at(checksums.as_bytes()) };
        findings.push((Kind::ChecksumsUnusable, place));
    };
    let text = match open_below(&folder, checksums.as_bytes()).and_then(|(_, file)| read(file)) {
        Ok(text) => text,
        Err(error) => {
            unusable(format!("it cannot be read: {error}"));
            return Ok(None);
        }
    };
    let mut listed = match parse(&text) {
        Ok(listed) => listed,
        Err(error) => {
            unusable(error.to_string());
            return Ok(None);
        }
    };
    if is_named_b2(checksums) && listed.iter().any(|one| one.algorithm == Algorithm::Sha512) {
        let what = "its name says that the checksums are of BLAKE2b (b2sum), which is not read; ask \
                    the vendor for SHA-256, as sha256sum writes it";
        unusable(what.to_owned());
        return Ok(None);
    }
    let mut seen = HashSet::new();
    listed.retain(|one| seen.insert((one.name.clone(), one.algorithm, one.checksum.clone())));
    // Names are seen from the folder that the checksum file is in.
    let base = match checksums.rfind('/') {
        Some(at) => checksums.get(..=at).unwrap_or_default(),
        None => "",
    };
    let (mut meant, mut unlisted) = matched(root, checksums, base, &listed, only, interrupt)?;
    if only.is_some() {
        // Of the other files of the list nothing is known here.
        unlisted = Unlisted::default();
        let mut kept = meant.iter().map(Option::is_some);
        listed.retain(|_| kept.next().unwrap_or_default());
        meant.retain(Option::is_some);
    }
    if listed.is_empty() {
        unusable("it does not list what was delivered".to_owned());
        return Ok(None);
    }
    let mut sums = VendorChecksums { listed: listed.len() as u64, matched: 0 };
    let mut differs = Vec::new();
    for (one, meant) in listed.iter().zip(meant) {
        interrupt.check()?;
        match compared(&folder, base, one, meant, interrupt)? {
            None => sums.matched += 1,
            Some(difference) => differs.push(difference),
        }
    }
    if sums.matched == 0 && listed.iter().all(|one| one.algorithm == Algorithm::Sha512) {
        unusable(
            "no file has the checksum that is listed: with 128 digits they may be of BLAKE2b \
             (b2sum) and not SHA-512; ask the vendor for SHA-256, as sha256sum writes it"
                .to_owned(),
        );
        return Ok(Some(sums));
    }
    findings.append(&mut differs);
    note_unlisted(&unlisted, findings);
    Ok(Some(sums))
}

/// Holds one line against the file that it means; gives what is wrong.
fn compared(
    folder: &Folder,
    base: &str,
    one: &Listed,
    meant: Option<Vec<u8>>,
    interrupt: &Interrupt,
) -> Result<Option<(Kind, Place)>> {
    let Some(path) = meant else {
        let path = [base.as_bytes(), &one.name].concat();
        let place = Place { what: Some("it is not there".to_owned()), ..at(&path) };
        return Ok(Some((Kind::ChecksumWithoutFile, place)));
    };
    let digest =
        open_below(folder, &path).and_then(|(_, file)| checksum(file, one.algorithm, interrupt));
    let what = match digest {
        Ok(found) if found == one.checksum => return Ok(None),
        Ok(_) => one.algorithm.name().to_owned(),
        Err(error) => {
            interrupt.check()?;
            format!("unreadable: {error}")
        }
    };
    Ok(Some((Kind::ChecksumDiffers, Place { what: Some(what), ..at(&path) })))
}

/// Holds the files that are there against the list.
fn matched(
    root: &Path,
    checksums: &str,
    base: &str,
    listed: &[Listed],
    only: Option<&OsStr>,
    interrupt: &Interrupt,
) -> Result<(Vec<Option<Vec<u8>>>, Unlisted)> {
    let mut matching = Matching::new(listed, base.as_bytes());
    if let Some(only) = only {
        matching.file(only.as_bytes());
        return Ok(matching.finish());
    }
    let walk = Walk::new(root).with_context(|| format!("cannot read {}", root.display()))?;
    // Folders that cannot be read are told when the files are received.
    for found in walk.flatten() {
        interrupt.check()?;
        if found.kind != FileKind::Directory && !is_about_lists(&found.path, checksums) {
            matching.file(&found.path);
        }
    }
    Ok(matching.finish())
}

/// The list itself, a signature of it, or another list: nobody lists these.
fn is_about_lists(path: &[u8], checksums: &str) -> bool {
    let path = String::from_utf8_lossy(path);
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let plain = [".asc", ".sig", ".gpg", ".txt"].iter().find_map(|end| name.strip_suffix(end));
    path.strip_prefix(checksums).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        || LISTS.contains(&plain.unwrap_or(&name))
}

fn note_unlisted(unlisted: &Unlisted, findings: &mut Vec<(Kind, Place)>) {
    for path in &unlisted.paths {
        findings.push((Kind::ChecksumMissing, at(path)));
    }
    if unlisted.more > 0 {
        let place = Place {
            count: Some(unlisted.more),
            ..Place::what("further files, which are counted and not listed".to_owned())
        };
        findings.push((Kind::ChecksumMissing, place));
    }
}

fn is_named_b2(checksums: &str) -> bool {
    let name = checksums.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    name.contains("b2sum") || name.contains("blake2")
}

/// Opens a file below a folder, without following a link on the way.
fn open_below(folder: &Folder, path: &[u8]) -> io::Result<(Option<Folder>, File)> {
    let mut parts = path.split(|byte| *byte == b'/').map(OsStr::from_bytes).peekable();
    let mut inner: Option<Folder> = None;
    loop {
        let part = parts.next().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let here = inner.as_ref().unwrap_or(folder);
        if parts.peek().is_none() {
            let (file, _) = here.file(part)?;
            return Ok((inner, file));
        }
        inner = Some(here.folder(part)?);
    }
}

fn read(file: File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.take(CHECKSUM_FILE_MAX + 1).read_to_end(&mut text)?;
    if text.len() as u64 > CHECKSUM_FILE_MAX {
        return Err(io::Error::other("it is larger than any checksum file"));
    }
    Ok(text)
}

fn checksum(file: File, algorithm: Algorithm, interrupt: &Interrupt) -> io::Result<Vec<u8>> {
    let mut reader = HashingReader::new(algorithm, file);
    let mut block = vec![0; BLOCK_BYTES];
    while reader.read(&mut block)? > 0 {
        if interrupt.is_raised() {
            return Err(io::Error::other("interrupted"));
        }
    }
    Ok(reader.finish())
}
