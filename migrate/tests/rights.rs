//! Accounts that may not read everything: what they can read is copied, the rest is named.

use handover_testkit::{Database, Role};

use crate::support::{Handover, expect_copied, json, messages, table};

/// Tables, a view over two of them, one over that, and a foreign key to the one taken away below.
const PLATFORM: &str = "
    create table secret (id int primary key, t text);
    insert into secret select i, 'secret ' || i from generate_series(1, 50) i;
    create table open (id serial primary key, secret int references secret, t text);
    insert into open (secret, t) select i, 'open ' || i from generate_series(1, 50) i;
    create view over_secret as select o.t from open o join secret s on s.id = o.secret;
    create view over_view as select count(*) from over_secret;
    create view over_open as select t from open;
    create materialized view over_view_filled as select * from over_view;
    create function of_secret() returns bigint language sql as 'select count(*) from secret';
    create schema hidden;
    create table hidden.t (a int);
    insert into hidden.t values (1);";

fn reader(source: &Database, password: &str, take_away: &str) -> Role {
    let role = source.role("reader", password);
    source.sql(&take_away.replace("READER", &format!("\"{}\"", role.name)));
    role
}

const SEQUENCES: &str = "grant select on all sequences in schema public to READER;";

#[test]
fn a_table_that_may_not_be_read() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(PLATFORM);
    let take_away = format!(
        "{SEQUENCES} revoke select on secret from READER; revoke usage on schema hidden from READER;"
    );
    let role = reader(&source, "pw", &take_away);
    let handover = Handover::between(&source.url_as(&role), &target.url());
    let copy = || handover.copy().env("PGPASSWORD", "pw");
    let report = json(copy().go().expect(1));
    assert_eq!(report["outcome"], "incomplete");
    let said = messages(&report);
    for part in [
        "public.secret is not copied: the account may not read it; ask for SELECT on it",
        "hidden.t is not copied",
        "view public.over_secret is not carried over",
        "view public.over_view is not carried over",
        "view public.over_view_filled is not carried over",
        "open_secret_fkey",
    ] {
        assert!(said.contains(part), "not said: {part}\n{said}");
    }
    assert!(!said.contains("over_open"), "{said}");
    let open = table(&report, "public.open");
    assert_eq!((&open["rows"], &open["read_back"]), (&50.into(), &1.into()));
    assert_eq!(
        target.query("select count(*) from open union all select count(*) from over_open"),
        "50\n50"
    );
    assert_eq!(target.query("select nextval('open_id_seq')"), "51");
    let left_out = &handover.status().0["left_out"];
    assert_eq!(left_out.as_array().unwrap().len(), 2, "{left_out}");

    // What the verifier cannot read it does not call equal.
    let verified = handover.verify().env("PGPASSWORD", "pw").go();
    assert_ne!(json(&verified)["verdict"], "equal");

    // The same again says the same.
    let again = json(copy().go().expect(1));
    assert_eq!(messages(&again), said);

    // A right given later does not fit the plan; an empty target has everything.
    source.sql(&format!(
        "grant select on secret to \"{0}\"; grant usage on schema hidden to \"{0}\"",
        role.name
    ));
    crate::support::says(
        copy().go().expect(2),
        &["can be read now", "start anew with an empty target"],
    );
    let target = Database::create();
    let handover = Handover::between(&source.url_as(&role), &target.url());
    expect_copied(&handover.copy().env("PGPASSWORD", "pw").go());
}

/// What was left out is left out again, each time the command runs.
#[test]
fn a_finished_copy_without_a_table() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table secret (id int); create table open (id int); insert into open values (1)",
    );
    let role = reader(&source, "pw", "revoke select on secret from READER;");
    let handover = Handover::between(&source.url_as(&role), &target.url());
    for _ in 0..3 {
        let report = json(handover.copy().env("PGPASSWORD", "pw").go().expect(1));
        assert!(messages(&report).contains("public.secret is not copied"), "{report:#}");
        assert_ne!(report["outcome"], "unchanged", "{report:#}");
    }
    source.sql("insert into open values (2)");
    let report = json(handover.copy().env("PGPASSWORD", "pw").go().expect(1));
    let said = messages(&report);
    assert!(
        said.contains("public.secret is not copied") && said.contains("1 new row(s)"),
        "{said}"
    );
}

