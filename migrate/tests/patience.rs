//! Time-outs that a vendor's database has for its own sessions, locks that somebody holds, and
//! sessions that the server ends.

use std::process::{Child, Command, Stdio};

use handover_testkit::{Database, Running, Server};

use crate::support::{Handover, expect_copied, says};

const ROWS: &str = "create table public.doses (id int primary key, pad text);
    insert into public.doses select i, repeat(md5(i::text), 313) from generate_series(1, 120) i;";

/// Every time-out a server has, as short as it may be set.
fn is_impatient(database: &Database) {
    let version = Server::shared().version();
    for (since, setting) in [
        (0, "statement_timeout = '300ms'"),
        (0, "lock_timeout = '300ms'"),
        (0, "idle_in_transaction_session_timeout = '300ms'"),
        (140_000, "idle_session_timeout = '300ms'"),
        (170_000, "transaction_timeout = '300ms'"),
    ] {
        if version >= since {
            database.sql(&format!("alter database {} set {setting}", database.name()));
        }
    }
}

#[test]
fn no_time_out_of_the_database_ends_a_copy() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(ROWS);
    is_impatient(&source);
    is_impatient(&target);
    let handover = Handover::postgres(&source, &target);
    // Two seconds and more, in which sessions at both ends wait for others.
    expect_copied(&handover.copy().args(["--max-rate", "600K", "--chunk-bytes", "512K"]).go());
    handover.verified();
}

/// A session that holds a table for itself, until it is dropped.
struct Holder(Child);

impl Holder {
    #[track_caller]
    fn of(database: &Database, table: &str) -> Self {
        let sql =
            format!("begin; lock table {table} in access exclusive mode; select pg_sleep(600)");
        let child = Command::new("psql")
            .args(["-X", "-q", "-d", &database.url(), "-c", &sql])
            .env("PGAPPNAME", "nightly job")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let is_held = format!(
            "select count(*) from pg_locks where relation = '{table}'::regclass \
             and mode = 'AccessExclusiveLock' and granted"
        );
        while database.query(&is_held) == "0" {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Self(child)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[track_caller]
fn waits_for_the_holder(run: &mut Running, table: &str) {
    let said = format!("waiting for a lock on {table}, which is held by process ");
    assert!(run.wait_for(|run| run.stderr().contains(&said)), "{}", run.stderr());
    assert!(run.stderr().contains("application nightly job"), "{}", run.stderr());
}

#[test]
fn who_holds_a_table_is_told() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(ROWS);
    let handover = Handover::postgres(&source, &target);
    let holder = Holder::of(&source, "public.doses");
    let mut run = handover.copy().spawn();
    waits_for_the_holder(&mut run, "public.doses");
    end_holder(&source, holder);
    expect_copied(&run.wait());

    let holder = Holder::of(&target, "public.doses");
    let mut run = handover.verify().spawn();
    waits_for_the_holder(&mut run, "public.doses");
    end_holder(&target, holder);
    run.wait().expect(0);
}

/// Ends its session at the server too, which would sleep on.
fn end_holder(database: &Database, holder: Holder) {
    drop(holder);
    database.query(
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where application_name = 'nightly job' and datname = current_database()",
    );
}

#[test]
fn the_server_s_reason_is_told() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(ROWS);
    let handover = Handover::postgres(&source, &target);
    let holder = Holder::of(&source, "public.doses");
    let mut run = handover.copy().spawn();
    waits_for_the_holder(&mut run, "public.doses");
    source.query(
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where application_name = 'handover' and datname = current_database()",
    );
    let outcome = run.wait();
    outcome.expect(2);
    says(
        &outcome,
        &["the server ended the session: terminating connection due to administrator command"],
    );
    end_holder(&source, holder);

    // In the middle of rows, where the driver forgets what the server said last.
    let mut run = handover.copy().args(["--max-rate", "200K", "--chunk-bytes", "64K"]).spawn();
    assert!(run.wait_for(|run| run.stderr().contains("] copying ")), "{}", run.stderr());
    source.query(
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where application_name = 'handover' and datname = current_database()",
    );
    let outcome = run.wait();
    outcome.expect(2);
    assert!(!outcome.stderr.contains("got 0 bytes at EOF\n"), "{}", outcome.stderr);
    expect_copied(&handover.copy().go());
}
