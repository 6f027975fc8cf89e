//! One line of a checksum file.

use super::Algorithm;

/// Algorithm, checksum and name; the error says what is wrong.
pub(super) fn parse(line: &[u8]) -> Result<(Algorithm, Vec<u8>, Vec<u8>), &'static str> {
    // A backslash before the line says that the name is escaped.
    let (escaped, line) = match line.strip_prefix(b"\\") {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (algorithm, checksum, name) = match tagged(line) {
        Some(parts) => parts?,
        None => untagged(line)?,
    };
    let name = if escaped { unescape(name)? } else { name.to_vec() };
    Ok((algorithm, checksum, relative(&name)?))
}

/// What is said of checksums that `b2sum` makes.
pub(super) const BLAKE2: &str = "the checksums are of BLAKE2, which is not read; SHA-256 is";

type Parts<'a> = (Algorithm, Vec<u8>, &'a [u8]);

/// `SHA256 (name) = digits`; None if the line is not of this form.
fn tagged(line: &[u8]) -> Option<Result<Parts<'_>, &'static str>> {
    let space = memchr::memchr(b' ', line)?;
    let (tag, rest) = line.split_at(space);
    let rest = rest.strip_prefix(b" (")?;
    // The name may hold ") = " itself: the checksum is after the last one.
    let end = memchr::memmem::rfind(rest, b") = ")?;
    let (name, digits) = rest.split_at(end);
    let digits = digits.strip_prefix(b") = ")?;
    if tag.starts_with(b"BLAKE2") {
        return Some(Err(BLAKE2));
    }
    let Some(algorithm) = Algorithm::ALL.into_iter().find(|one| one.name().as_bytes() == tag)
    else {
        return Some(Err("this kind of checksum is not read (MD5, SHA1, SHA256 and SHA512 are)"));
    };
    Some(match checksum(digits) {
        Some(bytes) if bytes.len() == algorithm.checksum_len() => Ok((algorithm, bytes, name)),
        _ => Err("the checksum does not have the digits of its kind"),
    })
}

/// `digits`, a space, a space or `*`, the name. Where people wrote the file there may be one space or
/// a tab.
fn untagged(line: &[u8]) -> Result<Parts<'_>, &'static str> {
    let end = line.iter().position(|byte| !byte.is_ascii_hexdigit()).unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let bytes = checksum(digits).ok_or("there is no checksum at its start")?;
    let algorithm = Algorithm::of_len(bytes.len())
        .ok_or("the checksum has neither 32, 40, 64 nor 128 digits")?;
    let name = rest
        .strip_prefix(b"  ")
        .or_else(|| rest.strip_prefix(b" *"))
        .or_else(|| rest.strip_prefix(b" "))
        .or_else(|| rest.strip_prefix(b"\t"))
        .ok_or("after the checksum there have to be two spaces, or a space and *, and a name")?;
    Ok((algorithm, bytes, name))
}

pub(super) fn checksum(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?)).collect()
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn unescape(name: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut plain = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match (byte, byte == b'\\') {
            (byte, false) => byte,
            _ => match bytes.next() {
                Some(b'\\') => b'\\',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                _ => return Err("the name is escaped in a way that coreutils does not write"),
            },
        });
    }
    Ok(plain)
}

/// The name without leading `./`, if it stays in the folder.
pub(super) fn relative(name: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut inside = name;
    while let Some(rest) = inside.strip_prefix(b"./") {
        inside = rest;
    }
    if inside.is_empty() {
        return Err("there is no name");
    }
    if inside.starts_with(b"/") {
        return Err("the name starts at the root; names have to be relative to the checksum file");
    }
    if inside.split(|&byte| matches!(byte, b'/' | b'\\')).any(|part| part == b"..") {
        return Err("the name leads out of the folder of the checksum file");
    }
    if inside.contains(&0) {
        return Err("the name holds a zero byte");
    }
    Ok(inside.to_vec())
}
