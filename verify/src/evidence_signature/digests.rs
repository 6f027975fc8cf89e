//! Digests of a file by the algorithms that signatures use.

use std::fmt;
use std::io::Read;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::digest::{Digest, hex};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// Bytes read at once.
const BLOCK: usize = 256 * 1024;

/// Digests of one file. The ledger keeps SHA-384 and SHA-512 beside a signature, since it does not
/// keep the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigests {
    /// SHA-256.
    pub sha256: Digest,
    /// SHA-384, as lower-case digits.
    pub sha384: String,
    /// SHA-512, as lower-case digits.
    pub sha512: String,
}

/// A digest algorithm (RFC 5754 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

impl FileDigests {
    /// Reads a file to its end.
    pub fn read(mut file: impl Read, interrupt: &Interrupt) -> Result<Self> {
        let (mut sha256, mut sha384, mut sha512) = (Sha256::new(), Sha384::new(), Sha512::new());
        let mut block = vec![0; BLOCK];
        loop {
            interrupt.check()?;
            let read = file.read(&mut block).context("cannot read it")?;
            let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else { break };
            sha256.update(part);
            sha384.update(part);
            sha512.update(part);
        }
        Ok(Self {
            sha256: Digest::from_bytes(sha256.finalize().into()),
            sha384: hex(&sha384.finalize()),
            sha512: hex(&sha512.finalize()),
        })
    }

    /// Whether this is the file's digest by an algorithm.
    pub(super) fn is(&self, algorithm: Algorithm, digest: &[u8]) -> bool {
        let digest = hex(digest);
        match algorithm {
            Algorithm::Sha256 => digest == self.sha256.to_string(),
            Algorithm::Sha384 => digest == self.sha384,
            Algorithm::Sha512 => digest == self.sha512,
        }
    }
}
