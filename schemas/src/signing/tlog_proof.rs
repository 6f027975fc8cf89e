//! Proofs that something is in a tree, in one text (c2sp.org/tlog-proof).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>            optional; nothing protects it
//! index <number>            position of the leaf, counted from 0
//! <base64>                  hashes from the leaf's sibling up to below the root (RFC 6962 2.1.1)
//! …
//!
//! <signed checkpoint>
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::{CheckpointError, SignedCheckpoint, decimal, hash};
use crate::digest::Digest;
use crate::merkle::Inclusion;

/// The usual end of the file's name.
pub const PROOF_SUFFIX: &str = ".tlog-proof";

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Longest audit path: a tree has at most 2^64 leaves.
const PATH_MAX: usize = 64;

/// Longest text that is read: a checkpoint, and something extra.
const PROOF_MAX: usize = 4 << 20;

/// A proof for one leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Anything; nothing protects it.
    pub extra: Option<Vec<u8>>,
    /// Position of the leaf, counted from 0.
    pub index: u64,
    /// The audit path, nearest sibling first.
    pub path: Vec<Digest>,
    /// The head of the tree, and who signed it.
    pub checkpoint: SignedCheckpoint,
}

/// Why a text is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogProofError {
    /// Too long to be looked at.
    #[error("it is longer than {PROOF_MAX} bytes, which no proof is")]
    TooLong,
    /// The first line is another one.
    #[error("its first line is not {FIRST_LINE}")]
    FirstLine,
    /// The line with something extra.
    #[error("its line \"extra\" is not base64")]
    Extra,
    /// The line with the position.
    #[error("it has no line \"index\" with a number where one is due")]
    Index,
    /// A hash of the path.
    #[error("hash {0} of its path is not base64 of 32 bytes")]
    Hash(usize),
    /// More hashes than any path has.
    #[error("its path is longer than {PATH_MAX} hashes")]
    PathTooLong,
    /// No empty line after the path.
    #[error("there is no checkpoint below an empty line")]
    NoCheckpoint,
    /// The checkpoint.
    #[error("its checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
}

impl TlogProof {
    /// Reads a proof; what is read is what [`to_text`](Self::to_text) writes, byte for byte.
    pub fn parse(text: &str) -> Result<Self, TlogProofError> {
        if text.len() > PROOF_MAX {
            return Err(TlogProofError::TooLong);
        }
        let (above, checkpoint) = text.split_once("\n\n").ok_or(TlogProofError::NoCheckpoint)?;
        let mut lines = above.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(TlogProofError::FirstLine);
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).map(|line| {
            let encoded = line.strip_prefix("extra ").unwrap_or_default();
            STANDARD.decode(encoded).map_err(|_reason| TlogProofError::Extra)
        });
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal);
        let path = (1..).zip(lines).map(|(number, line)| match hash(line) {
            _ if number > PATH_MAX => Err(TlogProofError::PathTooLong),
            Some(hash) => Ok(hash),
            None => Err(TlogProofError::Hash(number)),
        });
        Ok(Self {
            extra: extra.transpose()?,
            index: index.ok_or(TlogProofError::Index)?,
            path: path.collect::<Result<_, _>>()?,
            checkpoint: SignedCheckpoint::parse(checkpoint)?,
        })
    }

    /// The text.
    pub fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", STANDARD.encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&STANDARD.encode(hash.as_bytes()));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint.to_text());
        text
    }

    /// Whether the leaf with this hash is at the proof's position in the checkpoint's tree. That
    /// somebody signed the checkpoint is another question.
    pub fn proves(&self, leaf_hash: Digest) -> bool {
        let checkpoint = &self.checkpoint.checkpoint;
        let claim = Inclusion {
            leaf_hash,
            index: self.index,
            size: checkpoint.size(),
            root: checkpoint.root(),
        };
        claim.is_proved_by(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{inclusion_proof, leaf_hash, root};
    use crate::signing::checkpoint::{Checkpoint, NoteSignature};
    use crate::signing::public_key::PublicKey;

    fn proof(leaves: u8, index: u8, extra: Option<&[u8]>) -> TlogProof {
        let hashes: Vec<Digest> = (0..leaves).map(|leaf| leaf_hash(&[leaf])).collect();
        let head = Checkpoint::new("example.org/t", u64::from(leaves), root(&hashes)).unwrap();
        let mut checkpoint = SignedCheckpoint::new(head);
        let key = PublicKey::from_bytes([7; 32]);
        let signature = NoteSignature::new("example.org/t", &key, &[9; 64]).unwrap();
        checkpoint.signatures.push(signature);
        TlogProof {
            extra: extra.map(<[u8]>::to_vec),
            index: u64::from(index),
            path: inclusion_proof(&hashes, usize::from(index)).unwrap(),
            checkpoint,
        }
    }

    #[test]
    fn what_is_written_is_read_and_proves() {
        for (leaves, index, extra) in
            [(1, 0, None), (7, 6, Some(b"more".as_slice())), (7, 0, Some(b"")), (200, 131, None)]
        {
            let proof = proof(leaves, index, extra);
            let text = proof.to_text();
            assert_eq!(TlogProof::parse(&text).unwrap(), proof, "{text}");
            assert!(proof.proves(leaf_hash(&[index])));
            assert!(!proof.proves(leaf_hash(&[index + 1])));
            let wrong = TlogProof { index: proof.index + 1, ..proof };
            assert!(!wrong.proves(leaf_hash(&[index])));
        }
    }

    #[test]
    fn the_layout_is_the_specification_s() {
        let text = proof(2, 1, Some(b"x")).to_text();
        let sibling = STANDARD.encode(leaf_hash(&[0]).as_bytes());
        let expected =
            format!("c2sp.org/tlog-proof@v1\nextra eA==\nindex 1\n{sibling}\n\nexample.org/t\n2\n");
        assert!(text.starts_with(&expected), "{text}");
        assert!(proof(1, 0, None).to_text().starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nex"));
    }

    #[test]
    fn other_spellings_are_refused() {
        use TlogProofError as E;
        let good = proof(3, 1, Some(b"x")).to_text();
        for (from, to, expected) in [
            ("proof@v1", "proof@v2", E::FirstLine),
            ("eA==", "eA", E::Extra),
            ("extra eA==", "extra", E::Index),
            ("index 1", "index 01", E::Index),
            ("index 1", "index -1", E::Index),
            ("index 1", "index 1\nindex 1", E::Hash(1)),
            ("index 1", "index 1\nAAAA", E::Hash(1)),
            ("index 1\n", "index 1\n\n", E::Checkpoint(CheckpointError::Size)),
            ("\n3\n", "\n03\n", E::Checkpoint(CheckpointError::Size)),
        ] {
            assert!(good.contains(from));
            let text = good.replacen(from, to, 1);
            assert_eq!(TlogProof::parse(&text), Err(expected), "{from:?} -> {to:?}");
        }
        let long = format!("index 1\n{}", format!("{}\n", "A".repeat(43) + "=").repeat(65));
        let text = good.replacen("index 1\n", &long, 1);
        assert_eq!(TlogProof::parse(&text), Err(E::PathTooLong));
        assert_eq!(TlogProof::parse("c2sp.org/tlog-proof@v1\n"), Err(E::NoCheckpoint));
        let crlf = good.replace('\n', "\r\n");
        assert_eq!(TlogProof::parse(&crlf), Err(E::NoCheckpoint));
    }
}
