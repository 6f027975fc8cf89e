//! The leaves of an archive, read one after the other: of millions of rows they do not have to fit
//! into memory.

use std::io::{BufRead, BufReader, Read};

use anyhow::{Context, Result, bail};
use handover_schemas::digest::Digest;
use sha2::{Digest as _, Sha256};

/// Bytes read at once.
const BLOCK_BYTES: usize = 256 * 1024;

/// Leaves as they are stored. They are believed once [`finish`](Self::finish) found their digest to
/// be the one of the tag manifest.
pub struct StoredLeaves<R> {
    file: BufReader<R>,
    /// What errors name.
    place: String,
    expected: Digest,
    sha256: Sha256,
}

impl<R: Read> StoredLeaves<R> {
    pub(super) fn new(file: R, place: String, expected: Digest) -> Self {
        let file = BufReader::with_capacity(BLOCK_BYTES, file);
        Self { file, place, expected, sha256: Sha256::new() }
    }

    /// The next leaf; `None` after the last.
    pub fn next_leaf(&mut self) -> Result<Option<Digest>> {
        let place = || format!("cannot read {}", self.place);
        if self.file.fill_buf().with_context(place)?.is_empty() {
            return Ok(None);
        }
        let mut leaf = [0; 32];
        self.file.read_exact(&mut leaf).with_context(place)?;
        self.sha256.update(leaf);
        Ok(Some(Digest::from_bytes(leaf)))
    }

    /// Says whether those that were read are all, and the ones that were sealed.
    pub fn finish(mut self) -> Result<()> {
        if self.next_leaf()?.is_some() {
            bail!("{} has more leaves than the archive has rows", self.place);
        }
        if Digest::from_bytes(self.sha256.finalize().into()) != self.expected {
            bail!("{} is damaged", self.place);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(stored: &[u8], sealed: &[u8]) -> StoredLeaves<std::io::Cursor<Vec<u8>>> {
        let file = std::io::Cursor::new(stored.to_vec());
        StoredLeaves::new(file, "leaves.bin of an archive".to_owned(), Digest::of(sealed))
    }

    #[test]
    fn leaves_come_in_order_and_are_held_against_their_digest() {
        let stored = [[1; 32], [2; 32]].concat();
        let mut found = leaves(&stored, &stored);
        assert_eq!(found.next_leaf().unwrap(), Some(Digest::from_bytes([1; 32])));
        assert_eq!(found.next_leaf().unwrap(), Some(Digest::from_bytes([2; 32])));
        assert_eq!(found.next_leaf().unwrap(), None);
        found.finish().unwrap();
    }

    #[test]
    fn leaves_that_are_cut_changed_or_too_many_are_an_error() {
        let sealed = [[1; 32], [2; 32]].concat();
        let read = |stored: &[u8]| -> Result<()> {
            let mut found = leaves(stored, &sealed);
            for _ in 0..2 {
                found.next_leaf()?.context("missing")?;
            }
            found.finish()
        };
        read(&sealed).unwrap();
        for wrong in [[[1; 32], [3; 32]].concat(), sealed[..40].to_vec(), sealed[..32].to_vec()] {
            assert!(read(&wrong).is_err());
        }
        let error = read(&[sealed.clone(), vec![0; 32]].concat()).unwrap_err();
        assert!(error.to_string().contains("more leaves"), "{error}");
    }
}
