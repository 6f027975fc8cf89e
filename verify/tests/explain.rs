//! Every digest can be had with `psql` or `sqlite3` and `sha256sum` alone.

use std::fs;

use handover_schemas::digest::Digest;
use handover_schemas::leaf::table_root;
use handover_schemas::merkle::leaf_hash;
use handover_schemas::report::{EndReport, TableReport};
use handover_testkit::{Database, Run, Server, sqlite};

use crate::judged::{Judged, judge, judge_with, verifier};
use crate::mutation::Seed;

/// What a line prints in a shell whose owner has settings of his own.
#[track_caller]
fn in_a_shell(command: &str) -> String {
    let settings = [("PGTZ", "Asia/Ho_Chi_Minh"), ("PGDATESTYLE", "German"), ("LC_ALL", "C.UTF-8")];
    let run = Run::program("bash").args(["-c", command]).dir("/");
    let outcome = settings.iter().fold(run, |run, (name, value)| run.env(name, value)).go();
    outcome.expect(0);
    // What sqlite3 before 3.50 says of an option that it does not have.
    assert_eq!(outcome.stderr.replace("extra argument: \"off\"\n", ""), "");
    outcome.stdout.trim_end().to_owned()
}

#[track_caller]
fn check_command(what: &str, command: &str, digest: Option<Digest>) {
    assert_eq!(
        Some(in_a_shell(command)),
        digest.map(|digest| digest.to_string()),
        "{what}\n{command}"
    );
}

fn ends(table: &TableReport) -> impl Iterator<Item = &EndReport> {
    [&table.source, &table.target].into_iter().flatten()
}

/// Runs every command there is; gives the tables for which there is none, and why.
#[track_caller]
pub(crate) fn check_all(judged: &Judged) -> Vec<String> {
    let mut without = Vec::new();
    for table in &judged.report.tables {
        for end in ends(table) {
            match (&end.command, &end.command_reason) {
                (Some(command), None) => check_command(&table.table, command, end.digest),
                (None, Some(reason)) => without.push(format!("{}: {reason}", table.table)),
                other => panic!("{}: {other:?}", table.table),
            }
            if !end.chunks.is_empty() {
                let leaves = end.chunks.iter().map(|chunk| leaf_hash(chunk.leaf.as_bytes()));
                assert_eq!(Some(table_root(&leaves.collect::<Vec<_>>())), end.root);
            }
            for chunk in &end.chunks {
                if let Some(command) = &chunk.command {
                    let what = format!("{} chunk {}", table.table, chunk.chunk);
                    check_command(&what, command, Some(chunk.digest));
                } else {
                    assert_eq!(end.command, None);
                }
            }
        }
    }
    without.dedup();
    without
}

#[test]
fn every_postgres_table() {
    let seed = Seed::of_everything();
    assert_eq!(check_all(&judge(&seed.source.url(), &seed.target().url())), [""; 0]);
}

#[test]
fn every_sqlite_table() {
    let folder = tempfile::Builder::new().prefix("Hồ sơ 'x' $HOME \"").tempdir().unwrap();
    let file = folder.path().join("platform & more.db");
    sqlite(&file, include_str!("sqlite_seed.sql"));
    let url = format!("sqlite:{}", file.display());
    assert_eq!(
        check_all(&judge(&url, &url)),
        ["main.scalars: sqlite3 does not print the shortest form of a numeric without a small \
          precision"]
    );
    let changes = [
        ("alter table log add column ratio real", "log", "floating-point"),
        ("update log set line = line || char(0) || 'x' where line = 'start'", "log", "NUL"),
    ];
    for (change, table, reason) in changes {
        let changed = folder.path().join("changed.db");
        fs::copy(&file, &changed).unwrap();
        sqlite(&changed, change);
        let url = format!("sqlite:{}", changed.display());
        let without = check_all(&judge(&url, &url));
        let found = without.iter().find(|line| line.starts_with(&format!("main.{table}: ")));
        assert!(found.is_some_and(|line| line.contains(reason)), "{without:?}");
    }
}

/// Since 3.50, sqlite3 prints control characters as `^A` unless it is told not to.
#[test]
fn control_characters_in_sqlite_texts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("control.db");
    sqlite(
        &file,
        "create table keyed (k text primary key, v text) without rowid;
         create table log (what text);
         with recursive i(i) as (values (1) union all select i + 1 from i where i < 160)
            insert into keyed select 'k' || char(i), 'a' || char(i, 27) || '[31m' || char(i) from i;
         insert into keyed values (char(0x202e, 0x200b, 0xfeff, 0x2028), char(0x9b) || '31m');
         insert into log select v from keyed",
    );
    let url = format!("sqlite:{}", file.display());
    assert_eq!(check_all(&judge(&url, &url)), [""; 0]);
}

