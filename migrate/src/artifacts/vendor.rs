//! The vendor's own checksum file, held against what was delivered, before anything is taken over.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use handover_schemas::package::manifest::VendorChecksums;
use handover_verify::file_tree::{Folder, is_missing};
use handover_verify::interrupt::Interrupt;
use handover_verify::package::BLOCK_BYTES;

use super::finding::{ArtifactFindingKind as Kind, Place};
use super::read_file::at;
use crate::deliverable::vendor_checksums::{Algorithm, HashingReader, parse};

/// Largest checksum file: a million lines.
const CHECKSUM_FILE_MAX: u64 = 256 * 1024 * 1024;

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
    if let Some(only) = only {
        listed.retain(|one| one.name == only.as_bytes());
    }
    let mut seen = HashSet::new();
    listed.retain(|one| seen.insert((one.name.clone(), one.algorithm, one.checksum.clone())));
    if listed.is_empty() {
        unusable("it does not list what was delivered".to_owned());
        return Ok(None);
    }
    // Names are seen from the folder that the checksum file is in.
    let base = match checksums.rfind('/') {
        Some(at) => checksums.get(..=at).unwrap_or_default(),
        None => "",
    };
    let mut sums = VendorChecksums { listed: listed.len() as u64, matched: 0 };
    for one in listed {
        interrupt.check()?;
        let path = [base.as_bytes(), &one.name].concat();
        let place = |what: String| Place { what: Some(what), ..at(&path) };
        let digest = open_below(&folder, &path)
            .and_then(|(_, file)| checksum(file, one.algorithm, interrupt));
        match digest {
            Ok(found) if found == one.checksum => sums.matched += 1,
            Ok(_) => {
                findings.push((Kind::ChecksumDiffers, place(one.algorithm.name().to_owned())));
            }
            Err(error) if is_missing(&error) => {
                findings.push((Kind::ChecksumWithoutFile, place("it is not there".to_owned())));
            }
            Err(error) => {
                interrupt.check()?;
                findings.push((Kind::ChecksumDiffers, place(format!("unreadable: {error}"))));
            }
        }
    }
    Ok(Some(sums))
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
