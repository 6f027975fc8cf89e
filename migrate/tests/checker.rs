//! The independent checker, `schemas/checker`: run as a distrustful auditor runs it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use handover_testkit::{Outcome, Run};

use crate::purge_broken::ledger_table;
use crate::purge_made::{Engine, PASSPHRASE, PurgeMade, Until};

/// The checker on a hand-over folder.
pub(crate) fn checker(handover: &Path) -> Run {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/checker");
    Run::program("python3").arg(program).arg(handover)
}

/// What nobody can tell of a platform that was never attested.
const NEVER_ATTESTED: [&str; 3] = [
    "nothing was attested",
    "that the chain is the one of then: no head from paper was given (--head)",
    "rows against the attested roots: there is no ledger or no attested copy",
];

/// What the checker says of a platform and its purges, with the escrow key.
pub(crate) fn checked(made: &PurgeMade) -> Outcome {
    if !made.at("escrow.age.open").exists() {
        open_key(&made.at(""), "escrow.age", PASSPHRASE);
    }
    checker(&made.dir())
        .args(["--target", &made.url(), "--trust"])
        .arg(made.at("trust.toml"))
        .arg("--identity")
        .arg(made.at("escrow.age.open"))
        .go()
}

/// The checker finds nothing, and lacks nothing but an attestation.
#[track_caller]
pub(crate) fn checker_holds(made: &PurgeMade) {
    let outcome = checked(made);
    let gaps: Vec<&str> = outcome
        .expect(2)
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("  unverified    "))
        .collect();
    assert_eq!(gaps, NEVER_ATTESTED, "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("  FINDING "), "{}", outcome.stdout);
}

/// The checker finds this.
#[track_caller]
pub(crate) fn checker_finds(made: &PurgeMade, part: &str) {
    let outcome = checked(made);
    let is_it = |line: &str| line.starts_with("  FINDING ") && line.contains(part);
    assert!(outcome.expect(1).stdout.lines().any(is_it), "not found: {part}\n{}", outcome.stdout);
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

/// Every section of FORMAT.md is looked at, or the checker prints what of it is not.
#[test]
fn what_is_not_looked_at_is_printed_section_by_section() {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    let format = fs::read_to_string(schemas.join("FORMAT.md")).unwrap();
    let headings = format.lines().filter_map(|line| line.strip_prefix("## ")?.split(' ').next());
    let sections: Vec<&str> = headings.filter(|word| word.parse::<u8>().is_ok()).collect();
    let program = "import unchecked; print(*unchecked.OF_SECTION)";
    let run = Run::program("python3").args(["-c", program]).dir(schemas.join("checker")).go();
    assert_eq!(run.expect(0).stdout.split_whitespace().collect::<Vec<_>>(), sections);
    let made = PurgeMade::until(Engine::Sqlite, Until::Made);
    let outcome = checked(&made);
    for part in ["section 17: members.jsonl", "section 2: views, indexes, triggers"] {
        let line = format!("  not checked   {part}");
        assert!(outcome.stdout.contains(&line), "{part}\n{}", outcome.stdout);
    }
}

/// The ledger says of a table another digest than it had before the deletion, and everybody signs that. Nothing but
/// the table and its archive, put together, tells it.
#[test]
fn a_table_that_was_never_so_is_found() {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let made = PurgeMade::until(engine, Until::Selected);
        let table = ledger_table(&made, "purge");
        let selection = made.sql(&format!("select selection from {table}"));
        let selection: serde_json::Value = serde_json::from_str(&selection).unwrap();
        let digest = selection["tables"][1]["before"]["digest"].as_str().unwrap();
        let other = "ab".repeat(32);
        made.sql(&format!(
            "update {table} set selection = replace(selection, '{digest}', '{other}')"
        ));
        made.go_on(Until::Certified);
        let said = checked(&made).expect(1).stdout.clone();
        let found: Vec<&str> = said.lines().filter(|line| line.starts_with("  FINDING ")).collect();
        let part = "and the archive of purge 1 are what was there before";
        assert!(matches!(found[..], [one] if one.contains(part)), "{said}");
    }
}
