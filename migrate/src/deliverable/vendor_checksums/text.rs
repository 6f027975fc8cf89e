//! The text of a checksum file, as UTF-8 (or whatever bytes names have).

use std::borrow::Cow;

/// The text without a byte order mark; UTF-16 becomes UTF-8.
pub(super) fn decoded(bytes: &[u8]) -> Result<Cow<'_, [u8]>, &'static str> {
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(
            "it is a spreadsheet or another Office document (.xlsx), not a text; saved as \
                    CSV it can be read",
        );
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err("it is an Office document (.xls), not a text; saved as CSV it can be read");
    }
    if bytes.starts_with(b"%PDF-") {
        return Err("it is a PDF, not a text");
    }
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(rest.into()),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        // A text begins with digits or letters of ASCII: half of each is zero.
        [1..=255, 0, ..] => utf16(bytes, u16::from_le_bytes),
        [0, 1..=255, ..] => utf16(bytes, u16::from_be_bytes),
        _ => Ok(bytes.into()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, [u8]>, &'static str> {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) => Ok(text.into_bytes().into()),
        Err(_unpaired) => Err("it begins as UTF-16 and is none"),
    }
}
