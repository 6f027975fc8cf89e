//! The vendor's checksum files, as `md5sum`, `sha1sum`, `sha256sum` and `sha512sum` write them,
//! with `--tag` (as on BSD and macOS) or without. The format is in coreutils' manual, section
//! "cksum output modes".

mod hashing;
mod line;
#[cfg(test)]
mod tests;

pub use hashing::HashingReader;

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
    /// start and `..` between slashes.
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
#[error("line {line}: {reason}; ask the vendor for a file as sha256sum writes it")]
pub struct ChecksumError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Reads a checksum file.
///
/// Lines end with LF or CRLF; a UTF-8 byte order mark, empty lines and lines that start with `#`
/// are passed over. A name may be listed more than once.
///
/// # Errors
/// The first line that is something else, or whose name leads out of the folder.
pub fn parse(bytes: &[u8]) -> Result<Vec<Listed>, ChecksumError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut listed = Vec::new();
    for (at, text) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.trim_ascii().is_empty() || text.starts_with(b"#") {
            continue;
        }
        let number = at + 1;
        let (algorithm, checksum, name) =
            line::parse(text).map_err(|reason| ChecksumError { line: number, reason })?;
        listed.push(Listed { name, algorithm, checksum, line: number });
    }
    Ok(listed)
}
