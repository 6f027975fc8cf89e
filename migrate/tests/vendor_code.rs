//! Code of the vendor's that runs in the target during a copy: nobody runs what nobody has read, and what it does there
//! is noticed.

use std::fs;

use handover_testkit::{Database, Run};

use crate::support::{Handover, expect_copied, json, messages, says};

/// Functions in an index, a check and a trigger; the last one does not run during a copy.
const PLATFORM: &str = "
    create function tidy(name text) returns text immutable language plpgsql as $$ begin return trim(name); end $$;
    create function is_name(name text) returns bool immutable language sql as $$ select name <> '' $$;
    create function note() returns trigger language plpgsql as $$ begin return new; end $$;
    create table subjects (id int primary key, name text not null check (is_name(name)), code text default tidy(' a '));
    create index on subjects (tidy(name));
    create trigger noted before insert on subjects for each row execute function note();
    create table doses (id int primary key, lot text);
    insert into subjects select i, 'Nguyễn Thị ' || i from generate_series(1, 500) i;
    insert into doses select i, 'A' || i from generate_series(1, 500) i;";

fn sha256_of(handover: &Handover, file: &str) -> String {
    let outcome = Run::program("sha256sum").arg(handover.dir().join(file)).go();
    outcome.expect(0).stdout.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_plan_says_what_would_run_and_makes_nothing() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(PLATFORM);
    let handover = Handover::postgres(&source, &target);
    let report = json(handover.copy_without_code().arg("--plan-only").go().expect(0));
    assert_eq!(report["outcome"], "planned");
    assert_eq!(report["vendor_code"]["pieces"], 2);
    assert_eq!(report["vendor_code"]["sha256"], sha256_of(&handover, "schema/vendor-code.sql"));
    assert_eq!(target.query("select count(*) from pg_class where relnamespace >= 16384"), "0");

    let listing = fs::read_to_string(handover.dir().join("schema/vendor-code.sql")).unwrap();
    let parts: Vec<&str> = listing.split("-- == ").collect();
    let [_, with_rows, after_rows, in_use, routines] = parts.as_slice() else {
        panic!("{listing}");
    };
    for (part, holds) in [
        (with_rows, ["while rows are copied (1)", "TABLE public.subjects calls public.is_name"]),
        (after_rows, ["after the rows", "INDEX public.subjects_tidy_idx calls public.tidy"]),
        (in_use, ["never during the copy (2)", "TRIGGER public.subjects noted calls public.note"]),
        (routines, ["Routines (3)", "begin return trim(name); end"]),
    ] {
        assert!(holds.iter().all(|text| part.contains(text)), "{holds:?}\n{part}");
    }
    assert!(in_use.contains("TABLE public.subjects calls public.tidy"), "{in_use}");
}

#[test]
fn what_nobody_has_read_does_not_run() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(PLATFORM);
    let handover = Handover::postgres(&source, &target);
    let outcome = handover.copy_without_code().go();
    outcome.expect(2);
    let digest = sha256_of(&handover, "schema/vendor-code.sql");
    says(
        &outcome,
        &["2 piece(s) of the vendor's code", &digest, "This run made nothing in the target"],
    );

    fs::write(
        handover.dir().join("handover.toml"),
        format!("[vendor_code]\nreviewed = \"{digest}\"\n"),
    )
    .unwrap();
    source.sql("create or replace function tidy(name text) returns text immutable language sql as $$ select name $$");
    says(&handover.copy_without_code().go(), &["is not what was read", "handover.toml"]);
    assert_eq!(target.query("select count(*) from pg_class where relnamespace >= 16384"), "0");

    let digest = sha256_of(&handover, "schema/vendor-code.sql");
    fs::write(
        handover.dir().join("handover.toml"),
        format!("[vendor_code]\nreviewed = \"{digest}\"\n"),
    )
    .unwrap();
    expect_copied(&handover.copy_without_code().args(["--owner", "account"]).go());
    let said = target.query("select detail from handover.event where kind = 'plan'");
    assert!(said.contains(&format!("\"vendorCode\":\"{digest}\"")), "{said}");
}

#[test]
fn a_database_without_code_needs_no_word() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table t (id serial primary key, name text check (name <> ''));
         create index on t (lower(name)); insert into t (name) values ('a')",
    );
    let handover = Handover::postgres(&source, &target);
    expect_copied(&handover.copy_without_code().go());
    assert!(!handover.dir().join("schema/vendor-code.sql").exists());
}

/// Between two runs the source may have been asked again.
#[test]
fn a_resumed_copy_runs_nothing_unread_either() {
    let (source, target) = with_harm("delete from public.doses where id = 7");
    let handover = Handover::postgres(&source, &target);
    handover.copy().go().expect(1);
    let outcome = handover.copy_without_code().go();
    says(
        outcome.expect(2),
        &["piece(s) of the vendor's code", "This run made nothing in the target"],
    );
}

#[test]
fn a_plan_for_a_file_leaves_no_file() {
    let handover = Handover::sqlite("create table t (a int); insert into t values (1)");
    let report = json(handover.copy_without_code().arg("--plan-only").go().expect(0));
    assert_eq!(report["outcome"], "planned");
    assert!(!handover.target_file().exists());
    assert!(handover.dir().join("schema/pre-data.sql").exists());
    fs::write(handover.target_file(), "").unwrap();
    handover.copy_without_code().arg("--plan-only").go().expect(0);
    assert!(handover.target_file().exists(), "it is not ours");
}

/// A function that does its harm in the target only: where there is a ledger.
fn with_harm(statement: &str) -> (Database, Database) {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!(
        "{PLATFORM}
         create function harm() returns void language plpgsql as $$ begin
           if exists (select from pg_namespace where nspname = 'handover') then {statement}; end if; end $$;
         create or replace function tidy(name text) returns text immutable language plpgsql as $$ begin
           perform public.harm(); return trim(name); end $$;"
    ));
    (source, target)
}

#[test]
fn rows_that_a_function_changed_are_found() {
    let (source, target) = with_harm("delete from public.doses where id = 7");
    let handover = Handover::postgres(&source, &target);
    for _again in 0..2 {
        let outcome = handover.copy().go();
        let report = json(outcome.expect(1));
        assert_eq!(report["outcome"], "incomplete");
        let found = messages(&report);
        assert!(found.starts_with("public.doses: "), "{found}");
        assert!(
            found.contains("code of the vendor's ran") && found.lines().count() == 1,
            "{found}"
        );
    }
}

#[test]
fn a_ledger_that_a_function_changed_is_found() {
    let (source, target) =
        with_harm("update handover.chunk set row_count = row_count + 1 where table_no = 1");
    let handover = Handover::postgres(&source, &target);
    let outcome = handover.copy().go();
    outcome.expect(2);
    says(&outcome, &["changed the ledger", "schema/vendor-code.sql"]);
}
