//! Signed attributes of a CMS signature (RFC 5652 section 11): what is signed in place of the file.

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use x509_cert::attr::Attributes;
use x509_cert::der::asn1::{ObjectIdentifier, OctetString};
use x509_cert::der::{Any, Encode};
use x509_cert::time::Time;

use super::ess::{self, CertificateDigest};

/// RFC 5652 section 4: content that is bytes, whatever they mean.
pub(super) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_TIME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.5");

/// What the attributes say.
pub(super) struct Signed {
    /// Digest of the file.
    pub(super) digest: Vec<u8>,
    /// When it was signed, as the signer says.
    pub(super) time: Option<Timestamp>,
    /// The digests of certificates by which it says whose it is.
    pub(super) certificates: Vec<CertificateDigest>,
    /// The bytes under the signature: the attributes as DER of a SET OF, not of the `[0]` that they
    /// are sent in (RFC 5652 section 5.4).
    pub(super) message: Vec<u8>,
}

/// Reads the attributes. They have to be there: without them the signature would be over the file
/// itself, and one over attributes could be passed off as one over a file that looks like these.
pub(super) fn signed(attributes: Option<&Attributes>) -> Result<Signed> {
    let attributes = attributes.context(
        "it has no signed attributes; ask the sender to sign with them (openssl cms without -noattr)",
    )?;
    let content_type: ObjectIdentifier = only(attributes, CONTENT_TYPE)?
        .context("its signed attributes lack the content type")?
        .decode_as()
        .context("its signed content type is damaged")?;
    if content_type != DATA {
        bail!(
            "its signed attributes are about content of type {content_type}, and not about a file \
             ({DATA}, id-data)"
        );
    }
    let digest: OctetString = only(attributes, MESSAGE_DIGEST)?
        .context("its signed attributes lack the digest of the file")?
        .decode_as()
        .context("its signed digest is damaged")?;
    let time = only(attributes, SIGNING_TIME)?
        .map(|value| moment(&value.decode_as().context("its signing time is damaged")?))
        .transpose()?;
    let message = attributes.to_der().context("its signed attributes are damaged")?;
    let certificates = ess::certificates(attributes)?;
    Ok(Signed { digest: digest.as_bytes().to_vec(), time, certificates, message })
}

/// The one value of an attribute; two attributes of one sort, or two values, are refused
/// (RFC 5652 section 11).
pub(super) fn only(attributes: &Attributes, sort: ObjectIdentifier) -> Result<Option<&Any>> {
    let mut values = attributes.iter().filter(|one| one.oid == sort).map(|one| &one.values);
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() || first.len() != 1 {
        bail!("its signed attribute {sort} does not stand there once, with one value");
    }
    Ok(first.get(0))
}

/// A moment of a certificate or an attribute.
pub(super) fn moment(time: &Time) -> Result<Timestamp> {
    // 99991231235959Z, without an end (RFC 5280 section 4.1.2.5), is later than what is reckoned with.
    let last = Timestamp::MAX.as_second();
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(last);
    Ok(Timestamp::from_second(seconds.min(last))?)
}

#[cfg(test)]
mod tests {
    use x509_cert::der::DateTime;
    use x509_cert::der::asn1::GeneralizedTime;

    use super::*;

    #[test]
    fn the_end_of_a_certificate_without_an_end() {
        let end = DateTime::new(9999, 12, 31, 23, 59, 59).unwrap();
        let end = Time::GeneralTime(GeneralizedTime::from_date_time(end));
        assert_eq!(moment(&end).unwrap().to_string(), "9999-12-30T22:00:00Z");
    }
}
