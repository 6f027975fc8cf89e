//! Causes in `bytea`, whose text is `\x` and two hexadecimal digits for each byte.

use super::Cause;

/// The cause, if both values are `bytea` and one is recognised.
pub(super) fn cause(source: &[u8], target: &[u8]) -> Option<Cause> {
    let (source, target) = (decode(source)?, decode(target)?);
    match (source.is_empty(), target.is_empty()) {
        (true, false) => return Some(Cause::WasEmpty),
        (false, true) => return Some(Cause::BecameEmpty),
        _ => {}
    }
    if source == target {
        return None;
    }
    if source.len() == target.len() {
        let mut differing = source.iter().zip(&target).filter(|(a, b)| a != b);
        let first = differing.next();
        return match (first, differing.next()) {
            (Some((a, b)), None) if (a ^ b).is_power_of_two() => Some(Cause::BitFlipped),
            (Some(_), None) => Some(Cause::OneCharacter),
            _ => Some(Cause::ValueChanged),
        };
    }
    if source.starts_with(&target) {
        return Some(Cause::Truncated);
    }
    if went_through_text(&source, &target) || went_through_text(&target, &source) {
        return Some(Cause::EncodingDamage);
    }
    if unix_lines(&source) == unix_lines(&target) {
        return Some(Cause::LineEndings);
    }
    Some(Cause::ValueChanged)
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"\\x")?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((nibble(*high)? << 4) | nibble(*low)?));
    rest.is_empty().then(|| bytes.collect()).flatten()
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Whether the damaged bytes are the original ones taken for text: as UTF-8 with what is not UTF-8
/// replaced, or as Latin-1 written as UTF-8.
fn went_through_text(original: &[u8], damaged: &[u8]) -> bool {
    damaged == String::from_utf8_lossy(original).as_bytes()
        || original
            .iter()
            .flat_map(|b| char::from(*b).to_string().into_bytes())
            .eq(damaged.iter().copied())
}

/// The bytes with CR LF made LF, as a transfer "in text mode" does.
fn unix_lines(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\r' || rest.peek() != Some(&b'\n') {
            lines.push(byte);
        }
    }
    lines
}