#[test]
fn text_keys_of_a_utf_16_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("utf16.db");
    sqlite(
        &file,
        "pragma encoding = 'UTF-16le'; create table t (k text not null primary key, n int);
         insert into t values ('a', 1), ('ă', 2), ('b', 3); create table u (id integer primary key, k text);
         insert into u values (1, 'ă'); create table v (k text); insert into v select k from t",
    );
    let url = format!("sqlite:{}", file.display());
    let judged = judge(&url, &url);
    // UTF-8 bytes, whatever the file's encoding.
    let sorted = "printf 'a\\t1\\nb\\t3\\nă\\t2\\n' | sha256sum | cut -d' ' -f1";
    let source = judged.table("main.t").source.as_ref().unwrap();
    check_command("main.t", sorted, source.digest);
    assert_eq!(
        check_all(&judged),
        ["main.t: the file is UTF-16, in whose order sqlite3 gives text keys"]
    );
}

#[test]
fn chunks_of_tables_with_odd_keys() {
    // Backslashes in boundaries mean other things where strings may have escapes.
    let database = Database::options().odd_settings().create();
    database
        .sql(&format!("alter database {} set standard_conforming_strings = off", database.name()));
    database.sql(
        "set standard_conforming_strings = on;
         create table public.\"Sổ $HOME 'x'\" (\"khoá \"\"chính\"\"\" text, n int, pad text,
            primary key (\"khoá \"\"chính\"\"\", n));
         insert into public.\"Sổ $HOME 'x'\"
            select (array['a', 'B', 'ă', 'it''s \\', 'tab' || chr(9), '\\\\', '$x'])[i % 7 + 1]
                   || i, i, repeat(md5(i::text), 3125)
            from generate_series(1, 190) i;
         create table public.moments (at timestamptz primary key, pad bytea);
         insert into public.moments
            select '2021-03-08 00:00:00.5+00'::timestamptz + i * interval '1 day',
                   decode(repeat(md5(i::text), 3125), 'hex')
            from generate_series(1, 190) i;",
    );
    let url = database.url();
    for (name, chunks) in [("public.Sổ $HOME 'x'", 3), ("public.moments", 3)] {
        let judged = judge_with(&url, &url, &["--explain", name]);
        let source = judged.table(name).source.as_ref().unwrap();
        assert_eq!(source.chunks.len(), chunks, "{name}");
        assert_eq!(check_all(&judged), [""; 0]);
    }
}

#[test]
fn chunks_of_sqlite_tables() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chunks.db");
    sqlite(
        &file,
        "create table numbered (id integer primary key, pad text);
         create table named (\"it's\" text not null primary key, day date not null, pad text);
         with recursive i(i) as (values (1) union all select i + 1 from i where i < 190)
            insert into numbered select i * 10, printf('%.*c', 100000, 'x') from i;
         insert into named select char(97 + id % 5) || '''\\' || char(9) || id, '2021-03-08', pad
            from numbered;",
    );
    let url = format!("sqlite:{}", file.display());
    for name in ["main.numbered", "main.named"] {
        let judged = judge_with(&url, &url, &["--explain", name]);
        assert_eq!(judged.table(name).source.as_ref().unwrap().chunks.len(), 3, "{name}");
        assert_eq!(check_all(&judged), [""; 0]);
    }
}

#[test]
fn names_of_databases_and_urls_of_sockets() {
    let server = Server::shared();
    let name = "Tiêm 'chủng' $HOME \\\"x";
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    server.sql("postgres", &format!("drop database if exists {quoted}; create database {quoted}"));
    let in_url = "Ti%C3%AAm%20'ch%E1%BB%A7ng'%20$HOME%20%5C%22x";
    server.sql(in_url, "create table t (a int primary key); insert into t values (1)");
    let url = server.url(in_url);
    let folder = url.split_once("?host=").unwrap().1;
    for url in [
        url.clone(),
        format!("postgresql://postgres@/{in_url}?host={folder}"),
        format!("postgres://postgres@{}/{in_url}", folder.replace('/', "%2F")),
        format!("postgres:///{in_url}?host={folder}&user=postgres&connect_timeout=9"),
    ] {
        let judged = judge(&url, &url);
        assert_eq!(check_all(&judged), [""; 0]);
    }
    server.sql("postgres", &format!("drop database {quoted}"));
}

#[test]
fn a_table_to_explain_has_to_exist() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    sqlite(&file, "create table t (a integer primary key); insert into t values (1)");
    let url = format!("sqlite:{}", file.display());
    let outcome = verifier(&url, &url).args(["--explain", "main.T"]).go();
    outcome.expect(2);
    assert!(outcome.stderr.contains("main.T"), "{}", outcome.stderr);
}
