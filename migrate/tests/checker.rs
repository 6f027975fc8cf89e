//! The independent checker, `schemas/checker`: run as a distrustful auditor runs it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use handover_testkit::Run;

/// The checker on a hand-over folder.
pub(crate) fn checker(handover: &Path) -> Run {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/checker");
    Run::program("python3").arg(program).arg(handover)
}

/// Puts a key without its passphrase beside it, as `KEY.open`. `age` takes a passphrase from a terminal
/// and from nowhere else: somebody types it.
pub(crate) fn open_key(folder: &Path, key: &str, passphrase: &str) {
    let typed = folder.join("typed");
    fs::write(&typed, format!("{}\n", passphrase.trim_end())).unwrap();
    let command = format!("age --decrypt --output {key}.open {key}");
    Run::program("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(fs::File::open(&typed).unwrap())
        .limit(Duration::from_mins(1))
        .dir(folder)
        .go()
        .expect(0);
    fs::remove_file(typed).unwrap();
}
