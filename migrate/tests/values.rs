//! Values that a target cannot hold: the table stops and says which rows, the others go on.

use std::fs;

use handover_testkit::{Database, sqlite};
use serde_json::Value;

use crate::support::{Handover, expect_copied, json, messages, mode, says_nothing_of, table};

/// The lines of `findings/copy.jsonl`.
fn keys_found(handover: &Handover) -> Vec<Value> {
    let path = handover.dir().join("findings/copy.jsonl");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A copy that stops at a table and does the others.
#[track_caller]
fn stops(handover: &Handover, name: &str, others: &str) -> Value {
    let outcome = handover.copy().go();
    let report = json(outcome.expect(1));
    assert_eq!(report["outcome"], "incomplete");
    assert_eq!(table(&report, name)["read_back"], 0, "{report:#}");
    let other = table(&report, others);
    assert_eq!(other["read_back"], other["chunks"], "{report:#}");
    assert_ne!(other["rows"], 0);
    report
}

const OTHER: &str = "create table other (id integer primary key, t text);
    insert into other values (1, 'one'), (2, 'two');";

#[test]
fn text_with_nul_or_broken_utf_8_does_not_go_to_postgres() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(
        &format!(
            "{OTHER} create table person (id_number text not null primary key, name text);
             insert into person values ('079000000001', 'fine'),
                 ('079000000002', 'a' || char(0) || 'b'),
                 ('079000000003', cast(x'41ff42' as text)),
                 ('079000000004', cast(x'eda080' as text)), ('079000000005', 'fine too');"
        ),
        &target,
    );
    let report = stops(&handover, "main.person", "main.other");
    let finding = &table(&report, "main.person")["findings"][0];
    assert_eq!(finding["kind"], "value_does_not_fit");
    assert_eq!((&finding["count"], &finding["columns"][0]), (&3.into(), &"name".into()));
    let message = finding["message"].as_str().unwrap();
    let path = handover.dir().join("findings/copy.jsonl").display().to_string();
    for part in ["3 row(s)", "NUL", "UTF-8", "correct them at the source", path.as_str()] {
        assert!(message.contains(part), "{part} is not said: {message}");
    }
    let found = keys_found(&handover);
    let keys: Vec<&Value> = found.iter().map(|line| &line["key"][0]).collect();
    assert_eq!(keys, ["079000000002", "079000000003", "079000000004"]);
    assert_eq!(found[0]["table"], "main.person");
    assert_eq!(found[0]["reason"], "text with a NUL character");
    says_nothing_of(&handover.copy().go(), &["07900000000"]);

    // Shown on request, and gone once put right.
    let shown = json(handover.copy().arg("--show-keys").go().expect(1));
    let keys = &table(&shown, "main.person")["findings"][0]["keys"];
    assert_eq!(keys[0][0], "079000000002", "{shown:#}");
    sqlite(
        &handover.source_file(),
        "update person set name = 'put right' where name not like 'fine%'",
    );
    handover.copied();
    assert!(!handover.dir().join("findings/copy.jsonl").exists());
    handover.verified();
}

/// In a SQLite target such texts are kept.
#[test]
fn text_with_nul_or_broken_utf_8_goes_to_sqlite() {
    let handover = Handover::sqlite(
        "create table person (id_number text not null primary key, name text);
         insert into person values ('1', 'a' || char(0) || 'b'), ('2', cast(x'41ff42' as text));
         create table no_key (t text);
         insert into no_key values (cast(x'00' as text)), (cast(x'0a0dff' as text));
         create table odd_keys (k text not null primary key);
         insert into odd_keys values ('a' || char(0)), ('a'), ('a' || char(0, 0)), ('b');
         create table bytes (k text not null primary key, n int);
         create table bytes_any_case (k text not null collate nocase primary key, n int);
         with recursive n(i) as (values (1) union all select i + 1 from n where i < 300)
             insert into bytes select 'key ' || i || case when i % 3 then cast(x'ff' as text) else 'Á' end, i
                 from n;
         insert into bytes_any_case select * from bytes;",
    );
    expect_copied(&handover.copy().args(["--chunk-bytes", "1K"]).go());
    let chunks = handover.status().per_table("copied");
    assert!(chunks["main.bytes"] > 3 && chunks["main.bytes_any_case"] > 3, "{chunks:?}");
    let hexes =
        "select hex(id_number), hex(name) from person union all select hex(t), 0 from no_key
        union all select hex(k), n from bytes union all select hex(k), n from bytes_any_case
        union all select hex(k), 1 from odd_keys order by 1, 2";
    let source = sqlite(&handover.source_file(), hexes);
    assert_eq!(source, sqlite(&handover.target_file(), hexes));
    assert!(source.contains("6100"), "{source}");
    handover.verified();
}

