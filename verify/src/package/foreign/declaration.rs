//! `bagit.txt` (RFC 8493 section 2.1.1), and the texts of the encoding that it names.

use handover_schemas::package::BAGIT_FILE;
use handover_schemas::package::report::{PackageFinding, PackageFindingKind as Kind};

/// How the other tag files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Latin1,
    Utf16,
}

/// What `bagit.txt` says.
pub(super) struct Declaration {
    /// The bag is of version 1 or later, which forbids more.
    pub(super) is_final: bool,
    /// `None`: one that is not read.
    pub(super) encoding: Option<Encoding>,
}

impl Declaration {
    /// Reads it, always as UTF-8; what is wrong is a finding.
    pub(super) fn read(text: &[u8], findings: &mut Vec<PackageFinding>) -> Self {
        let text = String::from_utf8_lossy(text);
        let mut lines = text.lines();
        let version = lines.next().and_then(|line| line.strip_prefix("BagIt-Version:"));
        let numbers = version.and_then(|version| version.trim().split_once('.'));
        let encoding =
            lines.next().and_then(|line| line.strip_prefix("Tag-File-Character-Encoding:"));
        match (numbers, encoding.map(str::trim)) {
            (Some((major, minor)), Some(name)) if is_number(major) && is_number(minor) => {
                Self { is_final: major.bytes().any(|digit| digit != b'0'), encoding: known(name) }
            }
            _ => {
                let message =
                    format!("{BAGIT_FILE} does not say version and encoding as RFC 8493 has them");
                findings.push(PackageFinding::of(BAGIT_FILE, Kind::TagFileMalformed, message));
                Self { is_final: true, encoding: Some(Encoding::Utf8) }
            }
        }
    }
}

impl Encoding {
    /// A tag file's text as UTF-8, or whatever bytes the names in it have; `None` if it is not of this
    /// encoding.
    pub(super) fn decoded(self, text: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Self::Utf8 => Some(text),
            Self::Latin1 => Some(text.into_iter().map(char::from).collect::<String>().into_bytes()),
            Self::Utf16 => utf16(&text).map(String::into_bytes),
        }
    }
}

fn known(name: &str) -> Option<Encoding> {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    match () {
        () if is("UTF-8") => Some(Encoding::Utf8),
        () if is("ISO-8859-1") => Some(Encoding::Latin1),
        () if is("UTF-16") => Some(Encoding::Utf16),
        () => None,
    }
}

/// With a byte order mark, or else the high byte first (RFC 2781 section 4.3).
fn utf16(text: &[u8]) -> Option<String> {
    let (text, unit): (_, fn([u8; 2]) -> u16) = match text {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        other => (other, u16::from_be_bytes),
    };
    let (pairs, rest) = text.as_chunks::<2>();
    let decoded = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    let text: String = decoded.collect::<Result<_, _>>().ok()?;
    rest.is_empty().then_some(text)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit())
}
