//! One certificate (RFC 5280): whose it is, when it is valid, and what its key may do.

use anyhow::{Context, Result, bail};
use handover_cli_kit::visible::visible;
use handover_schemas::digest::Digest;
use jiff::Timestamp;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use super::attributes::moment;
use super::format::all_pem;
use super::key_purpose::is_for_documents;

/// Longest subject that is shown, in characters.
const SUBJECT_MAX: usize = 300;

/// The one certificate in a file, PEM or DER; gives its DER.
pub fn certificate_of(file: &[u8]) -> Result<Vec<u8>> {
    let certificates = if file.trim_ascii_start().starts_with(b"-----BEGIN ") {
        all_pem(file, "CERTIFICATE")?
    } else {
        vec![file.to_vec()]
    };
    let [certificate] = certificates.as_slice() else {
        bail!(
            "it has {} certificates, and exactly one is believed: the sender's own, or that of the \
             authority which issued it",
            certificates.len()
        );
    };
    Known::read(certificate.clone())?;
    Ok(certificate.clone())
}

/// A certificate, as bytes and taken apart.
pub(super) struct Known {
    pub(super) der: Vec<u8>,
    pub(super) parsed: Certificate,
}

impl Known {
    pub(super) fn read(der: Vec<u8>) -> Result<Self> {
        let parsed = Certificate::from_der(&der).context("it is not an X.509 certificate")?;
        Ok(Self { der, parsed })
    }

    pub(super) fn of(parsed: &Certificate) -> Result<Self> {
        let der = parsed.to_der().context("one of its certificates is damaged")?;
        Ok(Self { der, parsed: parsed.clone() })
    }

    /// The subject as a string (RFC 4514), without what would steer a terminal.
    pub(super) fn subject(&self) -> String {
        let subject = self.parsed.tbs_certificate().subject().to_string();
        let subject: String = visible(&subject).chars().take(SUBJECT_MAX).collect();
        if subject.is_empty() { "(no subject)".to_owned() } else { subject }
    }

    /// SHA-256 of the DER.
    pub(super) fn fingerprint(&self) -> Digest {
        Digest::of(&self.der)
    }

    /// First and last moment at which it is valid.
    pub(super) fn validity(&self) -> Result<(Timestamp, Timestamp)> {
        let validity = self.parsed.tbs_certificate().validity();
        Ok((moment(&validity.not_before)?, moment(&validity.not_after)?))
    }

    /// Refuses a certificate that is not valid at a moment.
    pub(super) fn is_valid_at(&self, at: Timestamp, what: &str) -> Result<()> {
        let (from, until) = self.validity()?;
        if at < from {
            bail!("{what} {} is valid from {from} only, and this is {at}", self.subject());
        }
        if at > until {
            bail!(
                "{what} {} expired on {until}, and this is {at}; ask the sender to sign again",
                self.subject()
            );
        }
        Ok(())
    }

    /// Refuses a key that may not sign documents (RFC 5280 section 4.2.1.3).
    pub(super) fn may_sign(&self) -> Result<()> {
        match self.key_usage()? {
            Some(usage) if !usage.digital_signature() && !usage.non_repudiation() => bail!(
                "the key of the certificate {} may not sign: its keyUsage has neither \
                 digitalSignature nor nonRepudiation",
                self.subject()
            ),
            _ => Ok(()),
        }
    }

    /// Refuses a certificate that is no authority's (RFC 5280 section 4.2.1.9).
    pub(super) fn may_issue(&self) -> Result<()> {
        let tbs = self.parsed.tbs_certificate();
        let constraints = tbs.get_extension::<BasicConstraints>();
        let constraints = constraints.context("its basicConstraints are damaged")?;
        let is_authority = constraints.is_some_and(|(_, constraints)| constraints.ca);
        let may_sign = self.key_usage()?.is_none_or(|usage| usage.key_cert_sign());
        if !is_authority || !may_sign {
            bail!("the certificate {} is not an authority's", self.subject());
        }
        Ok(())
    }

    /// Refuses a certificate that names purposes, and none under which documents are signed: the same
    /// that is asked of certificates on a path, of those that stand at its ends.
    pub(super) fn is_for_documents(&self, what: &str) -> Result<()> {
        let tbs = self.parsed.tbs_certificate();
        let purposes = tbs.get_extension::<ExtendedKeyUsage>();
        let Some((_, purposes)) = purposes.context("its extended key usage is damaged")? else {
            return Ok(());
        };
        if !purposes.0.iter().any(|one| is_for_documents(one.as_bytes())) {
            bail!(
                "the extended key usage of {what} {} names other purposes, and not the signing of \
                 documents or e-mail",
                self.subject()
            );
        }
        Ok(())
    }

    /// So many authorities may stand between it and a signer (`pathLenConstraint`); none is any number.
    pub(super) fn path_length(&self) -> Result<Option<u8>> {
        let constraints = self.parsed.tbs_certificate().get_extension::<BasicConstraints>();
        let constraints = constraints.context("its basicConstraints are damaged")?;
        Ok(constraints.and_then(|(_, constraints)| constraints.path_len_constraint))
    }

    fn key_usage(&self) -> Result<Option<KeyUsage>> {
        let usage = self.parsed.tbs_certificate().get_extension::<KeyUsage>();
        Ok(usage.context("its keyUsage is damaged")?.map(|(_, usage)| usage))
    }
}
