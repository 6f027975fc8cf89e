//! Platforms that use the schema or the prefix of our ledger, and indexes that the source never
//! finished.

use std::fs;

use handover_schemas::ledger::PACKAGES_POSTGRES_DDL;
use handover_testkit::{Database, sqlite};

use crate::config::write;
use crate::support::{Handover, expect_copied, json, messages, says};

#[test]
fn a_platform_with_the_ledgers_schema_is_copied() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create schema handover;
         create table handover.notes (id serial primary key, note text);
         insert into handover.notes (note) values ('x'), ('y');
         create function handover.f() returns int language sql as 'select 1';
         create view handover.v as select note from handover.notes;
         create trigger touched before update on handover.notes for each row
             execute function suppress_redundant_updates_trigger();",
    );
    // Packages were received before the copy.
    target.sql(PACKAGES_POSTGRES_DDL);
    let handover = Handover::postgres(&source, &target);
    handover.copied();
    handover.verified();
    assert_eq!(target.query("select last_value from handover.notes_id_seq"), "2");
    let ledger = handover.ledger();
    assert!(!ledger.contains("stands in the ledger"), "{ledger}");
    target.sql("create view handover.purge_list_1_0 as select 1");
    let ledger = handover.ledger();
    assert!(ledger.contains("view purge_list_1_0 stands in the ledger"), "{ledger}");
    target.sql(
        "drop view handover.purge_list_1_0; update handover.notes set note = 'z' where id = 1",
    );
    assert_eq!(json(handover.verify().go().expect(1))["verdict"], "different");
}

#[test]
fn a_file_with_the_ledgers_prefix_is_copied() {
    let handover = Handover::sqlite(
        "create table handover_notes (id integer primary key autoincrement, note text);
         insert into handover_notes (note) values ('x'), ('y');
         create index handover_notes_note on handover_notes (note);
         create view handover_v as select note from handover_notes;
         create trigger handover_t after insert on handover_notes begin select 1; end;",
    );
    handover.copied();
    handover.verified();
    let ledger = handover.ledger();
    assert!(!ledger.contains("stands in the ledger"), "{ledger}");
    let target = Database::create();
    let mut to_postgres = handover;
    to_postgres.set_target(&target.url());
    let dir = to_postgres.beside("other");
    to_postgres.set_dir(&dir);
    let report = json(to_postgres.copy().go().expect(1));
    assert!(messages(&report).contains("view handover_v"), "{report:#}");
    assert_eq!(target.query("select count(*) from public.handover_notes"), "2");
}

/// What the ledger needs is told before anything is made, and goes if it is left out.
#[test]
fn a_name_that_the_ledger_needs_is_refused() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table public.t (id int primary key); insert into public.t values (1);
         create schema handover; create table handover.purge (id serial primary key);",
    );
    let handover = Handover::postgres(&source, &target);
    let outcome = handover.copy().go();
    outcome.expect(2);
    says(&outcome, &["names that the ledger needs in the target: handover.purge", "leave_out"]);
    assert_eq!(target.query("select count(*) from pg_namespace where nspname = 'handover'"), "0");
    write(&handover.dir(), "[[leave_out]]\ntable = \"handover.purge\"\nreason = \"theirs\"\n");
    expect_copied(&handover.copy().go());
    handover.verified();

    let handover = Handover::sqlite(
        "create table t (id integer primary key); insert into t values (1);
         create table HANDOVER_Chunk (a);",
    );
    let outcome = handover.copy().go();
    outcome.expect(2);
    says(&outcome, &["needs in the target: handover_chunk"]);
    assert!(
        !handover.target_file().exists() || sqlite(&handover.target_file(), ".tables").is_empty()
    );
}

/// A table of the target that only has a name of the ledger's is somebody else's.
#[test]
fn a_target_with_a_table_of_that_name_is_not_ours() {
    let (source, target) = (Database::create(), Database::create());
    source.sql("create table public.t (id int primary key)");
    target.sql("create schema handover; create table handover.package (a int)");
    let outcome = Handover::postgres(&source, &target).copy().go();
    outcome.expect(2);
    says(&outcome, &["not empty and not ours", "handover.package"]);
    let handover = Handover::sqlite("create table t (id integer primary key)");
    sqlite(&handover.target_file(), "create table handover_ledger (a)");
    let outcome = handover.copy().go();
    outcome.expect(2);
    says(&outcome, &["not empty and not ours", "handover_ledger"]);
    assert!(fs::metadata(handover.target_file()).is_ok());
}

#[test]
fn an_index_that_was_never_built_is_named_by_both() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table public.t (id int primary key, code int);
         insert into public.t values (1, 7), (2, 7); create index t_code on public.t (code);
         set allow_system_table_mods = on;
         update pg_index set indisvalid = false where indexrelid = 'public.t_code'::regclass;",
    );
    let handover = Handover::postgres(&source, &target);
    let copy = json(handover.copy().go().expect(1));
    let verify = json(handover.verify().go().expect(1));
    assert!(messages(&copy).contains("index public.t_code is not carried over: it is not valid"));
    assert!(
        messages(&verify).contains("the target lacks the index public.t_code, which is not valid")
    );
    source.sql("drop index public.t_code");
    handover.verified();
}
