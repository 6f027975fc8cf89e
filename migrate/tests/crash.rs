//! A server that is killed in the middle, as by a power cut, and started again.

use std::thread;
use std::time::Duration;

use handover_testkit::{Cluster, Database};

use crate::support::{Handover, says};

const PLATFORM: &str = "
    create table person (id int primary key, name text);
    create table dose (id int primary key, person int references person, note text);
    create table note (a int, b text);
    insert into person select i, 'person ' || i from generate_series(1, 1000) i;
    insert into dose select i, 1 + i % 1000, repeat(md5(i::text), 3) from generate_series(1, 5000) i;
    insert into note select i % 50, 'note' from generate_series(1, 500) i;";

const TABLES: [&str; 3] = ["person", "dose", "note"];

const SLOW: [&str; 4] = ["--max-rate", "300K", "--chunk-bytes", "8K"];

/// Rows as the server itself prints them.
fn rows(query: impl Fn(&str) -> String) -> String {
    let all = TABLES.map(|t| query(&format!("select t::text from {t} t order by 1")));
    all.join("\n\n")
}

#[test]
fn the_target_server_is_killed() {
    let source = Database::create();
    source.sql(PLATFORM);
    let mut cluster = Cluster::start();
    cluster.server().sql("postgres", "create database target");
    let handover = Handover::between(&source.url(), &cluster.database_url("target"));
    let (mut kept, mut failed) = (0, 0);
    for moment in [100, 300, 500] {
        let mut run = handover.copy().args(SLOW).spawn();
        assert!(run.wait_for(|run| run.stderr().contains("] copying ")), "{}", run.stderr());
        thread::sleep(Duration::from_millis(moment));
        assert!(!run.has_ended());
        cluster.kill_server();
        let outcome = run.wait();
        says(outcome.expect(2), &["error: ", "the connection to the server was lost"]);
        says(&outcome, &["run the same command again"]);
        // Nobody there to connect to.
        says(handover.copy().go().expect(2), &["cannot connect to", "that the server runs there"]);
        cluster.start_again();
        failed += 1;
        let status = handover.status();
        assert_eq!((status.stage(), status.interruptions()), ("rows", failed));
        assert!(status.sum("copied") > kept, "{}", status.0);
        kept = status.sum("copied");
        assert!(kept < status.sum("planned"));
    }
    handover.copied();
    assert!(handover.status().sum("copied") >= kept);
    handover.verified();
    assert!(rows(|sql| source.query(sql)) == rows(|sql| cluster.server().query("target", sql)));
}

#[test]
fn the_source_server_is_killed() {
    let mut cluster = Cluster::start();
    cluster.server().sql("postgres", "create database source");
    cluster.server().sql("source", PLATFORM);
    let target = Database::create();
    let handover = Handover::between(&cluster.database_url("source"), &target.url());
    let mut kept = 0;
    for moment in [100, 400] {
        let mut run = handover.copy().args(SLOW).spawn();
        assert!(run.wait_for(|run| run.stderr().contains("] copying ")), "{}", run.stderr());
        thread::sleep(Duration::from_millis(moment));
        assert!(!run.has_ended());
        cluster.kill_server();
        let outcome = run.wait();
        says(outcome.expect(2), &["error: ", "the connection to the server was lost"]);
        says(&outcome, &["run the same command again"]);
        let status = handover.status();
        assert_eq!(status.stage(), "rows");
        assert!(status.sum("copied") > kept, "{}", status.0);
        kept = status.sum("copied");
        cluster.start_again();
    }
    handover.copied();
    handover.verified();
    assert!(rows(|sql| cluster.server().query("source", sql)) == rows(|sql| target.query(sql)));
}

/// The administrator ends our sessions, or stops the server in an orderly way.
#[test]
fn sessions_are_ended_by_an_administrator() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(PLATFORM);
    let handover = Handover::postgres(&source, &target);
    for database in [&source, &target] {
        let mut run = handover.copy().args(SLOW).spawn();
        assert!(run.wait_for(|run| run.stderr().contains("] copying ")), "{}", run.stderr());
        thread::sleep(Duration::from_millis(200));
        database.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        );
        let outcome = run.wait();
        says(outcome.expect(2), &["error: ", "run the same command again"]);
    }
    handover.copied();
    handover.verified();
}
