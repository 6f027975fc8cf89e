//! What people read: the report as text, and progress.

use std::fs;
use std::path::PathBuf;

use handover_testkit::{Database, Outcome, Run, sqlite};
use tempfile::TempDir;

use crate::judged::verifier;

/// Two files and a hand-over folder.
struct Ends {
    folder: TempDir,
}

impl Ends {
    fn new(target_change: &str) -> Self {
        let ends = Self { folder: tempfile::tempdir().unwrap() };
        sqlite(
            &ends.file("source.db"),
            "create table doses (id integer primary key, given datetime, note text);
             insert into doses values (1, '2021-03-08 08:15:00.5', 'a'), (2, null, 'b'),
                (1234, '2021-03-08 09:00:00', 'c');
             create table people (identity text not null primary key, name text);
             insert into people values ('001099000001', 'An'), ('001099000002', 'Bình');",
        );
        fs::copy(ends.file("source.db"), ends.file("target.db")).unwrap();
        sqlite(&ends.file("target.db"), target_change);
        ends
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn url(&self, name: &str) -> String {
        format!("sqlite:{}", self.file(name).display())
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        let run = verifier(&self.url("source.db"), &self.url("target.db"));
        run.args(arguments).arg("--handover").arg(self.file("handover")).go()
    }

    /// Its standard output, with the folder's place left out.
    fn text(&self, arguments: &[&str]) -> String {
        let outcome = self.run(arguments);
        outcome.stdout.replace(self.folder.path().to_str().unwrap(), "DIR")
    }
}

/// What a shell prints for the lines of both tables, written out.
const DOSES: &str = "c53d1b639920a35f77ffe8e245f30a1ed43dce5aebebd2673a48aaf7e6a67b4c";
const PEOPLE: &str = "0ac75d9f35a9186dee5a5b7daa7ec9eda532c868d226396461302b6c09700ee6";

#[test]
fn equal() {
    let ends = Ends::new("vacuum");
    let expected = format!(
        "\
main.doses   equal                   3 rows :             3  {DOSES}
main.people  equal                   2 rows :             2  {PEOPLE}
not checked: the text encoding
verdict: equal (2 tables equal, 0 different, 0 unverified)
"
    );
    assert_eq!(ends.text(&[]), expected);
    assert_eq!(ends.run(&[]).code, Some(0));
    // Nothing to keep, no folder made.
    assert!(!ends.file("handover").exists());
    for (lines, digest) in [
        (r"1\t2021-03-08 08:15:00.5\ta\n2\t\\N\tb\n1234\t2021-03-08 09:00:00\tc\n", DOSES),
        (r"001099000001\tAn\n001099000002\tBình\n", PEOPLE),
    ] {
        let command = format!("printf '{lines}' | sha256sum");
        let printed = Run::program("bash").args(["-c", &command]).go().stdout;
        assert_eq!(printed, format!("{digest}  -\n"));
    }
}

#[test]
fn different() {
    let ends = Ends::new(
        "update doses set given = '2021-03-08 08:15:00' where id = 1;
         delete from doses where id = 2; update people set name = name || ' ';
         create index more on people (name); create table extra (a)",
    );
    let file = "DIR/handover/findings/verify-tables.jsonl";
    let expected = format!(
        "\
main.doses   different               3 rows :             2  {DOSES}
main.extra   different               - rows :             0  
main.people  different               2 rows :             2  {PEOPLE}
finding: the target lacks 1 row(s) of main.doses; keys: 2; all keys: {file}
finding: 1 row(s) of main.doses differ in given; likely cause: digits of the fraction of a second \
were cut off; keys: 1; all keys: {file}
finding: the target has the table main.extra, which the source does not have
finding: the target has the table definition main.extra, which the source does not have
finding: 2 row(s) of main.people differ in name; likely cause: white space at the end differs; all \
keys: {file}
finding: the target has the index main.more, which the source does not have
not checked: the text encoding
verdict: different (0 tables equal, 3 different, 0 unverified)
"
    );
    assert_eq!(ends.text(&[]), expected);
    assert_eq!(ends.run(&[]).code, Some(1));
    let shown = ends.text(&["--show-keys"]);
    assert!(shown.contains("keys: 001099000001 | 001099000002; all keys"), "{shown}");
}

/// Between files every value is read; a value that is none of the other engine's is not.
#[test]
fn unverified() {
    let ends = Ends::new("update doses set note = x'00' where id = 2");
    let source = Database::create();
    source.sql(
        "create table doses (id bigint primary key, given timestamp, note text);
         insert into doses values (1, '2021-03-08 08:15:00.5', 'a'), (2, null, 'b'),
            (1234, '2021-03-08 09:00:00', 'c');
         create table people (identity text primary key, name text);
         insert into people values ('001099000001', 'An'), ('001099000002', 'Bình');",
    );
    let outcome = verifier(&source.url(), &ends.url("target.db")).go();
    let text = &outcome.expect(2).stdout;
    for line in [
        format!("public.doses   unverified              3 rows :             -  {DOSES}"),
        format!("public.people  equal                   2 rows :             2  {PEOPLE}"),
        "finding: public.doses cannot be read at the target: column note: not a text (map it to 'text, as stored')".to_owned(),
        "verdict: unverified (1 tables equal, 0 different, 1 unverified)".to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not said:\n{text}");
    }
}

#[test]
fn with_commands() {
    let ends = Ends::new("delete from doses where id = 2");
    let all = ends.text(&["--explain"]);
    let digests =
        all.lines().filter(|line| line.starts_with("  source ") || line.starts_with("  target "));
    let digests: Vec<&str> = digests.collect();
    assert_eq!(digests.len(), 4);
    assert_eq!(
        (digests[0], digests[2]),
        (&*format!("  source {DOSES}"), &*format!("  source {PEOPLE}"))
    );
    let commands = all.lines().filter(|line| line.starts_with("    set -o pipefail; sqlite3 "));
    assert_eq!(commands.count(), 4);
    // One table, with its chunks; the verdict is still the one on everything.
    let one = ends.text(&["--explain", "main.people"]);
    assert!(!one.contains("main.doses"), "{one}");
    assert!(
        one.contains(&format!("  source chunk 0 (2 rows) {PEOPLE}\n    set -o pipefail; ")),
        "{one}"
    );
    assert!(one.ends_with("verdict: different (1 tables equal, 1 different, 0 unverified)\n"));
}

#[test]
fn a_shift_says_by_how_much() {
    let (source, target) = (Database::create(), Database::create());
    for database in [&source, &target] {
        database.sql(
            "create table t (id int primary key, at timestamp);
            insert into t select i, '2021-03-08 08:00:00'::timestamp from generate_series(1, 30) i",
        );
    }
    target.sql("update t set at = at + interval '7 hours' where id <> 30");
    let folder = tempfile::tempdir().unwrap();
    let run = verifier(&source.url(), &target.url()).arg("--handover").arg(folder.path()).go();
    let expected = format!(
        "finding: 29 row(s) of public.t differ in at; likely cause: the time is shifted as by a \
         time zone by 420 minutes; keys: 1 | 2 | 3 | 4 | 5, …; all keys: {}/findings/verify-tables.jsonl",
        folder.path().display()
    );
    assert!(run.stdout.lines().any(|line| line == expected), "{}", run.stdout);
}

#[test]
fn progress_is_plain_lines_where_nobody_watches() {
    let ends = Ends::new("vacuum");
    let url = |name| ends.url(name);
    let outcome = Run::new("handover-verify")
        .args(["tables", "--source", &url("source.db"), "--target", &url("target.db")])
        .go();
    outcome.expect(0);
    assert!(!outcome.stderr.contains('\u{1b}'), "{}", outcome.stderr);
    for line in outcome.stderr.lines() {
        assert!(line.starts_with('[') && line.contains("s] "), "{line}");
    }
    assert!(outcome.stderr.contains("reading both ends: 2 tables"), "{}", outcome.stderr);
    assert_eq!(ends.run(&[]).stderr, "", "--quiet");
}

#[test]
fn help_says_what_the_codes_mean() {
    let help = Run::new("handover-verify").arg("--help").go();
    help.expect(0);
    let codes = "0 equal, intact, holds; 1 different, damaged, does not hold; 2 it could not be";
    assert!(help.stdout.contains(codes), "{}", help.stdout);
    let help = Run::new("handover-verify").args(["tables", "--help"]).go();
    for option in
        ["--source", "--target", "--explain", "--sample", "--json", "--show-keys", "--handover"]
    {
        assert!(help.stdout.contains(option), "{option}");
    }
}
