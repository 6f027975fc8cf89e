//! Packages: sealed BagIt bags (RFC 8493) of a strict profile, which `FORMAT.md` part 2 specifies.
//!
//! A package is a folder:
//!
//! ```text
//! bagit.txt                  what RFC 8493 demands, byte for byte
//! bag-info.txt               identifier, description, Payload-Oxum
//! manifest-sha256.txt        SHA-256 of every payload file
//! manifest-sha512.txt        SHA-512 of the same files, if asked for
//! package.json               what is in it, in numbers
//! contents.jsonl             each file with its original name, size, digest, mode and time
//! members.jsonl              what is inside archives that were delivered
//! RECOVERY.md                how to read it without our programs
//! data/…                     the payload, under safe names
//! tagmanifest-sha256.txt     SHA-256 of every file above except the payload
//! ```
//!
//! The **seal** is the SHA-256 of `tagmanifest-sha256.txt`. It covers everything.

pub mod bag;
pub mod contents;
pub mod inventory;
pub mod manifest;
pub mod recovery;
pub mod report;
pub mod stored_name;

use crate::digest::Digest;

/// `bagit.txt`.
pub const BAGIT_FILE: &str = "bagit.txt";
/// `bag-info.txt`.
pub const BAG_INFO_FILE: &str = "bag-info.txt";
/// SHA-256 digests of the payload.
pub const MANIFEST_SHA256_FILE: &str = "manifest-sha256.txt";
/// SHA-512 digests of the payload; optional.
pub const MANIFEST_SHA512_FILE: &str = "manifest-sha512.txt";
/// SHA-256 digests of the tag files; its own SHA-256 is the seal.
pub const TAG_MANIFEST_FILE: &str = "tagmanifest-sha256.txt";
/// What is in the package.
pub const PACKAGE_FILE: &str = "package.json";
/// Every entry with its original name. Encoded as the payload is.
pub const CONTENTS_FILE: &str = "contents.jsonl";
/// What is inside delivered archives; only there if there are any. Encoded as the payload is.
pub const MEMBERS_FILE: &str = "members.jsonl";
/// How to read the package without our programs.
pub const RECOVERY_FILE: &str = "RECOVERY.md";
/// The payload's folder.
pub const PAYLOAD_DIR: &str = "data";

/// The folder of packages, below the hand-over folder.
pub const PACKAGES_DIR: &str = "packages";

/// The name under which a package is kept that a later delivery replaced: its own, a point and the
/// first sixteen digits of its seal.
pub fn kept_name(identifier: &str, seal: &Digest) -> String {
    let digits: String = seal.to_string().chars().take(16).collect();
    format!("{identifier}.{digits}")
}
