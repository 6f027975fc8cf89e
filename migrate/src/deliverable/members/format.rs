//! What a file is, by its contents.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use super::{tar, zip_directory};

/// Formats whose members are listed.
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
        })
    }
}

/// Window of zstd that is read: 128 MiB, what `zstd` itself reads without being asked to.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Memory for xz; its largest preset needs 65 MiB.
const XZ_MEMORY: u64 = 256 << 20;

/// Ends of names of compressed tar archives.
const TAR_NAMES: [&str; 9] =
    [".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz"];

/// The format of a file, if it is an archive. What is compressed is one if a tar is inside.
pub(super) fn of(file: &mut File, name: &str) -> io::Result<Option<Format>> {
    file.seek(SeekFrom::Start(0))?;
    let start = first_block(file)?;
    if tar::is_header(&start) {
        return Ok(Some(Format::Tar));
    }
    if zip_directory::is_zip(file, &start)? {
        return Ok(Some(Format::Zip));
    }
    let Some(format) = compression(&start) else { return Ok(None) };
    file.seek(SeekFrom::Start(0))?;
    let inside = decompressed(file, format).and_then(|mut stream| first_block(&mut stream));
    match inside {
        Ok(start) if tar::is_header(&start) => Ok(Some(format)),
        Ok(_) => Ok(None),
        Err(error) if error.raw_os_error().is_some() => Err(error),
        Err(_broken) => {
            let name = name.to_ascii_lowercase();
            Ok(TAR_NAMES.iter().any(|end| name.ends_with(end)).then_some(format))
        }
    }
}

/// Whether a file is named as an archive that would have been recognised if it were one.
pub(super) fn is_named_as_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TAR_NAMES.iter().chain(&[".tar", ".zip", ".jar", ".apk"]).any(|end| name.ends_with(end))
}

fn compression(start: &[u8]) -> Option<Format> {
    if start.starts_with(b"\x1f\x8b\x08") {
        Some(Format::TarGzip)
    } else if start.starts_with(b"\x28\xb5\x2f\xfd") {
        Some(Format::TarZstd)
    } else if start.starts_with(b"\xfd7zXZ\0") {
        Some(Format::TarXz)
    } else if start.starts_with(b"BZh") && start.get(4..10) == Some(b"1AY&SY") {
        Some(Format::TarBzip2)
    } else {
        None
    }
}

/// The file from where it stands, decompressed.
pub(super) fn decompressed(file: &mut File, format: Format) -> io::Result<Box<dyn Read + '_>> {
    let file = BufReader::with_capacity(64 * 1024, file);
    Ok(match format {
        Format::Tar | Format::Zip => Box::new(file),
        Format::TarGzip => Box::new(MultiGzDecoder::new(file)),
        Format::TarZstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(file)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
        Format::TarXz => {
            let stream = Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?;
            Box::new(XzDecoder::new_stream(file, stream))
        }
        Format::TarBzip2 => Box::new(MultiBzDecoder::new(file)),
    })
}

/// The first 512 bytes, or fewer if there are no more.
fn first_block(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut block = Vec::with_capacity(512);
    from.take(512).read_to_end(&mut block)?;
    Ok(block)
}
