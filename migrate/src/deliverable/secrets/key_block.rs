//! Private keys in text: PEM (RFC 7468), OpenSSH, PGP (RFC 9580), SSH2 (RFC 4716), PuTTY.

use memchr::memmem;

/// Lines between the first line of a block and its base64: blank ones, headers.
const LINES_BEFORE_BODY: u8 = 8;

/// Characters of base64 in a row that no sample and no code has. A line of a key has 64.
const BODY: usize = 40;

/// A block that began; it is a key once base64 follows. Code that reads keys names the first
/// line, too, and has no key.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    /// The line it began on.
    pub(super) line: u64,
    lines_left: u8,
}

/// What a further line says of a block that began.
pub(super) enum Next {
    Key,
    Wait(Begun),
    Nothing,
}

/// Looks for the start of a key: `Next::Key` if its base64 is in `text`, too.
pub(super) fn begins(text: &[u8], line: u64) -> Next {
    if text.starts_with(b"PuTTY-User-Key-File-") {
        return Next::Key;
    }
    let mut last = Next::Nothing;
    for at in memmem::find_iter(text, b"PRIVATE KEY") {
        let (before, after) = text.split_at(at);
        let label = before.get(before.len().saturating_sub(40)..).unwrap_or_default();
        let after = after.strip_prefix(b"PRIVATE KEY").unwrap_or_default();
        let closed = [&b"-----"[..], b" BLOCK-----", b" ----"];
        let Some(begin) = memmem::rfind(label, b"BEGIN ") else { continue };
        let dashes = label.get(..begin).unwrap_or_default().trim_ascii_end();
        if !dashes.ends_with(b"----") || !closed.iter().any(|end| after.starts_with(end)) {
            continue;
        }
        if has_body(after) {
            return Next::Key;
        }
        last = Next::Wait(Begun { line, lines_left: LINES_BEFORE_BODY });
    }
    last
}

impl Begun {
    /// Looks at the line after.
    pub(super) fn next(self, text: &[u8]) -> Next {
        if has_body(text) {
            return Next::Key;
        }
        let lines_left = self.lines_left.saturating_sub(1);
        if lines_left == 0 || memmem::find(text, b"END ").is_some() {
            return Next::Nothing;
        }
        Next::Wait(Self { lines_left, ..self })
    }
}

fn has_body(text: &[u8]) -> bool {
    let start = text.get(..text.len().min(2048)).unwrap_or_default();
    start
        .split(|byte| !byte.is_ascii_alphanumeric() && !b"+/=".contains(byte))
        .any(|run| run.len() >= BODY && is_mixed(run))
}

/// Long names and paths of code are seldom made of all three.
fn is_mixed(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_uppercase)
        && run.iter().any(u8::is_ascii_lowercase)
        && run.iter().any(u8::is_ascii_digit)
}
