//! Envelopes: DSSE v1 (github.com/secure-systems-lab/dsse, `protocol.md` and `envelope.md`).
//!
//! ```json
//! { "payloadType": "application/vnd.in-toto+json", "payload": "<base64>",
//!   "signatures": [ { "keyid": "<hex>", "sig": "<base64>" } ] }
//! ```
//!
//! What is signed is not the payload but its [`pae`], which says how long and of what type it is.

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, Engine};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::strict_json;

/// Type of the payload of all our envelopes: an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Longest text of an envelope that is read: 16 MiB.
pub const ENVELOPE_MAX: usize = 16 << 20;

/// Most signatures of one envelope that are read.
pub const SIGNATURES_MAX: usize = 64;

/// A payload and the signatures over it. That they hold is not said by its being there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    body: Vec<u8>,
    /// The signatures, in the order in which they were added.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// Which key made it, if the envelope says so. Nothing protects it: it is a hint.
    pub keyid: Option<String>,
    /// The signature over the [`pae`].
    pub sig: Vec<u8>,
}

/// Why a text is no envelope.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is too long to be looked at.
    #[error("it is longer than {ENVELOPE_MAX} bytes, which no envelope is")]
    TooLong,
    /// It is not the JSON that an envelope is.
    #[error("it is not a DSSE envelope: {0}")]
    Json(#[from] serde_json::Error),
    /// Payload or signature is not base64.
    #[error("its {0} is not base64")]
    Base64(&'static str),
    /// It has too many signatures to be looked at.
    #[error("it has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
}

/// The shape on paper.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    payload_type: String,
    payload: String,
    signatures: Vec<WrittenSignature>,
}

#[derive(Serialize, Deserialize)]
struct WrittenSignature {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    keyid: String,
    sig: String,
}

/// The bytes that are signed: DSSE's pre-authentication encoding,
/// `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body` with lengths in decimal bytes.
pub fn pae(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), body.len());
    [head.as_bytes(), body].concat()
}

impl Envelope {
    /// An envelope of an in-toto statement that nobody has signed yet.
    pub fn new(body: Vec<u8>) -> Self {
        Self { payload_type: PAYLOAD_TYPE.to_owned(), body, signatures: Vec::new() }
    }

    /// Reads an envelope. As DSSE demands, base64 may be standard or URL-safe, and members that are
    /// not known are passed over.
    pub fn parse(text: &[u8]) -> Result<Self, EnvelopeError> {
        if text.len() > ENVELOPE_MAX {
            return Err(EnvelopeError::TooLong);
        }
        let written: Written = strict_json::parse(text)?;
        if written.signatures.len() > SIGNATURES_MAX {
            return Err(EnvelopeError::TooManySignatures);
        }
        let signatures = written.signatures.into_iter().map(|signature| {
            Ok(EnvelopeSignature {
                keyid: Some(signature.keyid).filter(|keyid| !keyid.is_empty()),
                sig: decoded(&signature.sig).ok_or(EnvelopeError::Base64("signature"))?,
            })
        });
        Ok(Self {
            payload_type: written.payload_type,
            body: decoded(&written.payload).ok_or(EnvelopeError::Base64("payload"))?,
            signatures: signatures.collect::<Result<_, EnvelopeError>>()?,
        })
    }

    /// What the payload is said to be.
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The payload. Who has not verified a signature must not believe it.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The bytes that are signed.
    pub fn pae(&self) -> Vec<u8> {
        pae(&self.payload_type, &self.body)
    }

    /// SHA-256 of each signature, in their order.
    pub fn signature_digests(&self) -> Vec<Digest> {
        self.signatures.iter().map(|signature| Digest::of(&signature.sig)).collect()
    }

    /// The envelope's text, ended by a line feed.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        let signatures = self.signatures.iter().map(|signature| WrittenSignature {
            keyid: signature.keyid.clone().unwrap_or_default(),
            sig: STANDARD.encode(&signature.sig),
        });
        let written = Written {
            payload_type: self.payload_type.clone(),
            payload: STANDARD.encode(&self.body),
            signatures: signatures.collect(),
        };
        Ok(format!("{}\n", serde_json::to_string_pretty(&written)?))
    }
}

