//! Killed after the rows, while keys, indexes and constraints are being made.

use std::thread;
use std::time::Duration;

use handover_testkit::{Database, Run, Running};

use crate::support::{Handover, expect_copied};

/// A platform with indexes that take a second each, at every database but this.
fn slow_to_index() -> Database {
    let source = Database::create();
    source.sql(&format!(
        "create function slow(i int) returns int immutable language plpgsql as $$ begin
             if current_database() <> '{}' then perform pg_sleep(0.004); end if;
             return i;
         end $$;
         create table parent (id int primary key, name text);
         insert into parent select i, 'name ' || i from generate_series(1, 200) i;
         create table child (id int primary key, parent int references parent, name text unique);
         insert into child select i, i, 'name ' || i from generate_series(1, 200) i;
         create index child_slow on child (slow(id));
         create index parent_slow on parent (slow(id));
         create index parent_slow_too on parent (slow(id + 1));",
        source.name()
    ));
    source
}

fn is_making_indexes(running: &Running) -> bool {
    running.stderr().contains("other objects to make")
}

/// What the killed run's own children and sessions still finish is neither lost nor done twice.
#[test]
fn killed_while_an_index_is_made() {
    let source = slow_to_index();
    for moment in [0, 500] {
        let target = Database::create();
        let handover = Handover::postgres(&source, &target);
        let mut run = handover.copy().spawn();
        assert!(run.wait_for(is_making_indexes));
        thread::sleep(Duration::from_millis(moment));
        run.kill();
        handover.copied();
        let status = handover.status();
        assert_eq!((status.stage(), status.interruptions()), ("done", 1));
        handover.verified();
    }
}

/// A session that lets rows into a table, and no index.
fn block_indexes(database: &Database, table: &str) -> Running {
    let lock = format!("begin; lock table {table} in row exclusive mode; select pg_sleep(200)");
    let mut blocker = Run::program("psql").args(["-X", "-d", &database.url(), "-c", &lock]).spawn();
    let is_held = format!(
        "select count(*) from pg_locks where relation = '{table}'::regclass and granted
         and mode = 'RowExclusiveLock' and pid in
         (select pid from pg_stat_activity where query like 'begin; lock table%')"
    );
    assert!(blocker.wait_for(|_| database.query(&is_held) == "1"));
    blocker
}

/// Sessions that would build a key and wait.
fn waiting_for_a_key(database: &Database) -> usize {
    let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'
        and query ilike '%create unique index%' and datname = current_database()";
    database.query(waiting).parse().unwrap()
}

/// The server may finish what a killed run asked for, after the next run has begun.
#[test]
fn killed_while_a_key_is_built() {
    let (source, target) = (slow_to_index(), Database::create());
    let handover = Handover::postgres(&source, &target);
    let copy = || handover.copy().args(["--chunk-bytes", "1K", "--max-rate", "4K"]);
    let mut run = copy().spawn();
    assert!(run.wait_for(|run| run.stderr().contains("] copying ")));
    let blocker = block_indexes(&target, "child");
    assert!(run.wait_for(|_| waiting_for_a_key(&target) == 1));
    run.kill();
    let mut again = handover.copy().spawn();
    // Either both wait for the key now, or the server has noticed that the killed run is gone.
    assert!(again.wait_for(|again| {
        waiting_for_a_key(&target) == 2 || again.stderr().contains("] copying ")
    }));
    // Now every session that waits for the key goes on.
    blocker.kill();
    target.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock%'",
    );
    expect_copied(&again.wait());
    assert_eq!(handover.status().interruptions(), 1);
    handover.verified();
}
