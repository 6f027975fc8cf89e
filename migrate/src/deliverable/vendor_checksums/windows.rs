//! What PowerShell's `Get-FileHash` prints, as a table or as a list, and what `certutil -hashfile`
//! prints.

use super::line::{checksum, relative};
use super::{Algorithm, ChecksumError, Listed};

type Lines<'a> = [(usize, &'a [u8])];

/// What PowerShell puts in the place of what does not fit into the window.
const CUT: [&str; 2] = ["...", "…"];

/// Reads it; `None` if it is something else.
pub(super) fn parse(lines: &Lines<'_>) -> Option<Result<Vec<Listed>, ChecksumError>> {
    let (_, first) = lines.first()?;
    let words: Vec<_> =
        first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [b"Algorithm", b"Hash", b"Path"] => Some(table(lines.get(1..)?)),
        [b"Algorithm", b":", _] => Some(list(lines)),
        [algorithm, b"hash", b"of", ..] if first.ends_with(b":") => {
            Algorithm::named(str::from_utf8(algorithm).ok()?)?;
            Some(certutil(lines))
        }
        _ => None,
    }
}

/// Algorithm, checksum and path, as they stand there.
fn listed(line: usize, algorithm: &str, digits: &str, path: &str) -> Result<Listed, ChecksumError> {
    let wrong = |reason| ChecksumError { line, reason };
    if CUT.iter().any(|cut| path.ends_with(cut) || digits.ends_with(cut)) {
        return Err(wrong(
            "PowerShell cut it to the width of the window; Get-FileHash … | Export-Csv does not",
        ));
    }
    let algorithm = Algorithm::named(algorithm).ok_or_else(|| {
        wrong("this kind of checksum is not read (MD5, SHA1, SHA256 and SHA512 are)")
    })?;
    let checksum = checksum(digits.as_bytes())
        .filter(|bytes| bytes.len() == algorithm.checksum_len())
        .ok_or_else(|| wrong("the checksum does not have the digits of its kind"))?;
    let name = relative(path.as_bytes()).map_err(wrong)?;
    Ok(Listed { name, algorithm, checksum, line })
}

fn text(line: usize, bytes: &[u8]) -> Result<&str, ChecksumError> {
    str::from_utf8(bytes).map_err(|_other| ChecksumError { line, reason: "it is not UTF-8" })
}

/// Below the headings a line of dashes; then the columns, parted by blanks.
fn table(lines: &Lines<'_>) -> Result<Vec<Listed>, ChecksumError> {
    let rows = lines.iter().filter(|(_, line)| !line.starts_with(b"---"));
    rows.map(|&(number, line)| {
        let line = text(number, line)?.trim();
        let wrong = ChecksumError { line: number, reason: "it is no row of Get-FileHash's table" };
        let (algorithm, rest) = line.split_once(' ').ok_or_else(|| wrong.clone())?;
        let (digits, path) = rest.trim_start().split_once(' ').ok_or(wrong)?;
        listed(number, algorithm, digits, path.trim_start())
    })
    .collect()
}

/// Three lines for each file; a value that is too long goes on, indented by twelve blanks.
fn list(lines: &Lines<'_>) -> Result<Vec<Listed>, ChecksumError> {
    let mut found = Vec::new();
    let (mut algorithm, mut digits) = (String::new(), String::new());
    let mut path: Option<(usize, String)> = None;
    for &(number, line) in lines {
        let line = text(number, line)?;
        match line.split_once(" : ") {
            Some((label, value)) => {
                if let Some((at, path)) = path.take() {
                    found.push(listed(at, &algorithm, &digits, path.trim_end())?);
                }
                match label.trim() {
                    "Algorithm" => value.trim().clone_into(&mut algorithm),
                    "Hash" => value.trim().clone_into(&mut digits),
                    "Path" => path = Some((number, value.to_owned())),
                    _ => {}
                }
            }
            None => match (&mut path, line.strip_prefix("            ")) {
                (Some((_, path)), Some(more)) => path.push_str(more),
                (None, Some(more)) => digits.push_str(more.trim()),
                _ => {
                    let reason = "it is no line of Get-FileHash's list";
                    return Err(ChecksumError { line: number, reason });
                }
            },
        }
    }
    if let Some((at, path)) = path {
        found.push(listed(at, &algorithm, &digits, path.trim_end())?);
    }
    Ok(found)
}

/// `SHA256 hash of NAME:`, the digits (older versions part them by blanks), and that it went well.
fn certutil(lines: &Lines<'_>) -> Result<Vec<Listed>, ChecksumError> {
    let mut found = Vec::new();
    let mut named: Option<(&str, &str)> = None;
    for &(number, line) in lines {
        let line = text(number, line)?.trim();
        if line.starts_with("CertUtil: ") {
            continue;
        }
        match (named.take(), line.split_once(" hash of ")) {
            (None, Some((algorithm, name))) => {
                let name = name.strip_prefix("file ").unwrap_or(name);
                named = Some((algorithm, name.strip_suffix(':').unwrap_or(name)));
            }
            (Some((algorithm, name)), None) => {
                found.push(listed(number, algorithm, &line.replace(' ', ""), name)?);
            }
            _ => {
                let reason = "it is no line of certutil -hashfile";
                return Err(ChecksumError { line: number, reason });
            }
        }
    }
    Ok(found)
}
