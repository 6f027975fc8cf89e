//! What is signed, how a signature is written down, and who is trusted to sign.
//!
//! Nothing here signs or verifies; these are the formats, all of them of other people:
//!
//! | file | format | from |
//! |---|---|---|
//! | `dsse` | envelope around anything that is signed | DSSE v1, github.com/secure-systems-lab/dsse |
//! | `statement` | what the envelope holds | in-toto Statement v1, github.com/in-toto/attestation |
//! | `checkpoint` | signed head of a Merkle tree | c2sp.org/tlog-checkpoint, c2sp.org/signed-note |
//! | `tlog_proof` | proof that something is in the tree | c2sp.org/tlog-proof |
//! | `public_key` | Ed25519 keys | RFC 8410 |
//!
//! and one of our own, `trust`: the file that says whose keys are whose.

pub mod checkpoint;
pub mod dsse;
pub mod public_key;
pub mod statement;
pub mod tlog_proof;
pub mod trust;
