//! What stands in a database or in a delivery must not steer the terminal of those who read about
//! it, nor make lines that look like ours.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use handover_cli_kit::visible::is_hidden;
use handover_testkit::{Database, Outcome, Run, sqlite};
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

/// Everything in a PostgreSQL database that has a name, and words of people's in it.
fn postgres_platform() -> String {
    let name = NAME.replace('"', "\"\"");
    format!(
        "create schema \"{name}\";
         create type \"{name}\".\"e{name}\" as enum ('{NAME}', 'b');
         create table \"{name}\".\"{name}\" (
             id int constraint \"p{name}\" primary key,
             \"{name}\" text constraint \"c{name}\" check (\"{name}\" <> '{NAME}'),
             e \"{name}\".\"e{name}\");
         create table \"{name}\".\"no key {name}\" (\"{name}\" text);
         create index \"i{name}\" on \"{name}\".\"{name}\" (\"{name}\");
         create view \"{name}\".\"v{name}\" as select \"{name}\" from \"{name}\".\"{name}\";
         create sequence \"{name}\".\"s{name}\";
         create function \"{name}\".\"f{name}\"() returns text language sql as $$ select '{NAME}' $$;
         create statistics \"{name}\".\"t{name}\" on id, \"{name}\" from \"{name}\".\"{name}\";
         comment on table \"{name}\".\"{name}\" is '{NAME}';
         insert into \"{name}\".\"{name}\" values (1, 'một', 'b'), (2, 'hai', null);
         insert into \"{name}\".\"no key {name}\" values ('một')"
    )
}

#[test]
fn names_of_every_sort_of_object() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&postgres_platform());
    let folder = tempfile::tempdir().unwrap();
    let run = |program, words: &[&str]| {
        let run = Run::new(program).args(words).arg("--handover").arg(folder.path());
        run.args(["--source", &source.url(), "--target", &target.url()]).go()
    };
    is_harmless(run("handover-migrate", &["copy"]).expect(0));
    let status = Run::new("handover-migrate").args(["status", "--target", &target.url()]).go();
    assert!(is_harmless(status.expect(0)).contains(SHOWN));
    is_harmless(run("handover-verify", &["tables"]).expect(0));
    let explained = run("handover-verify", &["tables", "--explain"]);
    is_harmless(explained.expect(0));

    // Rows and every object differ.
    target.sql(&format!(
        "update \"{NAME}\".\"{NAME}\" set \"{NAME}\" = 'ba' where id = 2;
         alter table \"{NAME}\".\"{NAME}\" drop constraint \"c{NAME}\";
         alter type \"{NAME}\".\"e{NAME}\" add value 'c';
         drop index \"{NAME}\".\"i{NAME}\"; drop view \"{NAME}\".\"v{NAME}\";
         drop sequence \"{NAME}\".\"s{NAME}\"; drop function \"{NAME}\".\"f{NAME}\";
         drop statistics \"{NAME}\".\"t{NAME}\"; comment on table \"{NAME}\".\"{NAME}\" is null"
    ));
    let different = run("handover-verify", &["tables"]);
    let printed = is_harmless(different.expect(1));
    for kind in ["", "c", "i", "v", "s", "f", "t"] {
        assert!(printed.contains(&format!("{kind}{SHOWN}")), "{kind}: {printed}");
    }
    let report = run("handover-verify", &["tables", "--json", "--quiet"]);
    is_harmless(report.expect(1));
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let tables = report["tables"].as_array().unwrap();
    assert!(tables.iter().any(|table| table["table"] == format!("{NAME}.{NAME}")), "{report}");
    for file in fs::read_dir(folder.path().join("findings")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.replace('\n', "").contains(is_hidden), "{text}");
    }
}

/// Why a table stopped, and what the server and pg_dump say of an account's rights.
#[test]
fn names_in_refusals() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&postgres_platform());
    source.sql(&format!(
        "alter table \"{NAME}\".\"{NAME}\"
             add constraint \"x{NAME}\" check (current_database() = '{}')",
        source.name()
    ));
    let folder = tempfile::tempdir().unwrap();
    let copy = |source: &str, target: &Database| {
        let run = Run::new("handover-migrate").arg("copy").arg("--handover").arg(folder.path());
        run.args(["--source", source, "--target", &target.url()])
    };
    let copied = copy(&source.url(), &target).go();
    let printed = is_harmless(copied.expect(1));
    assert!(printed.contains(&format!("constraint x{SHOWN}")), "{printed}");
    let status = Run::new("handover-migrate").args(["status", "--target", &target.url()]).go();
    is_harmless(status.expect(0));

    let reader = source.role("reader", "mật khẩu 1");
    source.sql(&format!("revoke all on \"{NAME}\".\"{NAME}\" from \"{}\"", reader.name));
    let empty = Database::create();
    let refused = copy(&source.url_as(&reader), &empty);
    is_harmless(&refused.env("PGPASSWORD", "mật khẩu 1").go());
}

/// Bars on a terminal. `script` of util-linux gives the program one.
#[test]
fn names_beside_bars() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    sqlite(
        &at("source.db"),
        &format!(
            "create table \"{NAME}\" (id integer primary key, a text);
             with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
             insert into \"{NAME}\" select i, hex(randomblob(500)) from n;"
        ),
    );
    let command = format!(
        "'{}' copy --source {} --target {} --handover {} --chunk-bytes 1M",
        handover_testkit::binary("handover-migrate").display(),
        url(&at("source.db")),
        url(&at("target.db")),
        at("handover").display()
    );
    let outcome = Run::program("script").args(["-qefc", &command, "/dev/null"]).go();
    let printed = &outcome.expect(0).stdout;
    assert!(printed.contains("\x1b["), "no bars: {printed}");
    assert!(printed.contains(r"a\u{1b}[2J\nfinding"), "no name: {printed}");
    for forged in ["\x1b[2J", "\u{202e}", "\u{200b}", "\nfinding: forged"] {
        assert!(!printed.contains(forged), "{forged:?}: {printed:?}");
    }
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
    for name in [NAME, "a\nfinding: forged"] {
        let refused = Run::new("handover-verify").args(["tables", "--jobs", name]).go();
        assert!(no_line_is_forged(refused.expect(2)).starts_with("error: invalid value"));
        let unknown = Run::new("handover-migrate").arg(name).go();
        assert!(no_line_is_forged(unknown.expect(2)).starts_with("error: unrecognized"));
        let unknown = Run::new("handover-minutes").arg(format!("--{name}")).go();
        assert!(no_line_is_forged(unknown.expect(2)).starts_with("error: unexpected"));
    }
    // Bytes that are no text are refused, not a fault.
    let bytes = OsStr::from_bytes(b"a\x9b31m\xff");
    let refused = Run::new("handover-verify").args(["tables", "--jobs"]).arg(bytes).go();
    assert!(no_line_is_forged(refused.expect(2)).starts_with("error: "), "{refused:?}");
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
