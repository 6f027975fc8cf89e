//! What a platform's own code says of a person is in no output; only the findings folder has it.

use std::fs;

use handover_cli_kit::visible::is_hidden;
use handover_testkit::{Database, Outcome};
use serde_json::Value;

use crate::support::{Handover, json, mode, says_nothing_of};

/// A name that everything which may speak of a row speaks of.
const PERSON: &str = "bệnhnhân0977700123";

/// Runs the copy, which has findings, or ends. Nothing that is said has the person, the file for it
/// does, and the code of what was refused is told.
#[track_caller]
fn copied_in_silence(handover: &Handover, code: &str) {
    let mut all = String::new();
    for json in [true, false] {
        let run = if json { handover.copy() } else { handover.copy_for_people() };
        let outcome = run.go();
        assert!(matches!(outcome.code, Some(1 | 2)), "{outcome:?}");
        is_silent(&outcome);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(said.contains(code), "{code}: {said}");
        assert!(said.contains("findings/copy-messages.jsonl"), "{said}");
        all = said;
    }
    let file = handover.dir().join("findings/copy-messages.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(PERSON), "{all}\n{text}");
    assert!(!text.replace('\n', "").contains(is_hidden), "{text}");
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["from"].is_string() && line["text"].is_string(), "{line}");
    }
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().unwrap()), 0o700);
}

#[track_caller]
fn is_silent(outcome: &Outcome) {
    says_nothing_of(outcome, &[PERSON, "0977700123", "bệnh"]);
}

/// A source in which the check holds, and would hold nowhere else.
fn source(functions: &str, check: &str) -> Database {
    let source = Database::create();
    let name = source.name();
    source.sql(&format!(
        "create function at_home() returns boolean language sql as
             $$ select current_database() = '{name}' $$;
         {functions};
         create table people (id int primary key, name text);
         create table others (id int primary key);
         insert into others values (1);
         insert into people values (1, '{PERSON}');
         alter table people add check (at_home() or {check})"
    ));
    source
}

/// A function that raises with a code of its choice, and the row's value in whatever can be chosen.
fn raising(code: &str) -> String {
    format!(
        "create function speak(name text) returns boolean language plpgsql as $$ begin
             raise exception '%', name using errcode = '{code}', detail = name, hint = name,
                 schema = name, table = name, column = name, constraint = name, datatype = name;
         end $$"
    )
}

#[test]
fn a_function_that_raises_with_any_code() {
    for code in ["P0001", "23514", "22023", "42P01", "42501", "28P01", "53100", "57014", "XX001"] {
        let (source, target) = (source(&raising(code), "speak(name)"), Database::create());
        let handover = Handover::postgres(&source, &target);
        copied_in_silence(&handover, code);
        // Where others have been copied, the ledger says why this table was not.
        let status = handover.ask_status().go();
        is_silent(&status);
    }
}

/// The server's own words, with a value in the place of a name.
#[test]
fn a_value_that_is_taken_for_a_name() {
    let dynamic = "create function speak(name text) returns boolean language plpgsql as $$ begin
        execute format('select * from %I', name); return true; end $$";
    for (functions, check, code) in [
        (dynamic, "speak(name)", "42P01"),
        ("", "name::regclass is not null", "42P01"),
        ("", "name::regrole is not null", "42704"),
        ("", "current_setting(name) is not null", "42704"),
        ("", "to_tsquery('simple', name || ' ! !') is not null", "42601"),
        ("", "pg_get_object_address('table', array[name], '{}') is not null", "42P01"),
        ("", "pg_get_object_address('extension', array[name], '{}') is not null", "42704"),
        ("", "name::date is not null", "22007"),
        ("", "encode('x', name) is not null", "22023"),
    ] {
        let (source, target) = (source(functions, check), Database::create());
        copied_in_silence(&Handover::postgres(&source, &target), code);
    }
}

/// An index is made after the rows; its function speaks of them.
#[test]
fn a_function_of_an_index() {
    let source = source(
        "create function key_of(name text) returns text immutable language plpgsql as $$ begin
             if not at_home() then raise exception 'no key for %', name; end if;
             return name;
         end $$",
        "true",
    );
    source.sql("create index people_key on people (key_of(name))");
    let target = Database::create();
    copied_in_silence(&Handover::postgres(&source, &target), "P0001");
    let refused = target.query("select string_agg(problem, ' ') from handover.step");
    assert!(refused.contains("P0001") && !refused.contains(PERSON), "{refused}");
}

/// SQLite's functions quote what they do not like. The source let the row in unchecked.
#[test]
fn a_check_of_a_file() {
    let handover = Handover::sqlite(&format!(
        "pragma ignore_check_constraints = on;
         create table others (id integer primary key);
         create table people (id integer primary key, name text,
             check (json_extract('{{}}', name) is null));
         insert into others values (1);
         insert into people values (1, '{PERSON}')"
    ));
    copied_in_silence(&handover, "SQLite code 1");
}

/// A run in which nothing is withheld takes the file of the last one away.
#[test]
fn the_file_is_of_the_last_run() {
    let (source, target) = (source(&raising("P0001"), "speak(name)"), Database::create());
    let handover = Handover::postgres(&source, &target);
    copied_in_silence(&handover, "P0001");
    target.sql(
        "create or replace function speak(name text) returns boolean language sql as 'select true'",
    );
    // The function that was mended by hand is a finding of the comparison; of rows, nothing is said any more.
    let mended = handover.copy().go();
    assert_eq!(json(mended.expect(1))["findings"], serde_json::json!([]));
    assert!(!handover.dir().join("findings/copy-messages.jsonl").exists());
}
