//! What is compressed with gzip, zstd, xz or bzip2: read frame by frame, so that it is known what is
//! behind the last one. The decoders that read several frames call a file damaged to which
//! something was added.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{Error as XzError, Stream};
use zstd::stream::read::Decoder as ZstdDecoder;

use super::budget::{Budget, Each, NotRead, Stop, not_looked_into};
use super::format::{Format, compressed_formats};
use super::tar;

/// Window of zstd that is read: 128 MiB, what `zstd` itself reads without being asked to.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Memory for xz; its largest preset needs 65 MiB.
const XZ_MEMORY: u64 = 256 << 20;

/// Bytes that tell what a frame is; those of a zstd frame tell its window, too.
const START: u64 = 18;

type Source<'a> = BufReader<&'a mut File>;

/// Reads the file to its end: as a tar archive, or as something of which only the contents are told.
pub(super) fn list(
    file: &mut File,
    format: Format,
    is_tar: bool,
    budget: &mut Budget<'_>,
    each: Each<'_>,
) -> Result<(), Stop> {
    let mut stream = Decompressed::new(file, format)?;
    if is_tar {
        tar::list(&mut stream, budget, each)?;
    } else {
        budget.file(&mut stream, u64::MAX, b"", each)?;
    }
    match stream.behind {
        0 => Ok(()),
        bytes => {
            not_looked_into(each, format!("{bytes} bytes behind the end of what is compressed"))
        }
    }
}

/// The decompressed bytes of all frames of one file.
pub(super) struct Decompressed<'a> {
    /// The frame that is read; `None` behind the last one.
    frame: Option<Frame<'a>>,
    /// Bytes behind the last frame, from the first that is no zero.
    behind: u64,
}

impl<'a> Decompressed<'a> {
    /// From where the file stands; `format` is what begins there.
    pub(super) fn new(file: &'a mut File, format: Format) -> io::Result<Self> {
        let mut source = BufReader::with_capacity(64 * 1024, file);
        let start = peek(&mut source)?;
        Ok(Self { frame: Some(Frame::new(source, format, &start)?), behind: 0 })
    }

    /// Goes to the next frame, if the next bytes but zeros begin one.
    fn next_frame(&mut self) -> io::Result<()> {
        let Some(frame) = self.frame.take() else { return Ok(()) };
        let format = frame.format();
        let mut source = frame.into_source();
        skip_zeros(&mut source)?;
        let start = peek(&mut source)?;
        if compressed_formats(&start).is_some_and(|(alone, _)| alone == format) {
            self.frame = Some(Frame::new(source, format, &start)?);
            return Ok(());
        }
        let at = source.stream_position()?;
        self.behind = source.get_ref().metadata()?.len().saturating_sub(at);
        Ok(())
    }
}

impl Read for Decompressed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(frame) = &mut self.frame {
            let count = frame.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            self.next_frame()?;
        }
        Ok(0)
    }
}

/// One frame: a gzip member, a zstd frame, an xz or bzip2 stream.
enum Frame<'a> {
    Gzip(GzDecoder<Source<'a>>),
    Zstd(ZstdDecoder<'static, Source<'a>>),
    Xz(XzDecoder<Source<'a>>),
    Bzip2(BzDecoder<Source<'a>>),
}

impl<'a> Frame<'a> {
    fn new(source: Source<'a>, format: Format, start: &[u8]) -> io::Result<Self> {
        Ok(match format {
            Format::Zstd | Format::TarZstd => {
                if let Some(needs) = zstd_needs(start) {
                    return Err(io::Error::other(NotRead(needs)));
                }
                let mut decoder = ZstdDecoder::with_buffer(source)?.single_frame();
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Self::Zstd(decoder)
            }
            Format::Xz | Format::TarXz => {
                Self::Xz(XzDecoder::new_stream(source, Stream::new_stream_decoder(XZ_MEMORY, 0)?))
            }
            Format::Bzip2 | Format::TarBzip2 => Self::Bzip2(BzDecoder::new(source)),
            _ => Self::Gzip(GzDecoder::new(source)),
        })
    }

    fn format(&self) -> Format {
        match self {
            Self::Gzip(_) => Format::Gzip,
            Self::Zstd(_) => Format::Zstd,
            Self::Xz(_) => Format::Xz,
            Self::Bzip2(_) => Format::Bzip2,
        }
    }

    fn into_source(self) -> Source<'a> {
        match self {
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
            Self::Xz(decoder) => decoder.into_inner(),
            Self::Bzip2(decoder) => decoder.into_inner(),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
            Self::Xz(decoder) => decoder.read(buffer).map_err(of_memory),
            Self::Bzip2(decoder) => decoder.read(buffer),
        }
    }
}

/// Too little memory says nothing against the file.
fn of_memory(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<XzError>());
    if matches!(inner, Some(XzError::MemLimit)) {
        return io::Error::other(NotRead(
            "unpacking it takes more than 256 MiB; test it with xz -t",
        ));
    }
    error
}

/// What a zstd frame needs that is not given (RFC 8878, section 3.1.1.1).
fn zstd_needs(start: &[u8]) -> Option<&'static str> {
    if is_skippable(start) {
        return None;
    }
    let descriptor = *start.get(4)?;
    if descriptor & 3 != 0 {
        return Some("unpacking it takes a dictionary, which is not in it; ask for that, too");
    }
    let window = if descriptor & 0x20 == 0 {
        let byte = *start.get(5)?;
        let base = 1_u64 << (10 + (byte >> 3));
        base + base / 8 * u64::from(byte & 7)
    } else {
        // A single segment: the window is the whole content.
        let mut size = [0; 8];
        let len = [1, 2, 4, 8].get(usize::from(descriptor >> 6)).copied().unwrap_or(8);
        size.get_mut(..len)?.copy_from_slice(start.get(5..5 + len)?);
        u64::from_le_bytes(size)
    };
    (window > 1 << ZSTD_WINDOW_LOG)
        .then_some("unpacking it takes more than 128 MiB; test it with zstd -t --long=31")
}

/// A frame that holds nothing (RFC 8878, section 3.1.2).
pub(super) fn is_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// The next bytes, which stay to be read.
fn peek(source: &mut Source<'_>) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    source.by_ref().take(START).read_to_end(&mut start)?;
    source.seek_relative(-(start.len().cast_signed() as i64))?;
    Ok(start)
}

fn skip_zeros(source: &mut Source<'_>) -> io::Result<()> {
    loop {
        let block = source.fill_buf()?;
        let zeros = block.iter().take_while(|byte| **byte == 0).count();
        let goes_on = zeros > 0 && zeros == block.len();
        source.consume(zeros);
        if !goes_on {
            return Ok(());
        }
    }
}
