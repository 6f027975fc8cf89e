//! Escaping of a text field, as PostgreSQL's `COPY … TO` in text format does it (src/backend/
//! commands/copyto.c, `CopyAttributeOutText`): backslash and the control characters BS, TAB, LF,
//! VT, FF and CR are written as a backslash and a letter; every other byte is written as it is.

use super::ValueError;

/// Text looked at in one go. Long enough for vector instructions, short enough that a name of a
/// person usually goes through the loop below it.
const BLOCK: usize = 32;

/// Whether a byte must be escaped.
#[inline]
const fn is_special(byte: u8) -> bool {
    matches!(byte, 0x08..=0x0d | b'\\')
}

/// The letter that stands for a special byte.
const fn letter_of(byte: u8) -> u8 {
    match byte {
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0b => b'v',
        0x0c => b'f',
        0x0d => b'r',
        other => other,
    }
}

/// Whether any byte must be escaped.
#[inline]
pub(super) fn has_special(text: &[u8]) -> bool {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    blocks.iter().any(|block| block.iter().fold(false, |any, &b| any | is_special(b)))
        || rest_has_special(rest)
}

/// The same for less than a block: eight bytes at a time in one register, then single bytes.
#[inline]
fn rest_has_special(rest: &[u8]) -> bool {
    let (words, tail) = rest.as_chunks::<8>();
    words.iter().any(|word| word_has_special(*word)) || tail.iter().any(|&b| is_special(b))
}

/// Rules out all eight bytes at once where it can: none below 0x0e, which subtraction makes borrow
/// into the high bit, and no backslash, which XOR makes zero and subtraction then makes borrow.
#[inline]
fn word_has_special(bytes: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let word = u64::from_ne_bytes(bytes);
    let below_0e = word.wrapping_sub(ONES * 0x0e) & !word;
    let slash = word ^ (ONES * 0x5c);
    let is_slash = slash.wrapping_sub(ONES) & !slash;
    (below_0e | is_slash) & HIGHS != 0 && bytes.iter().any(|&b| is_special(b))
}

/// Appends text as the text of one COPY field.
#[inline]
pub fn escape_into(text: &[u8], out: &mut Vec<u8>) {
    if has_special(text) {
        escape_special(text, out);
    } else {
        out.extend_from_slice(text);
    }
}

/// Bytes of a text as one COPY field.
pub(super) fn escaped_length(text: &[u8]) -> usize {
    text.len() + text.iter().filter(|&&byte| is_special(byte)).count()
}

/// Appends text of which some byte must be escaped.
#[cold]
fn escape_special(text: &[u8], out: &mut Vec<u8>) {
    for run in text.split_inclusive(|&b| is_special(b)) {
        match run.split_last() {
            Some((&last, plain)) if is_special(last) => {
                out.extend_from_slice(plain);
                out.extend_from_slice(&[b'\\', letter_of(last)]);
            }
            _ => out.extend_from_slice(run),
        }
    }
}

/// Escapes in place what was appended to `out` from `start` on.
#[inline]
pub(super) fn escape_from(start: usize, out: &mut Vec<u8>) {
    if out.get(start..).is_some_and(has_special) {
        let text = out.split_off(start);
        escape_special(&text, out);
    }
}

/// Turns one canonical field back into its text; `\N` is `None`.
///
/// Only what [`escape_into`] writes is accepted, so that a field has exactly one spelling: a bare
/// control character that should have been escaped is refused, and so is `\x41`.
pub fn unescape(field: &[u8]) -> Result<Option<Vec<u8>>, ValueError> {
    if field == b"\\N" {
        return Ok(None);
    }
    let mut text = Vec::with_capacity(field.len());
    let mut bytes = field.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => text.push(meaning_of(bytes.next())?),
            _ if is_special(byte) => return Err(ValueError::Escape("bare control character")),
            _ => text.push(byte),
        }
    }
    Ok(Some(text))
}

/// The byte that a backslash and this letter stand for.
fn meaning_of(letter: Option<u8>) -> Result<u8, ValueError> {
    match letter {
        Some(b'b') => Ok(0x08),
        Some(b't') => Ok(0x09),
        Some(b'n') => Ok(0x0a),
        Some(b'v') => Ok(0x0b),
        Some(b'f') => Ok(0x0c),
        Some(b'r') => Ok(0x0d),
        Some(b'\\') => Ok(b'\\'),
        Some(_) => Err(ValueError::Escape("unknown escape")),
        None => Err(ValueError::Escape("backslash at the end")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn escaped(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        escape_into(text, &mut out);
        out
    }

    #[test]
    fn every_byte_at_every_place_of_a_block_is_escaped_as_copy_does() {
        for byte in 0..=255_u8 {
            for length in [1, 7, 8, 9, 31, 32, 33, 47, 64, 71] {
                for place in [0, 1, length / 2, length - 1] {
                    let mut text = vec![b'x'; length];
                    text[place.min(length - 1)] = byte;
                    let expected: Vec<u8> = text
                        .iter()
                        .flat_map(|&b| match b {
                            0x08 => b"\\b".to_vec(),
                            0x09 => b"\\t".to_vec(),
                            0x0a => b"\\n".to_vec(),
                            0x0b => b"\\v".to_vec(),
                            0x0c => b"\\f".to_vec(),
                            0x0d => b"\\r".to_vec(),
                            b'\\' => b"\\\\".to_vec(),
                            other => vec![other],
                        })
                        .collect();
                    assert_eq!(escaped(&text), expected, "byte {byte} at {place} of {length}");
                    assert_eq!(unescape(&expected), Ok(Some(text)));
                }
            }
        }
    }

    #[test]
    fn null_is_not_the_text_that_looks_like_it() {
        assert_eq!(unescape(b"\\N"), Ok(None));
        assert_eq!(escaped(b"\\N"), b"\\\\N");
        assert_eq!(unescape(b"\\\\N"), Ok(Some(b"\\N".to_vec())));
        assert_eq!(unescape(b""), Ok(Some(Vec::new())));
    }

    #[test]
    fn a_field_has_one_spelling() {
        for field in [&b"\\x41"[..], b"a\\", b"a\tb", b"\n", b"\\a", b"\\N ", b"\\."] {
            assert!(unescape(field).is_err(), "{field:?}");
        }
    }

    #[test]
    fn escape_from_leaves_what_stood_before() {
        let mut out = b"a\tb".to_vec();
        let start = out.len();
        out.extend_from_slice(b"c\td");
        escape_from(start, &mut out);
        assert_eq!(out, b"a\tbc\\td");
    }

    proptest! {
        /// Text has one spelling as a field, and a field one meaning.
        #[test]
        fn fields_and_texts_are_inverse(
            bytes in prop::collection::vec(prop_oneof![0..0x10_u8, Just(b'\\'), any::<u8>()], 0..80)
        ) {
            prop_assert_eq!(unescape(&escaped(&bytes)), Ok(Some(bytes.clone())));
            if let Ok(Some(text)) = unescape(&bytes) {
                prop_assert_eq!(escaped(&text), bytes);
            }
        }
    }
}
