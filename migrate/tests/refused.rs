//! What cannot be done: exit code 2, a message that says what is wrong, where and what to do, and
//! nothing changed.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

use handover_testkit::{Database, Outcome, Run, Server, sqlite};

use crate::ends::{End, Engine, PLATFORM, ROUTES, platform};
use crate::support::{Handover, expect_copied, says, says_nothing_of};

const SOURCE: &str = "create table t (id integer primary key, name text);
    insert into t values (1, 'một'), (2, 'hai');";

/// Ends with 2 and says all of these.
#[track_caller]
fn is_refused(outcome: &Outcome, parts: &[&str]) {
    outcome.expect(2);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("error: "), "{}", outcome.stderr);
    says(outcome, parts);
}

#[test]
fn an_unreachable_server() {
    let mut handover = Handover::sqlite(SOURCE);
    handover.set_target("postgres://me@127.0.0.1:1/x");
    let outcome = handover.copy().go();
    let place = "cannot connect to postgres://me@127.0.0.1:1/x";
    is_refused(&outcome, &[place, "refused", "check the host"]);
    let status = Run::new("handover-migrate")
        .args(["status", "--target", "postgres://me@127.0.0.1:1/x"])
        .go();
    is_refused(&status, &[place]);
    handover.set_target("postgres://me@no-such-host.invalid/x");
    is_refused(&handover.copy().go(), &["cannot connect to postgres://me@no-such-host.invalid/x"]);
    handover.set_target("postgres:///x?host=/nowhere");
    is_refused(&handover.copy().go(), &["cannot connect to postgres:///x?host=/nowhere"]);
}

#[test]
fn a_database_that_does_not_exist() {
    let mut handover = Handover::sqlite(SOURCE);
    handover.set_target(&Server::shared().url("no_such_database"));
    is_refused(
        &handover.copy().go(),
        &["cannot connect to", "\"no_such_database\" does not exist"],
    );
}

/// Wherever it comes from, a password is used and never shown.
#[test]
fn passwords() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(SOURCE);
    let reader = source.role("reader", "p@ss:w/rd?1");
    let url = source.url_as(&reader);
    let mut handover = Handover::between(&url, &target.url());

    for wrong in [handover.copy(), handover.copy().env("PGPASSWORD", "wr0ng")] {
        let outcome = wrong.go();
        is_refused(&outcome, &["cannot connect to", &reader.name, "PGPASSWORD"]);
        says_nothing_of(&outcome, &["wr0ng", "p@ss"]);
    }
    // In the environment.
    let outcome = handover.copy().env("PGPASSWORD", "p@ss:w/rd?1").go();
    expect_copied(&outcome);
    says_nothing_of(&outcome, &["p@ss"]);
    let ledger = target.query("select source from handover.ledger");
    assert!(!ledger.contains("ss"), "{ledger}");
    for file in ["schema/pre-data.sql", "schema/post-data.sql"] {
        assert!(!fs::read_to_string(handover.dir().join(file)).unwrap().contains("p@ss"));
    }

    // In a password file.
    let file = handover.beside("pgpass");
    let mut pgpass =
        fs::File::options().write(true).create_new(true).mode(0o600).open(&file).unwrap();
    writeln!(pgpass, "*:*:{}:{}:p@ss\\:w/rd?1", source.name(), reader.name).unwrap();
    let target = Database::create();
    handover.set_target(&target.url());
    expect_copied(&handover.copy().env("PGPASSFILE", &file).go());
}

#[test]
fn a_target_that_is_not_empty_and_not_ours() {
    let source = platform(Engine::Sqlite);
    for (engine, objects) in [
        (
            Engine::Postgres,
            &[
                "create table \"Của họ\" (a int)",
                "create view their_view as select 1",
                "create sequence their_sequence",
                "create function their_function() returns int language sql as 'select 1'",
                "create type their_type as enum ('a')",
                "create domain their_domain as int",
            ][..],
        ),
        (
            Engine::Sqlite,
            &["create table \"Của họ\" (a int)", "create view their_view as select 1"][..],
        ),
    ] {
        for object in objects {
            let target = End::empty(engine);
            target.query(object);
            let before = everything(&target);
            let handover = Handover::between(&source.url(), &target.url());
            let name = object
                .split(['"', ' ', '('])
                .find(|word| word.starts_with("their") || word.starts_with("Của"));
            let outcome = handover.copy().go();
            is_refused(&outcome, &["not empty and not ours", name.unwrap(), "empty database"]);
            assert_eq!(everything(&target), before, "{object}");
        }
    }
}