/// Base64 of either alphabet, padded or not.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let url_safe = text.contains(['-', '_']);
    let alphabet = if url_safe { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `protocol.md` of DSSE, "Test Vectors".
    const TYPE: &str = "http://example.com/HelloWorld";
    const BODY: &[u8] = b"hello world";
    const VECTOR: &str = r#"{"payload": "aGVsbG8gd29ybGQ=",
        "payloadType": "http://example.com/HelloWorld",
        "signatures": [{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}"#;

    #[test]
    fn the_published_vector() {
        assert_eq!(pae(TYPE, BODY), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
        let envelope = Envelope::parse(VECTOR.as_bytes()).unwrap();
        assert_eq!((envelope.payload_type(), envelope.body()), (TYPE, BODY));
        assert_eq!(envelope.pae(), pae(TYPE, BODY));
        assert_eq!(envelope.signatures.len(), 1);
        assert_eq!(
            (envelope.signatures[0].keyid.as_ref(), envelope.signatures[0].sig.len()),
            (None, 64)
        );
    }

    #[test]
    fn lengths_count_bytes() {
        assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
        assert_eq!(pae("ă", "ễ".as_bytes()), "DSSEv1 2 ă 3 ễ".as_bytes());
    }

    #[test]
    fn what_is_written_is_read() {
        let mut envelope = Envelope::new(vec![0xfb, 0xff, 0xfe, b'x']);
        envelope.signatures.push(EnvelopeSignature { keyid: None, sig: vec![0xff; 64] });
        envelope
            .signatures
            .push(EnvelopeSignature { keyid: Some("ab".to_owned()), sig: vec![1, 2] });
        let text = envelope.to_text().unwrap();
        assert_eq!(Envelope::parse(text.as_bytes()).unwrap(), envelope);
        // Other programs write other base64.
        let url_safe =
            text.replace('+', "-").replace('/', "_").replace("_vnd.in-toto-", "/vnd.in-toto+");
        let url_safe = url_safe.replace("=\"", "\"").replace("=\"", "\"");
        assert_ne!(url_safe, text);
        assert_eq!(Envelope::parse(url_safe.as_bytes()).unwrap(), envelope);
        let with_more = text.replacen('{', "{\"cert\": [1],", 1);
        assert_eq!(Envelope::parse(with_more.as_bytes()).unwrap(), envelope);
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        let sound = VECTOR;
        for (from, to, says) in [
            ("{\"payload\"", "{\"payload\": \"\", \"payload\"", "stands twice"),
            ("{\"sig\"", "{\"sig\": \"\", \"sig\"", "stands twice"),
            ("aGVsbG8gd29ybGQ=", "aGVsbG8gd29ybGR=", "payload is not base64"),
            ("aGVsbG8gd29ybGQ=", "aGVsbG8g\\nd29ybGQ=", "payload is not base64"),
            ("A3JqsQ", "-3Jqs/", "signature is not base64"),
            ("\"signatures\"", "\"signature\"", "missing field `signatures`"),
            ("payloadType", "payload_type", "missing field `payloadType`"),
        ] {
            assert!(sound.contains(from));
            let text = sound.replacen(from, to, 1);
            let said = Envelope::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        }
        let long = [sound.as_bytes(), &vec![b' '; ENVELOPE_MAX]].concat();
        assert!(matches!(Envelope::parse(&long), Err(EnvelopeError::TooLong)));
        let mut many = Envelope::new(Vec::new());
        many.signatures = vec![EnvelopeSignature { keyid: None, sig: Vec::new() }; 65];
        let many = Envelope::parse(many.to_text().unwrap().as_bytes());
        assert!(matches!(many, Err(EnvelopeError::TooManySignatures)));
    }
}
