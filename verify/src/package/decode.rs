//! What was stored, as it was delivered: decrypted (age), then decompressed (zstd).
//!
//! Both are read within bounds: an age header has a limit, a zstd window too, and nobody reads on
//! past the size that the package states.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_schemas::package::manifest::Encoding;

/// Bytes read at once.
pub const BLOCK_BYTES: usize = 256 * 1024;

/// Longest age header: hundreds of recipients.
const AGE_HEADER_MAX: usize = 64 * 1024;

/// Largest zstd window, 8 MiB: what a package needs at most, whatever a frame asks for.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// Secret keys that open encrypted packages.
#[derive(Clone, Default)]
pub struct Identities(Vec<age::x25519::Identity>);

impl Identities {
    /// Reads age identity files (`age-keygen` writes them).
    pub fn read(files: &[impl AsRef<Path>]) -> Result<Self> {
        let mut identities = Vec::new();
        for file in files {
            let file = file.as_ref();
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the key file {}", file.display()))?;
            let before = identities.len();
            for (number, line) in (1..).zip(text.lines()) {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                // The parser's error does not repeat the line, and neither do we.
                let identity = line.parse().map_err(|_reason: &str| {
                    anyhow::anyhow!(
                        "{}: line {number} is not an age identity (AGE-SECRET-KEY-1…)",
                        file.display()
                    )
                })?;
                identities.push(identity);
            }
            if identities.len() == before {
                bail!("{}: there is no age identity in it", file.display());
            }
        }
        Ok(Self(identities))
    }

    /// Whether one of the keys is this recipient's.
    pub fn opens_for(&self, recipient: &str) -> bool {
        self.0.iter().any(|identity| identity.to_public().to_string() == recipient)
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

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
    let keys = identities.0.iter().map(|identity| -> &dyn age::Identity { identity });
    decryptor.decrypt(keys).map_err(age_error)
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
