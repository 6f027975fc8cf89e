//! Checkpoints: the head of a Merkle tree at one size, signed (c2sp.org/tlog-checkpoint, which is a
//! signed note, c2sp.org/signed-note).
//!
//! ```text
//! example.org/purge/2026-01          origin: which tree
//! 20852163                           number of leaves
//! CsUYapGGPo4dkMgIAUqom/Xajj7h…=     root, base64
//!
//! — example.org/purge/2026-01 Az3grlgtzPIC…=    name of a key, base64(key id ‖ signature)
//! ```
//!
//! What is signed is the text above the empty line, its last line feed included.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::public_key::PublicKey;
use crate::digest::Digest;

/// Most signatures of a checkpoint that are read; the specification demands at least 16.
pub const NOTE_SIGNATURES_MAX: usize = 64;

/// Longest text of a signed checkpoint that is read: 1 MiB.
pub const NOTE_MAX: usize = 1 << 20;

/// Signature type of Ed25519 in a key id.
const ED25519: u8 = 0x01;

/// Bytes of a key id.
const KEY_ID_LEN: usize = 4;

/// The head of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Digest,
    /// Lines after the root. They are signed, and we write none.
    extensions: Vec<String>,
}

/// A checkpoint and the signatures below it. That they hold is not said by their being there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The signatures, in the order in which they stand there.
    pub signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: [u8; KEY_ID_LEN],
    signature: Vec<u8>,
}

/// Why a text is no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Too long to be looked at.
    #[error("it is longer than {NOTE_MAX} bytes, which no checkpoint is")]
    TooLong,
    /// A control character.
    #[error("it has a control character in it")]
    ControlCharacter,
    /// No empty line, or no signature after it.
    #[error("it has no signature below an empty line")]
    NotSigned,
    /// The first line is empty or missing.
    #[error("its first line, the origin, is empty or has a control character in it")]
    Origin,
    /// The second line.
    #[error("its second line is not a number of leaves")]
    Size,
    /// The third line.
    #[error("its third line is not base64 of a root of 32 bytes")]
    Root,
    /// An empty line above the last one.
    #[error("there is an empty line in the signed text")]
    EmptyLine,
    /// A signature line.
    #[error("signature {0} is not \"— name base64\"")]
    Signature(usize),
    /// Too many signatures to be looked at.
    #[error("it has more than {NOTE_SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// A name that no key can have in a note.
    #[error("the name of a key in a note has no space and no +, and is not empty")]
    KeyName,
}

/// What a note calls an Ed25519 key of this name:
/// `SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)`, the first four bytes.
pub fn key_id(name: &str, key: &PublicKey) -> [u8; KEY_ID_LEN] {
    let digest = Digest::of_parts(&[name.as_bytes(), b"\n", &[ED25519], key.as_bytes()]);
    let [a, b, c, d, ..] = *digest.as_bytes();
    [a, b, c, d]
}

impl Checkpoint {
    /// A head to be signed. The origin says which tree it is, also as the name of the key that
    /// signs it; so it has neither spaces nor `+`.
    pub fn new(
        origin: impl Into<String>,
        size: u64,
        root: Digest,
    ) -> Result<Self, CheckpointError> {
        let origin = origin.into();
        if !is_key_name(&origin) {
            return Err(CheckpointError::KeyName);
        }
        Ok(Self { origin, size, root, extensions: Vec::new() })
    }

    /// Which tree.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree.
    pub fn root(&self) -> Digest {
        self.root
    }

    /// The text that is signed.
    pub fn signed_text(&self) -> String {
        let root = STANDARD.encode(self.root.as_bytes());
        let mut text = format!("{}\n{}\n{root}\n", self.origin, self.size);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads the text that is signed; what is read is what [`signed_text`](Self::signed_text)
    /// writes, byte for byte.
    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let body = text.strip_suffix('\n').ok_or(CheckpointError::NotSigned)?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(CheckpointError::Origin)?;
        let size = lines.next().and_then(decimal).ok_or(CheckpointError::Size)?;
        let root = lines.next().and_then(hash).ok_or(CheckpointError::Root)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::EmptyLine);
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }
}

impl SignedCheckpoint {
    /// A checkpoint that nobody has signed yet. Without a signature its text cannot be read again.
    pub fn new(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, signatures: Vec::new() }
    }

    /// Reads a signed checkpoint.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        if text.len() > NOTE_MAX {
            return Err(CheckpointError::TooLong);
        }
        if text.chars().any(|character| character < ' ' && character != '\n') {
            return Err(CheckpointError::ControlCharacter);
        }
        let (above, below) = text.rsplit_once("\n\n").ok_or(CheckpointError::NotSigned)?;
        let checkpoint = Checkpoint::parse(&format!("{above}\n"))?;
        let lines = below.strip_suffix('\n').ok_or(CheckpointError::NotSigned)?;
        let signatures = (1..).zip(lines.split('\n')).map(|(number, line)| {
            if number > NOTE_SIGNATURES_MAX {
                return Err(CheckpointError::TooManySignatures);
            }
            NoteSignature::parse(line).ok_or(CheckpointError::Signature(number))
        });
        Ok(Self { checkpoint, signatures: signatures.collect::<Result<_, _>>()? })
    }

    /// The whole text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n", self.checkpoint.signed_text());
        for signature in &self.signatures {
            let bytes = [signature.key_id.as_slice(), &signature.signature].concat();
            text.push_str(&format!("— {} {}\n", signature.name, STANDARD.encode(bytes)));
        }
        text
    }
}