#[test]
fn a_value_that_does_not_fit_its_declared_type() {
    let sql = format!(
        "{OTHER} create table doses (id integer primary key, given date, amount decimal(6, 2),
             flag boolean, code varchar(3), n int, at datetime, uid uuid, j json, r real, b blob);
         insert into doses (id) values (1);
         insert into doses (id, given) values (2, '2021-13-01'), (3, '08/03/2021'), (4, 20210308);
         insert into doses (id, amount) values (5, 12345.00), (6, 1.005), (7, 'twelve');
         insert into doses (id, flag) values (8, 2), (9, 'true');
         insert into doses (id, code) values (10, 'long'), (11, 'ăâê');
         insert into doses (id, n) values (12, 1.5), (13, 'n/a');
         insert into doses (id, at) values (14, '2021-03-08T07:00:00Z'), (15, '');
         insert into doses (id, uid) values (16, 'ABCDEF00-0000-0000-0000-000000000000');
         insert into doses (id, j) values (17, '{{bad}}');
         insert into doses (id, r) values (18, 'x');
         insert into doses (id, b) values (19, 'text');"
    );
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(&sql, &target);
    let report = stops(&handover, "main.doses", "main.other");
    let finding = &table(&report, "main.doses")["findings"][0];
    assert_eq!(finding["count"], 14, "{finding:#}");
    let columns = finding["columns"].as_array().unwrap();
    assert_eq!(columns.len(), 9, "{columns:?}");
    // Numbers say nothing about people: the first keys are shown.
    assert_eq!(finding["keys"][0][0], "2");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("not a date in the form 2022-09-20"), "{message}");
    assert!(message.contains("--map-type"), "{message}");
    let found = keys_found(&handover);
    let keys: Vec<&str> = found.iter().map(|line| line["key"][0].as_str().unwrap()).collect();
    let expected = [2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 15, 17, 18, 19];
    assert_eq!(keys, expected.map(|key| key.to_string()));
    let outcome = handover.copy().go();
    for value in ["08/03", "twelve", "n/a", "ABCDEF", "bad}"] {
        says_nothing_of(&outcome, &[value]);
    }
}

#[test]
fn a_type_named_by_the_operator_lets_the_table_pass() {
    let sql = format!(
        "{OTHER} create table doses (id integer primary key, given date, mixed whatever);
         insert into doses values (1, '08/03/2021', 'x'), (2, 'unknown', 'y');
         create table kinds (id integer primary key, mixed whatever);
         insert into kinds values (1, 1), (2, 'one'), (3, x'01');"
    );
    let target = Database::create();
    let mut handover = Handover::sqlite_to_postgres(&sql, &target);
    let report = json(handover.copy().go().expect(1));
    let said = messages(&report);
    for part in [
        "main.kinds is not copied: column mixed: declared \"whatever\"",
        "several kinds (blob, integer, text)",
        "--map-type kinds.mixed=TYPE",
        "main.doses stopped",
    ] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    // The plan is frozen: another type wants another target.
    let overrides = ["--map-type", "doses.given=text", "--map-type", "kinds.mixed=text"];
    let refused = handover.copy().args(overrides).go();
    crate::support::says(refused.expect(2), &["start anew with an empty target"]);

    sqlite(&handover.source_file(), "update kinds set mixed = 'n' || mixed");
    let target = Database::create();
    handover.set_target(&target.url());
    expect_copied(&handover.copy().args(overrides).go());
    assert_eq!(target.query("select given from doses order by id"), "08/03/2021\nunknown");
    let verified = handover.verify().args(overrides).go();
    assert_eq!(json(verified.expect(0))["verdict"], "equal");
}

/// A source may hold what its own tables would refuse today.
#[test]
fn a_row_that_its_own_table_refuses() {
    let handover = Handover::sqlite(&format!(
        "{OTHER} create table dose (id integer primary key, n int check (n > 0));
         pragma ignore_check_constraints = on; insert into dose values (1, 1), (2, -424242);"
    ));
    let report = stops(&handover, "main.dose", "main.other");
    let said = messages(&report);
    for part in ["main.dose stopped", "violates a constraint", "the other tables went on"] {
        assert!(said.contains(part), "{part} is not said: {said}");
    }
    says_nothing_of(&handover.copy().go(), &["424242"]);
    sqlite(&handover.source_file(), "update dose set n = 2");
    handover.copied();
}

/// SQLite does not enforce foreign keys unless asked; PostgreSQL does.
#[test]
fn a_row_that_refers_to_nothing() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(
        &format!(
            "{OTHER} create table person (id_number text not null primary key);
             create table dose (id integer primary key, person text references person);
             insert into person values ('079000000001');
             insert into dose values (1, '079000000001'), (2, '079000000002');"
        ),
        &target,
    );
    for _ in 0..2 {
        let outcome = handover.copy().go();
        let report = json(outcome.expect(1));
        let said = messages(&report);
        assert!(said.contains("dose_person_fkey"), "{said}");
        assert!(said.contains("run the command again"), "{said}");
        // Which rows: people's identity numbers are not for the terminal.
        says_nothing_of(&outcome, &["079000000002"]);
        assert_eq!(table(&report, "main.dose")["read_back"], 1);
        assert_eq!(handover.status().stage(), "structure");
    }
}
