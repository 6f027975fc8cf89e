//! Secret keys that open encrypted packages: age identity files, plain or encrypted with a
//! passphrase.

use std::io::Read;
use std::path::Path;

use age::armor::ArmoredReader;
use age::secrecy::{ExposeSecret, SecretString};
use anyhow::{Context, Result, anyhow, bail};
use handover_cli_kit::output::tell;
use handover_cli_kit::passphrase::PassphraseSource;
use handover_cli_kit::secret_file;

/// Longest key file that is read: thousands of keys.
const FILE_MAX: u64 = 1 << 20;

/// The most that a file may ask of scrypt, as `age` has it: 4 GiB of memory.
const WORK_FACTOR_MAX: u8 = 22;

/// What encrypted files begin with: as they are, and in armour.
const ENCRYPTED: [&[u8]; 2] = [b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----"];

/// Secret keys that open encrypted packages.
#[derive(Clone, Default)]
pub struct Identities(Vec<age::x25519::Identity>);

impl Identities {
    /// Reads age identity files (`age-keygen` writes them). One that is encrypted is refused: there
    /// is no passphrase.
    pub fn read(files: &[impl AsRef<Path>]) -> Result<Self> {
        Self::read_with(files, None)
    }

    /// Reads age identity files, encrypted ones (`age-keygen | age -p` or `handover-migrate keygen
    /// archive` writes them) too. The passphrase is asked for only if one of them is encrypted; it
    /// is the same for all of them, unless it is typed.
    pub fn open(files: &[impl AsRef<Path>], passphrase: &PassphraseSource) -> Result<Self> {
        Self::read_with(files, Some(passphrase))
    }

    fn read_with(
        files: &[impl AsRef<Path>],
        passphrase: Option<&PassphraseSource>,
    ) -> Result<Self> {
        let mut identities = Vec::new();
        for file in files {
            let file = file.as_ref();
            let content = secret_file::read(file, "key file", FILE_MAX)?;
            let text = if ENCRYPTED.iter().any(|begin| content.starts_with(begin)) {
                decrypted(&content, file, passphrase)
                    .with_context(|| format!("the key file {}", file.display()))?
            } else {
                let text = String::from_utf8(content).map_err(|_not_text| {
                    anyhow!("{}: it is not a file with age identities", file.display())
                })?;
                SecretString::from(text)
            };
            read_lines(text.expose_secret(), file, &mut identities)?;
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

    /// The keys, for age.
    pub(super) fn keys(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.0.iter().map(|identity| -> &dyn age::Identity { identity })
    }
}

fn decrypted(
    content: &[u8],
    path: &Path,
    passphrase: Option<&PassphraseSource>,
) -> Result<SecretString> {
    let damaged = |error: age::DecryptError| anyhow!("it is not a sound age file ({error})");
    let decryptor = age::Decryptor::new_buffered(ArmoredReader::new(content)).map_err(damaged)?;
    if !decryptor.is_scrypt() {
        bail!("it is encrypted to a key; a key file is encrypted with a passphrase, or not at all");
    }
    let Some(passphrase) = passphrase else {
        bail!("it is encrypted with a passphrase, and there is none here");
    };
    let mut identity = age::scrypt::Identity::new(passphrase.read(&path.display().to_string())?);
    identity.set_max_work_factor(WORK_FACTOR_MAX);
    let keys = std::iter::once(&identity as &dyn age::Identity);
    let reader = decryptor.decrypt(keys).map_err(|error| match error {
        age::DecryptError::DecryptionFailed
        | age::DecryptError::KeyDecryptionFailed
        | age::DecryptError::NoMatchingKeys => anyhow!("the passphrase does not open it"),
        other => damaged(other),
    })?;
    let mut text = String::new();
    reader.take(FILE_MAX).read_to_string(&mut text).context("it is not a sound age file")?;
    Ok(SecretString::from(text))
}

/// Identities of sorts that are not supported are passed over, and named: the others in the file
/// open what they opened before.
fn read_lines(text: &str, file: &Path, found: &mut Vec<age::x25519::Identity>) -> Result<()> {
    let before = found.len();
    let mut passed_over = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(sort) = unsupported(line) {
            passed_over.push(format!("line {number} is {sort}, which is not supported"));
            continue;
        }
        // The parser's error does not repeat the line, and neither do we.
        let identity = line.parse().map_err(|_reason: &str| {
            anyhow!("{}: line {number} is not an age identity (AGE-SECRET-KEY-1…)", file.display())
        })?;
        found.push(identity);
    }
    if found.len() == before {
        passed_over.push("there is no age identity in it (AGE-SECRET-KEY-1…)".to_owned());
        bail!("{}: {}", file.display(), passed_over.join("; "));
    }
    for line in passed_over {
        tell(&format!("{}: {line}; it is passed over", file.display()));
    }
    Ok(())
}

/// What sort of identity a line is, if it is one that `age` knows and we do not: its prefix tells
/// (c2sp.org/age; age's doc/pq.md and c2sp.org/age-plugin).
fn unsupported(line: &str) -> Option<&'static str> {
    if line.starts_with("AGE-SECRET-KEY-PQ-1") {
        return Some("a post-quantum identity (AGE-SECRET-KEY-PQ-1…, age 1.3)");
    }
    line.starts_with("AGE-PLUGIN-").then_some("an identity of an age plugin (AGE-PLUGIN-NAME-1…)")
}
