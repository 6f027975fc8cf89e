//! The corpus of a fuzz target, file by file.

use std::path::Path;

/// Checks every file that `fuzz/corpus/` keeps for a target. The name of a file is printed before
/// it is checked.
pub(crate) fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the corpus can be read")
        .map(|file| file.expect("the corpus can be read").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
        println!("{}", file.display());
        check(&std::fs::read(&file).expect("a file of the corpus can be read"));
    }
}
