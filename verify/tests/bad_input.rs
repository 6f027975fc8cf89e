//! What cannot be done: exit 2, a message that says what to do, and no secret in it.

use std::fs;
use std::time::Duration;

use handover_testkit::{Database, Outcome, Run, sqlite};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::judged::verifier;

const SECRET: &str = "s3cret";

/// A file with a table, to stand at the other end.
fn some_file() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    sqlite(
        &file,
        "create table t (id integer primary key, note text); insert into t values (1, 'a')",
    );
    let url = format!("sqlite:{}", file.display());
    (folder, url)
}

#[track_caller]
fn check_refused(outcome: &Outcome, says: &[&str]) {
    outcome.expect(2);
    assert_eq!(outcome.stdout, "");
    for what in says {
        assert!(outcome.stderr.contains(what), "no {what:?} in: {}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains(SECRET), "{}", outcome.stderr);
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}

/// Both as source and as target, with and without `--json`.
#[track_caller]
fn is_refused(url: &str, says: &[&str]) {
    let (_folder, other) = some_file();
    for json in [false, true] {
        let arguments: &[&str] = if json { &["--json"] } else { &[] };
        for (source, target, end) in [(url, other.as_str(), "source"), (&other, url, "target")] {
            let outcome = verifier(source, target).args(arguments).go();
            check_refused(&outcome, says);
            check_refused(&outcome, &[end]);
        }
    }
}

#[test]
fn urls_that_are_none() {
    let expected = "postgres://user@host:port/database";
    for url in [
        "postgres://u:s3cret@h:port/x",
        "postgres://u:s3cret@[::1/x",
        "mysql://u:s3cret@h/x",
        "csv:folder?password=s3cret",
        "nonsense s3cret",
        "/tmp/s3cret.db",
        "",
    ] {
        is_refused(url, &[expected]);
    }
    is_refused("sqlite:", &["sqlite:path/to/file.db"]);
    is_refused("postgres://u:s3cret@h/x?sslmode=bogus", &["ssl"]);
}

#[test]
fn arguments_that_are_missing_or_wrong() {
    let (_folder, url) = some_file();
    let program = || Run::new("handover-verify");
    program().go().expect(2);
    program().arg("tables").go().expect(2);
    check_refused(&program().args(["tables", "--source", &url]).go(), &["--target"]);
    for sample in ["0", "100", "x"] {
        verifier(&url, &url).args(["--sample", sample]).go().expect(2);
    }
    verifier(&url, &url).args(["--jobs", "0"]).go().expect(2);
    let outcome = verifier(&url, &url).args(["--map-type", "t.missing=text"]).go();
    check_refused(&outcome, &["t.missing", "both ends are SQLite files"]);
    verifier(&url, &url).args(["--map-type", "t.note=elephant"]).go().expect(2);
}

#[test]
fn servers_that_do_not_answer() {
    let url = "postgres://reader@127.0.0.1:1/platform";
    is_refused(url, &["postgres://reader@127.0.0.1:1/platform", "check the host"]);
    let url = "postgres://reader@no-such-host.invalid/platform";
    is_refused(url, &["no-such-host.invalid", "check the host"]);
    let url = "postgres://reader@localhost/platform?host=/no/such/folder";
    is_refused(url, &["/no/such/folder", "check the host"]);
}

#[test]
fn servers_that_refuse() {
    let database = Database::create();
    database.sql("create table t (id int primary key)");
    let role = database.role("reader", "right");
    let url = database.url_as(&role);
    let (_folder, other) = some_file();
    is_refused(&url, &["PGPASSWORD", ".pgpass"]);
    let wrong = verifier(&url, &other).env("PGPASSWORD", SECRET).go();
    check_refused(&wrong, &["password authentication failed", "PGPASSWORD", &role.name]);
    let in_url = url.replacen(&role.name, &format!("{}:{SECRET}", role.name), 1);
    is_refused(&in_url, &["the url has a password", ".pgpass or PGPASSWORD"]);
    let missing = url.replacen(database.name(), "no_such_database", 2);
    let missing = missing.replacen(&format!("no_such_database_{}", "reader"), &role.name, 1);
    let outcome = verifier(&missing, &other).env("PGPASSWORD", "right").go();
    check_refused(&outcome, &["no_such_database", "does not exist"]);
}

#[test]
fn files_that_are_no_databases() {
    let (folder, _) = some_file();
    let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    is_refused(&url("missing.db"), &["missing.db", "no such file"]);
    is_refused(&url(""), &["folder"]);
    fs::write(folder.path().join("text.db"), "not a database\n".repeat(100)).unwrap();
    is_refused(&url("text.db"), &["text.db", "not a SQLite database"]);
    // Nothing was made of them.
    assert!(!folder.path().join("missing.db").exists());
    fs::write(folder.path().join("empty.db"), "").unwrap();
    is_refused(&url("empty.db"), &["it is empty (0 bytes)", "ask for the file anew"]);
    fs::write(folder.path().join("empty.db-wal"), "rows").unwrap();
    is_refused(&url("empty.db"), &["the -wal beside it is not: rows may be in there"]);
    Run::program("mkfifo").arg(folder.path().join("pipe.db")).go().expect(0);
    is_refused(&url("pipe.db"), &["it is no regular file"]);
}

#[test]
fn a_file_that_was_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    let many = "with recursive i(i) as (values (1) union all select i + 1 from i where i < 5000)";
    sqlite(
        &whole,
        &format!("create table t (id integer primary key); {many} insert into t select i from i"),
    );
    let bytes = fs::read(&whole).unwrap();
    for length in [50, 100, 4096, 8192, 10_000, bytes.len() - 1] {
        let part = folder.path().join(format!("{length}.db"));
        fs::write(&part, &bytes[..length]).unwrap();
        let says = [format!("it has {length} bytes"), "SQLite file".to_owned()];
        is_refused(&format!("sqlite:{}", part.display()), &[&says[0], &says[1]]);
    }
}

#[test]
fn a_file_that_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("damaged.db");
    sqlite(
        &file,
        "create table t (id integer primary key, note text);
         with recursive i(i) as (values (1) union all select i + 1 from i where i < 5000)
            insert into t select i, 'note ' || i from i",
    );
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8192].fill(0xAA);
    fs::write(&file, bytes).unwrap();
    is_refused(&format!("sqlite:{}", file.display()), &["damaged"]);
}

#[test]
fn a_file_that_is_locked() {
    let (folder, url) = some_file();
    let writer = Connection::open(folder.path().join("x.db")).unwrap();
    writer.execute_batch("begin exclusive").unwrap();
    let (_folder, other) = some_file();
    let outcome = verifier(&url, &other).limit(Duration::from_mins(1)).go();
    check_refused(&outcome, &["locked by another program", "work on a copy"]);
    writer.execute_batch("rollback").unwrap();
    verifier(&url, &other).go().expect(0);
}

#[test]
fn a_hand_over_folder_that_cannot_be_made() {
    let (folder, url) = some_file();
    let (_folder, other) = some_file();
    sqlite(&folder.path().join("x.db"), "update t set note = 'b'");
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    let outcome = verifier(&url, &other).arg("--handover").arg(&blocked).go();
    check_refused(&outcome, &["findings", "cannot make the folder"]);
}
