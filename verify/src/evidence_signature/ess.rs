//! The signed attributes by which a signature says of whose certificate it is (RFC 5035): one key may
//! stand in several certificates.

use anyhow::{Context, Result};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::attr::Attributes;
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::{Any, Tag, Tagged};
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::algorithm;
use super::attributes::only;
use super::digests::Algorithm;

/// RFC 2634 section 5.4 (SHA-1) and RFC 5035 section 3.
const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// The digest of the signer's certificate.
pub(super) struct CertificateDigest {
    /// None is SHA-1: nothing is believed for it, and another certificate is refused.
    algorithm: Option<Algorithm>,
    digest: Vec<u8>,
}

impl CertificateDigest {
    pub(super) fn is_of(&self, der: &[u8]) -> bool {
        match self.algorithm {
            None => Sha1::digest(der).as_slice() == self.digest,
            Some(Algorithm::Sha256) => Sha256::digest(der).as_slice() == self.digest,
            Some(Algorithm::Sha384) => Sha384::digest(der).as_slice() == self.digest,
            Some(Algorithm::Sha512) => Sha512::digest(der).as_slice() == self.digest,
        }
    }
}

/// What the attributes say; nothing if there are none.
pub(super) fn certificates(attributes: &Attributes) -> Result<Vec<CertificateDigest>> {
    let mut all = Vec::new();
    for (sort, is_first) in [(SIGNING_CERTIFICATE, true), (SIGNING_CERTIFICATE_V2, false)] {
        if let Some(value) = only(attributes, sort)? {
            let read = if is_first { first_version(value) } else { second_version(value) };
            all.push(read.context("its signed attribute signing-certificate")?);
        }
    }
    Ok(all)
}

fn first_version(value: &Any) -> Result<CertificateDigest> {
    let parts = signers_id(value)?;
    Ok(CertificateDigest { algorithm: None, digest: octets(parts.first())? })
}

/// The algorithm may be left out, and is SHA-256 then.
fn second_version(value: &Any) -> Result<CertificateDigest> {
    let parts = signers_id(value)?;
    let first = parts.first().context("it is damaged")?;
    if first.tag() != Tag::Sequence {
        return Ok(CertificateDigest {
            algorithm: Some(Algorithm::Sha256),
            digest: octets(Some(first))?,
        });
    }
    let named: AlgorithmIdentifierOwned = first.decode_as().context("it is damaged")?;
    let algorithm = Some(algorithm::digest(&named)?);
    Ok(CertificateDigest { algorithm, digest: octets(parts.get(1))? })
}

/// The parts of the first ESSCertID, which is the signer's.
fn signers_id(value: &Any) -> Result<Vec<Any>> {
    let attribute = sequence(Some(value))?;
    let ids = sequence(attribute.first())?;
    sequence(ids.first())
}

fn sequence(value: Option<&Any>) -> Result<Vec<Any>> {
    value.context("it is damaged")?.decode_as().context("it is damaged")
}

fn octets(value: Option<&Any>) -> Result<Vec<u8>> {
    let octets: OctetString =
        value.context("it is damaged")?.decode_as().context("it is damaged")?;
    Ok(octets.as_bytes().to_vec())
}
