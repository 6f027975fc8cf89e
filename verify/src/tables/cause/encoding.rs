//! Text that was read in the wrong encoding on its way.

use super::Cause;

/// What the bytes 0x80 to 0x9F are in Windows-1252; U+0000 where nothing is.
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘',
    '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// How often text may have been read wrongly in turn.
const ROUNDS_MAX: usize = 3;

/// Whether one text is the other one read in the wrong encoding, or with `?` for what the wrong
/// encoding could not hold.
pub(super) fn is_damaged(source: &str, target: &str) -> bool {
    if source.is_ascii() && target.is_ascii() {
        return false;
    }
    reads_as(target, source) || reads_as(source, target) || is_substituted(source, target)
}

/// The cause where a value is not UTF-8.
pub(super) fn cause_in_bytes(source: &[u8], target: &[u8]) -> Cause {
    if target.is_empty() {
        return Cause::BecameEmpty;
    }
    if source.is_empty() {
        return Cause::WasEmpty;
    }
    if source.starts_with(target) {
        return Cause::Truncated;
    }
    let is_other_read_wrongly = |bytes: &[u8], text: &[u8]| {
        str::from_utf8(text).is_ok_and(|text| {
            single_bytes(text).is_some_and(|b| b == bytes) || text == String::from_utf8_lossy(bytes)
        })
    };
    if is_other_read_wrongly(source, target) || is_other_read_wrongly(target, source) {
        return Cause::EncodingDamage;
    }
    Cause::ValueChanged
}

/// Whether `damaged` becomes `original` when its characters are turned back into single bytes and
/// these are read as UTF-8.
fn reads_as(damaged: &str, original: &str) -> bool {
    // Each round at least halves what is not ASCII.
    if damaged.len() <= original.len() {
        return false;
    }
    let mut text = damaged.to_owned();
    for _ in 0..ROUNDS_MAX {
        let Some(bytes) = single_bytes(&text) else { return false };
        let Ok(read) = String::from_utf8(bytes) else { return false };
        if read == original {
            return true;
        }
        text = read;
    }
    false
}

/// The bytes of a text in Windows-1252 or Latin-1; `None` if it has other characters.
fn single_bytes(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|c| {
            u8::try_from(u32::from(c)).ok().or_else(|| {
                let place = WINDOWS_1252.iter().position(|known| *known == c && c != '\0')?;
                u8::try_from(place + 0x80).ok()
            })
        })
        .collect()
}

/// Whether the target is the source with some characters beyond ASCII replaced: one `?` or U+FFFD
/// for each, or one for each of its bytes.
fn is_substituted(source: &str, target: &str) -> bool {
    let replaced = |per_byte: bool, substitute: char| {
        let mut rest = target.chars().peekable();
        let mut count = 0_usize;
        for c in source.chars() {
            if rest.next_if_eq(&c).is_some() {
                continue;
            }
            let width = if per_byte { c.len_utf8() } else { 1 };
            for _ in 0..width {
                if c.is_ascii() || rest.next_if_eq(&substitute).is_none() {
                    return false;
                }
            }
            count += 1;
        }
        count > 0 && rest.next().is_none()
    };
    [false, true].iter().any(|per_byte| replaced(*per_byte, '?') || replaced(*per_byte, '\u{fffd}'))
}
