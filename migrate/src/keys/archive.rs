//! Keys that open archives: age identities (c2sp.org/age), in a file that is itself encrypted with a
//! passphrase, as `age-keygen | age -p` makes it.

use std::io::Write;
use std::path::Path;

use age::secrecy::{ExposeSecret, SecretString};
use anyhow::{Context, Result};
use handover_cli_kit::passphrase::PassphraseSource;

use super::new_file::{refuse_existing, write_new};

/// scrypt's cost: 64 MiB of memory and a quarter of a second, each time the key is used. `age -p`
/// takes four times as much; the passphrase has at least twelve characters, and `find` is to be
/// quick on small machines.
const WORK_FACTOR: u8 = 16;

/// Makes a key and writes it, encrypted, into a new file; gives the recipient (`age1…`) to whom
/// archives are then encrypted.
pub fn make_archive_key(path: &Path, passphrase: &PassphraseSource) -> Result<String> {
    refuse_existing(path)?;
    let passphrase = passphrase.read_new(&path.display().to_string())?;
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public().to_string();
    let secret = identity.to_string();
    let text =
        SecretString::from(format!("# public key: {recipient}\n{}\n", secret.expose_secret()));
    let encrypted =
        encrypted(text.expose_secret(), passphrase).context("cannot encrypt the key")?;
    write_new(path, &encrypted)?;
    Ok(recipient)
}

fn encrypted(text: &str, passphrase: SecretString) -> Result<Vec<u8>> {
    let mut to_passphrase = age::scrypt::Recipient::new(passphrase);
    to_passphrase.set_work_factor(WORK_FACTOR);
    let recipients: [&dyn age::Recipient; 1] = [&to_passphrase];
    let encryptor = age::Encryptor::with_recipients(recipients.into_iter())?;
    let mut out = Vec::new();
    let mut writer = encryptor.wrap_output(&mut out)?;
    writer.write_all(text.as_bytes())?;
    writer.finish()?;
    Ok(out)
}
