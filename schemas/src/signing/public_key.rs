//! Ed25519 public keys (RFC 8032), as files write them (RFC 8410).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::digest::Digest;

/// Bytes of a key.
pub const PUBLIC_KEY_LEN: usize = 32;

/// What comes before the 32 bytes of a key in DER: a SubjectPublicKeyInfo of the algorithm
/// 1.3.101.112 with a bit string of 256 bits (RFC 8410 section 4).
const DER_PREFIX: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

/// A public key. That its bytes are a point of the curve is for whoever verifies with it to check.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; PUBLIC_KEY_LEN]);

/// A text that is no public key. It is not repeated: somebody may have put a secret key there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a public key is base64 of 32 bytes (Ed25519), or PEM as openssl pkey -pubout prints it; a \
     secret key must not stand here"
)]
pub struct NotAPublicKey;

impl PublicKey {
    /// A key of these bytes.
    pub const fn from_bytes(bytes: [u8; PUBLIC_KEY_LEN]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; PUBLIC_KEY_LEN] {
        &self.0
    }

    /// DER of its SubjectPublicKeyInfo.
    pub fn to_der(&self) -> Vec<u8> {
        [DER_PREFIX.as_slice(), &self.0].concat()
    }

    /// PEM of its SubjectPublicKeyInfo, as `openssl` reads and writes it.
    pub fn to_pem(&self) -> String {
        format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", STANDARD.encode(self.to_der()))
    }

    /// What the key is called in signatures and printed as its fingerprint: the SHA-256 of its DER
    /// SubjectPublicKeyInfo, as `openssl pkey -pubin -outform DER | sha256sum` gives it.
    pub fn keyid(&self) -> Digest {
        Digest::of(&self.to_der())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = NotAPublicKey;

    fn from_str(text: &str) -> Result<Self, NotAPublicKey> {
        let text = text.trim();
        let body = text.strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END));
        let decoded = |text: &str| STANDARD.decode(text).ok();
        let bytes = match body {
            Some(body) => {
                let lines: String = body.split_ascii_whitespace().collect();
                decoded(&lines).and_then(|der| der.strip_prefix(&DER_PREFIX).map(<[u8]>::to_vec))
            }
            None => decoded(text),
        };
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(NotAPublicKey)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for PublicKey {
    fn schema_name() -> Cow<'static, str> {
        "PublicKey".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An Ed25519 public key: base64 of its 32 bytes, or PEM",
            "type": "string"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8410 section 10.1.
    const RFC_8410: &str = "-----BEGIN PUBLIC KEY-----\n\
                            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
                            -----END PUBLIC KEY-----\n";

    #[test]
    fn both_spellings_are_one_key() {
        let key: PublicKey = RFC_8410.parse().unwrap();
        assert_eq!(key.to_string(), "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
        assert_eq!(key.to_string().parse(), Ok(key));
        assert_eq!(key.to_pem(), RFC_8410);
        // From `openssl pkey -pubin -outform DER | sha256sum`.
        let fingerprint = "a1e9156054e04fac899ae9f275132cdc07a5dbc4ea2c2ad3a1ffc6e0d253681f";
        assert_eq!(key.keyid().to_string(), fingerprint);
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        let key: PublicKey = RFC_8410.parse().unwrap();
        let other_algorithm = RFC_8410.replace("MCowBQYDK2Vw", "MCowBQYDK2Vu");
        let secret = "-----BEGIN PRIVATE KEY-----\n\
                      MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                      -----END PRIVATE KEY-----\n";
        let longer = STANDARD.encode([key.as_bytes().as_slice(), &[0]].concat());
        for wrong in ["", "x", &other_algorithm, secret, &longer, &STANDARD.encode(key.to_der())] {
            let error = wrong.parse::<PublicKey>().unwrap_err();
            assert!(!error.to_string().contains("MC4C"), "{error}");
        }
    }
}
