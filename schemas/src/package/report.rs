//! What `handover-verify package` says: one JSON document, the same bytes for the same package.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The judgement on a package.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PackageVerdict {
    /// Every file is there, as it was sealed, and none is there besides.
    Intact,
    /// Something could not be read, or opened with the key that was given.
    Unverified,
    /// It is a bag of another program, whole as far as was looked, and no package of this profile.
    NotOfProfile,
    /// Something is not as it was sealed.
    Damaged,
}

/// Report of `handover-verify package`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageReport {
    /// Judgement on everything that was looked at.
    pub verdict: PackageVerdict,
    /// What the package is called; null if its `package.json` cannot be read.
    pub identifier: Option<String>,
    /// SHA-256 of `tagmanifest-sha256.txt`; null if that is missing.
    pub seal: Option<Digest>,
    /// With what the seal was compared; null if with nothing.
    pub seal_compared_with: Option<SealOrigin>,
    /// Payload files that were read.
    pub files: u64,
    /// Their bytes as they are stored.
    pub bytes: u64,
    /// Encrypted files whose content was not looked at, because no key was given.
    pub not_opened: u64,
    /// What is not as it should be.
    pub findings: Vec<PackageFinding>,
    /// What was not looked at.
    pub not_checked: Vec<String>,
}

/// Where the seal that a package should have comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SealOrigin {
    /// It was given, from paper for instance.
    Given,
    /// The ledger of the target has it.
    Ledger,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PackageFinding {
    /// The file it is about, as it is stored; null if it is about the whole.
    pub path: Option<String>,
    /// What sort of thing.
    pub kind: PackageFindingKind,
    /// The same in a sentence.
    pub message: String,
}

/// What can be wrong with a package.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PackageFindingKind {
    /// A file is listed and not there.
    FileMissing,
    /// A file is there and not listed.
    FileExtra,
    /// A file has another digest than is listed.
    FileDamaged,
    /// A file could not be read.
    FileUnreadable,
    /// A link, a device or the like, where only files may be.
    NotAFile,
    /// A file has another name somewhere, through which it could be changed.
    HardLink,
    /// A name that is not spelt the same on every system.
    NameUnsafe,
    /// Two names that differ in the case of letters only.
    NamesCollide,
    /// A manifest or another tag file is not in the form that this profile demands.
    TagFileMalformed,
    /// The counts in `bag-info.txt` or `package.json` are not those of the files.
    CountsDiffer,
    /// The content of a file is not what `contents.jsonl` says.
    ContentDiffers,
    /// An encrypted file cannot be opened with the keys that were given.
    CannotBeOpened,
    /// The package is whole in itself, and is not the one that was sealed.
    SealDiffers,
    /// There is nothing in it.
    NothingInside,
    /// It is a bag of another program.
    NotOfProfile,
}

impl PackageFindingKind {
    /// What the package is because of this.
    pub fn verdict(self) -> PackageVerdict {
        match self {
            Self::FileUnreadable | Self::CannotBeOpened | Self::NothingInside => {
                PackageVerdict::Unverified
            }
            Self::NotOfProfile => PackageVerdict::NotOfProfile,
            Self::FileMissing
            | Self::FileExtra
            | Self::FileDamaged
            | Self::NotAFile
            | Self::HardLink
            | Self::NameUnsafe
            | Self::NamesCollide
            | Self::TagFileMalformed
            | Self::CountsDiffer
            | Self::ContentDiffers
            | Self::SealDiffers => PackageVerdict::Damaged,
        }
    }
}

impl PackageFinding {
    /// A finding about one file.
    pub fn of(path: &str, kind: PackageFindingKind, message: impl Into<String>) -> Self {
        Self { path: Some(path.to_owned()), kind, message: message.into() }
    }

    /// A finding about the whole.
    pub fn whole(kind: PackageFindingKind, message: impl Into<String>) -> Self {
        Self { path: None, kind, message: message.into() }
    }
}
