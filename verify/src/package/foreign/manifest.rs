//! A manifest as RFC 8493 allows it (sections 2.1.3 and 2.2.1).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use handover_schemas::package::report::{PackageFinding, PackageFindingKind as Kind};
use unicode_normalization::UnicodeNormalization;

use super::algorithm::Algorithm;

/// What a manifest may list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Files below `data/`.
    Payload,
    /// All others.
    Tags,
}

/// What a manifest lists and was not seen yet.
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) algorithm: Algorithm,
    /// By path, in NFC: bags travel between systems that spell names otherwise.
    listed: HashMap<Vec<u8>, String>,
}

impl Manifest {
    /// Reads it; lines that are none are findings. Bags of before version 1.0 may list a file twice with
    /// the same checksum.
    pub(super) fn parse(
        name: String,
        algorithm: Algorithm,
        scope: Scope,
        may_repeat: bool,
        text: &[u8],
        findings: &mut Vec<PackageFinding>,
    ) -> Self {
        let mut listed = HashMap::new();
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let wrong = match entry(line, algorithm, scope) {
                Ok((digest, path)) => match listed.entry(key(&path)) {
                    Entry::Vacant(place) => {
                        place.insert(digest);
                        continue;
                    }
                    Entry::Occupied(before) if may_repeat && *before.get() == digest => continue,
                    Entry::Occupied(_) => "lists a path twice",
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
fn entry(
    line: &[u8],
    algorithm: Algorithm,
    scope: Scope,
) -> Result<(String, Vec<u8>), &'static str> {
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).ok_or("has no path")?;
    let (digest, rest) = line.split_at(end);
    let digest = String::from_utf8_lossy(digest).to_ascii_lowercase();
    if digest.len() != algorithm.digits() || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("does not begin with a checksum of its kind");
    }
    let path = rest.trim_ascii_start();
    let path = path.strip_prefix(b"*").unwrap_or(path);
    let path = path.strip_prefix(b"./").unwrap_or(path);
    if leads_out(path) {
        return Err("has a path that leads out of the bag");
    }
    if scope == Scope::Payload && !path.starts_with(b"data/") {
        return Err("lists what is no payload");
    }
    Ok((digest, path.to_vec()))
}

/// Whether a path is none within the bag, on any system: absolute, of a drive or a share, of a home
/// folder, or with `..` in it.
pub(super) fn leads_out(path: &[u8]) -> bool {
    path.is_empty()
        || path.starts_with(b"/")
        || path.starts_with(b"\\")
        || path.starts_with(b"~")
        || path.get(1) == Some(&b':')
        || path.split(|byte| matches!(byte, b'/' | b'\\')).any(|part| part == b"..")
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
