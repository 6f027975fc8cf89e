//! The vendor's checksum files, as `md5sum`, `sha1sum`, `sha256sum` and `sha512sum` write them,
//! with `--tag` (as on BSD and macOS) or without. The format is in coreutils' manual, section
//! "cksum output modes". Also what people make of it, and what Windows writes: `Get-FileHash` of
//! PowerShell (table, list, CSV), `certutil -hashfile`, UTF-16.

mod hashing;
mod line;
mod names;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod windows;

pub use hashing::HashingReader;
pub use names::{Matching, Unlisted};

/// What a checksum was computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// MD5 (RFC 1321): finds accidents, proves nothing against somebody who wants a collision.
    Md5,
    /// SHA-1 (FIPS 180-4): likewise.
    Sha1,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-512 (FIPS 180-4).
    Sha512,
}

impl Algorithm {
    /// All that are read.
    pub const ALL: [Self; 4] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512];

    /// The name, as the BSD form writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// By a name that people write: `SHA256`, `sha-256`.
    fn named(name: &str) -> Option<Self> {
        let plain = name.trim().replace(['-', '_'], "").to_ascii_uppercase();
        Self::ALL.into_iter().find(|one| one.name() == plain)
    }

    /// By the length of a checksum.
    fn of_len(bytes: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.checksum_len() == bytes)
    }

    /// Bytes of a checksum.
    pub const fn checksum_len(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// One file that the vendor lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The name relative to the checksum file, without `./` before it. Any bytes but `/` at the
    /// start and `..` between slashes of either sort. Written on Windows it may have backslashes, and
    /// begin with a drive; see [`Matching`].
    pub name: Vec<u8>,
    /// What the checksum was computed with. Without `--tag` it follows from the length: 128
    /// digits are taken for SHA-512, though `b2sum` writes as many.
    pub algorithm: Algorithm,
    /// The checksum, [`Algorithm::checksum_len`] bytes.
    pub checksum: Vec<u8>,
    /// Its line, from 1.
    pub line: usize,
}

/// A checksum file that cannot be used as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}; ask the vendor for a file as sha256sum writes it", place(*line))]
pub struct ChecksumError {
    /// The line, from 1; 0 if it is about the whole file.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

fn place(line: usize) -> String {
    if line == 0 { String::new() } else { format!("line {line}: ") }
}

/// Reads a checksum file.
///
/// Lines end with LF or CRLF; a byte order mark, empty lines and lines that start with `#` are
/// passed over. A name may be listed more than once.
///
/// # Errors
/// It is no text, or the first line that is something else, or whose name leads out of the folder.
pub fn parse(bytes: &[u8]) -> Result<Vec<Listed>, ChecksumError> {
    let text = text::decoded(bytes).map_err(|reason| ChecksumError { line: 0, reason })?;
    let lines = text.split(|&byte| byte == b'\n').enumerate().filter_map(|(at, line)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let empty = line.trim_ascii().is_empty() || line.starts_with(b"#");
        (!empty).then_some((at + 1, line))
    });
    let lines: Vec<_> = lines.collect();
    if let Some(listed) = windows::parse(&lines).or_else(|| table::parse(&lines)) {
        return listed;
    }
    let listed = lines.into_iter().map(|(number, line)| {
        let (algorithm, checksum, name) =
            line::parse(line).map_err(|reason| ChecksumError { line: number, reason })?;
        Ok(Listed { name, algorithm, checksum, line: number })
    });
    listed.collect()
}
