//! CMS SignedData without the content (RFC 5652 section 5).

use anyhow::{Context, Result, bail};
use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use handover_schemas::evidence::EvidenceSigner;
use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::CertificateDer;
use webpki::{EndEntityCert, Error};
use x509_cert::der::Decode;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use super::certificate::Known;
use super::digests::FileDigests;
use super::ess::CertificateDigest;
use super::{algorithm, attributes, chain};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// Most signers and certificates of one signature that are read.
const SIGNERS_MAX: usize = 16;
const CERTIFICATES_MAX: usize = 64;

/// How far a signer's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// Who signed a file; each signer has to hold.
pub(super) fn check(
    der: &[u8],
    file: &FileDigests,
    sender: &[u8],
    at: Timestamp,
) -> Result<Vec<EvidenceSigner>> {
    let signed = signed_data(der)?;
    let sender = Known::read(sender.to_vec()).context("the sender's certificate")?;
    let certificates = certificates(&signed)?;
    let signers = &signed.signer_infos.0;
    if signers.is_empty() {
        bail!("it has certificates only, and nobody's signature");
    }
    if signers.len() > SIGNERS_MAX {
        bail!("it has more than {SIGNERS_MAX} signers");
    }
    let several = signers.len() > 1;
    (1..)
        .zip(signers.iter())
        .map(|(number, info)| {
            let signer = Signer { info, sender: &sender, certificates: &certificates };
            let held = signer.check(file, at);
            if several { held.with_context(|| format!("signer {number}")) } else { held }
        })
        .collect()
}

fn signed_data(der: &[u8]) -> Result<SignedData> {
    let content = ContentInfo::from_der(der).context("it is not CMS in DER, or is damaged")?;
    if content.content_type != SIGNED_DATA {
        bail!("it is CMS of another type ({}) than SignedData", content.content_type);
    }
    let signed: SignedData = content.content.decode_as().context("its SignedData is damaged")?;
    let encapsulated = &signed.encap_content_info;
    if encapsulated.econtent_type != attributes::DATA {
        bail!(
            "it signs content of type {}, and not a file ({}, id-data)",
            encapsulated.econtent_type,
            attributes::DATA
        );
    }
    if encapsulated.econtent.is_some() {
        bail!(
            "it holds the content itself; the ledger keeps signatures, and not the file a second \
             time. Ask the sender for a detached signature (openssl cms -sign -binary without \
             -nodetach)"
        );
    }
    Ok(signed)
}

/// The certificates that came with it, of which none is believed for that.
fn certificates(signed: &SignedData) -> Result<Vec<Known>> {
    let Some(set) = &signed.certificates else { return Ok(Vec::new()) };
    if set.0.len() > CERTIFICATES_MAX {
        bail!("it has more than {CERTIFICATES_MAX} certificates");
    }
    let certificates = set.0.iter().filter_map(|one| match one {
        CertificateChoices::Certificate(certificate) => Some(Known::of(certificate)),
        CertificateChoices::Other(_) => None,
    });
    certificates.collect()
}

/// One SignerInfo (RFC 5652 section 5.3).
struct Signer<'a> {
    info: &'a SignerInfo,
    sender: &'a Known,
    certificates: &'a [Known],
}

impl Signer<'_> {
    fn check(&self, file: &FileDigests, at: Timestamp) -> Result<EvidenceSigner> {
        let digest = algorithm::digest(&self.info.digest_alg)?;
        let verifies = algorithm::signature(&self.info.signature_algorithm, digest)?;
        let signed = attributes::signed(self.info.signed_attrs.as_ref())?;
        let certificate = self.certificate(&signed.certificates)?;
        if !file.is(digest, &signed.digest) {
            bail!(
                "it is over another file: the {digest} that {} signed is not that of this one",
                certificate.subject()
            );
        }
        let signature = self.info.signature.as_bytes();
        let der = CertificateDer::from(certificate.der.as_slice());
        let key = EndEntityCert::try_from(&der).map_err(|error| {
            anyhow::anyhow!("the signer's certificate cannot be used: {}", chain::reason(&error))
        })?;
        let mut outcome = Err(Error::UnknownIssuer);
        for one in verifies {
            outcome = key.verify_signature(one, &signed.message, signature);
            let is_other_key =
                matches!(outcome, Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)));
            if !is_other_key {
                break;
            }
        }
        match outcome {
            Ok(()) => {}
            Err(Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => bail!(
                "the key of {} is of a sort or curve that its signature algorithm is not for",
                certificate.subject()
            ),
            Err(_) => bail!(
                "the signature does not hold for the key of {}: it was changed, made with another \
                 key, or the key is RSA of less than 2048 or more than 8192 bits",
                certificate.subject()
            ),
        }
        let authority = chain::believed_through(certificate, self.sender, self.certificates, at)?;
        let (valid_from, valid_until) = certificate.validity()?;
        if let Some(time) = signed.time {
            if is_after(time, at) {
                bail!("it says that it was signed on {time}, which is after {at}");
            }
            certificate.is_valid_at(time, "at the time of signing, the certificate")?;
        }
        Ok(EvidenceSigner {
            subject: certificate.subject(),
            fingerprint: certificate.fingerprint(),
            authority,
            signed_on: signed.time.map(|time| time.to_string()),
            valid_from: valid_from.to_string(),
            valid_until: valid_until.to_string(),
        })
    }

    /// The certificate that the signature names, among those that came with it or the given one: by
    /// its digest (RFC 5035) if the signer says it.
    fn certificate(&self, digests: &[CertificateDigest]) -> Result<&Known> {
        let known = std::iter::once(self.sender).chain(self.certificates);
        let mut named: Vec<&Known> = known.filter(|one| is_named(&self.info.sid, one)).collect();
        if named.is_empty() {
            bail!(
                "the certificate of its signer is not in it, and is not the one that was given \
                 (--sender)"
            );
        }
        named.retain(|one| digests.iter().all(|digest| digest.is_of(&one.der)));
        let first = named.first().copied().context(
            "its signer signed for another certificate than those in it and the one that was given \
             (--sender): the signed attribute signing-certificate has another digest",
        )?;
        if named.iter().any(|one| one.der != first.der) {
            bail!(
                "several certificates fit the name of its signer, and it does not say which counts; \
                 ask the sender to sign again with -cades (openssl cms)"
            );
        }
        Ok(first)
    }
}

/// Whether a signer's clock was further ahead than clocks are.
fn is_after(time: Timestamp, at: Timestamp) -> bool {
    time.duration_since(at) > AHEAD
}

/// Whether a signer is named by issuer and serial number, or by key identifier, as this certificate.
fn is_named(sid: &SignerIdentifier, certificate: &Known) -> bool {
    let tbs = certificate.parsed.tbs_certificate();
    match sid {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            named.issuer == *tbs.issuer() && named.serial_number == *tbs.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(named) => {
            let own = tbs.get_extension::<SubjectKeyIdentifier>();
            own.is_ok_and(|own| own.is_some_and(|(_, own)| own == *named))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moment of the check comes from the ledger, in which anything may have been written.
    #[test]
    fn moments_at_the_ends_of_time() {
        assert!(!is_after(Timestamp::MAX, Timestamp::MAX));
        assert!(!is_after(Timestamp::MIN, Timestamp::MAX));
        assert!(is_after(Timestamp::MAX, Timestamp::MIN));
    }
}
