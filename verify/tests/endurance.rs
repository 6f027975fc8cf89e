//! Large rows, wide rows, and runs that are cut off.

use std::time::Duration;

use handover_schemas::report::Verdict;
use handover_testkit::{Cluster, Database, Run, Running, Server, sqlite};

use crate::judged::{judge, judge_with, verifier};
use crate::mutation::Seed;

#[test]
fn rows_larger_than_a_chunk() {
    // 17 MiB of text in one row, and 9 MiB of bytes; between them small ones.
    let seed = Seed::with(
        "create table public.scans (id int primary key, scan text, image bytea);
         insert into public.scans select i, 'small', null from generate_series(1, 9) i;
         update public.scans set scan = repeat(md5('x'), 557056) where id = 4;
         update public.scans set image = decode(repeat(md5('y'), 294912), 'hex') where id in (5, 9);
         create table public.loose (scan text);
         insert into public.loose select scan from public.scans;",
    );
    let target = seed.target();
    let judged = judge_with(&seed.source.url(), &target.url(), &["--explain", "public.scans"]);
    assert_eq!(judged.brief(), [""; 0]);
    let chunks = &judged.table("public.scans").source.as_ref().unwrap().chunks;
    // A row that passes the limit has a chunk of its own.
    assert!(chunks.iter().any(|chunk| chunk.rows == 1 && chunk.bytes > 17 << 20), "{chunks:?}");
    seed.each_is_found(&[
        (
            "update scans set scan = overlay(scan placing '#' from 17000000) where id = 4",
            &["public.scans: rows_differ (scan) one_character 1 [4]"],
        ),
        (
            "update scans set image = set_bit(image, 9000000, 1 - get_bit(image, 9000000))
             where id = 9",
            &["public.scans: rows_differ (image) bit_flipped 1 [9]"],
        ),
    ]);
}

#[test]
fn two_hundred_columns() {
    let columns: Vec<String> = (1..200).map(|i| format!("c{i} text default 'v{i}'")).collect();
    let sql = format!(
        "create table public.wide (id int primary key, {});
         insert into public.wide (id) select generate_series(1, 20);",
        columns.join(", ")
    );
    Seed::with(&sql).each_is_found(&[
        ("", &[]),
        (
            "update wide set c199 = c199 || ' ' where id = 20",
            &["public.wide: rows_differ (c199) trailing_blanks 1 [20]"],
        ),
        (
            "update wide set c1 = c199, c199 = c1 where id = 1",
            &["public.wide: rows_differ (c1, c199) columns_exchanged 1 [1]"],
        ),
        (
            "alter table wide drop column c100",
            &[
                "public.wide: column_missing column c100",
                "public.wide: object_missing default public.wide.c100",
            ],
        ),
    ]);
}

/// A verifier that waits for a lock on a table of its source, and the session that has the lock.
fn held_up(server: &Server, source: &str, target: &str) -> (Running, Running) {
    let url = server.url(source);
    let lock = "begin; lock table public.t in access exclusive mode; select pg_sleep(100)";
    let holder = Run::program("psql").args(["-X", "-q", "-d", &url, "-c", lock]).spawn();
    let waiting = |what: &str| {
        let count = format!("select count(*) from pg_stat_activity where {what}");
        for _ in 0..500 {
            if server.query("postgres", &count) != "0" {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("nobody came so far: {what}");
    };
    waiting(&format!("datname = '{source}' and wait_event = 'PgSleep'"));
    let verifier = verifier(&url, &server.url(target)).spawn();
    waiting(&format!("datname = '{source}' and wait_event_type = 'Lock'"));
    (verifier, holder)
}

const TABLE: &str = "create table public.t (id int primary key); insert into public.t values (1)";

#[test]
fn an_interrupted_run_ends_with_130() {
    let database = Database::create();
    database.sql(TABLE);
    for signal in ["INT", "TERM"] {
        let server = Server::shared();
        let (verifier, holder) = held_up(&server, database.name(), database.name());
        verifier.signal(signal);
        let outcome = verifier.wait();
        outcome.expect(130);
        assert_eq!(outcome.stdout, "");
        assert!(outcome.stderr.contains("interrupted"), "{}", outcome.stderr);
        holder.kill();
    }
}

#[test]
fn a_server_that_dies_ends_with_2_and_no_verdict() {
    let mut cluster = Cluster::start();
    for name in ["source", "target"] {
        cluster.server().sql("postgres", &format!("create database {name}"));
        cluster.server().sql(name, TABLE);
    }
    let (verifier, holder) = held_up(cluster.server(), "source", "target");
    cluster.kill_server();
    let outcome = verifier.wait();
    outcome.expect(2);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("connection"), "{}", outcome.stderr);
    drop(holder);
}

#[test]
fn output_that_nobody_reads_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    sqlite(&file, "create table t (id integer primary key); insert into t values (1)");
    let url = format!("sqlite:{}", file.display());
    let program = handover_testkit::binary("handover-verify");
    let line = format!(
        "set -o pipefail; '{}' tables -q --source '{url}' --target '{url}' --json | true; \
         echo ${{PIPESTATUS[0]}}",
        program.display()
    );
    let outcome = Run::program("bash").args(["-c", &line]).go();
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("0\n", ""));
    assert_eq!(judge(&url, &url).report.verdict, Verdict::Equal);
}
