//! Rows on other servers: no statement reaches them, and nobody is told that they were copied.

use handover_testkit::Database;
use serde_json::json;

use crate::config::write;
use crate::support::{Handover, by_table, json, messages, says, table};

/// Statements that make `archive`, a server that is another database of the private one.
fn server(remote: &Database) -> String {
    let host = std::env::var("HANDOVER_TEST_DIR").unwrap();
    format!(
        "create extension postgres_fdw;
         create server archive foreign data wrapper postgres_fdw
             options (host '{host}', dbname '{}');
         create user mapping for postgres server archive options (user 'postgres', password 'hush');",
        remote.name()
    )
}

/// A table with a foreign year beside its own, and one more level; a plain foreign table; a table
/// with a foreign child.
const EVENTS: &str = "
    create table ev (id int, at date) partition by range (at);
    create table ev_now partition of ev for values from ('2021-01-01') to ('2022-01-01');
    create foreign table ev_old partition of ev for values from ('2020-01-01') to ('2021-01-01')
        server archive options (table_name 'old');
    create table ev_later partition of ev for values from ('2022-01-01') to ('2030-01-01')
        partition by range (at);
    create table ev_2022 (at date, id int);
    alter table ev_later attach partition ev_2022 for values from ('2022-01-01') to ('2023-01-01');
    create foreign table ev_2023 partition of ev_later
        for values from ('2023-01-01') to ('2024-01-01') server archive options (table_name 'later');
    insert into ev select i, '2021-01-01'::date + i from generate_series(1, 50) i;
    insert into ev select i, '2022-01-01'::date + i from generate_series(1, 20) i;
    create table person (id int primary key);
    insert into person values (1), (2);
    create foreign table person_old () inherits (person) server archive options (table_name 'person');
    create foreign table plain (n int) server archive;";

const REMOTE: &str = "
    create table old (id int, at date); insert into old values (1, '2020-03-03');
    create table later (id int, at date); insert into later values (2, '2023-03-03');
    create table person (id int); insert into person values (7);
    create table plain (n int); insert into plain values (1);
    create table touched (what text);
    create function touch() returns trigger language plpgsql as
        'begin insert into touched values (tg_op); return null; end';
    create trigger touch after insert or update or delete on old execute function touch();
    create trigger touch after insert or update or delete on later execute function touch();
    create trigger touch after insert or update or delete on person execute function touch();";

fn three() -> (Database, Database, Database) {
    let (source, target, remote) = (Database::create(), Database::create(), Database::create());
    remote.sql(REMOTE);
    source.sql(&format!("{} {EVENTS}", server(&remote)));
    (source, target, remote)
}

#[test]
fn rows_on_another_server_are_named_and_all_others_are_copied() {
    let (source, target, remote) = three();
    source.sql("comment on server archive is 'old years'");
    let handover = Handover::postgres(&source, &target);
    let report = json(handover.copy().go().expect(1));
    let said = messages(&report);
    for part in [
        "public.ev_old is not copied: a foreign table (server archive) that is a partition of public.ev",
        "public.ev_2023 is not copied: a foreign table (server archive) that is a partition of public.ev",
        "public.person_old is not copied: a foreign table (server archive)",
        "public.plain is not copied: a foreign table (server archive)",
        "foreign server archive is not carried over",
        "user mapping of postgres for foreign server archive is not carried over",
    ] {
        assert!(said.contains(part), "not said: {part}\n{said}");
    }
    assert!(!said.contains("hush"), "{said}");
    assert_eq!(table(&report, "public.ev")["rows"], 70);
    assert_eq!(table(&report, "public.person")["rows"], 2);
    assert_eq!(
        target.query("select count(*) from ev_now union all select count(*) from ev_2022"),
        "50\n20"
    );
    assert_eq!(
        target.query("select count(*) from pg_foreign_server, pg_user_mapping, pg_foreign_table"),
        "0"
    );
    assert_eq!(remote.query("select count(*) from touched"), "0");

    // The same again changes nothing there either, and is not called equal.
    assert_eq!(messages(&json(handover.copy().go().expect(1))), said);
    assert_eq!(remote.query("select count(*) from touched"), "0");
    let report = json(handover.verify().go().expect(1));
    let tables = by_table(&report);
    assert_eq!(tables["public.ev"]["verdict"], "equal", "{report:#}");
    assert_eq!(tables["public.ev"]["source"]["rows"], 70);
    for foreign in ["public.ev_old", "public.ev_2023", "public.person_old", "public.plain"] {
        assert_eq!(tables[foreign]["verdict"], "unverified", "{report:#}");
    }
}

#[test]
fn foreign_tables_that_are_left_out_by_name_leave_an_equal_rest() {
    let (source, target, _remote) = three();
    let handover = Handover::postgres(&source, &target);
    let names = ["ev_old", "ev_2023", "person_old", "plain"];
    let entry =
        |name| format!("[[leave_out]]\ntable = \"public.{name}\"\nreason = \"stays there\"\n");
    write(&handover.dir(), &names.map(entry).concat());
    let report = handover.copied();
    assert_eq!(table(&report, "public.ev")["rows"], 70);
    handover.verified();
}

#[test]
fn a_foreign_partition_goes_with_its_table() {
    let (source, target, _remote) = three();
    let handover = Handover::postgres(&source, &target);
    let entry =
        |name| format!("[[leave_out]]\ntable = \"public.{name}\"\nreason = \"stays there\"\n");
    write(&handover.dir(), &["ev", "person_old", "plain"].map(entry).concat());
    let report = handover.copied();
    assert_eq!(by_table(&report).into_keys().collect::<Vec<_>>(), ["public.person"]);
    assert_eq!(handover.verified()["left_out"].as_array().unwrap().len(), 3);
}

#[test]
fn nothing_is_read_or_written_through_a_foreign_partition_of_the_target() {
    let (source, target, remote) = (Database::create(), Database::create(), Database::create());
    source.sql(
        "create table ev (id int, at date) partition by range (at);
         create table ev_now partition of ev for values from ('2021-01-01') to ('2022-01-01');
         create table ev_old partition of ev for values from ('2020-01-01') to ('2021-01-01');
         insert into ev values (1, '2021-02-02'), (2, '2020-02-02')",
    );
    remote.sql(REMOTE);
    let handover = Handover::postgres(&source, &target);
    handover.copied();
    target.sql(&format!(
        "{} alter table ev detach partition ev_old;
         create foreign table ev_far partition of ev for values from ('2020-01-01') to ('2021-01-01')
             server archive options (table_name 'old')",
        server(&remote)
    ));
    says(
        handover.copy().go().expect(2),
        &["public.ev of the target has the foreign table", "ev_far", "detach it"],
    );
    let report = json(handover.verify().go().expect(1));
    let ev = table(&report, "public.ev");
    // The remote row is not the one that is missing: it was not looked at.
    assert_eq!((&ev["source"]["rows"], &ev["target"]["rows"]), (&json!(2), &json!(1)));
    assert_eq!(remote.query("select count(*) from touched"), "0");
}
