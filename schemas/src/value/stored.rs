//! What a SQLite value is stored as: its storage class and its bytes, as a field of a line (FORMAT.md
//! section 5.5) and as a text (section 5.4, `as stored`).

use super::ValueError;
use super::digits::{hex, hex_value, push_int};
use super::escape::{escape_into, unescape};
use super::float::push_f64;

/// A stored value other than NULL.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stored<'a> {
    /// Storage class INTEGER.
    Integer(i64),
    /// Storage class REAL.
    Real(f64),
    /// Storage class TEXT: any bytes.
    Text(&'a [u8]),
    /// Storage class BLOB.
    Blob(&'a [u8]),
}

/// The same, owned.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedStored {
    /// Storage class INTEGER.
    Integer(i64),
    /// Storage class REAL.
    Real(f64),
    /// Storage class TEXT: any bytes.
    Text(Vec<u8>),
    /// Storage class BLOB.
    Blob(Vec<u8>),
}

/// Appends a field that says the storage class, which no value's canonical text can be mistaken
/// for: a backslash and `I`, `R`, `T` or `B` before the integer, the eight bytes of the number, the
/// escaped text or the bytes.
pub fn push_tagged(stored: Stored<'_>, out: &mut Vec<u8>) {
    match stored {
        Stored::Integer(number) => {
            out.extend_from_slice(b"\\I");
            push_int(number, out);
        }
        Stored::Real(number) => {
            out.extend_from_slice(b"\\R");
            push_hex(&number.to_be_bytes(), out);
        }
        Stored::Text(text) => {
            out.extend_from_slice(b"\\T");
            escape_into(text, out);
        }
        Stored::Blob(bytes) => {
            out.extend_from_slice(b"\\B");
            push_hex(bytes, out);
        }
    }
}

/// Whether a field says its storage class.
pub fn is_tagged(field: &[u8]) -> bool {
    matches!(field, [b'\\', b'I' | b'R' | b'T' | b'B', ..])
}

/// The stored value of a field that says its storage class; `None` for any other field. Only what
/// [`push_tagged`] writes is accepted.
pub fn tagged(field: &[u8]) -> Result<Option<OwnedStored>, ValueError> {
    let [b'\\', tag @ (b'I' | b'R' | b'T' | b'B'), rest @ ..] = field else { return Ok(None) };
    let bad = ValueError::NotCanonical { type_name: "stored value" };
    let value = match tag {
        b'I' => std::str::from_utf8(rest)
            .ok()
            .and_then(|text| text.parse().ok())
            .map(OwnedStored::Integer),
        b'R' => unhex(rest)
            .and_then(|bytes| <[u8; 8]>::try_from(bytes).ok())
            .map(|bytes| OwnedStored::Real(f64::from_be_bytes(bytes))),
        b'T' => unescape(rest)?.map(OwnedStored::Text),
        _ => unhex(rest).map(OwnedStored::Blob),
    };
    let value = value.ok_or(bad)?;
    let mut again = Vec::with_capacity(field.len());
    push_tagged(value.as_stored(), &mut again);
    if again == field { Ok(Some(value)) } else { Err(bad) }
}

/// The text of a field: the unescaped text, or that of an integer or text which is told to be one;
/// `None` for NULL and for what is no text.
pub fn field_text(field: &[u8]) -> Result<Option<String>, ValueError> {
    let bytes = match tagged(field)? {
        Some(OwnedStored::Integer(number)) => return Ok(Some(number.to_string())),
        Some(OwnedStored::Text(text)) => Some(text),
        Some(OwnedStored::Real(_) | OwnedStored::Blob(_)) => None,
        None => unescape(field)?,
    };
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

impl OwnedStored {
    /// The value, borrowed.
    pub fn as_stored(&self) -> Stored<'_> {
        match self {
            Self::Integer(number) => Stored::Integer(*number),
            Self::Real(number) => Stored::Real(*number),
            Self::Text(text) => Stored::Text(text),
            Self::Blob(bytes) => Stored::Blob(bytes),
        }
    }
}

/// Appends the text that says what is stored: `integer:5`, `real:1.5`, `text:abc`, `blob:00ff`. A text
/// that a text of PostgreSQL cannot be (it holds U+0000 or is not UTF-8) is `text-bytes:` and its
/// bytes.
pub fn push_described(stored: Stored<'_>, out: &mut Vec<u8>) {
    match stored {
        Stored::Integer(number) => {
            out.extend_from_slice(b"integer:");
            push_int(number, out);
        }
        Stored::Real(number) => {
            out.extend_from_slice(b"real:");
            push_f64(number, out);
        }
        Stored::Text(text) if text.contains(&0) || std::str::from_utf8(text).is_err() => {
            out.extend_from_slice(b"text-bytes:");
            push_hex(text, out);
        }
        Stored::Text(text) => {
            out.extend_from_slice(b"text:");
            out.extend_from_slice(text);
        }
        Stored::Blob(bytes) => {
            out.extend_from_slice(b"blob:");
            push_hex(bytes, out);
        }
    }
}

fn push_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(bytes.iter().flat_map(|byte| hex(*byte)));
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| Some(hex_value(high)? << 4 | hex_value(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(stored: Stored<'_>) -> String {
        let mut out = Vec::new();
        push_tagged(stored, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_same_digit_in_every_storage_class() {
        let all = [
            (Stored::Integer(1), "\\I1", "integer:1"),
            (Stored::Real(1.0), "\\R3ff0000000000000", "real:1"),
            (Stored::Text(b"1"), "\\T1", "text:1"),
            (Stored::Blob(b"1"), "\\B31", "blob:31"),
            (Stored::Text(b""), "\\T", "text:"),
            (Stored::Blob(b""), "\\B", "blob:"),
            (Stored::Text(b"a\\\tb"), "\\Ta\\\\\\tb", "text:a\\\tb"),
            (Stored::Text(b"a\0"), "\\Ta\0", "text-bytes:6100"),
            (Stored::Real(-0.0), "\\R8000000000000000", "real:-0"),
            (Stored::Real(f64::INFINITY), "\\R7ff0000000000000", "real:Infinity"),
            (Stored::Integer(i64::MIN), "\\I-9223372036854775808", "integer:-9223372036854775808"),
        ];
        for (stored, expected, text) in all {
            assert_eq!(field(stored), expected);
            assert!(is_tagged(expected.as_bytes()));
            assert_eq!(tagged(expected.as_bytes()).unwrap().unwrap().as_stored(), stored);
            let mut described = Vec::new();
            push_described(stored, &mut described);
            assert_eq!(described, text.as_bytes());
        }
        let mut odd = Vec::new();
        push_described(Stored::Text(b"\xff"), &mut odd);
        assert_eq!(odd, b"text-bytes:ff");
    }

    #[test]
    fn a_tagged_field_has_one_spelling() {
        for field in
            ["\\I01", "\\I", "\\I+1", "\\R3FF0000000000000", "\\R3ff0", "\\B0", "\\BAB", "\\T\t"]
        {
            assert!(tagged(field.as_bytes()).is_err(), "{field:?}");
        }
        for field in ["\\N", "", "1", "\\\\I1", "\\t"] {
            assert_eq!(tagged(field.as_bytes()), Ok(None));
            assert!(!is_tagged(field.as_bytes()));
            assert!(unescape(field.as_bytes()).is_ok());
        }
        assert!(unescape(b"\\I1").is_err());
    }
}
