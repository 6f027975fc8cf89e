//! Rows of tables that belong to an extension: configuration is copied, other rows are looked at.

use handover_testkit::Database;

use crate::config::write;
use crate::support::{Handover, by_table, json, messages, table};

/// What an extension's script makes, in a database where it declares `rule` (but for the rows it
/// makes itself) and `counter` to be configuration. `hstore` stands in for an extension that has
/// tables; its own script makes none.
const EXTENSION: &str = "
    create extension hstore;
    create table rule (id int primary key, custom boolean, word text);
    create sequence counter;
    create table lookup (code int);
    insert into rule values (1, false, 'built in'), (2, false, 'built in too');
    insert into lookup values (10), (20);
    alter extension hstore add table rule; alter extension hstore add table lookup;
    alter extension hstore add sequence counter;
    update pg_extension set extconfig = array['rule'::regclass::oid, 'counter'::regclass::oid],
        extcondition = array['WHERE custom', ''] where extname = 'hstore';";

const ROWS: &str = "
    insert into rule select i, true, 'word ' || i from generate_series(3, 12) i;
    select setval('counter', 41);
    create table plain (id int primary key); insert into plain values (1);";

fn both() -> (Database, Database, Handover) {
    let (source, target) = (Database::create(), Database::create());
    source.sql(EXTENSION);
    target.sql(EXTENSION);
    source.sql(ROWS);
    let handover = Handover::postgres(&source, &target);
    (source, target, handover)
}

#[test]
fn configuration_of_an_extension_is_copied_by_its_condition() {
    let (source, target, handover) = both();
    let report = handover.copied();
    assert_eq!(table(&report, "public.rule")["rows"], 10);
    assert_eq!(target.query("select count(*), count(*) filter (where custom) from rule"), "12|10");
    assert_eq!(target.query("select nextval('counter')"), "42");
    target.sql("select setval('counter', 41)");
    let report = handover.verified();
    assert_eq!(table(&report, "public.rule")["source"]["rows"], 10);
    assert!(report["not_checked"].to_string().contains("public.rule"), "{report:#}");

    target.query("select setval('counter', 7)");
    assert!(messages(&json(handover.verify().go().expect(1))).contains("sequence public.counter"));
    target.query("select setval('counter', 41)");
    target.sql("update rule set word = 'x' where id = 7");
    let report = json(handover.verify().go().expect(1));
    assert_eq!(table(&report, "public.rule")["verdict"], "different");
    drop(source);
}

#[test]
fn other_rows_of_an_extension_are_compared_and_their_loss_is_told() {
    let (source, target, handover) = both();
    source.sql("insert into lookup values (30)");
    let report = json(handover.copy().go().expect(1));
    let said = messages(&report);
    assert!(said.contains("public.lookup") && said.contains("3 row(s)"), "{said}");
    assert_eq!(target.query("select count(*) from lookup"), "2");
    let report = json(handover.verify().go().expect(1));
    assert_eq!(table(&report, "public.lookup")["verdict"], "different");

    // Somebody decides that these do not matter.
    let target = Database::create();
    target.sql(EXTENSION);
    let handover = Handover::postgres(&source, &target);
    write(&handover.dir(), "[[leave_out]]\ntable = \"public.lookup\"\nreason = \"made anew\"\n");
    handover.copied();
    assert!(!by_table(&handover.verified()).contains_key("public.lookup"));
}

#[test]
fn rows_that_are_there_already_are_not_doubled() {
    let (_source, target, handover) = both();
    target.sql("insert into rule values (99, true, 'by hand')");
    let report = json(handover.copy().go().expect(1));
    let said = messages(&report);
    assert!(
        said.contains("public.rule") && said.contains("holds 1 row(s) in the target"),
        "{said}"
    );
    assert_eq!(target.query("select count(*) from rule where custom"), "1");
    target.sql("delete from rule where id = 99");
    handover.copied();
    handover.verified();
}

#[test]
fn an_extension_that_only_the_target_has_is_no_difference() {
    let (source, target) = (Database::create(), Database::create());
    source.sql("create table plain (id int primary key); insert into plain values (1)");
    target.sql(EXTENSION);
    target.sql("delete from lookup");
    let handover = Handover::postgres(&source, &target);
    handover.copied();
    handover.verified();
}
