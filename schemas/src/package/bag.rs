//! The files that RFC 8493 (BagIt 1.0) demands, in the one form that this profile allows.
//!
//! Each parser takes only what the writer beside it gives, so that a file has one spelling: an
//! upper-case digit, a second space or a line out of order is damage.

use std::fmt::Write;

use crate::digest::Digest;

/// `bagit.txt` (RFC 8493 section 2.1.1), byte for byte.
pub const BAGIT_TEXT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// Most bytes in a stored path: ends stay usable on every file system and in every tool.
pub const STORED_PATH_MAX: usize = 1000;

/// A line or file that is not as this profile has it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BagError {
    /// Not `digest`, two spaces, path.
    #[error("it is not a digest in lower-case hexadecimal digits, two spaces and a path")]
    Line,
    /// A path that could lead out of the package, or that is not spelt the same everywhere.
    #[error("its path is not made of the characters A-Z a-z 0-9 . _ - and / in safe places")]
    Path,
    /// `bag-info.txt` lacks a label, has one too many, or in another order.
    #[error("it does not have exactly External-Identifier, External-Description and Payload-Oxum")]
    Info,
}

/// Whether a path may stand in a manifest: relative, of safe characters, without `.`, `..` and
/// empty parts, and not too long.
pub fn is_safe_path(path: &str) -> bool {
    let safe =
        |byte: u8| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    let part_is_safe = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(safe);
    path.len() <= STORED_PATH_MAX && path.split('/').all(part_is_safe)
}

/// One line of a manifest (RFC 8493 section 2.1.3), without its line feed: digest, two spaces,
/// path, as `sha256sum` prints it.
pub fn manifest_line(digest: &str, path: &str) -> String {
    format!("{digest}  {path}")
}

/// Takes a line apart that [`manifest_line`] wrote, with a digest of `digits` hexadecimal digits
/// (64 for SHA-256, 128 for SHA-512).
pub fn parse_manifest_line(line: &[u8], digits: usize) -> Result<(&str, &str), BagError> {
    let line = str::from_utf8(line).map_err(|_not_utf8| BagError::Line)?;
    let (digest, path) = line.split_once("  ").ok_or(BagError::Line)?;
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digest.len() != digits || !digest.bytes().all(lower_hex) {
        return Err(BagError::Line);
    }
    if !is_safe_path(path) {
        return Err(BagError::Path);
    }
    Ok((digest, path))
}

/// `bag-info.txt` (RFC 8493 section 2.2.2). It has no date: a second run over the same input
/// gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BagInfo {
    /// What the package is called.
    pub identifier: String,
    /// One line about it.
    pub description: String,
    /// Bytes of the payload files as they are stored.
    pub payload_bytes: u64,
    /// Number of payload files.
    pub payload_files: u64,
}

impl BagInfo {
    /// The file's text.
    pub fn to_text(&self) -> String {
        format!(
            "External-Identifier: {}\nExternal-Description: {}\nPayload-Oxum: {}.{}\n",
            self.identifier, self.description, self.payload_bytes, self.payload_files
        )
    }

    /// Reads the file; only what [`to_text`](Self::to_text) writes is read.
    pub fn parse(text: &str) -> Result<Self, BagError> {
        let mut lines = text.split_inclusive('\n');
        let mut value = |label: &str| {
            let line = lines.next()?.strip_suffix('\n')?;
            line.strip_prefix(label)?.strip_prefix(": ")
        };
        let found = (|| {
            let identifier = value("External-Identifier")?.to_owned();
            let description = value("External-Description")?.to_owned();
            let (bytes, files) = value("Payload-Oxum")?.split_once('.')?;
            let (payload_bytes, payload_files) = (bytes.parse().ok()?, files.parse().ok()?);
            Some(Self { identifier, description, payload_bytes, payload_files })
        })();
        // Written again it has to be the same: no "+1", no leading zero, no further line.
        found.filter(|info| info.to_text() == text).ok_or(BagError::Info)
    }
}

/// A tag manifest: its lines in the order of their paths.
pub fn tag_manifest(mut files: Vec<(String, Digest)>) -> String {
    files.sort();
    files.iter().fold(String::new(), |mut text, (path, digest)| {
        // Writing into a String cannot fail.
        let _infallible = writeln!(text, "{}", manifest_line(&digest.to_string(), path));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_line_is_read_as_it_is_written() {
        let line = manifest_line(HEX, "data/a/b-1_2.txt");
        let read = parse_manifest_line(line.as_bytes(), 64);
        assert_eq!(read, Ok((HEX, "data/a/b-1_2.txt")));
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let bad = [
            format!("{}  data/a", HEX.to_uppercase()),
            format!("{HEX} data/a"),
            format!("{HEX}   data/a"),
            format!("{HEX}  data/a "),
            format!("{HEX} *data/a"),
            format!("{}  data/a", HEX.trim_start_matches('e')),
            format!("{HEX}  ../a"),
            format!("{HEX}  /etc/passwd"),
            format!("{HEX}  data//a"),
            format!("{HEX}  data/./a"),
            format!("{HEX}  data\\a"),
            format!("{HEX}  data/a\r"),
            format!("{HEX}  data/%41"),
            format!("{HEX}  data/báo"),
            format!("{HEX}  ~/a"),
            format!("{HEX}  data/{}", "x".repeat(STORED_PATH_MAX)),
            String::new(),
        ];
        for line in bad {
            assert!(parse_manifest_line(line.as_bytes(), 64).is_err(), "{line:?}");
        }
        assert!(parse_manifest_line(b"\xff\xfe", 64).is_err());
    }

    #[test]
    fn bag_info_has_one_spelling() {
        let info = BagInfo {
            identifier: "portal".to_owned(),
            description: "Cổng công khai / Public portal".to_owned(),
            payload_bytes: 12,
            payload_files: 3,
        };
        let text = info.to_text();
        assert_eq!(BagInfo::parse(&text), Ok(info));
        for bad in [
            text.replace("12.3", "012.3"),
            text.replace("12.3", "+12.3"),
            text.replace("12.3", "12"),
            text.replace(": portal", ":portal"),
            format!("{text}Bagging-Date: 2026-01-01\n"),
            text.trim_end().to_owned(),
            text.replace('\n', "\r\n"),
        ] {
            assert_eq!(BagInfo::parse(&bad), Err(BagError::Info), "{bad:?}");
        }
    }
}
