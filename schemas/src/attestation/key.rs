//! Whose keys counted when an attestation was made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::date::Date;
use crate::digest::Digest;
use crate::signing::trust::{Role, TrustedKey};

/// A key of the trust file. A trust file that says something else of it is not the one that the
/// parties had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StatedKey {
    /// SHA-256 of the key's DER SubjectPublicKeyInfo: its fingerprint.
    pub keyid: Digest,
    /// Whose it is.
    pub person: String,
    /// The person's name.
    pub name: String,
    /// For whom the person acts.
    pub organisation: String,
    /// What the person may sign as, with this key.
    pub roles: Vec<Role>,
    /// First day on which it counts.
    #[schemars(with = "String")]
    pub valid_from: Date,
    /// Last day on which it counts.
    #[schemars(with = "String")]
    pub valid_until: Date,
}

impl From<&TrustedKey> for StatedKey {
    fn from(key: &TrustedKey) -> Self {
        Self {
            keyid: key.public_key.keyid(),
            person: key.person.clone(),
            name: key.name.clone(),
            organisation: key.organisation.clone(),
            roles: key.roles.clone(),
            valid_from: key.valid_from,
            valid_until: key.valid_until,
        }
    }
}
