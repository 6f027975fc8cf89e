//! Signatures of outside bodies over evidence files: CMS (RFC 5652) and DSSE.
//!
//! The same code checks a signature when the file is loaded and whenever an auditor looks again: it
//! needs the signature, the certificate that was believed (of DSSE the trust file), the digests of the
//! file and the moment as of which certificates are judged. FORMAT.md section 35.

mod algorithm;
mod attributes;
mod certificate;
mod chain;
mod cms;
mod digests;
mod dsse;
mod ess;
mod format;
mod key_purpose;

use anyhow::{Result, bail};
use handover_schemas::digest::Digest;
use handover_schemas::evidence::{EvidenceSignature, SignatureFormat};
use jiff::Timestamp;

pub use certificate::certificate_of;
pub use digests::FileDigests;
pub use format::{Given, SIGNATURE_MAX};

use crate::signing::Trust;

/// Whose signatures are believed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Believed<'a> {
    /// For CMS: the sender's own certificate, or that of the authority which issued it; DER.
    pub sender: Option<&'a [u8]>,
    /// For DSSE: the keys that are trusted.
    pub trust: Option<&'a Trust>,
}

/// Checks a signature over a file: every signer has to hold, or it is refused.
pub fn check(
    given: &Given,
    file: &FileDigests,
    believed: Believed<'_>,
    moment: Timestamp,
) -> Result<EvidenceSignature> {
    let (predicate_type, signers) = match (given.format, believed) {
        (SignatureFormat::Cms, Believed { sender: Some(sender), .. }) => {
            (None, cms::check(&given.bytes, file, sender, moment)?)
        }
        (SignatureFormat::Dsse, Believed { trust: Some(trust), .. }) => {
            let (predicate_type, signers) = dsse::check(&given.bytes, file, trust, moment)?;
            (Some(predicate_type), signers)
        }
        (SignatureFormat::Cms, _) => bail!(
            "who is believed? A CMS signature needs the sender's certificate, or that of the \
             authority which issued it: --sender CERTIFICATE.pem"
        ),
        (SignatureFormat::Dsse, _) => bail!(
            "who is believed? A DSSE signature needs the trust file, with a key of the role \
             outside_body: --trust FILE"
        ),
    };
    Ok(EvidenceSignature {
        format: given.format,
        sha256: Digest::of(&given.bytes),
        predicate_type,
        checked_on: moment.to_string(),
        signers,
    })
}
