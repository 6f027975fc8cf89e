//! Signatures over evidence files: who signed, and as of when that was judged. FORMAT.md section 35.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// What a signature over an evidence file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignatureFormat {
    /// CMS SignedData (RFC 5652) without the content.
    Cms,
    /// An in-toto statement in a DSSE envelope.
    Dsse,
}

impl fmt::Display for SignatureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cms => "CMS",
            Self::Dsse => "DSSE",
        })
    }
}

/// A signature over an evidence file, every signer of which was found to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EvidenceSignature {
    /// What it is.
    pub format: SignatureFormat,
    /// SHA-256 of its bytes, as the ledger keeps them: of CMS those of the DER.
    pub sha256: Digest,
    /// What the statement says that it states (`predicateType`), of a DSSE signature: that the file is
    /// vouched for is for people to judge by it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub predicate_type: Option<String>,
    /// The moment as of which certificates and keys were judged: `YYYY-MM-DDTHH:MM:SSZ`.
    pub checked_on: String,
    /// Who signed; at least one.
    pub signers: Vec<EvidenceSigner>,
}

/// One who signed an evidence file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct EvidenceSigner {
    /// The certificate's subject as a string (RFC 4514); of a DSSE signature name and organisation
    /// from the trust file.
    pub subject: String,
    /// SHA-256 of the certificate (DER); of a DSSE signature that of the key (SubjectPublicKeyInfo).
    pub fingerprint: Digest,
    /// The authority whose certificate the operator gave and that issued the signer's; absent if the
    /// operator gave the signer's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authority: Option<EvidenceAuthority>,
    /// When it was signed, as the signer says (`signingTime`, RFC 5652 section 11.3). Nobody else
    /// attests it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_on: Option<String>,
    /// The first moment at which the certificate is valid, or the first day on which the key counts.
    pub valid_from: String,
    /// The last one.
    pub valid_until: String,
}

/// An authority that issued a signer's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceAuthority {
    /// Its certificate's subject as a string (RFC 4514).
    pub subject: String,
    /// SHA-256 of its certificate (DER).
    pub fingerprint: Digest,
}

impl EvidenceSignature {
    /// Who signed, each on a line of its own, in words of either language but for the labels.
    pub fn lines(&self) -> Vec<String> {
        let states = self.predicate_type.as_ref();
        let states = states.map(|kind| format!(", predicateType {kind}")).unwrap_or_default();
        self.signers.iter().map(|signer| format!("{} {signer}{states}", self.format)).collect()
    }
}

impl fmt::Display for EvidenceSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SHA-256 {})", self.subject, self.fingerprint)?;
        if let Some(authority) = &self.authority {
            write!(f, " ← {} (SHA-256 {})", authority.subject, authority.fingerprint)?;
        }
        Ok(())
    }
}
