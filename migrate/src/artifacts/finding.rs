//! What is not as it should be with something that was delivered.

use handover_schemas::package::contents::OriginalName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What can be wrong.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactFindingKind {
    /// It was asked for or promised, and did not come.
    Missing,
    /// Something of it could not be stored.
    NotStored,
    /// A file is not as the vendor's checksum file says.
    ChecksumDiffers,
    /// The vendor's checksum file lists a file that is not there.
    ChecksumWithoutFile,
    /// The vendor's checksum file cannot be used.
    ChecksumsUnusable,
    /// A file that the vendor's checksum file does not name.
    ChecksumMissing,
    /// An archive is broken.
    ArchiveBroken,
    /// An archive unpacks to more than is read.
    ArchiveTooLarge,
    /// It takes a password or a key to read what is in a file.
    ContentEncrypted,
    /// A file that promises content by its name has no bytes.
    ContentEmpty,
    /// Another part of a split archive is not there.
    PartMissing,
    /// Something of an archive was not looked into.
    NotLookedInto,
    /// A file is several archives one after another.
    ArchivesJoined,
    /// A git repository has broken or missing objects.
    GitProblem,
    /// A git repository that was delivered and is not sealed as a repository.
    GitNotBundled,
    /// Files beside a git repository that it does not have as they are.
    GitUncommitted,
    /// A git repository refers to content that it does not hold: git-lfs files, submodules.
    GitIncomplete,
    /// A password, a private key or the like lies in what was delivered.
    SecretFound,
    /// A row names a file that is not there.
    ReferenceWithoutFile,
    /// A row names a delivered file, if its text is read as `handover.toml` does not say.
    ReferenceReadOtherwise,
    /// A row names several delivered files that differ only in what does not count.
    ReferenceAmbiguous,
    /// A row names what lies elsewhere: at a URL, in a bucket, on another computer.
    ReferenceOutside,
    /// A row holds a list and not one path.
    ReferenceList,
    /// A row holds the file itself.
    ReferenceHoldsContent,
    /// A row has a text that names no file, and is not NULL.
    ReferenceEmpty,
    /// A file that no row names.
    FileWithoutReference,
    /// A file that a row names has no bytes.
    FileEmpty,
    /// A file that a row names has the same content as another.
    FileDuplicate,
    /// A file has another digest than its row says.
    ReferenceDigestDiffers,
    /// The column that names files could not be read.
    ReferencesUnreadable,
    /// What is there now is not what was sealed.
    ChangedSinceSealed,
    /// The package is not the one that the ledger knows.
    PackageDamaged,
    /// The database is not (wholly) copied and read back.
    DatabaseIncomplete,
}

impl ArtifactFindingKind {
    /// Whether it speaks against a deliverable's being whole. A secret that lies about does not, nor
    /// does a row that names no file, or holds it itself.
    pub fn is_against_wholeness(self) -> bool {
        match self {
            Self::SecretFound
            | Self::FileWithoutReference
            | Self::FileDuplicate
            | Self::ReferenceEmpty
            | Self::ReferenceHoldsContent
            | Self::ArchivesJoined => false,
            Self::Missing
            | Self::NotStored
            | Self::ChecksumDiffers
            | Self::ChecksumWithoutFile
            | Self::ChecksumsUnusable
            | Self::ChecksumMissing
            | Self::ArchiveBroken
            | Self::ArchiveTooLarge
            | Self::ContentEncrypted
            | Self::ContentEmpty
            | Self::PartMissing
            | Self::NotLookedInto
            | Self::GitUncommitted
            | Self::GitProblem
            | Self::GitNotBundled
            | Self::GitIncomplete
            | Self::ReferenceWithoutFile
            | Self::ReferenceReadOtherwise
            | Self::ReferenceAmbiguous
            | Self::ReferenceOutside
            | Self::ReferenceList
            | Self::FileEmpty
            | Self::ReferenceDigestDiffers
            | Self::ReferencesUnreadable
            | Self::ChangedSinceSealed
            | Self::PackageDamaged
            | Self::DatabaseIncomplete => true,
        }
    }

    /// The words for what is in a file.
    fn of_content(self) -> (&'static str, &'static str) {
        match self {
            Self::ContentEncrypted => ("file is encrypted", "files are encrypted"),
            Self::ContentEmpty => {
                ("file of which there is only the name", "files of which there are only the names")
            }
            Self::PartMissing => {
                ("part of a split archive is not there", "parts of split archives are not there")
            }
            Self::NotLookedInto => ("thing was not looked into", "things were not looked into"),
            _ => (
                "file is several archives one after another",
                "files are several archives one after another",
            ),
        }
    }

