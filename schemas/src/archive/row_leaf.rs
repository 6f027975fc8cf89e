//! Leaves of rows: what an archive commits to, one row at a time.
//!
//! ```text
//! salt = HMAC-SHA-256(salt key, "handover-salt\0" ‖ index of the row, u64 big-endian)
//! leaf = SHA-256(0x00 ‖ salt ‖ canonical line, its LF included)
//! ```
//!
//! The index counts the rows of the whole archive, from 0. A person's row can be guessed (names and
//! numbers have little in them), and its digest with it; the salt cannot. Leaves may therefore be
//! public, and a proof for one row discloses no other. The leaf has the form of RFC 6962 section
//! 2.1, with salt and line as its entry.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::digest::Digest;

/// What tells salts from everything else that might be made with the key.
const SALT_LABEL: &[u8] = b"handover-salt\0";

/// Bytes of a key and of a salt.
const SALT_LEN: usize = 32;

/// The secret from which the salts of all rows of an archive follow. Millions of salts are made from one:
/// HMAC's two key blocks are hashed once, here.
#[derive(Clone)]
pub struct SaltKey(Hmac<Sha256>);

impl SaltKey {
    /// The key with these bytes.
    pub fn new(key: &[u8; SALT_LEN]) -> Self {
        let mut mac = Hmac::new(&block(key));
        mac.update(SALT_LABEL);
        Self(mac)
    }

    /// The salt of a row.
    pub fn salt(&self, row: u64) -> [u8; SALT_LEN] {
        let mut mac = self.0.clone();
        mac.update(&row.to_be_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// A key in the block that HMAC-SHA-256 pads it to with zeros (RFC 2104 section 2).
pub(super) fn block(key: &[u8; SALT_LEN]) -> hmac::digest::Key<Hmac<Sha256>> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (padded, byte) in block.iter_mut().zip(key) {
        *padded = *byte;
    }
    block
}

/// Keys are never shown.
impl fmt::Debug for SaltKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaltKey(…)")
    }
}

/// The leaf of a row, from its salt and its canonical line with the line feed.
pub fn row_leaf(salt: &[u8; SALT_LEN], line: &[u8]) -> Digest {
    Digest::of_parts(&[&[0x00], salt, line])
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [0x0b; 32];

    /// `printf 'handover-salt\0\0\0\0\0\0\0\1\2' | openssl mac -digest SHA256 -macopt
    /// hexkey:0b0b… HMAC`, for row 258.
    #[test]
    fn a_salt_is_what_openssl_makes() {
        let salt = SaltKey::new(&KEY).salt(258);
        assert_eq!(Digest::from_bytes(salt).to_string(), SALT_258);
    }

    const SALT_258: &str = "e4c35cf8abfe03080aa606a066a1f847a1e6fbfa52f48946ba70439968f29af6";

    /// `(printf '\0'; printf SALT | xxd -r -p; printf '1\tAn\n') | sha256sum`
    #[test]
    fn a_leaf_is_what_sha256sum_prints() {
        let salt = SaltKey::new(&KEY).salt(258);
        assert_eq!(row_leaf(&salt, b"1\tAn\n").to_string(), LEAF_258);
        assert_eq!(
            row_leaf(&salt, b"1\tAn\n"),
            crate::merkle::leaf_hash(&[&salt[..], b"1\tAn\n"].concat())
        );
    }

    const LEAF_258: &str = "3a43db810b662224465704571d47704bcb0518c83df5c43b36aaece047d996f9";

    #[test]
    fn each_row_and_each_key_has_its_own_salt() {
        let key = SaltKey::new(&KEY);
        assert_eq!(key.salt(7), key.salt(7));
        assert_ne!(key.salt(7), key.salt(8));
        assert_ne!(key.salt(7), SaltKey::new(&[0x0c; 32]).salt(7));
        assert_eq!(format!("{key:?}"), "SaltKey(…)");
    }
}
