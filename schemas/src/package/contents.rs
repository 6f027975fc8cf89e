//! `contents.jsonl` and `members.jsonl`: one line of JSON per entry.
//!
//! A line is the one that this module writes: compact JSON, keys in the order of the fields here.
//! Files come first, by stored path; then everything else, by deliverable and original name; both
//! compared as bytes.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::digest::{Digest, hex};

/// Most bytes of a name, and of what a link points to. Whoever makes a package stores no longer one.
pub const NAME_MAX: usize = 64 * 1024;

/// Most bytes of a line: two names, six characters for each byte, and the rest.
pub const LINE_MAX: usize = 1024 * 1024;

/// A line that cannot be read, or is spelt otherwise than the writer would.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Not JSON, or not of this shape.
    #[error("it is not an entry: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another spelling of the same.
    #[error("it is not spelt as it is written")]
    Spelling,
}

/// A name as it was delivered: any bytes.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(untagged)]
pub enum OriginalName {
    /// A name that is UTF-8, neither composed nor decomposed.
    Text(String),
    /// One that is not, as hexadecimal digits.
    Bytes {
        /// Lower-case digits.
        #[serde(deserialize_with = "digits_as_written")]
        hex: String,
    },
}

/// Reads the digits of a name only as [`OriginalName::of`] writes them: in lower case, whole, and
/// of bytes that are not UTF-8. Otherwise one name had many spellings, and some had no bytes.
fn digits_as_written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let hex = String::deserialize(deserializer)?;
    let name = OriginalName::Bytes { hex: hex.clone() };
    let written = name.bytes().map(|bytes| OriginalName::of(&bytes));
    if written == Some(name) {
        Ok(hex)
    } else {
        Err(de::Error::custom("not the digits of a name that is not UTF-8"))
    }
}

impl OriginalName {
    /// The name of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_not_utf8) => Self::Bytes { hex: hex(bytes) },
        }
    }

    /// Whether it would lead out of the folder below which it is a path.
    pub fn leads_out(&self) -> bool {
        let bytes = self.bytes().unwrap_or_default();
        bytes.split(|byte| *byte == b'/').any(|part| matches!(part, b"" | b"." | b".."))
    }

    /// Its bytes; `None` if the digits are not digits.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Text(text) => Some(text.clone().into_bytes()),
            Self::Bytes { hex } => {
                let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
                let digit = |digit: u8| char::from(digit).to_digit(16);
                let byte =
                    |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok();
                if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
            }
        }
    }
}

/// One line of `contents.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// A file of the payload.
    File(FileEntry),
    /// A folder, empty or not.
    Directory {
        /// Deliverable it belongs to.
        deliverable: String,
        /// Path below the deliverable.
        name: OriginalName,
        /// Permissions, four octal digits.
        mode: String,
        /// Time of last change, seconds since 1970 with nine decimals.
        modified: String,
    },
    /// A symbolic link: recorded, never followed.
    Symlink {
        /// Deliverable it belongs to.
        deliverable: String,
        /// Path below the deliverable.
        name: OriginalName,
        /// Where it points.
        target: OriginalName,
    },
    /// Something that cannot be stored.
    NotStored {
        /// Deliverable it belongs to.
        deliverable: String,
        /// Path below the deliverable.
        name: OriginalName,
        /// Why: a device, a pipe, a file that changed each time it was read.
        reason: NotStoredReason,
    },
}

/// A file of the payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// Path in the package.
    pub stored: String,
    /// Deliverable it belongs to.
    pub deliverable: String,
    /// Path below the deliverable.
    pub name: OriginalName,
    /// Bytes of the file as it was delivered.
    pub size: u64,
    /// SHA-256 of the file as it was delivered; the manifest has that of the stored form.
    pub sha256: Digest,
    /// Permissions, four octal digits.
    pub mode: String,
    /// Time of last change, seconds since 1970 with nine decimals; absent for a file that was
    /// made while it was received (a git bundle).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub modified: Option<String>,
}

/// Why something of a deliverable is not in the package.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NotStoredReason {
    /// A device.
    Device,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// It changed each time it was read.
    Changing,
    /// It was there, and was gone when it was to be read.
    Vanished,
    /// It could not be read.
    Unreadable,
}

impl NotStoredReason {
    /// The word in the line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Fifo => "fifo",
            Self::Socket => "socket",
            Self::Changing => "changing",
            Self::Vanished => "vanished",
            Self::Unreadable => "unreadable",
        }
    }

    /// The reason behind a word.
    pub fn parse(word: &str) -> Option<Self> {
        use NotStoredReason::{Changing, Device, Fifo, Socket, Unreadable, Vanished};
        let all = [Device, Fifo, Socket, Changing, Vanished, Unreadable];
        all.into_iter().find(|reason| reason.as_str() == word)
    }
}

impl Entry {
    /// The line, without its line feed.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a line; only what [`to_line`](Self::to_line) writes is read.
    pub fn parse(line: &[u8]) -> Result<Self, LineError> {
        let entry: Self = serde_json::from_slice(line)?;
        if entry.to_line()?.as_bytes() == line { Ok(entry) } else { Err(LineError::Spelling) }
    }