/// All objects of a database.
fn everything(end: &End) -> String {
    match end {
        End::Postgres(_) => end.query(
            "select c.oid, n.nspname, relname, relfilenode from pg_class c join pg_namespace n on n.oid = relnamespace
                where nspname not in ('pg_catalog', 'information_schema', 'pg_toast') order by 1;
             select oid, nspname from pg_namespace where nspname !~ '^pg_' order by 1;
             select count(*), max(oid) from pg_proc union all select count(*), max(oid) from pg_type",
        ),
        End::Sqlite(_) => end.query("select * from sqlite_master"),
    }
}

/// A second source cannot slip into a hand-over that another one began.
#[test]
fn a_ledger_of_another_source() {
    for (from, to) in ROUTES {
        let (first, second, target) = (platform(from), platform(from), End::empty(to));
        let mut handover = Handover::between(&first.url(), &target.url());
        handover.copied();
        handover.set_source(&second.url());
        let outcome = handover.copy().go();
        let name = first.url();
        is_refused(
            &outcome,
            &["hand-over of another source", &name, "use that source, or an empty target"],
        );
        handover.set_source(&first.url());
        assert_eq!(first.rows(&PLATFORM), target.rows(&PLATFORM));
        handover.verified();
    }
    // Nor one of another engine.
    let (first, target) = (platform(Engine::Postgres), End::empty(Engine::Postgres));
    let mut handover = Handover::between(&first.url(), &target.url());
    handover.copied();
    let second = platform(Engine::Sqlite);
    handover.set_source(&second.url());
    is_refused(&handover.copy().go(), &["hand-over of another source"]);
}

#[test]
fn a_source_that_is_itself_a_target() {
    for (from, to) in ROUTES {
        let (source, first, second) = (platform(from), End::empty(from), End::empty(to));
        Handover::between(&source.url(), &first.url()).copied();
        let handover = Handover::between(&first.url(), &second.url());
        is_refused(&handover.copy().go(), &["handover", "itself a target"]);
    }
}

#[test]
fn a_source_whose_schema_changed_between_runs() {
    let changes = [
        ("alter table note add column c text", "note had 2 columns and has 3"),
        ("alter table note rename column b to bb", "column b of"),
        ("create table later (a int)", "new table"),
        ("drop table note", "no longer has"),
        ("create unique index facility_name on facility (name)", ""),
    ];
    for (from, to) in ROUTES {
        for (change, said) in changes {
            let (source, target) = (platform(from), End::empty(to));
            let handover = Handover::between(&source.url(), &target.url());
            handover.copied();
            source.query(change);
            let outcome = handover.copy().go();
            if said.is_empty() {
                // An index holds no rows, and is compared between databases of one kind.
                outcome.expect(i32::from(from == to));
            } else {
                is_refused(&outcome, &[said]);
            }
        }
    }
    let (source, target) = (platform(Engine::Postgres), End::empty(Engine::Postgres));
    let handover = Handover::between(&source.url(), &target.url());
    handover.copied();
    source.query("alter table dose alter column note type varchar(200)");
    let said = "column note of public.dose was text and is note character varying(200)";
    is_refused(&handover.copy().go(), &["the source's schema changed", said]);
    source.query("alter table dose alter column note type text");
}

#[test]
fn another_copy_into_the_same_target() {
    for (from, to) in ROUTES {
        let (source, target) = (platform(from), End::empty(to));
        let handover = Handover::between(&source.url(), &target.url());
        let slow = handover.copy().args(["--max-rate", "30K", "--chunk-bytes", "8K"]);
        let mut first = slow.spawn();
        assert!(first.wait_for(|run| run.stderr().contains("] copying ")));
        let outcome = handover.copy().go();
        is_refused(&outcome, &["another copy into this target is running; wait for it, or end it"]);
        assert!(!first.has_ended(), "the first goes on: {}", first.stderr());
        first.kill();
        handover.copied();
        assert_eq!(source.rows(&PLATFORM), target.rows(&PLATFORM));
    }
}

