//! Digests: SHA-256 (FIPS 180-4), written as 64 lower-case hexadecimal digits, as `sha256sum`
//! prints them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

/// Bytes in a SHA-256 digest.
const DIGEST_LEN: usize = 32;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; DIGEST_LEN]);

impl Digest {
    /// SHA-256 of nothing: the digest of an empty table and the root of a tree without leaves.
    pub const EMPTY: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ]);

    /// The SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The SHA-256 of the parts, one after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut sha256 = Sha256::new();
        for part in parts {
            sha256.update(part);
        }
        Self(sha256.finalize().into())
    }

    /// A digest that was computed elsewhere.
    pub const fn from_bytes(bytes: [u8; DIGEST_LEN]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; DIGEST_LEN] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Archives have one for every row: all digits at once.
        let mut digits = [0; 2 * DIGEST_LEN];
        for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(self.0) {
            *pair = hex_pair(byte);
        }
        f.write_str(std::str::from_utf8(&digits).map_err(|_not_ascii| fmt::Error)?)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        digits.extend(hex_pair(*byte).map(char::from));
    }
    digits
}

/// The two digits of a byte.
fn hex_pair(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|value| if value < 10 { b'0' + value } else { b'a' + (value - 10) })
}

/// A text that is not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 lower-case hexadecimal digits")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    /// Only the form that [`Display`](fmt::Display) writes is read, so that a digest has one
    /// spelling.
    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != DIGEST_LEN || !rest.is_empty() {
            return Err(NotADigest);
        }
        let mut bytes = [0; DIGEST_LEN];
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(high)? << 4 | nibble(low)?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, NotADigest> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(NotADigest),
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Digest {
    fn schema_name() -> Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "SHA-256, 64 lower-case hexadecimal digits",
            "type": "string",
            "pattern": "^[0-9a-f]{64}$"
        })
    }
}

/// What is known of a run of canonical lines: of a chunk, or of a whole table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineDigest {
    /// Number of lines, which is the number of rows.
    pub rows: u64,
    /// Bytes of all lines, line feeds included.
    pub bytes: u64,
    /// SHA-256 of all lines in order, line feeds included.
    pub digest: Digest,
}

impl LineDigest {
    /// No line at all.
    pub const EMPTY: Self = Self { rows: 0, bytes: 0, digest: Digest::EMPTY };
}

/// How many lines there are, without a digest: one of few lines could be guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineSum {
    /// Number of lines, which is the number of rows.
    pub rows: u64,
    /// Bytes of all lines, line feeds included.
    pub bytes: u64,
}

impl LineSum {
    /// Takes in one line.
    pub fn add(&mut self, line: &[u8]) {
        self.rows += 1;
        self.bytes += line.len() as u64;
    }
}

/// Hashes canonical lines as they go by and counts them.
#[derive(Clone, Debug, Default)]
pub struct LineHasher {
    rows: u64,
    bytes: u64,
    sha256: Sha256,
}

impl LineHasher {
    /// A hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one canonical line, its line feed included.
    pub fn push(&mut self, line: &[u8]) {
        debug_assert_eq!(memchr::memchr(b'\n', line), line.len().checked_sub(1), "one line, ended");
        self.rows += 1;
        self.take_in(line);
    }

    /// Takes in any part of canonical text. It holds a line feed at the end of a row and nowhere else, so the
    /// rows can be counted.
    pub fn push_text(&mut self, text: &[u8]) {
        self.rows += memchr::memchr_iter(b'\n', text).count() as u64;
        self.take_in(text);
    }

    fn take_in(&mut self, text: &[u8]) {
        self.bytes += text.len() as u64;
        self.sha256.update(text);
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the lines came to.
    pub fn finish(self) -> LineDigest {
        let digest = Digest(self.sha256.finalize().into());
        LineDigest { rows: self.rows, bytes: self.bytes, digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 example, as published by NIST.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn known_digests() {
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
        assert_eq!(Digest::of_parts(&[b"a", b"", b"bc"]).to_string(), ABC);
        assert_eq!(Digest::of(b""), Digest::EMPTY);
        assert_eq!(format!("{:?}", Digest::EMPTY), Digest::EMPTY.to_string());
    }

    #[test]
    fn text_round_trip_is_strict() {
        let digest: Digest = ABC.parse().unwrap();
        assert_eq!(digest, Digest::of(b"abc"));
        let upper = ABC.to_uppercase();
        let long = format!("{ABC}0");
        let signed = format!("+{}", ABC.get(1..).unwrap());
        let wide = "é".repeat(32);
        for wrong in ["", "00", upper.as_str(), long.as_str(), signed.as_str(), wide.as_str()] {
            assert_eq!(wrong.parse::<Digest>(), Err(NotADigest), "{wrong}");
        }
    }

    #[test]
    fn json_is_a_string() {
        let text = serde_json::to_string(&Digest::of(b"abc")).unwrap();
        assert_eq!(text, format!("\"{ABC}\""));
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), Digest::of(b"abc"));
        // A string with escapes cannot be borrowed from the input.
        let escaped = text.replacen("\"b", "\"\\u0062", 1);
        assert_eq!(serde_json::from_str::<Digest>(&escaped).unwrap(), Digest::of(b"abc"));
        assert!(serde_json::from_str::<Digest>("\"zz\"").is_err());
        assert!(serde_json::from_str::<Digest>("1").is_err());
    }

    #[test]
    fn lines_are_counted_and_hashed() {
        assert_eq!(LineHasher::new().finish(), LineDigest::EMPTY);
        let mut one_by_one = LineHasher::new();
        one_by_one.push(b"1\ta\n");
        one_by_one.push(b"\n");
        one_by_one.push(b"2\t\\N\n");
        assert_eq!((one_by_one.rows(), one_by_one.bytes()), (3, 10));
        let mut at_once = LineHasher::new();
        at_once.push_text(b"");
        at_once.push_text(b"1\ta\n\n2\t\\N\n");
        let expected = LineDigest { rows: 3, bytes: 10, digest: Digest::of(b"1\ta\n\n2\t\\N\n") };
        assert_eq!(one_by_one.finish(), expected);
        assert_eq!(at_once.finish(), expected);
    }
}
