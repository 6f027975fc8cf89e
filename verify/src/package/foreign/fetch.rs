//! `fetch.txt`: files of the payload that are to be fetched from elsewhere (RFC 8493 section 2.2.3). Nothing
//! is fetched: what is not there is missing. Only the lines are looked at.

use handover_schemas::package::report::{PackageFinding, PackageFindingKind as Kind};

use super::manifest::leads_out;

/// Name of the file.
pub(super) const FETCH_FILE: &str = "fetch.txt";

/// Lines that are none, or that name a file out of the payload, are findings.
pub(super) fn check(text: &[u8], findings: &mut Vec<PackageFinding>) {
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let Some(wrong) = wrong(line) else { continue };
        let message = format!("{FETCH_FILE} line {}: it {wrong}", at + 1);
        findings.push(PackageFinding::of(FETCH_FILE, Kind::TagFileMalformed, message));
    }
}

/// A URL, a length or `-`, and a path.
fn wrong(line: &[u8]) -> Option<&'static str> {
    let (_url, rest) = split(line)?;
    let Some((length, path)) = split(rest) else { return Some("has no path") };
    if length != b"-" && !length.iter().all(u8::is_ascii_digit) {
        return Some("has no length");
    }
    let path = path.strip_prefix(b"./").unwrap_or(path);
    if leads_out(path) {
        return Some("has a path that leads out of the bag");
    }
    (!path.starts_with(b"data/")).then_some("names what is no payload")
}

/// The first word, and what is behind the white space after it.
fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'\t'))?;
    let (word, rest) = text.split_at(end);
    Some((word, rest.trim_ascii_start()))
}