#[test]
fn files_that_are_no_sqlite_source() {
    let mut handover = Handover::sqlite(SOURCE);
    let place = |name: &str| handover.beside(name);
    let (text, locked, missing) = (place("text"), place("locked.sqlite"), place("missing.sqlite"));
    let (folder, no_right, damaged) = (place("folder"), place("closed"), place("damaged"));
    fs::write(&text, "This is not a database, whatever its name says.\n".repeat(100)).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::copy(handover.source_file(), &no_right).unwrap();
    fs::set_permissions(&no_right, fs::Permissions::from_mode(0o0)).unwrap();
    sqlite(&damaged, "create table t (id integer primary key, x text); with recursive n(i) as
        (values (1) union all select i + 1 from n where i < 5000) insert into t select i, 'text text' from n");
    let mut bytes = fs::read(&damaged).unwrap();
    bytes[4096..].fill(0x5a);
    fs::write(&damaged, bytes).unwrap();

    let [empty, cut_off, no_table] =
        ["empty", "cut_off", "no_table"].map(|name| handover.beside(name));
    fs::write(&empty, "").unwrap();
    fs::write(&cut_off, &fs::read(handover.source_file()).unwrap()[..100]).unwrap();
    sqlite(&no_table, "pragma user_version = 1");

    let mut refused = |file: &std::path::Path, parts: &[&str]| {
        handover.set_source(&format!("sqlite:{}", file.display()));
        let name = file.display().to_string();
        is_refused(&handover.copy().go(), &[&[name.as_str()], parts].concat());
        assert!(!handover.target_file().exists(), "{}", file.display());
    };
    refused(&text, &["it is not a SQLite database"]);
    refused(&missing, &["there is no such file"]);
    refused(&folder, &["it is a folder; name the file in it"]);
    refused(&empty, &["it is empty (0 bytes), which is no database; ask for the file anew"]);
    refused(&cut_off, &["it was cut off: it has 100 bytes, and its header speaks of "]);
    refused(&no_table, &["the source has no table", "is it the right database?"]);
    if fs::read(&no_right).is_err() {
        refused(&no_right, &["cannot be opened; check the path and its rights"]);
    } else {
        println!("skipped: root may read everything");
    }
    sqlite(&locked, SOURCE);
    let mut holder = Run::program("bash")
        .args([
            "-c",
            "printf '%s\\n' \"$1\" \"select 'held';\" '.shell sleep 100' | sqlite3 -batch \"$0\"",
        ])
        .arg(&locked)
        .arg("begin exclusive;")
        .spawn();
    assert!(holder.wait_for(|holder| holder.stdout().contains("held")));
    refused(&locked, &["locked by another program; end that program, or work on a copy"]);
    holder.kill();
    handover.set_source(&format!("sqlite:{}", damaged.display()));
    says(handover.copy().go().expect(2), &["damaged", "integrity_check"]);
}

#[test]
fn urls() {
    let mut handover = Handover::sqlite(SOURCE);
    for (url, parts) in [
        ("mysql://u:s3cret@h/db", &["mysql: is not supported", "postgres://"][..]),
        ("postgres://u:s3cret@h:port/db", &["not a postgres URL"]),
        ("postgres://u:s3cret@h/db?sslmode=nonsense", &["sslmode"]),
        ("nonsense", &["expected a URL such as postgres://user@host:port/database or sqlite:path"]),
        ("sqlite:", &["a SQLite end needs a path"]),
        ("", &["expected a URL"]),
    ] {
        handover.set_target(url);
        let outcome = handover.copy().go();
        says(outcome.expect(2), parts);
        says_nothing_of(&outcome, &["s3cret"]);
    }
    let usage = Run::new("handover-migrate").args(["copy", "--source", "sqlite:x"]).go();
    says(usage.expect(2), &["which target? Give --target URL"]);
    for arguments in
        [["--chunk-bytes", "17M"], ["--chunk-bytes", "x"], ["--jobs", "0"], ["--max-rate", "0"]]
    {
        handover.copy().args(arguments).go().expect(2);
    }
}

#[test]
fn routes_that_are_none() {
    let postgres = platform(Engine::Postgres);
    let folder = End::empty(Engine::Sqlite);
    let handover = Handover::between(&postgres.url(), &folder.url());
    is_refused(&handover.copy().go(), &["PostgreSQL source cannot be copied into SQLite"]);

    // The source as its own target, by whatever name.
    let mut handover = Handover::sqlite(SOURCE);
    let before = fs::read(handover.source_file()).unwrap();
    let link = handover.beside("link.sqlite");
    std::os::unix::fs::symlink(handover.source_file(), &link).unwrap();
    for target in [handover.source_file(), link] {
        handover.set_target(&format!("sqlite:{}", target.display()));
        is_refused(&handover.copy().go(), &["source and target are the same"]);
    }
    assert_eq!(fs::read(handover.source_file()).unwrap(), before);
    let before = everything(&postgres);
    let handover = Handover::between(&postgres.url(), &postgres.url());
    is_refused(&handover.copy().go(), &["source and target are the same"]);
    assert_eq!(everything(&postgres), before);
}

#[test]
fn a_status_of_nothing() {
    for engine in [Engine::Postgres, Engine::Sqlite] {
        let empty = End::empty(engine);
        empty.query("select 1");
        let status = Run::new("handover-migrate").args(["status", "--target", &empty.url()]).go();
        is_refused(&status, &["no copy was begun there"]);
    }
}
