//! Ways to read a text as a path: what people and programs do to the name of a file.

use std::borrow::Cow;
use std::collections::BTreeSet;

use handover_schemas::config::PathReading;
use percent_encoding::percent_decode;
use unicode_normalization::UnicodeNormalization;

/// The readings that make another text of a text, in the order in which they are applied. The
/// others change how two texts are compared.
pub(super) const OF_TEXT: [PathReading; 5] = [
    PathReading::Trim,
    PathReading::Query,
    PathReading::Percent,
    PathReading::Backslash,
    PathReading::Dots,
];

/// The text by those of the readings that make another text of it.
pub(super) fn apply<'t>(text: &'t [u8], readings: &BTreeSet<PathReading>) -> Cow<'t, [u8]> {
    let mut read = Cow::Borrowed(text);
    for reading in OF_TEXT.iter().filter(|one| readings.contains(one)) {
        if let Some(other) = one(*reading, &read) {
            read = Cow::Owned(other);
        }
    }
    read
}

/// The text by one reading; `None` if it is the same text.
fn one(reading: PathReading, text: &[u8]) -> Option<Vec<u8>> {
    let other = match reading {
        PathReading::Trim => text.trim_ascii().to_vec(),
        PathReading::Query => {
            let end = text.iter().position(|byte| matches!(byte, b'?' | b'#'))?;
            text.get(..end)?.to_vec()
        }
        PathReading::Percent => percent_decode(text).collect(),
        PathReading::Backslash => {
            text.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect()
        }
        PathReading::Dots => without_dots(text)?,
        PathReading::Unicode | PathReading::Case => return None,
    };
    (other != text).then_some(other)
}

/// `None` if it leads out of the folder.
fn without_dots(text: &[u8]) -> Option<Vec<u8>> {
    let (root, rest) = match text.strip_prefix(b"/") {
        Some(rest) => (&b"/"[..], rest),
        None => (&b""[..], text),
    };
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in rest.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => {
                kept.pop()?;
            }
            segment => kept.push(segment),
        }
    }
    Some([root, &kept.join(&b'/')].concat())
}

/// The text as it is compared by these readings; bytes that are no UTF-8 as they are.
pub(super) fn compared(text: &[u8], readings: &BTreeSet<PathReading>) -> Vec<u8> {
    let Ok(text) = str::from_utf8(text) else { return text.to_vec() };
    let small = readings.contains(&PathReading::Case);
    let text = if small { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) };
    if readings.contains(&PathReading::Unicode) {
        return text.nfc().collect::<String>().into_bytes();
    }
    text.into_owned().into_bytes()
}

/// What it means that a text has to be read so, for people.
pub(super) fn describe(reading: PathReading) -> &'static str {
    match reading {
        PathReading::Trim => "white space around the path",
        PathReading::Query => "a query behind the path (?…)",
        PathReading::Percent => "percent-encoded (%20)",
        PathReading::Backslash => "\\ for /",
        PathReading::Dots => "./, ../ or // in the path",
        PathReading::Unicode => "letters composed otherwise (NFC and NFD)",
        PathReading::Case => "other small and capital letters",
    }
}

/// The readings as a list of `handover.toml`.
pub(super) fn listed(readings: &BTreeSet<PathReading>) -> String {
    let words: Vec<_> = readings.iter().map(|one| format!("\"{}\"", one.as_str())).collect();
    format!("read_as = [{}]", words.join(", "))
}
