//! What holds for the lists of a package, whoever wrote them: a line has one spelling, a name has
//! one spelling, and every name is stored under a safe one.

use handover_schemas::package::bag::is_safe_path;
use handover_schemas::package::contents::{Entry, FileEntry, MemberLine, OriginalName};
use handover_schemas::package::manifest::PackageManifest;
use handover_schemas::package::stored_name::{LONG_DIR, stored_part, stored_path};

pub(crate) fn check(bytes: &[u8]) {
    check_package(bytes);
    for line in bytes.split(|&byte| byte == b'\n') {
        check_entry(line);
        check_member(line);
    }
    check_name(&OriginalName::of(bytes), bytes);
    check_stored(bytes);
}

fn check_package(text: &[u8]) {
    let Ok(package) = PackageManifest::parse(text) else { return };
    assert_eq!(package.to_text().expect("it was JSON").as_bytes(), text);
    for git in package.deliverables.iter().filter_map(|one| one.git.as_ref()) {
        git.head.iter().chain(git.references.iter().map(|one| &one.name)).for_each(check_spelling);
    }
}

fn check_entry(line: &[u8]) {
    let Ok(entry) = Entry::parse(line) else { return };
    assert_eq!(entry.to_line().expect("it was JSON").as_bytes(), line);
    assert!(entry.order(&entry).is_eq());
    match &entry {
        Entry::File(FileEntry { name, .. })
        | Entry::Directory { name, .. }
        | Entry::NotStored { name, .. } => check_spelling(name),
        Entry::Symlink { name, target, .. } => {
            check_spelling(name);
            check_spelling(target);
        }
    }
}

fn check_member(line: &[u8]) {
    let Ok(member) = MemberLine::parse(line) else { return };
    assert_eq!(member.to_line().expect("it was JSON").as_bytes(), line);
    check_spelling(&member.name);
    member.target.iter().for_each(check_spelling);
}

/// A name that was read is the one that is written for its bytes.
fn check_spelling(name: &OriginalName) {
    let bytes = name.bytes().expect("a name that was read has bytes");
    assert_eq!(&OriginalName::of(&bytes), name);
}

/// Any bytes come back, from memory and from JSON.
fn check_name(name: &OriginalName, bytes: &[u8]) {
    assert_eq!(name.bytes().as_deref(), Some(bytes));
    let json = serde_json::to_string(name).expect("a name can be written");
    let read: OriginalName = serde_json::from_str(&json).expect("what was written is read");
    assert_eq!(&read, name);
}

/// Bytes as the path of a file: what it is stored under is safe.
fn check_stored(path: &[u8]) {
    let parts = path.split(|&byte| byte == b'/');
    let stored: Vec<String> = parts.map(|part| stored_part(part, false)).collect();
    for part in &stored {
        assert!(is_safe_path(part) && part != LONG_DIR, "{part}");
    }
    assert!(is_safe_path(&stored_path(&stored.join("/"), path)));
    assert!(is_safe_path(&stored_part(path, true)));
}