impl NoteSignature {
    /// The line of a signature that an Ed25519 key of this name made.
    pub fn new(
        name: impl Into<String>,
        key: &PublicKey,
        signature: &[u8; 64],
    ) -> Result<Self, CheckpointError> {
        let name = name.into();
        if !is_key_name(&name) {
            return Err(CheckpointError::KeyName);
        }
        let key_id = key_id(&name, key);
        Ok(Self { name, key_id, signature: signature.to_vec() })
    }

    /// Name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whether the line says that this key made it, under this name.
    pub fn is_said_to_be_of(&self, name: &str, key: &PublicKey) -> bool {
        self.name == name && self.key_id == key_id(name, key)
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (key_id, signature) = bytes.split_first_chunk::<KEY_ID_LEN>()?;
        (is_key_name(name) && !signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            key_id: *key_id,
            signature: signature.to_vec(),
        })
    }
}

/// A number without leading zeros.
pub(super) fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// A SHA-256 in base64.
pub(super) fn hash(text: &str) -> Option<Digest> {
    STANDARD.decode(text).ok()?.try_into().ok().map(Digest::from_bytes)
}

fn is_key_name(name: &str) -> bool {
    let allowed = |c: char| !c.is_whitespace() && !c.is_control() && c != '+';
    !name.is_empty() && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// c2sp.org/tlog-checkpoint.
    const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    /// The verifier key of c2sp.org/signed-note: name, key id, type and key.
    const VKEY: (&str, [u8; 4], &str) = (
        "example.com/foo",
        [0x53, 0x0d, 0x90, 0x3a],
        "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    );

    #[test]
    fn the_example_of_the_specification() {
        let signed = SignedCheckpoint::parse(EXAMPLE).unwrap();
        let checkpoint = &signed.checkpoint;
        assert_eq!(checkpoint.origin(), "example.com/behind-the-sofa");
        assert_eq!(checkpoint.size(), 20_852_163);
        assert!(checkpoint.root().to_string().starts_with("0ac5186a91863e8e"));
        assert_eq!(signed.signatures.len(), 1);
        assert_eq!(signed.signatures[0].name(), checkpoint.origin());
        assert_eq!(signed.signatures[0].signature().len(), 64);
        assert_eq!(signed.to_text(), EXAMPLE);
    }

    #[test]
    fn the_key_id_of_the_specification() {
        let (name, expected, encoded) = VKEY;
        let key: [u8; 33] = STANDARD.decode(encoded).unwrap().try_into().unwrap();
        let (kind, key) = key.split_first_chunk::<1>().unwrap();
        assert_eq!(kind, &[ED25519]);
        let key = PublicKey::from_bytes(key.try_into().unwrap());
        assert_eq!(key_id(name, &key), expected);
        let line = "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=";
        let signature = NoteSignature::parse(line).unwrap();
        assert!(signature.is_said_to_be_of(name, &key));
        assert!(!signature.is_said_to_be_of("example.com/bar", &key));
        assert!(!signature.is_said_to_be_of(name, &PublicKey::from_bytes([0; 32])));
    }

    #[test]
    fn extension_lines_and_many_signatures_are_kept() {
        let line = EXAMPLE.lines().last().unwrap();
        let text =
            EXAMPLE.replacen("q2I=\n", "q2I=\nmore — 1\n", 1) + &format!("{line}\n").repeat(63);
        let signed = SignedCheckpoint::parse(&text).unwrap();
        assert_eq!(signed.signatures.len(), 64);
        assert!(signed.checkpoint.signed_text().ends_with("q2I=\nmore — 1\n"));
        assert_eq!(signed.to_text(), text);
        let one_more = format!("{text}{line}\n");
        assert_eq!(SignedCheckpoint::parse(&one_more), Err(CheckpointError::TooManySignatures));
    }

    #[test]
    fn other_spellings_are_refused() {
        use CheckpointError as E;
        for (from, to, expected) in [
            ("\n20852163", "\n020852163", E::Size),
            ("\n20852163", "\n+20852163", E::Size),
            ("\n20852163", "\n99999999999999999999", E::Size),
            ("q2I=", "q2J=", E::Root),
            ("q2I=", "q2I", E::Root),
            ("CsUY", "", E::Root),
            ("example.com/behind-the-sofa\n2", "\n2", E::Origin),
            ("q2I=\n", "q2I=\n\n\n", E::EmptyLine),
            ("q2I=\n", "q2I=\r\n", E::ControlCharacter),
            ("\n\n—", "\n—", E::NotSigned),
            ("YQ8=\n", "YQ8=", E::NotSigned),
            ("— ex", "- ex", E::Signature(1)),
            ("— ex", "—  ex", E::Signature(1)),
            ("— ex", "— +ex", E::Signature(1)),
            ("YQ8=\n", "YQ8= \n", E::Signature(1)),
            ("YQ8=\n", "YQ8=\n\n", E::NotSigned),
        ] {
            assert!(EXAMPLE.contains(from));
            let text = EXAMPLE.replacen(from, to, 1);
            let found = SignedCheckpoint::parse(&text).map(|_| ());
            assert!(found.is_err(), "{from:?} -> {to:?}");
            if expected != E::NotSigned {
                assert_eq!(found, Err(expected), "{from:?} -> {to:?}");
            }
        }
        for origin in ["", "a b", "a+b", "a\u{a0}b", "a\nb"] {
            assert_eq!(Checkpoint::new(origin, 0, Digest::EMPTY), Err(E::KeyName), "{origin:?}");
        }
    }
}
