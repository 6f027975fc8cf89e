//! Whether a signer's certificate is the one that the operator gave, or was issued by it (RFC 5280
//! section 6).

use anyhow::{Result, anyhow, bail};
use handover_schemas::evidence::EvidenceAuthority;
use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, anchor_from_trusted_cert};

use super::algorithm::OF_CERTIFICATES;
use super::certificate::Known;
use super::key_purpose::SignsDocuments;

/// The authority through which a signer is believed; none if it is the certificate that was given.
/// Revocation is not looked at: a detached signature comes without it, and no other machine is asked.
pub(super) fn believed_through(
    signer: &Known,
    sender: &Known,
    others: &[Known],
    at: Timestamp,
) -> Result<Option<EvidenceAuthority>> {
    signer.is_valid_at(at, "the signer's certificate")?;
    signer.may_sign()?;
    signer.is_for_documents("the signer's certificate")?;
    if signer.der == sender.der {
        return Ok(None);
    }
    if sender.may_issue().is_err() {
        bail!(
            "it was signed with another certificate than the one that was given as the sender's: \
             {} (SHA-256 {}), not {} (SHA-256 {}), which is no authority's",
            signer.subject(),
            signer.fingerprint(),
            sender.subject(),
            sender.fingerprint()
        );
    }
    sender.is_valid_at(at, "the certificate of the authority")?;
    // Of an authority that is believed, webpki takes the name and the key alone.
    sender.is_for_documents("the authority's certificate")?;
    issued_by(signer, sender, others, at)?;
    Ok(Some(EvidenceAuthority { subject: sender.subject(), fingerprint: sender.fingerprint() }))
}

/// Refuses a certificate from which no path leads to the authority.
fn issued_by(signer: &Known, authority: &Known, others: &[Known], at: Timestamp) -> Result<()> {
    let no_path = |error: Error| {
        anyhow!(
            "the signer's certificate {} (SHA-256 {}) was not issued by {} (SHA-256 {}): {}",
            signer.subject(),
            signer.fingerprint(),
            authority.subject(),
            authority.fingerprint(),
            reason(&error)
        )
    };
    let anchor = CertificateDer::from(authority.der.as_slice());
    let anchors = [anchor_from_trusted_cert(&anchor).map_err(no_path)?];
    // What may not issue is on no path.
    let between = others.iter().filter(|one| one.may_issue().is_ok());
    let between: Vec<CertificateDer<'_>> =
        between.map(|one| CertificateDer::from(one.der.as_slice())).collect();
    let leaf = CertificateDer::from(signer.der.as_slice());
    let leaf = EndEntityCert::try_from(&leaf).map_err(no_path)?;
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let path = leaf
        .verify_for_usage(&OF_CERTIFICATES, &anchors, &between, time, SignsDocuments, None, None)
        .map_err(no_path)?;
    let length = path.intermediate_certificates().count();
    match authority.path_length()? {
        Some(most) if length > usize::from(most) => bail!(
            "{length} authorities stand between the signer's certificate and {}, whose \
             pathLenConstraint is {most}",
            authority.subject()
        ),
        _ => Ok(()),
    }
}

/// What is wrong with a path, in words.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::UnknownIssuer => "no path of certificates leads there".to_owned(),
        Error::CaUsedAsEndEntity => "it is itself an authority's".to_owned(),
        Error::CertExpired { .. } => "a certificate between them has expired".to_owned(),
        Error::CertNotValidYet { .. } => "a certificate between them is not valid yet".to_owned(),
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            "its extended key usage names other purposes, and not the signing of documents or e-mail"
                .to_owned()
        }
        Error::InvalidSignatureForPublicKey => "the signature on it does not hold".to_owned(),
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            "the signature on a certificate is by an algorithm that is not believed, such as SHA-1"
                .to_owned()
        }
        other => format!("{other}"),
    }
}
