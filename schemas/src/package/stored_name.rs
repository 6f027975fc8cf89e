//! Under which names payload files are stored, whatever they were called.
//!
//! A name that is safe on every file system is kept. Any other part of a path becomes
//! `_` + 16 hexadecimal digits of the SHA-256 of its bytes + `-` + what can be read of it in
//! ASCII, so that people still recognise it: `Hướng dẫn.pdf` is `_6cf5…-Huong_dan.pdf`. The original
//! bytes stand in `contents.jsonl`.
//!
//! The name of an entry depends on its own path and on the names beside it (for names that differ
//! in case alone), not on anything else in the package: a run that goes on after an interruption
//! finds the same names.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::digest::Digest;

/// Longest part that is kept.
const PART_MAX: usize = 100;

/// Longest path below the payload's folder; a longer one is stored flat under [`LONG_DIR`].
const PATH_MAX: usize = 240;

/// Folder of a deliverable for entries whose paths would be too long.
pub const LONG_DIR: &str = "_long";

/// Longest readable rest of a replaced name.
const READABLE_MAX: usize = 40;

/// Names that Windows keeps for devices, with or without an extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The stored form of one part of a path. `collides`: another entry of the same folder has a name
/// that differs in the case of letters only.
pub fn stored_part(original: &[u8], collides: bool) -> String {
    match str::from_utf8(original) {
        Ok(name) if !collides && is_plain(name) => name.to_owned(),
        _ => replaced(original),
    }
}

/// Whether a folder has a name that the stored form of a compressed file might have: `dump.zst/`
/// would be where the compressed `dump` belongs. Such a name is replaced, like one that collides.
pub fn is_folder_like_compressed(name: &[u8]) -> bool {
    name.last_chunk::<4>().is_some_and(|end| end.eq_ignore_ascii_case(b".zst"))
}

/// The stored path of a file, from the stored form of its path below a deliverable and its
/// original path there: the same, or one under [`LONG_DIR`] if that is too long.
pub fn stored_path(stored: &str, original: &[u8]) -> String {
    if stored.len() <= PATH_MAX {
        return stored.to_owned();
    }
    let hex = Digest::of(original).to_string();
    let tail = original.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let folder: String = hex.chars().take(2).collect();
    let digits: String = hex.chars().take(32).collect();
    format!("{LONG_DIR}/{folder}/{digits}-{}", readable(tail))
}

/// What two names have in common if they differ in case alone.
pub fn case_folded(name: &[u8]) -> Vec<u8> {
    match str::from_utf8(name) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_not_utf8) => name.to_vec(),
    }
}

fn is_plain(name: &str) -> bool {
    let safe =
        |byte: u8| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let port = |prefix: &str| {
        stem.strip_prefix(prefix).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']))
    };
    let device = DEVICES.contains(&stem.as_str()) || port("com") || port("lpt");
    (1..=PART_MAX).contains(&name.len())
        && name.bytes().all(safe)
        && !name.ends_with('.')
        && !name.eq_ignore_ascii_case(LONG_DIR)
        && !device
        && !looks_replaced(name)
}

/// Whether a name has the form that replaced names have: it would be taken for one.
fn looks_replaced(name: &str) -> bool {
    let bytes = name.as_bytes();
    let hex = |byte: &u8| byte.is_ascii_hexdigit();
    bytes.first() == Some(&b'_')
        && bytes.get(1..17).is_some_and(|digits| digits.iter().all(hex))
        && bytes.get(17) == Some(&b'-')
}

fn replaced(original: &[u8]) -> String {
    let digits: String = Digest::of(original).to_string().chars().take(16).collect();
    format!("_{digits}-{}", readable(original))
}

/// What of a name can be written in ASCII: letters without their marks, `_` for all else. The end
/// is kept, for it has the extension.
fn readable(original: &[u8]) -> String {
    let text = String::from_utf8_lossy(original);
    let plain = text.nfd().filter(|c| !is_combining_mark(*c)).map(|c| match c {
        'đ' => 'd',
        'Đ' => 'D',
        'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '-' => c,
        _ => '_',
    });
    let plain: Vec<char> = plain.collect();
    let skipped = plain.len().saturating_sub(READABLE_MAX);
    let kept: String = plain.into_iter().skip(skipped).collect();
    kept.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::bag::is_safe_path;

    #[test]
    fn safe_names_are_kept() {
        for name in ["README.md", ".env", "a-b_c.1", "_x", "console.log", "compile"] {
            assert_eq!(stored_part(name.as_bytes(), false), name);
        }
    }

    #[test]
    fn all_others_become_safe_and_stay_apart() {
        let long = "x".repeat(101);
        let names: [&[u8]; 16] = [
            "Hướng dẫn.pdf".as_bytes(),
            "Hu\u{31b}o\u{301}ng da\u{302}\u{303}n.pdf".as_bytes(),
            b"\xff\xfe",
            b"a b",
            b"a\nb",
            b"..",
            b".",
            b"CON",
            b"nul.txt",
            b"COM1",
            b"end.",
            b"_long",
            b"_0123456789ABCDEF-x",
            b"back\\slash",
            b"-rf *",
            long.as_bytes(),
        ];
        let stored: Vec<String> = names.iter().map(|name| stored_part(name, false)).collect();
        for (name, stored) in names.iter().zip(&stored) {
            assert!(is_safe_path(stored), "{stored}");
            assert!(looks_replaced(stored), "{stored}");
            assert_ne!(stored.as_bytes(), *name);
            assert!(stored.len() <= 18 + READABLE_MAX);
        }
        let mut unique = stored.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), stored.len());
        assert!(stored[0].ends_with("-Huong_dan.pdf"), "{}", stored[0]);
        assert!(stored_part("Đỗ.txt".as_bytes(), false).ends_with("-Do.txt"));
    }

    #[test]
    fn names_that_differ_in_case_alone_are_told_apart() {
        let (upper, lower) = (stored_part(b"A.txt", true), stored_part(b"a.txt", true));
        assert_ne!(case_folded(upper.as_bytes()), case_folded(lower.as_bytes()));
        assert_eq!(case_folded("ĐỀ".as_bytes()), case_folded("đề".as_bytes()));
    }

    #[test]
    fn long_paths_are_stored_flat() {
        let original = "thư mục/".repeat(500);
        let stored = stored_path(&"x/".repeat(200), original.as_bytes());
        assert!(stored.starts_with("_long/") && stored.len() < 100, "{stored}");
        assert!(is_safe_path(&stored));
        assert_eq!(stored_path("a/b", b"a/b"), "a/b");
    }
}
