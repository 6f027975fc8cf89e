//! A manifest as RFC 8493 allows it (sections 2.1.3 and 2.2.1).

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};

use handover_schemas::digest::hex;
use handover_schemas::package::report::{PackageFinding, PackageFindingKind as Kind};
use sha2::{Digest as _, Sha256, Sha512};
use unicode_normalization::UnicodeNormalization;

use super::super::BLOCK_BYTES;
use crate::interrupt::Interrupt;

/// What a manifest's checksums are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha256,
    Sha512,
}

impl Algorithm {
    pub(super) const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// What a manifest lists and was not seen yet.
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) algorithm: Algorithm,
    /// By path, in NFC: bags travel between systems that spell names otherwise.
    listed: HashMap<Vec<u8>, String>,
}

impl Manifest {
    /// Reads it; lines that are none are findings.
    pub(super) fn parse(
        name: String,
        algorithm: Algorithm,
        text: &[u8],
        findings: &mut Vec<PackageFinding>,
    ) -> Self {
        let mut listed = HashMap::new();
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let wrong = match entry(line, algorithm) {
                Ok((digest, path)) => match listed.insert(key(&path), digest) {
                    None => continue,
                    Some(_) => "lists a path twice",
                },
                Err(reason) => reason,
            };
            let message = format!("{name} line {}: it {wrong}", at + 1);
            findings.push(PackageFinding::of(&name, Kind::TagFileMalformed, message));
        }
        Self { name, algorithm, listed }
    }

    /// The digest of a file that is there.
    pub(super) fn take(&mut self, path: &[u8]) -> Option<String> {
        let key = key(path);
        // `%` was to be encoded since 1.0, and most programs never did it.
        self.listed.remove(&key).or_else(|| self.listed.remove(&encoded(&key)))
    }

    /// What was listed and did not come.
    pub(super) fn missing(&self, findings: &mut Vec<PackageFinding>) {
        let mut paths: Vec<_> = self.listed.keys().collect();
        paths.sort();
        for path in paths {
            let shown = String::from_utf8_lossy(path).escape_debug().to_string();
            let message = format!("{shown} is missing; {} lists it", self.name);
            findings.push(PackageFinding::of(&shown, Kind::FileMissing, message));
        }
    }
}

/// Checksum, white space, path.
fn entry(line: &[u8], algorithm: Algorithm) -> Result<(String, Vec<u8>), &'static str> {
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).ok_or("has no path")?;
    let (digest, rest) = line.split_at(end);
    let digest = String::from_utf8_lossy(digest).to_ascii_lowercase();
    if digest.len() != algorithm.digits() || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("does not begin with a checksum of its kind");
    }
    let path = rest.trim_ascii_start();
    let path = path.strip_prefix(b"*").unwrap_or(path);
    let path = path.strip_prefix(b"./").unwrap_or(path);
    let outside = path.is_empty()
        || path.starts_with(b"/")
        || path.starts_with(b"~")
        || path.split(|byte| matches!(byte, b'/' | b'\\')).any(|part| part == b"..");
    if outside {
        return Err("has a path that leads out of the bag");
    }
    Ok((digest, path.to_vec()))
}

fn key(path: &[u8]) -> Vec<u8> {
    match str::from_utf8(path) {
        Ok(text) => text.nfc().collect::<String>().into_bytes(),
        Err(_other) => path.to_vec(),
    }
}

/// Line ends and `%` as RFC 8493 writes them.
fn encoded(path: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(path.len());
    for byte in path {
        match byte {
            b'%' => encoded.extend(b"%25"),
            b'\n' => encoded.extend(b"%0A"),
            b'\r' => encoded.extend(b"%0D"),
            other => encoded.push(*other),
        }
    }
    encoded
}

/// The checksum of a file, in lower-case digits.
pub(super) fn hashed(
    mut file: File,
    algorithm: Algorithm,
    interrupt: &Interrupt,
) -> io::Result<String> {
    let (mut sha256, mut sha512) = (Sha256::new(), Sha512::new());
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        let read = file.read(&mut block)?;
        let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else { break };
        match algorithm {
            Algorithm::Sha256 => sha256.update(part),
            Algorithm::Sha512 => sha512.update(part),
        }
        if interrupt.is_raised() {
            return Err(io::Error::other("interrupted"));
        }
    }
    Ok(match algorithm {
        Algorithm::Sha256 => hex(&sha256.finalize()),
        Algorithm::Sha512 => hex(&sha512.finalize()),
    })
}
