//! Which algorithms of CMS signatures are believed, and the names of those that are not.

use anyhow::{Context, Result, bail};
use rustls::pki_types::SignatureVerificationAlgorithm;
use webpki::ring::{
    ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256_LEGACY_KEY, RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
};
use x509_cert::der::Encode;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::digests::Algorithm;

type Verifies = &'static dyn SignatureVerificationAlgorithm;

const fn oid(text: &'static str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

/// RFC 8017 appendix C and RFC 4055: rsaEncryption, RSASSA-PSS, and PKCS #1 v1.5 with a digest.
const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const RSA_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = oid("1.2.840.113549.1.1.13");
/// RFC 5754 section 3.3.
const ECDSA_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
/// RFC 8419 section 3.1, where the digest has to be SHA-512.
const ID_ED25519: ObjectIdentifier = oid("1.3.101.112");
/// RFC 5754 section 2.
const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");

/// What a certificate of a path may be signed with.
pub(super) const OF_CERTIFICATES: [Verifies; 11] = [
    RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    ECDSA_P256_SHA256,
    ECDSA_P256_SHA384,
    ECDSA_P384_SHA256,
    ECDSA_P384_SHA384,
    ED25519,
];

/// The algorithm of `digestAlgorithm`.
pub(super) fn digest(algorithm: &AlgorithmIdentifierOwned) -> Result<Algorithm> {
    match algorithm.oid {
        SHA256 => Ok(Algorithm::Sha256),
        SHA384 => Ok(Algorithm::Sha384),
        SHA512 => Ok(Algorithm::Sha512),
        other => bail!(
            "its digest is {}, and only SHA-256, SHA-384 and SHA-512 are believed; ask the sender to \
             sign again with one of these",
            name_of(other)
        ),
    }
}

/// What verifies a signature of `signatureAlgorithm` over content with this digest: one of them, by
/// the key.
pub(super) fn signature(
    algorithm: &AlgorithmIdentifierOwned,
    digest: Algorithm,
) -> Result<Vec<Verifies>> {
    let verifies: Vec<Verifies> = match (algorithm.oid, digest) {
        (RSA | RSA_SHA256, Algorithm::Sha256) => vec![RSA_PKCS1_2048_8192_SHA256],
        (RSA | RSA_SHA384, Algorithm::Sha384) => vec![RSA_PKCS1_2048_8192_SHA384],
        (RSA | RSA_SHA512, Algorithm::Sha512) => vec![RSA_PKCS1_2048_8192_SHA512],
        (RSA_PSS, _) => pss(algorithm, digest)?,
        (ECDSA_SHA256, Algorithm::Sha256) => vec![ECDSA_P256_SHA256, ECDSA_P384_SHA256],
        (ECDSA_SHA384, Algorithm::Sha384) => vec![ECDSA_P256_SHA384, ECDSA_P384_SHA384],
        (ID_ED25519, Algorithm::Sha512) => vec![ED25519],
        (other, digest) => bail!(
            "its signature algorithm, {} with a {digest} digest, is not believed: only RSA with \
             SHA-256, SHA-384 or SHA-512, ECDSA on P-256 or P-384 with SHA-256 or SHA-384, and \
             Ed25519 with SHA-512 are",
            name_of(other)
        ),
    };
    Ok(verifies)
}

/// RSASSA-PSS with the parameters of RFC 4055 section 3.1 that RFC 8446 section 4.2.3 takes too: one
/// digest everywhere, and a salt as long as it.
fn pss(algorithm: &AlgorithmIdentifierOwned, digest: Algorithm) -> Result<Vec<Verifies>> {
    let verifies: Vec<Verifies> = match digest {
        Algorithm::Sha256 => vec![RSA_PSS_2048_8192_SHA256_LEGACY_KEY],
        Algorithm::Sha384 => vec![RSA_PSS_2048_8192_SHA384_LEGACY_KEY],
        Algorithm::Sha512 => vec![RSA_PSS_2048_8192_SHA512_LEGACY_KEY],
    };
    let parameters = algorithm.parameters.as_ref().context("its RSASSA-PSS has no parameters")?;
    let given = [algorithm.oid.to_der()?, parameters.to_der()?].concat();
    if !verifies.iter().any(|one| one.signature_alg_id().as_ref() == given) {
        bail!(
            "its RSASSA-PSS parameters are not believed: digest and mask have to be {digest}, and \
             the salt as long as the digest (openssl: -keyopt rsa_pss_saltlen:digest)"
        );
    }
    Ok(verifies)
}

/// The usual name of an algorithm that is not believed.
fn name_of(algorithm: ObjectIdentifier) -> String {
    let known = match algorithm.to_string().as_str() {
        "1.3.14.3.2.26" => "SHA-1",
        "1.2.840.113549.2.5" => "MD5",
        "2.16.840.1.101.3.4.2.4" => "SHA-224",
        "1.2.840.113549.1.1.4" => "RSA with MD5",
        "1.2.840.113549.1.1.5" => "RSA with SHA-1",
        "1.2.840.10045.4.1" => "ECDSA with SHA-1",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.2.840.10040.4.1" | "1.2.840.10040.4.3" => "DSA",
        _ => match algorithm {
            RSA => "RSA",
            RSA_SHA256 => "RSA with SHA-256",
            RSA_SHA384 => "RSA with SHA-384",
            RSA_SHA512 => "RSA with SHA-512",
            ECDSA_SHA256 => "ECDSA with SHA-256",
            ECDSA_SHA384 => "ECDSA with SHA-384",
            ID_ED25519 => "Ed25519",
            other => return other.to_string(),
        },
    };
    known.to_owned()
}
