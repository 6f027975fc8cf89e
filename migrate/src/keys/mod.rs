//! Keys: making them, opening them, signing with them.
//!
//! [`Signer`] is the one way to a signature. A key in a file is one; a key in a token that never
//! leaves it is another.

mod archive;
mod file_key;
mod new_file;
mod sign;

use anyhow::Result;
use handover_schemas::signing::public_key::PublicKey;

pub use archive::make_archive_key;
pub use file_key::{FileKey, make_signing_key};
pub use sign::{sign_checkpoint, sign_envelope};

/// Something that signs with an Ed25519 key (RFC 8032).
pub trait Signer {
    /// The key that verifies what it signs: 32 bytes.
    fn public_key(&self) -> [u8; 32];

    /// The signature over a message. An error if the key cannot be used now.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64]>;

    /// The same key, as files write it.
    fn key(&self) -> PublicKey {
        PublicKey::from_bytes(self.public_key())
    }
}