/// A right on a table's columns is not one on its rows.
#[test]
fn a_table_of_which_some_columns_may_be_read() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(PLATFORM);
    let take_away = format!(
        "{SEQUENCES} revoke select on secret from READER; grant select (id) on secret to READER;"
    );
    let role = reader(&source, "pw", &take_away);
    let handover = Handover::between(&source.url_as(&role), &target.url());
    let report = json(handover.copy().env("PGPASSWORD", "pw").go().expect(1));
    assert!(messages(&report).contains("public.secret is not copied"), "{report:#}");
    assert_eq!(table(&report, "public.open")["read_back"], 1);
}

#[test]
fn a_sequence_that_may_not_be_read() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table t (id serial primary key, n int);
        insert into t (n) select i from generate_series(1, 50) i;
        select setval('t_id_seq', 1000);
        create table down (id int primary key);
        create sequence down_seq increment -1 minvalue -100 maxvalue -1 owned by down.id;
        insert into down select -i from generate_series(1, 10) i;
        create table empty (id serial primary key);
        create table of_texts (id text primary key);
        create sequence of_texts_seq owned by of_texts.id;
        insert into of_texts values ('a1');
        create table from_1000 (id int primary key);
        create sequence from_1000_seq minvalue 1000 owned by from_1000.id;
        insert into from_1000 values (5);
        create sequence alone;",
    );
    let role = source.role("reader", "pw");
    let handover = Handover::between(&source.url_as(&role), &target.url());
    let report = json(handover.copy().env("PGPASSWORD", "pw").go().expect(1));
    let said = messages(&report);
    for part in [
        "may not read sequence public.t_id_seq",
        "may not read sequence public.alone; it starts anew",
        "may not read sequence public.of_texts_seq; it starts anew",
        "may not read sequence public.down_seq",
    ] {
        assert!(said.contains(part), "not said: {part}\n{said}");
    }
    assert_eq!(report["outcome"], "incomplete");
    assert_eq!(table(&report, "public.t")["read_back"], 1);
    // Never a number that is in use.
    assert_eq!(target.query("insert into t (n) values (0) returning id"), "51");
    assert_eq!(target.query("select nextval('down_seq')"), "-11");
    assert_eq!(target.query("select nextval('empty_id_seq')"), "1");
    assert_eq!(target.query("select nextval('from_1000_seq')"), "1001");
}

/// Rows hidden by a policy are not silently left out.
#[test]
fn a_table_whose_rows_a_policy_hides() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!(
        "{PLATFORM} alter table secret enable row level security;
         create policy few on secret using (id < 10);"
    ));
    let role = reader(&source, "pw", SEQUENCES);
    let handover = Handover::between(&source.url_as(&role), &target.url());
    let outcome = handover.copy().env("PGPASSWORD", "pw").go();
    let report = json(outcome.expect(1));
    let said = messages(&report);
    assert!(said.contains("public.secret") && said.contains("row-level security"), "{said}");
    assert_eq!(table(&report, "public.open")["rows"], 50);
}

/// SELECT on everything is all that a source has to grant.
#[test]
fn an_account_that_may_only_select() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(PLATFORM);
    let role = reader(&source, "pw", SEQUENCES);
    let handover = Handover::between(&source.url_as(&role), &target.url());
    expect_copied(&handover.copy().env("PGPASSWORD", "pw").go());
    let verified = handover.verify().env("PGPASSWORD", "pw").go();
    assert_eq!(json(verified.expect(0))["verdict"], "equal");
}

/// A target's account needs no more than its database.
#[test]
fn a_target_account_without_superuser_rights() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(PLATFORM);
    let role = target.role("writer", "pw");
    target.sql(&format!(
        "grant create on database {} to \"{1}\"; grant create on schema public to \"{1}\"",
        target.name(),
        role.name
    ));
    let handover = Handover::between(&source.url(), &target.url_as(&role));
    expect_copied(&handover.copy().env("PGPASSWORD", "pw").go());
    assert_eq!(target.query("select count(*) from open"), "50");

    // Without the right to make tables there, nothing is made.
    let target = Database::create();
    let role = target.role("writer", "pw");
    let handover = Handover::between(&source.url(), &target.url_as(&role));
    let outcome = handover.copy().env("PGPASSWORD", "pw").go();
    crate::support::says(
        outcome.expect(2),
        &["cannot make the source's tables in the target", "permission denied", "nothing was kept"],
    );
    assert_eq!(target.query("select count(*) from pg_tables where schemaname = 'public'"), "0");
}
