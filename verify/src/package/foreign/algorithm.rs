//! Checksums that a bag's manifests may have.

use std::fs::File;
use std::io::{self, Read};

use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::digest::hex;
use md5::Md5;
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::super::BLOCK_BYTES;

/// What a manifest's checksums are of: what RFC 8493 section 2.4 names, and the two other lengths of
/// SHA-2. Bags from before version 1.0 mostly have MD5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    pub(super) const ALL: [Self; 6] =
        [Self::Md5, Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// As file names have it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Hexadecimal digits of a checksum.
    pub(super) fn digits(self) -> usize {
        self.hasher().output_size() * 2
    }

    /// Whether two files can be made that have one checksum: it finds damage and no intent.
    pub(super) fn is_broken(self) -> bool {
        matches!(self, Self::Md5 | Self::Sha1)
    }

    fn hasher(self) -> Box<dyn DynDigest> {
        match self {
            Self::Md5 => Box::<Md5>::default(),
            Self::Sha1 => Box::<Sha1>::default(),
            Self::Sha224 => Box::<Sha224>::default(),
            Self::Sha256 => Box::<Sha256>::default(),
            Self::Sha384 => Box::<Sha384>::default(),
            Self::Sha512 => Box::<Sha512>::default(),
        }
    }

    /// The checksum of a file, in lower-case digits.
    pub(super) fn of(self, mut file: File, interrupt: &Interrupt) -> io::Result<String> {
        let mut hasher = self.hasher();
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let read = file.read(&mut block)?;
            let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else { break };
            hasher.update(part);
            if interrupt.is_raised() {
                return Err(io::Error::other("interrupted"));
            }
        }
        Ok(hex(&hasher.finalize()))
    }
}
