//! Hashing what is read.

use std::io::{self, Read};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

use super::Algorithm;

enum Hasher {
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Sha512),
}

/// Passes bytes on and hashes them.
pub struct HashingReader<R> {
    from: R,
    hasher: Hasher,
}

impl<R: Read> HashingReader<R> {
    /// Hashes with `algorithm` what will be read from `from`.
    pub fn new(algorithm: Algorithm, from: R) -> Self {
        let hasher = match algorithm {
            Algorithm::Md5 => Hasher::Md5(Md5::new()),
            Algorithm::Sha1 => Hasher::Sha1(Sha1::new()),
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
        };
        Self { from, hasher }
    }

    /// The checksum of all that was read.
    pub fn finish(self) -> Vec<u8> {
        match self.hasher {
            Hasher::Md5(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha1(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha256(hasher) => hasher.finalize().to_vec(),
            Hasher::Sha512(hasher) => hasher.finalize().to_vec(),
        }
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        let read = buffer.get(..count).unwrap_or_default();
        match &mut self.hasher {
            Hasher::Md5(hasher) => hasher.update(read),
            Hasher::Sha1(hasher) => hasher.update(read),
            Hasher::Sha256(hasher) => hasher.update(read),
            Hasher::Sha512(hasher) => hasher.update(read),
        }
        Ok(count)
    }
}
