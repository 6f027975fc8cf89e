//! Reading `trust.toml`: whom to believe.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use ed25519_dalek::{Signature, VerifyingKey};
use handover_schemas::attestation::StatedKey;
use handover_schemas::date::Date;
use handover_schemas::digest::Digest;
use handover_schemas::signing::public_key::PublicKey;
use handover_schemas::signing::trust::{Role, TrustFile, TrustedKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config_file::explanation;

/// The keys that are trusted.
#[derive(Clone, Debug)]
pub struct Trust {
    keys: Vec<Key>,
}

/// A trusted key that can verify.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) entry: TrustedKey,
    pub(super) keyid: Digest,
    verifying: VerifyingKey,
}

/// Somebody whose signature holds, with one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signatory {
    /// The human being.
    pub person: String,
    /// The person's name.
    pub name: String,
    /// For whom the person acts.
    pub organisation: String,
    /// What the person may sign as, with this key.
    pub roles: Vec<Role>,
    /// SHA-256 of the key's DER SubjectPublicKeyInfo.
    pub keyid: Digest,
}

impl Trust {
    /// Reads and checks a trust file.
    ///
    /// What is signed must not bring its own keys: a file that lies in the hand-over folder, or is
    /// reached through a link in it, is refused.
    pub fn load(path: &Path, handover: Option<&Path>) -> Result<Self> {
        let place = || format!("the trust file {}", path.display());
        let file =
            std::fs::canonicalize(path).with_context(|| format!("cannot read {}", place()))?;
        if let Some(handover) = handover {
            refuse_inside(path, &file, handover).with_context(place)?;
        }
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", place()))?;
        let parsed: TrustFile = toml::from_str(&text)
            .map_err(|error| anyhow!(explanation(&text, &error)))
            .with_context(place)?;
        Self::new(parsed).with_context(place)
    }

    /// The keys of a trust file, checked.
    pub fn new(file: TrustFile) -> Result<Self> {
        file.check()?;
        let keys = (1..).zip(file.key).map(|(number, entry)| {
            let verifying = verifying_key(&entry.public_key)
                .with_context(|| format!("key {number} (person {:?})", entry.person))?;
            Ok(Key { keyid: entry.public_key.keyid(), entry, verifying })
        });
        Ok(Self { keys: keys.collect::<Result<_>>()? })
    }

    /// The keys.
    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Every key, as an attestation states it.
    pub fn stated_keys(&self) -> Vec<StatedKey> {
        self.keys.iter().map(|key| StatedKey::from(&key.entry)).collect()
    }

    /// First and last day on which a signatory's key counts.
    pub fn validity(&self, signatory: &Signatory) -> Option<(Date, Date)> {
        let key = self.keys.iter().find(|key| key.keyid == signatory.keyid)?;
        Some((key.entry.valid_from, key.entry.valid_until))
    }

    /// Whose key this is, if it is trusted, whatever day it is.
    pub fn owner(&self, key: &PublicKey) -> Option<Signatory> {
        self.keys.iter().find(|known| known.entry.public_key == *key).map(Key::signatory)
    }
}

impl Key {
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .and_then(|signature| self.verifying.verify_strict(message, &signature))
            .is_ok()
    }

    pub(super) fn is_valid_on(&self, day: Date) -> bool {
        self.entry.is_valid_on(day)
    }

    pub(super) fn signatory(&self) -> Signatory {
        Signatory {
            person: self.entry.person.clone(),
            name: self.entry.name.clone(),
            organisation: self.entry.organisation.clone(),
            roles: self.entry.roles.clone(),
            keyid: self.keyid,
        }
    }
}

/// A key that belongs to somebody: one of small order verifies what nobody signed.
fn verifying_key(key: &PublicKey) -> Result<VerifyingKey> {
    match VerifyingKey::from_bytes(key.as_bytes()) {
        Ok(verifying) if !verifying.is_weak() => Ok(verifying),
        _ => bail!("its public_key is 32 bytes, but no Ed25519 key; copy it once more"),
    }
}

/// An error if the file, or the link that leads to it, lies in the folder.
fn refuse_inside(given: &Path, file: &Path, handover: &Path) -> Result<()> {
    // A folder that is not there yet holds nothing.
    let Ok(handover) = std::fs::canonicalize(handover) else { return Ok(()) };
    let parent = given.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent: PathBuf = std::fs::canonicalize(parent.unwrap_or(Path::new(".")))
        .context("cannot tell in which folder it lies")?;
    if file.starts_with(&handover) || parent.starts_with(&handover) {
        bail!(
            "it lies in the hand-over folder {}; what is signed must not bring the keys that it \
             is verified with. Keep it elsewhere, as each party got it from the other",
            handover.display()
        );
    }
    Ok(())
}