    /// How lines are ordered.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::File(a), Self::File(b)) => a.stored.as_bytes().cmp(b.stored.as_bytes()),
            (Self::File(_), _) => Ordering::Less,
            (_, Self::File(_)) => Ordering::Greater,
            (a, b) => a.place().cmp(&b.place()),
        }
    }

    /// Its path below the deliverable.
    pub fn name(&self) -> &OriginalName {
        match self {
            Self::File(FileEntry { name, .. })
            | Self::Directory { name, .. }
            | Self::Symlink { name, .. }
            | Self::NotStored { name, .. } => name,
        }
    }

    fn place(&self) -> (&str, Option<Vec<u8>>) {
        match self {
            Self::File(FileEntry { deliverable, name, .. })
            | Self::Directory { deliverable, name, .. }
            | Self::Symlink { deliverable, name, .. }
            | Self::NotStored { deliverable, name, .. } => (deliverable, name.bytes()),
        }
    }
}

/// One line of `members.jsonl`: something inside an archive that was delivered. Archives are kept
/// as they are; this is what they list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberLine {
    /// Stored path of the archive.
    pub archive: String,
    /// Position in it, from 0.
    pub position: u64,
    /// Name in it. It is only text: nothing is ever opened by it.
    pub name: OriginalName,
    /// What it is.
    pub kind: MemberKind,
    /// Bytes of its content.
    pub size: u64,
    /// SHA-256 of its content; absent where that could not be read (encrypted) or there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<Digest>,
    /// Where a link points.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target: Option<OriginalName>,
}

/// What a member of an archive is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    /// A file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of an earlier member.
    HardLink,
    /// Anything else.
    Other,
}

impl MemberLine {
    /// The line, without its line feed.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a line; only what [`to_line`](Self::to_line) writes is read.
    pub fn parse(line: &[u8]) -> Result<Self, LineError> {
        let member: Self = serde_json::from_slice(line)?;
        if member.to_line()?.as_bytes() == line { Ok(member) } else { Err(LineError::Spelling) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Entry {
        Entry::File(FileEntry {
            stored: "data/document/_0-x.pdf".to_owned(),
            deliverable: "document".to_owned(),
            name: OriginalName::of("Hướng dẫn.pdf".as_bytes()),
            size: 3,
            sha256: Digest::EMPTY,
            mode: "0644".to_owned(),
            modified: Some("1647586800.000000000".to_owned()),
        })
    }

    #[test]
    fn a_line_is_read_as_it_is_written() {
        let entries = [
            file(),
            Entry::Directory {
                deliverable: "document".to_owned(),
                name: OriginalName::of(b"A\xff"),
                mode: "0755".to_owned(),
                modified: "0.000000001".to_owned(),
            },
            Entry::Symlink {
                deliverable: "document".to_owned(),
                name: OriginalName::of(b"a"),
                target: OriginalName::of(b"../../etc/passwd"),
            },
            Entry::NotStored {
                deliverable: "document".to_owned(),
                name: OriginalName::of(b"pipe"),
                reason: NotStoredReason::Fifo,
            },
        ];
        for entry in &entries {
            let line = entry.to_line().unwrap();
            assert_eq!(&Entry::parse(line.as_bytes()).unwrap(), entry);
        }
        assert!(entries.is_sorted_by(|a, b| a.order(b) != Ordering::Greater || a == b));
    }

    #[test]
    fn other_spellings_are_refused() {
        let line = file().to_line().unwrap();
        for bad in [
            line.replace(":3", ": 3"),
            line.replace('ẫ', "\\u1eab"),
            line.replace(",\"mode\"", ",\"extra\":1,\"mode\""),
            line.replace("e3b0c", "E3B0C"),
            line.replace("\"file\"", "\"folder\""),
            format!("{line} "),
            String::new(),
        ] {
            assert!(Entry::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_longest_names_fit_into_a_line() {
        let name = || OriginalName::of(&vec![1; NAME_MAX]);
        let member = MemberLine {
            archive: "x".repeat(crate::package::bag::STORED_PATH_MAX),
            position: u64::MAX,
            name: name(),
            kind: MemberKind::Symlink,
            size: u64::MAX,
            sha256: Some(Digest::of(b"")),
            target: Some(name()),
        };
        let length = member.to_line().unwrap().len();
        assert!(length > 12 * NAME_MAX && length < LINE_MAX, "{length}");
    }

    #[test]
    fn names_of_any_bytes_come_back() {
        for bytes in [&b"plain"[..], "NFC é, NFD e\u{301}".as_bytes(), b"\xff\x00\n", b""] {
            assert_eq!(OriginalName::of(bytes).bytes().as_deref(), Some(bytes));
        }
        assert_eq!(OriginalName::Bytes { hex: "f".to_owned() }.bytes(), None);
        assert_eq!(OriginalName::Bytes { hex: "é".to_owned() }.bytes(), None);
    }

    #[test]
    fn a_name_has_one_spelling() {
        let line = |name: &str| {
            let line = r#"{"type":"symlink","deliverable":"document","name":NAME,"target":"x"}"#;
            Entry::parse(line.replace("NAME", name).as_bytes())
        };
        assert!(line(r#"{"hex":"61ff"}"#).is_ok());
        // Upper case, an odd digit, none, no digits, and what is text.
        for hex in ["61FF", "61f", "", "+f", "6162"] {
            assert!(line(&format!("{{\"hex\":{hex:?}}}")).is_err(), "{hex}");
        }
    }
}