    /// The words for rows and the files that they name.
    fn of_reference(self) -> (&'static str, &'static str) {
        match self {
            Self::ReferenceReadOtherwise => (
                "row names a delivered file only if it is read otherwise",
                "rows name delivered files only if they are read otherwise",
            ),
            Self::ReferenceAmbiguous => (
                "row may mean either of several delivered files",
                "rows may mean either of several delivered files",
            ),
            Self::ReferenceOutside => (
                "row names what lies outside what was delivered",
                "rows name what lies outside what was delivered",
            ),
            Self::ReferenceList => {
                ("row holds a list and not one path", "rows hold a list and not one path")
            }
            Self::ReferenceHoldsContent => {
                ("row holds the file itself", "rows hold the file itself")
            }
            Self::ReferenceEmpty => {
                ("row has a text that names no file", "rows have a text that names no file")
            }
            Self::FileWithoutReference => ("file that no row names", "files that no row names"),
            Self::ReferenceDigestDiffers => {
                ("file is not what its row says", "files are not what their rows say")
            }
            Self::ReferencesUnreadable => {
                ("column that names files cannot be read", "columns that name files cannot be read")
            }
            _ => ("row names a file that is not there", "rows name files that are not there"),
        }
    }

    /// What there are so many of, for people.
    pub fn describe(self, count: u64) -> String {
        let (one, many) = match self {
            Self::Missing => ("is missing", "are missing"),
            Self::NotStored => ("entry could not be stored", "entries could not be stored"),
            Self::ChecksumDiffers => (
                "file is not as the vendor's checksum file says",
                "files are not as the vendor's checksum file says",
            ),
            Self::ChecksumWithoutFile => (
                "file of the vendor's checksum file is not there",
                "files of the vendor's checksum file are not there",
            ),
            Self::ChecksumsUnusable => {
                ("checksum file cannot be used", "checksum files cannot be used")
            }
            Self::ChecksumMissing => (
                "file is not in the vendor's checksum file",
                "files are not in the vendor's checksum file",
            ),
            Self::ArchiveBroken => ("archive is broken", "archives are broken"),
            Self::ArchiveTooLarge => {
                ("archive holds more than is read", "archives hold more than is read")
            }
            Self::ContentEncrypted
            | Self::ContentEmpty
            | Self::PartMissing
            | Self::NotLookedInto
            | Self::ArchivesJoined => self.of_content(),
            Self::GitProblem => ("problem in the git repository", "problems in the git repository"),
            Self::GitNotBundled => (
                "git repository was delivered, and is not sealed as a repository",
                "git repositories were delivered, and are not sealed as repositories",
            ),
            Self::GitUncommitted => (
                "file lies beside the git repository that is not committed so",
                "files lie beside the git repository that are not committed so",
            ),
            Self::GitIncomplete => (
                "thing that the git repository refers to and does not hold",
                "things that the git repository refers to and does not hold",
            ),
            Self::SecretFound => ("secret lies in it", "secrets lie in it"),
            Self::ReferenceWithoutFile
            | Self::ReferenceReadOtherwise
            | Self::ReferenceAmbiguous
            | Self::ReferenceOutside
            | Self::ReferenceList
            | Self::ReferenceHoldsContent
            | Self::ReferenceEmpty
            | Self::FileWithoutReference
            | Self::ReferenceDigestDiffers
            | Self::ReferencesUnreadable => self.of_reference(),
            Self::FileEmpty => ("file has no bytes", "files have no bytes"),
            Self::FileDuplicate => {
                ("file has the content of another", "files have the content of another")
            }
            Self::ChangedSinceSealed => {
                ("entry is not as it was sealed", "entries are not as they were sealed")
            }
            Self::PackageDamaged => (
                "package is not the one the ledger knows",
                "packages are not those the ledger knows",
            ),
            Self::DatabaseIncomplete => (
                "database is not wholly copied and read back",
                "databases are not wholly copied and read back",
            ),
        };
        format!("{count} {}", if count == 1 { one } else { many })
    }
}

/// Findings of one kind, and of one cause where it is known, about one deliverable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactFinding {
    /// Component.
    pub component: String,
    /// Deliverable; absent if it is about the component's package.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deliverable: Option<String>,
    /// What sort of thing.
    pub kind: ArtifactFindingKind,
    /// Why, where it is known, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    /// How many.
    pub count: u64,
    /// The same in a sentence. Names of files, which may be people's, are in the findings file.
    pub message: String,
}

/// One line of `findings/artifacts.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactFindingLine {
    /// Component.
    pub component: String,
    /// Deliverable.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deliverable: Option<String>,
    /// What sort of thing.
    pub kind: ArtifactFindingKind,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
}

/// Where within a deliverable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Path of the file below the deliverable.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<OriginalName>,
    /// Member of the archive, or path in the history of the repository.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub member: Option<OriginalName>,
    /// Object of the git repository.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<String>,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
    /// What exactly. Never a value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub what: Option<String>,
    /// Why, if that is known. It stands in the report too: never a value or a path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    /// For how many this line stands; absent for one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<u64>,
}

impl ArtifactFindingLine {
    /// For how many it stands.
    pub fn count(&self) -> u64 {
        self.place.count.unwrap_or(1)
    }
}

impl Place {
    /// No particular place; only what is wrong.
    pub fn what(what: String) -> Self {
        Self { what: Some(what), ..Self::default() }
    }
}
