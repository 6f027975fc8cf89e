//! Signing keys in files: PKCS#8, encrypted (RFC 5958, RFC 8018), in PEM (RFC 7468), as `openssl`
//! writes and reads them.

use std::path::Path;

use age::secrecy::ExposeSecret;
use anyhow::{Context, Result, anyhow, bail};
use ed25519_dalek::pkcs8::KeypairBytes;
use ed25519_dalek::{Signer as _, SigningKey};
use handover_cli_kit::passphrase::PassphraseSource;
use handover_cli_kit::secret_file;
use handover_cli_kit::shell::quote;
use handover_schemas::signing::public_key::PublicKey;
use pkcs8::pkcs5::{pbes2, scrypt};
use pkcs8::{
    DecodePrivateKey, EncodePrivateKey, EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef,
    SecretDocument,
};

use super::Signer;
use super::new_file::{refuse_existing, write_new};
use crate::random::random;

/// What a file with an encrypted key begins with.
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";

/// Longest file that can be one with a key.
const FILE_MAX: u64 = 64 * 1024;

/// scrypt's cost: 2^14 is the most that `openssl` gives memory for (it refuses more than 32 MiB);
/// five times over it costs an attacker as much as 2^17 once.
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 5;

/// A signing key from a file, opened.
pub struct FileKey(SigningKey);

impl FileKey {
    /// Opens a key file, as [`make_signing_key`] makes it or `openssl genpkey -algorithm ed25519
    /// -aes256`. A key that is not encrypted is refused.
    pub fn open(path: &Path, passphrase: &PassphraseSource) -> Result<Self> {
        let place = || format!("the key file {}", path.display());
        let text = secret_file::read_text(path, "key file", FILE_MAX)?;
        Self::decrypted(text.expose_secret(), path, passphrase).with_context(place)
    }

    fn decrypted(text: &str, path: &Path, passphrase: &PassphraseSource) -> Result<Self> {
        if text.contains("-----BEGIN PRIVATE KEY-----") {
            let file = quote(&path.display().to_string());
            bail!(
                "the key is not encrypted, so whoever reads the file can sign. Encrypt it with: \
                 openssl pkcs8 -topk8 -scrypt -in {file} -out NEW.pem, and delete the old file"
            );
        }
        // The parser's error does not repeat the file.
        let (label, document) = SecretDocument::from_pem(text.trim()).map_err(|error| {
            anyhow!("it is not PEM of an encrypted key (BEGIN {ENCRYPTED}): {error}")
        })?;
        if label != ENCRYPTED {
            bail!("it holds another thing than an encrypted key (BEGIN {ENCRYPTED})");
        }
        let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
            .map_err(|error| anyhow!("it is damaged: {error}"))?;
        let passphrase = passphrase.read(&path.display().to_string())?;
        let opened = encrypted.decrypt(passphrase.expose_secret()).map_err(|error| {
            anyhow!("the passphrase does not open it, or it is damaged ({error})")
        })?;
        let key = SigningKey::from_pkcs8_der(opened.as_bytes()).map_err(|_reason| {
            anyhow!(
                "the passphrase does not open it, or it is no Ed25519 key; handover-migrate keygen \
                 signing makes one"
            )
        })?;
        Ok(Self(key))
    }
}

impl Signer for FileKey {
    fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64]> {
        Ok(self.0.sign(message).to_bytes())
    }
}

/// Makes a key and writes it, encrypted, into a new file; gives the key that verifies.
pub fn make_signing_key(path: &Path, passphrase: &PassphraseSource) -> Result<PublicKey> {
    refuse_existing(path)?;
    let passphrase = passphrase.read_new(&path.display().to_string())?;
    let key = SigningKey::from_bytes(&random()?);
    let text = encrypted(&key, passphrase.expose_secret())
        .map_err(|error| anyhow!("cannot encrypt the key: {error}"))?;
    write_new(path, text.as_ref().as_bytes())?;
    Ok(PublicKey::from_bytes(key.verifying_key().to_bytes()))
}

/// PEM of the key, encrypted with scrypt and AES-256.
fn encrypted(key: &SigningKey, passphrase: &str) -> Result<impl AsRef<str> + use<>> {
    // Without the public key beside it: OpenSSL 3.0 refuses version 2 of PKCS#8.
    let secret_only = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    let document = secret_only.to_pkcs8_der().map_err(|error| anyhow!("{error}"))?;
    let info = PrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|e| anyhow!("{e}"))?;
    let cost = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P)?;
    let scheme = pbes2::Parameters::generate_scrypt_aes256cbc(cost, &random::<16>()?, random()?)
        .map_err(|error| anyhow!("{error}"))?;
    let encrypted =
        info.encrypt_with_params(scheme, passphrase).map_err(|error| anyhow!("{error}"))?;
    encrypted.to_pem(ENCRYPTED, LineEnding::LF).map_err(|error| anyhow!("{error}"))
}
