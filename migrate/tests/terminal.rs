//! What stands in a database or in a delivery must not steer the terminal of those who read about
//! it, nor make lines that look like ours.

use std::fs;
use std::path::Path;

use handover_testkit::{Outcome, Run, sqlite};
use handover_verify::visible::is_hidden;
use serde_json::Value;

use crate::package_made::Delivery;

/// A table's name that clears the screen, ends its line and begins one of ours.
const NAME: &str = "a\x1b[2J\nfinding: forged\r\u{202e}b\u{200b}";

/// The same as it is printed.
const SHOWN: &str = r"a\u{1b}[2J\nfinding: forged\r\u{202e}b\u{200b}";

/// What a command prints at both outputs is lines of visible characters, and the forged line is
/// none of them.
#[track_caller]
fn is_harmless(outcome: &Outcome) -> String {
    let printed = no_line_is_forged(outcome);
    assert!(printed.contains("2J"), "the name is not there at all: {printed}");
    printed
}

#[track_caller]
fn no_line_is_forged(outcome: &Outcome) -> String {
    let printed = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(!printed.replace('\n', "").contains(is_hidden), "{printed:?}");
    assert!(!printed.lines().any(|line| line.starts_with("finding: forged")), "{printed}");
    printed
}

fn url(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

#[test]
fn names_of_tables_and_columns() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    sqlite(
        &at("source.db"),
        &format!(
            "create table \"{NAME}\" (id integer primary key, \"{NAME}\" text);
             insert into \"{NAME}\" values (1, 'một'), (2, 'hai');"
        ),
    );
    let ends = [("--source", url(&at("source.db"))), ("--target", url(&at("target.db")))];
    let run = |program: &str, command: &str, more: &[&str]| {
        let run = Run::new(program).arg(command).args(more).arg("--handover").arg(at("handover"));
        ends.iter().fold(run, |run, (name, url)| run.args([name, url.as_str()])).go()
    };
    let copied = run("handover-migrate", "copy", &[]);
    assert!(is_harmless(copied.expect(0)).contains(SHOWN));
    let status = Run::new("handover-migrate").args(["status", "--target", &ends[1].1]).go();
    assert!(is_harmless(status.expect(0)).contains(SHOWN));

    sqlite(&at("target.db"), &format!("update \"{NAME}\" set \"{NAME}\" = 'ba' where id = 2"));
    let different = run("handover-verify", "tables", &[]);
    let printed = is_harmless(different.expect(1));
    assert!(printed.contains(&format!("finding: 1 row(s) of main.{SHOWN} differ in {SHOWN}")));
    // JSON says the very name.
    let report = run("handover-verify", "tables", &["--json", "--quiet"]);
    assert!(!report.stdout.replace('\n', "").contains(is_hidden), "{}", report.stdout);
    let report: Value = serde_json::from_str(&report.expect(1).stdout).unwrap();
    assert_eq!(report["tables"][0]["table"], format!("main.{NAME}"));

    // A printed command is still one that gives the printed digest.
    let explained = run("handover-verify", "tables", &["--quiet", "--explain"]);
    is_harmless(explained.expect(1));
    let lines: Vec<&str> = explained.stdout.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("  source ")).unwrap();
    let digest = lines[at].strip_prefix("  source ").unwrap();
    let command = Run::program("bash").args(["-c", lines[at + 1].trim()]).go();
    assert_eq!(command.expect(0).stdout.trim(), digest);
}

#[test]
fn names_in_errors_and_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("source.db");
    sqlite(&file, "create table t (id integer primary key)");
    let tables = |name: &str| {
        let ends = ["--source", &url(&file), "--target", &url(&file), "--quiet"].map(str::to_owned);
        Run::new("handover-verify").arg("tables").args(ends).args(["--explain", name]).go()
    };
    assert!(is_harmless(tables(NAME).expect(2)).starts_with("error: "));
    // The command line's own messages.
    let refused = Run::new("handover-verify").args(["tables", "--jobs", NAME]).go();
    assert!(no_line_is_forged(refused.expect(2)).starts_with("error: invalid value"));
}

#[test]
fn names_of_files_in_a_package() {
    let delivery = Delivery::of_every_sort("");
    delivery.made();
    fs::write(delivery.package().join("data").join(NAME), "x").unwrap();
    let package = delivery.package();
    let outcome = Run::new("handover-verify").arg("package").arg(&package).go();
    assert!(is_harmless(outcome.expect(1)).contains("finding: "));
}
