//! `package.json`: what a package holds, in numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::contents::{LineError, OriginalName};
use crate::archive::manifest::ArchiveManifest;
use crate::config::{DeliverableForm, DeliverableKind};
use crate::digest::Digest;

/// Version of the package format.
pub const PACKAGE_VERSION: u32 = 1;

/// The document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackageManifest {
    /// Version of the package format.
    pub version: u32,
    /// What the package is called: the component's id.
    pub identifier: String,
    /// What it carries.
    pub carries: Carries,
    /// What was done to every payload file, `contents.jsonl` and `members.jsonl`.
    pub encoding: Encoding,
    /// The entries.
    pub contents: Listing,
    /// What archives list; absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub members: Option<Listing>,
    /// The deliverables, in the order of their ids; of an archive, its payload folders.
    pub deliverables: Vec<PackedDeliverable>,
    /// What an archive holds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub archive: Option<ArchiveManifest>,
}

/// What a package carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Carries {
    /// What a vendor delivered of one component.
    Deliverables,
    /// Rows that are about to be deleted, or were replaced.
    Archive,
}

/// What was done to a file before it was stored: compressed, then encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Encoding {
    /// Whether it is a zstd frame (RFC 8878).
    pub zstd: bool,
    /// The age recipients to whom it is encrypted (age-encryption.org/v1); none: not encrypted.
    pub age_recipients: Vec<String>,
}

impl Encoding {
    /// Whether anything is encrypted.
    pub fn is_encrypted(&self) -> bool {
        !self.age_recipients.is_empty()
    }

    /// What is appended to a stored name.
    pub fn suffix(&self) -> &'static str {
        match (self.zstd, self.is_encrypted()) {
            (false, false) => "",
            (true, false) => ".zst",
            (false, true) => ".age",
            (true, true) => ".zst.age",
        }
    }
}

/// A file of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Path in the package.
    pub stored: String,
    /// Number of lines.
    pub lines: u64,
    /// Bytes of all lines, before encoding.
    pub bytes: u64,
    /// SHA-256 of all lines, before encoding.
    pub sha256: Digest,
}

/// One deliverable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackedDeliverable {
    /// `kind`, or `kind/name`.
    pub id: String,
    /// What sort of thing.
    pub kind: DeliverableKind,
    /// How it was delivered.
    pub form: DeliverableForm,
    /// Files stored.
    pub files: u64,
    /// Their bytes as they were delivered.
    pub bytes: u64,
    /// Folders.
    pub directories: u64,
    /// Symbolic links.
    pub symlinks: u64,
    /// Things that could not be stored.
    pub not_stored: u64,
    /// Where its references and tags were, for a git repository.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub git: Option<GitState>,
    /// What the vendor's own checksum file says, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub vendor_checksums: Option<VendorChecksums>,
}

/// A git repository as it was delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitState {
    /// Hash function of its objects.
    pub object_format: String,
    /// The reference that HEAD names; absent if it names a commit or nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<OriginalName>,
    /// The commit of HEAD.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head_commit: Option<String>,
    /// Objects that its references lead to.
    pub objects: u64,
    /// Every reference and its object, in the order of their names; tags are `refs/tags/…`.
    pub references: Vec<GitReference>,
    /// Whether every object was there and sound.
    pub sound: bool,
}

/// A reference of a git repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GitReference {
    /// Full name.
    pub name: OriginalName,
    /// Object it names.
    pub object: String,
}

/// What the vendor's own checksum file says about what was delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VendorChecksums {
    /// Files it lists.
    pub listed: u64,
    /// Files that are as it says.
    pub matched: u64,
}

impl PackageManifest {
    /// The document's text, ended by a line feed.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// Reads the document; only what [`to_text`](Self::to_text) writes is read.
    pub fn parse(text: &[u8]) -> Result<Self, LineError> {
        let manifest: Self = serde_json::from_slice(text)?;
        if manifest.to_text()?.as_bytes() == text { Ok(manifest) } else { Err(LineError::Spelling) }
    }
}
