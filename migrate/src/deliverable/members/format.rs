//! What a file is, by its contents.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::compressed::{self, Decompressed};
use super::{encrypted, iso, rar, seven_zip, sqlite, tar, zip_directory};

/// Formats that are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// POSIX tar, also as GNU tar and as Unix V7 wrote it.
    Tar,
    /// tar within gzip (RFC 1952).
    TarGzip,
    /// tar within zstd (RFC 8878).
    TarZstd,
    /// tar within xz.
    TarXz,
    /// tar within bzip2.
    TarBzip2,
    /// zip (PKWARE's APPNOTE.TXT).
    Zip,
    /// Something else within gzip.
    Gzip,
    /// Something else within zstd.
    Zstd,
    /// Something else within xz.
    Xz,
    /// Something else within bzip2.
    Bzip2,
    /// 7z (7-Zip's `7zFormat.txt`).
    SevenZip,
    /// RAR 1.5 to 5 (RARLAB's technical notes).
    Rar,
    /// ISO 9660 (ECMA-119).
    Iso,
    /// A SQLite database.
    Sqlite,
    /// Encrypted as a whole.
    Encrypted,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tar => "tar",
            Self::TarGzip => "tar.gz",
            Self::TarZstd => "tar.zst",
            Self::TarXz => "tar.xz",
            Self::TarBzip2 => "tar.bz2",
            Self::Zip => "zip",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::SevenZip => "7z",
            Self::Rar => "rar",
            Self::Iso => "ISO 9660",
            Self::Sqlite => "SQLite",
            Self::Encrypted => "encrypted",
        })
    }
}

/// Ends of names of compressed tar archives.
const TAR_NAMES: [&str; 9] =
    [".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz"];

/// Ends of other names that promise a format which is told by the contents.
const OTHER_NAMES: [&str; 11] =
    [".tar", ".zip", ".jar", ".apk", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".iso"];

/// The format of a file, if it is one that is looked into. What is compressed is an archive if a tar
/// is inside.
pub(super) fn of(file: &mut File, name: &str) -> io::Result<Option<Format>> {
    file.seek(SeekFrom::Start(0))?;
    let start = first_block(file)?;
    if tar::is_header(&start) {
        return Ok(Some(Format::Tar));
    }
    if let Some(format) = plain(file, &start)? {
        return Ok(Some(format));
    }
    let Some((alone, with_tar)) = compressed_formats(&start) else {
        return Ok(zip_directory::is_zip(file, &start)?.then_some(Format::Zip));
    };
    file.seek(SeekFrom::Start(0))?;
    let inside = Decompressed::new(file, alone).and_then(|mut stream| first_block(&mut stream));
    match inside {
        Ok(start) if tar::is_header(&start) => Ok(Some(with_tar)),
        Ok(_) => Ok(Some(alone)),
        Err(error) if error.raw_os_error().is_some() => Err(error),
        Err(_broken) => {
            let name = name.to_ascii_lowercase();
            let is_tar = TAR_NAMES.iter().any(|end| name.ends_with(end));
            Ok(Some(if is_tar { with_tar } else { alone }))
        }
    }
}

/// Formats that have a mark of their own, or one at a place of their own.
fn plain(file: &File, start: &[u8]) -> io::Result<Option<Format>> {
    Ok(if start.starts_with(seven_zip::SIGNATURE) {
        Some(Format::SevenZip)
    } else if start.starts_with(rar::RAR4) || start.starts_with(rar::RAR5) {
        Some(Format::Rar)
    } else if sqlite::is_sqlite(start) {
        Some(Format::Sqlite)
    } else if encrypted::is_encrypted(file, start)? {
        Some(Format::Encrypted)
    } else if iso::is_iso(file)? {
        Some(Format::Iso)
    } else {
        None
    })
}

/// Whether bytes at the start of a file may be those of an archive, or of something compressed.
pub fn is_container_start(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04")
        || start.starts_with(seven_zip::SIGNATURE)
        || start.starts_with(rar::RAR4)
        || start.starts_with(rar::RAR5)
        || compressed_formats(start).is_some()
        || start.get(..512).is_some_and(tar::is_header)
}

/// Whether a file is named as one that would have been recognised if it were one.
pub(super) fn is_named_as_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TAR_NAMES.iter().chain(&OTHER_NAMES).any(|end| name.ends_with(end))
}

/// The format of something compressed that begins so: alone, and with a tar in it.
pub(super) fn compressed_formats(start: &[u8]) -> Option<(Format, Format)> {
    let bzip2_block = |block: &[u8]| block == b"1AY&SY" || block == b"\x17rE8P\x90";
    if start.starts_with(b"\x1f\x8b\x08") {
        Some((Format::Gzip, Format::TarGzip))
    } else if start.starts_with(b"\x28\xb5\x2f\xfd") || compressed::is_skippable(start) {
        Some((Format::Zstd, Format::TarZstd))
    } else if start.starts_with(b"\xfd7zXZ\0") {
        Some((Format::Xz, Format::TarXz))
    } else if start.starts_with(b"BZh") && start.get(4..10).is_some_and(bzip2_block) {
        Some((Format::Bzip2, Format::TarBzip2))
    } else {
        None
    }
}

/// The first 512 bytes, or fewer if there are no more.
fn first_block(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut block = Vec::with_capacity(512);
    from.take(512).read_to_end(&mut block)?;
    Ok(block)
}
