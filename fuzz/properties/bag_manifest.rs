//! What holds for manifests and `bag-info.txt`, whoever wrote them: a file has one spelling, and no
//! path in it leads out of the package.

use std::path::{Component, Path, PathBuf};

use handover_schemas::digest::Digest;
use handover_schemas::package::bag::{
    BagInfo, STORED_PATH_MAX, is_safe_path, manifest_line, parse_manifest_line, tag_manifest,
};

pub(crate) fn check(bytes: &[u8]) {
    for line in bytes.split(|&byte| byte == b'\n') {
        check_line(line, 64);
        check_line(line, 128);
        if let Ok(text) = str::from_utf8(line)
            && is_safe_path(text)
        {
            check_path(text);
        }
    }
    check_tag_manifest(bytes);
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(info) = BagInfo::parse(text)
    {
        assert_eq!(info.to_text(), text);
    }
}

fn check_line(line: &[u8], digits: usize) {
    let Ok((digest, path)) = parse_manifest_line(line, digits) else { return };
    assert_eq!(manifest_line(digest, path).as_bytes(), line);
    assert_eq!(digest.len(), digits);
    assert_eq!(digest.parse::<Digest>().is_ok(), digits == 64);
    check_path(path);
}

/// The path, below any folder, is below it; and it is spelt as the system would spell it.
fn check_path(path: &str) {
    assert!(path.len() <= STORED_PATH_MAX);
    let mut spelt = PathBuf::new();
    for part in Path::new(path).components() {
        assert!(matches!(part, Component::Normal(_)), "{path}");
        spelt.push(part);
    }
    assert_eq!(spelt.as_os_str(), path);
}

/// A tag manifest of which every line is read, in order, is written again as it was.
fn check_tag_manifest(bytes: &[u8]) {
    let Some(lines) = bytes.strip_suffix(b"\n") else { return };
    let read = |line| {
        let (digest, path) = parse_manifest_line(line, 64).ok()?;
        Some((path.to_owned(), digest.parse().ok()?))
    };
    let files: Option<Vec<(String, Digest)>> =
        lines.split(|&byte| byte == b'\n').map(read).collect();
    if let Some(files) = files.filter(|files| files.is_sorted()) {
        assert_eq!(tag_manifest(files).as_bytes(), bytes);
    }
}
