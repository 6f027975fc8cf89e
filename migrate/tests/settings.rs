//! Functions that depend on a session's settings, whatever they promise: rows are written under those
//! of the source's database, and what came out otherwise is told.

use handover_testkit::Database;

use crate::support::{Handover, expect_copied, json, messages, table};

/// The day of a moment depends on `TimeZone`, a shift on a setting of the platform's own, and
/// `day_of` and `plain` are found by `search_path` only. `DateStyle` shows in a text.
const FUNCTIONS: &str = "
    create schema app;
    create function app.day_of(t timestamptz) returns date language sql immutable
        as $$ select t::date $$;
    create function app.plain(t text) returns text language sql immutable
        as $$ select lower(t) $$;
    create function app.shift() returns int language sql immutable
        as $$ select current_setting('app.shift')::int $$;";

/// Midnight in Hà Nội is 17:00 UTC of the day before.
const TABLES: &str = "
    create function app.calls_day(t timestamptz) returns date language plpgsql immutable
        as $$ begin return day_of(t); end $$;
    create function app.calls_plain(t text) returns text language plpgsql immutable
        as $$ begin return plain(t); end $$;
    create function app.tells(t timestamptz) returns text language plpgsql immutable
        as $$ begin return day_of(t)::text || ' ' || shift(); end $$;
    create domain app.word as text check (app.calls_plain(value) <> '');
    create table app.x (id int primary key, at timestamptz, name app.word,
        day date generated always as (app.calls_day(at)) stored,
        told text generated always as (app.tells(at)) stored,
        check (app.calls_plain(name) <> 'none'), price money);
    create index on app.x (app.calls_plain(name));
    create table app.p (id int, at timestamptz) partition by list (app.calls_day(at));
    create table app.p1 partition of app.p for values in ('2022-01-01');
    create table app.p2 partition of app.p for values in ('2022-01-02');
    create table app.p3 partition of app.p default;";

const ROWS: &str = "
    insert into app.x (id, at, name, price)
        select i, '2022-01-01 12:00+00'::timestamptz + i * interval '1 hour', 'Ánh ' || i, i::text::money
        from generate_series(1, 400) i;
    insert into app.p select id, at from app.x where id < 30;";

fn platform(settings: &[&str]) -> Database {
    let database = Database::create();
    for setting in settings {
        database.sql(&format!("alter database {} set {setting}", database.name()));
    }
    database.sql("select 1");
    database.sql(FUNCTIONS);
    database.sql(TABLES);
    database
}

const HANOI: [&str; 5] = [
    "timezone = 'Asia/Ho_Chi_Minh'",
    "search_path = app, public",
    "datestyle = 'German'",
    "intervalstyle = 'sql_standard'",
    "app.shift = '7'",
];

const VALUES: &str =
    "select string_agg(id || ' ' || day || ' ' || told || ' ' || price, ',' order by id)
    from app.x";
const PLACES: &str =
    "select string_agg(id || ' ' || tableoid::regclass::text, ',' order by id) from app.p";

#[test]
fn rows_are_written_under_the_settings_of_the_source_database() {
    let source = platform(&HANOI);
    source.sql(ROWS);
    let target = Database::create();
    let handover = Handover::postgres(&source, &target);
    let outcome = handover.copy().go();
    expect_copied(&outcome);
    assert!(outcome.stderr.contains("TimeZone is"), "{}", outcome.stderr);
    for setting in HANOI {
        target.sql(&format!("alter database {} set {setting}", target.name()));
    }
    assert_eq!(source.query(VALUES), target.query(VALUES));
    assert_eq!(source.query(PLACES), target.query(PLACES));
    handover.verified();
}

#[test]
fn a_resume_writes_under_the_settings_of_the_first_run() {
    let source = platform(&HANOI);
    source.sql(ROWS);
    let target = Database::create();
    let handover = Handover::postgres(&source, &target);
    let mut run = handover.copy().args(["--chunk-bytes", "2K", "--max-rate", "2K"]).spawn();
    assert!(run.wait_for(|run| run.stderr().contains("] copying ")), "{}", run.stderr());
    run.kill();
    assert_eq!(handover.status().stage(), "rows");
    source.sql(&format!("alter database {} set timezone = 'UTC'", source.name()));
    handover.copied();
    handover.verified();
    assert_eq!(
        target.query("select value from handover.session_setting where name = 'TimeZone'"),
        "Asia/Ho_Chi_Minh"
    );
}

#[test]
fn values_that_came_out_otherwise_are_told_by_copy_and_verify() {
    let source = platform(&["search_path = app, public", "app.shift = '0'"]);
    source.sql(&format!("set timezone = 'Asia/Ho_Chi_Minh'; {ROWS}"));
    let target = Database::create();
    let handover = Handover::postgres(&source, &target);
    let report = json(handover.copy().go().expect(1));
    let said = messages(&report);
    assert!(said.contains("generated column(s) day, told of app.x hold other values"), "{said}");
    assert!(said.contains("rows of app.p lie in other partitions"), "{said}");

    let report = json(handover.verify().go().expect(1));
    let x = table(&report, "app.x");
    // The rows that were written are the same; what was computed is not.
    assert_eq!(x["source"]["digest"], x["target"]["digest"]);
    assert_eq!(x["verdict"], "different", "{report:#}");
    let said = messages(&report);
    assert!(said.contains("the generated column app.x.day holds other values"), "{said}");
    assert!(said.contains("rows of app.p lie in other partitions"), "{said}");
}
