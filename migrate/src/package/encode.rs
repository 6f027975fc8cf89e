//! A payload file on its way to the disk: compressed (zstd), encrypted (age), hashed.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use handover_cli_kit::private_file;
use handover_schemas::digest::{Digest, hex};
use handover_schemas::package::manifest::Encoding;
use sha2::{Digest as _, Sha256, Sha512};
use zstd::zstd_safe::CParameter;

/// zstd's own default; its window is 2 MiB.
const ZSTD_LEVEL: i32 = 3;

/// Of chunks of rows: they become no smaller at 3, which takes twice the time.
const ZSTD_LEVEL_OF_ROWS: i32 = 1;

/// Public keys to which a package is encrypted.
#[derive(Clone, Default)]
pub struct Recipients(Vec<age::x25519::Recipient>);

impl Recipients {
    /// Reads `age1…` keys.
    pub fn parse(keys: &[String]) -> Result<Self> {
        // The text is not repeated: people mix up recipients and secret keys.
        let keys = (1..).zip(keys).map(|(number, key)| {
            key.parse().map_err(|_reason: &str| {
                anyhow!(
                    "recipient {number} of handover.toml is not an age recipient: it begins with \
                     age1, and age-keygen prints it (never write a secret key there)"
                )
            })
        });
        Ok(Self(keys.collect::<Result<_>>()?))
    }
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDigests {
    /// Bytes as they are stored.
    pub bytes: u64,
    /// SHA-256 of the stored bytes.
    pub sha256: Digest,
    /// SHA-512 of the stored bytes in hexadecimal digits, if asked for.
    pub sha512: Option<String>,
}

/// A file that is being written.
pub struct Encoder(Layers);

enum Layers {
    Plain(Hashed),
    Zstd(zstd::Encoder<'static, Hashed>),
    Age(age::stream::StreamWriter<Hashed>),
    ZstdAge(zstd::Encoder<'static, age::stream::StreamWriter<Hashed>>),
}

impl Encoder {
    /// Creates the file, 0600, or writes an abandoned one anew.
    pub fn create(
        path: &Path,
        encoding: &Encoding,
        recipients: &Recipients,
        sha512: bool,
    ) -> io::Result<Self> {
        let file = private_file::anew(path)?;
        let hashed = Hashed {
            file,
            bytes: 0,
            sha256: Sha256::new(),
            sha512: sha512.then(Sha512::new),
            ends_in_hole: false,
        };
        Ok(Self(match (encoding.zstd, encoding.is_encrypted()) {
            (false, false) => Layers::Plain(hashed),
            (true, false) => Layers::Zstd(compressing(hashed)?),
            (false, true) => Layers::Age(encrypting(hashed, recipients)?),
            (true, true) => Layers::ZstdAge(compressing(encrypting(hashed, recipients)?)?),
        }))
    }

    /// Says before the first byte that so many come, and that they are rows: compressing takes less
    /// memory then and less time, and they become as small.
    pub fn expect_rows(&mut self, bytes: u64) -> io::Result<()> {
        match &mut self.0 {
            Layers::Plain(_) | Layers::Age(_) => Ok(()),
            Layers::Zstd(encoder) => expect_rows(encoder, bytes),
            Layers::ZstdAge(encoder) => expect_rows(encoder, bytes),
        }
    }

    /// Takes the next bytes. `zeros`: they are known to be zeros of a file with holes.
    pub fn write(&mut self, block: &[u8], zeros: bool) -> io::Result<()> {
        match &mut self.0 {
            Layers::Plain(hashed) if zeros => hashed.leave_hole(block),
            Layers::Plain(hashed) => hashed.write_all(block),
            Layers::Zstd(encoder) => encoder.write_all(block),
            Layers::Age(writer) => writer.write_all(block),
            Layers::ZstdAge(encoder) => encoder.write_all(block),
        }
    }

    /// Writes what is left. Not synced: that is done once, for the whole package.
    pub fn finish(self) -> io::Result<StoredDigests> {
        let hashed = match self.0 {
            Layers::Plain(hashed) => hashed,
            Layers::Zstd(encoder) => encoder.finish()?,
            Layers::Age(writer) => writer.finish()?,
            Layers::ZstdAge(encoder) => encoder.finish()?.finish()?,
        };
        hashed.finish()
    }
}

fn compressing<W: Write>(writer: W) -> io::Result<zstd::Encoder<'static, W>> {
    let mut encoder = zstd::Encoder::new(writer, ZSTD_LEVEL)?;
    encoder.include_checksum(true)?;
    Ok(encoder)
}

fn expect_rows<W: Write>(encoder: &mut zstd::Encoder<'static, W>, bytes: u64) -> io::Result<()> {
    encoder.set_parameter(CParameter::CompressionLevel(ZSTD_LEVEL_OF_ROWS))?;
    encoder.set_pledged_src_size(Some(bytes))
}

fn encrypting<W: Write>(
    writer: W,
    recipients: &Recipients,
) -> io::Result<age::stream::StreamWriter<W>> {
    let keys = recipients.0.iter().map(|key| -> &dyn age::Recipient { key });
    let encryptor = age::Encryptor::with_recipients(keys)
        .map_err(|error| io::Error::other(error.to_string()))?;
    encryptor.wrap_output(writer)
}

/// The file itself; everything that goes into it is hashed.
struct Hashed {
    file: File,
    bytes: u64,
    sha256: Sha256,
    sha512: Option<Sha512>,
    ends_in_hole: bool,
}

impl Hashed {
    fn hash(&mut self, block: &[u8]) {
        self.sha256.update(block);
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(block);
        }
        self.bytes += block.len() as u64;
    }

    /// Zeros that take no room.
    fn leave_hole(&mut self, zeros: &[u8]) -> io::Result<()> {
        let length = i64::try_from(zeros.len()).map_err(io::Error::other)?;
        self.file.seek(SeekFrom::Current(length))?;
        self.hash(zeros);
        self.ends_in_hole = true;
        Ok(())
    }

    fn finish(self) -> io::Result<StoredDigests> {
        if self.ends_in_hole {
            self.file.set_len(self.bytes)?;
        }
        Ok(StoredDigests {
            bytes: self.bytes,
            sha256: Digest::from_bytes(self.sha256.finalize().into()),
            sha512: self.sha512.map(|sha512| hex(&sha512.finalize())),
        })
    }
}

impl Write for Hashed {
    fn write(&mut self, block: &[u8]) -> io::Result<usize> {
        let written = self.file.write(block)?;
        self.hash(block.get(..written).unwrap_or_default());
        self.ends_in_hole = false;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a whole small file of the bag, and says its digest.
pub(super) fn write_tag_file(path: &Path, text: &[u8]) -> Result<Digest> {
    let place = || format!("cannot write {}", path.display());
    let mut encoder = Encoder::create(path, &Encoding::default(), &Recipients::default(), false)
        .with_context(place)?;
    encoder.write(text, false).with_context(place)?;
    Ok(encoder.finish().with_context(place)?.sha256)
}
