//! What was stored, as it was delivered: decrypted (age), then decompressed (zstd).
//!
//! Both are read within bounds: an age header has a limit, a zstd window too, and nobody reads on
//! past the size that the package states.

use std::io::{self, BufRead, BufReader, Read};

use handover_schemas::package::manifest::Encoding;

use super::identities::Identities;

/// Bytes read at once.
pub const BLOCK_BYTES: usize = 256 * 1024;

/// Longest age header: hundreds of recipients.
const AGE_HEADER_MAX: usize = 64 * 1024;

/// Largest zstd window, 8 MiB: what a package needs at most, whatever a frame asks for.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Why something cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// None of the keys is a recipient's.
    #[error("none of the keys given opens it")]
    WrongKey,
    /// Not an age file, or a broken one.
    #[error("it is not a sound age file")]
    Age,
    /// Anything else, truncation and broken zstd frames included.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A stored file as it was delivered.
pub fn decoded(
    file: impl Read + 'static,
    encoding: &Encoding,
    identities: &Identities,
) -> Result<Box<dyn BufRead>, DecodeError> {
    let stored = BufReader::with_capacity(BLOCK_BYTES, file);
    let compressed: Box<dyn BufRead> = if encoding.is_encrypted() {
        Box::new(BufReader::with_capacity(BLOCK_BYTES, decrypted(stored, identities)?))
    } else {
        Box::new(stored)
    };
    if encoding.zstd {
        Ok(Box::new(BufReader::with_capacity(BLOCK_BYTES, Frame::new(compressed)?)))
    } else {
        Ok(compressed)
    }
}

fn decrypted<R: Read>(
    mut stored: BufReader<R>,
    identities: &Identities,
) -> Result<impl Read + use<R>, DecodeError> {
    // The header ends with a line that begins with three dashes.
    let header = stored.fill_buf()?;
    let header = header.get(..AGE_HEADER_MAX).unwrap_or(header);
    if memchr::memmem::find(header, b"\n--- ").is_none() {
        return Err(DecodeError::Age);
    }
    let decryptor = age::Decryptor::new_buffered(stored).map_err(age_error)?;
    decryptor.decrypt(identities.keys()).map_err(age_error)
}

fn age_error(error: age::DecryptError) -> DecodeError {
    match error {
        age::DecryptError::NoMatchingKeys => DecodeError::WrongKey,
        age::DecryptError::Io(error) => DecodeError::Io(error),
        _other_damage => DecodeError::Age,
    }
}

/// One zstd frame with nothing after it.
struct Frame<R: BufRead> {
    decoder: Option<zstd::Decoder<'static, R>>,
}

impl<R: BufRead> Frame<R> {
    fn new(compressed: R) -> io::Result<Self> {
        let mut decoder = zstd::Decoder::with_buffer(compressed)?.single_frame();
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
        Ok(Self { decoder: Some(decoder) })
    }
}

impl<R: BufRead> Read for Frame<R> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else { return Ok(0) };
        let read = decoder.read(block)?;
        if read > 0 || block.is_empty() {
            return Ok(read);
        }
        let rest = self.decoder.take().map(zstd::Decoder::finish);
        // Reading on to the end also makes age check that it is the end.
        match rest.map(|mut rest| rest.fill_buf().map(<[u8]>::is_empty)).transpose()? {
            Some(false) => Err(io::Error::other("there is something after the zstd frame")),
            Some(true) | None => Ok(0),
        }
    }
}
