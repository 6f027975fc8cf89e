//! A copy ends with what `handover-verify tables` would say, and with its exit code.

use handover_testkit::{Database, sqlite};
use serde_json::Value;

use crate::support::{Handover, json, messages};

const PLATFORM: &str = "
    create table subjects (id int primary key, name text not null);
    create index by_name on subjects (name);
    create view names as select name from subjects;
    create materialized view counted as select count(*) from subjects;
    insert into subjects select i, 'Nguyễn Thị ' || i from generate_series(1, 300) i;
    refresh materialized view counted;";

const FILE: &str = "create table subjects (id integer primary key, name text);
    create index by_name on subjects (name); insert into subjects values (1, 'a'), (2, 'b')";

/// Copies and verifies; both have to end alike. Gives the copy's report.
#[track_caller]
fn both(handover: &Handover, verdict: &str, code: i32) -> Value {
    let copied = json(handover.copy().go().expect(code));
    let verified = json(handover.verify().go().expect(code));
    assert_eq!(copied["compared"]["verdict"], verdict, "{copied:#}");
    assert_eq!(verified["verdict"], verdict, "{verified:#}");
    let is_done = ["copied", "unchanged"].map(Value::from).contains(&copied["outcome"]);
    assert_eq!(is_done, verdict == "equal", "{copied:#}");
    let said = |report: &Value| -> Vec<Value> {
        let of_tables = report["tables"].as_array().into_iter().flatten();
        let all = of_tables.chain([report]).flat_map(|place| place["findings"].as_array().unwrap());
        all.cloned().collect()
    };
    let compared = copied["compared"]["findings"].as_array().unwrap().clone();
    assert_eq!(compared, said(&verified));
    copied
}

fn between_postgres(platform: &str) -> (Database, Database, Handover) {
    let (source, target) = (Database::create(), Database::create());
    source.sql(platform);
    let handover = Handover::postgres(&source, &target);
    (source, target, handover)
}

#[test]
fn a_whole_copy_is_equal_for_both() {
    let (_source, _target, handover) = between_postgres(PLATFORM);
    assert_eq!(both(&handover, "equal", 0)["outcome"], "copied");
    assert_eq!(both(&handover, "equal", 0)["outcome"], "unchanged");
    let people = handover.copy_for_people().go().expect(0).stdout.clone();
    assert!(people.contains("compared as handover-verify tables does"), "{people}");
}

#[test]
fn what_a_function_did_to_the_structure_is_told() {
    let (_source, _target, handover) = between_postgres(&format!(
        "{PLATFORM}
         create function tidy(name text) returns text immutable language plpgsql as $$ begin
           perform public.spoil(); return name; end $$;
         create function spoil() returns void language plpgsql as $$ begin
           if exists (select from pg_namespace where nspname = 'handover') then
             drop view if exists public.names;
           end if; end $$;
         create table doses (id int primary key, lot text check (tidy(lot) <> ''));
         insert into doses values (1, 'a')"
    ));
    let report = both(&handover, "different", 1);
    assert_eq!(report["findings"].as_array().unwrap().len(), 0, "it saw nothing by itself");
    // What was found stays found.
    let again = json(handover.copy().go().expect(1));
    assert!(messages(&again).contains("the target lacks the view public.names"), "{again:#}");
}

#[test]
fn what_was_changed_behind_its_back_is_told() {
    let (_source, target, handover) = between_postgres(PLATFORM);
    handover.copied();
    target.sql("drop index by_name; alter table subjects alter name drop not null");
    assert_eq!(both(&handover, "different", 1)["outcome"], "incomplete");
}

#[test]
fn what_the_target_cannot_hold_is_told() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!(
        "{PLATFORM} create function told() returns event_trigger language plpgsql as $$ begin end $$;
         create event trigger told on ddl_command_end execute function told()"
    ));
    let (owner, account) = target.owner_and_account("pw");
    let handover = Handover::between(&source.url(), &target.url_as(&account));
    let copied = json(handover.copy_as(&owner).env("PGPASSWORD", "pw").go().expect(1));
    let verified = json(handover.verify().env("PGPASSWORD", "pw").go().expect(1));
    assert_eq!(copied["compared"]["verdict"], verified["verdict"]);
    assert!(messages(&copied).contains("EVENT TRIGGER told could not be made"), "{copied:#}");
    assert!(messages(&copied).contains("permission denied"), "{copied:#}");
}

#[test]
fn a_table_of_the_plan_that_is_gone_is_told() {
    let (_source, target, handover) =
        between_postgres(&format!("{PLATFORM} create table gone (a int)"));
    handover.copied();
    target.sql("drop table gone; create view gone as select 1 as a");
    let report = json(handover.copy().go().expect(1));
    let compared = &report["compared"];
    assert_eq!(compared["verdict"], "different", "{report:#}");
    assert!(
        compared["findings"].to_string().contains("lacks the table public.gone"),
        "{compared:#}"
    );
}

#[test]
fn files_end_alike_as_well() {
    let handover = Handover::sqlite(FILE);
    assert_eq!(both(&handover, "equal", 0)["outcome"], "copied");
    sqlite(&handover.target_file(), "drop index by_name");
    assert_eq!(both(&handover, "different", 1)["outcome"], "incomplete");
}

#[test]
fn a_file_and_a_database_end_alike() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(FILE, &target);
    assert_eq!(both(&handover, "equal", 0)["outcome"], "copied");
    target.sql("alter table subjects add column more int");
    assert_eq!(both(&handover, "different", 1)["outcome"], "incomplete");
}
