//! The verifier cannot write, even where its account may.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use handover_schemas::report::Verdict;
use handover_testkit::{Cluster, sqlite};
use rusqlite::Connection;

use crate::judged::judge;

/// A table to scan, one that the tool sorts, one that is sorted by its lines, and other objects.
const TABLES: &str = "
    create table public.t (id int primary key, note text);
    insert into public.t select i, md5(i::text) from generate_series(1, 1000) i;
    create table public.named (name text primary key);
    insert into public.named select md5(i::text) from generate_series(1, 1000) i;
    create table public.log (line text);
    insert into public.log select 'line ' || i from generate_series(1, 1000) i;
    create sequence public.s; create view public.v as select 1 as one;
    vacuum analyze;";

const DATABASES: [&str; 2] = ["source", "target"];

#[test]
fn nothing_is_written_to_postgres() {
    // A server of its own, which writes down every statement, who sent it, and the number of the
    // transaction in which it wrote, if it did; and which writes nothing by itself.
    let cluster = Cluster::start_with(&[
        "log_min_duration_statement = 0",
        "log_line_prefix = '<%a %x> '",
        "default_transaction_read_only = off",
        "autovacuum = off",
    ]);
    for name in DATABASES {
        cluster.server().sql("postgres", &format!("create database {name}"));
        cluster.server().sql(name, TABLES);
    }
    cluster.server().sql("target", "update public.t set note = 'other' where id % 10 = 0");
    let before = (next_transaction(&cluster), tuples_written(&cluster));
    let judged = judge(&cluster.database_url("source"), &cluster.database_url("target"));
    assert_eq!(judged.report.verdict, Verdict::Different);
    assert_eq!((next_transaction(&cluster), tuples_written(&cluster)), before);

    let log = cluster.log();
    let ours: Vec<&str> = log.lines().filter(|line| line.starts_with("<handover ")).collect();
    assert!(ours.len() > 50, "the log has the verifier's statements:\n{log}");
    for line in &ours {
        assert!(line.starts_with("<handover 0> "), "a transaction that wrote: {line}");
    }
    let begun: Vec<&&str> = ours.iter().filter(|line| line.contains("BEGIN")).collect();
    assert!(begun.len() >= 4, "each end has its snapshot's holder and its readers:\n{log}");
    for line in begun {
        assert!(line.contains("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), "{line}");
    }
    let sessions = ours.iter().filter(|line| line.contains("default_transaction_read_only = on"));
    let checks = ours.iter().filter(|line| line.contains("SHOW transaction_read_only"));
    assert_eq!(sessions.count(), checks.count());
}

/// The number that the next transaction that writes will get, in any database of the server.
fn next_transaction(cluster: &Cluster) -> String {
    cluster.server().query("postgres", "select pg_snapshot_xmax(pg_current_snapshot())")
}

/// What the server counts, which it learns from sessions as they end.
fn tuples_written(cluster: &Cluster) -> String {
    thread::sleep(Duration::from_secs(1));
    let counts = "select datname, tup_inserted, tup_updated, tup_deleted from pg_stat_database
        where datname in ('source', 'target') order by 1";
    cluster.server().query("postgres", counts)
}

#[test]
fn nothing_is_written_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    sqlite(
        &file,
        "create table t (id integer primary key, note text); insert into t values (1, 'a');
         create table named (name text not null collate nocase primary key);
         insert into named values ('a'), ('B'); create table log (line text);
         insert into log values ('x')",
    );
    let url = format!("sqlite:{}", file.display());
    let before = contents(folder.path());
    assert_eq!(judge(&url, &url).report.verdict, Verdict::Equal);
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn a_file_in_use_is_read_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    let writer = Connection::open(&file).unwrap();
    let sql = "pragma journal_mode = wal; create table t (id integer primary key);
         insert into t values (1), (2)";
    writer.execute_batch(sql).unwrap();
    let copy = folder.path().join("copy.db");
    sqlite(&copy, "create table t (id integer primary key); insert into t values (1), (2)");
    // Begun and not committed: not there yet.
    writer.execute_batch("begin immediate; insert into t values (3)").unwrap();
    let url = |file: &Path| format!("sqlite:{}", file.display());
    assert_eq!(judge(&url(&file), &url(&copy)).brief(), [""; 0]);
    writer.execute_batch("commit").unwrap();
    let judged = judge(&url(&file), &url(&copy));
    assert_eq!(judged.brief(), ["main.t: rows_missing 1 [3]"]);
    // Which was still in the WAL file, and stays there.
    assert!(fs::metadata(folder.path().join("x.db-wal")).unwrap().len() > 0);
}

/// Names and bytes of a folder's files.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}
