//! The queries against a real server: `HANDOVER_TEST_POSTGRES` is the libpq URL of a superuser.

mod changes;
mod database;

use std::collections::BTreeSet;
use std::process::Command;

use super::super::difference::differences;
use super::ObjectKind as K;
use super::*;
use changes::CHANGES;
use database::Database;

fn definition<'a>(inventory: &'a Inventory, kind: ObjectKind, name: &str) -> &'a str {
    &inventory.objects[&(kind, name.to_owned())].definition
}

#[test]
fn every_kind_is_found_and_nothing_else() {
    let database = Database::with_schema("kinds");
    let inventory = database.inventory("none");
    let kinds: BTreeSet<_> = inventory.objects.keys().map(|(kind, _)| *kind).collect();
    let mut queried: BTreeSet<_> = QUERIES.iter().map(|(kind, _)| *kind).collect();
    queried.insert(K::SequenceValue);
    assert_eq!(kinds, queried);
    assert_eq!(inventory.unreadable, [""; 0]);
    for (kind, name, expected) in [
        (ObjectKind::Default, "app.visit.at", "'2020-01-01 00:00:00+00'::timestamp with time zone"),
        (ObjectKind::Default, "app.person.mood", "'ok'::app.mood"),
        (ObjectKind::Default, "odd.Schema.T \"x\".a.B", "3"),
        (ObjectKind::Identity, "app.visit.id", "GENERATED ALWAYS AS IDENTITY"),
        (
            ObjectKind::GeneratedExpression,
            "app.person.doubled",
            "integer GENERATED ALWAYS AS ((age * 2)) STORED",
        ),
        (
            ObjectKind::ForeignKey,
            "app.visit.visit_person",
            "FOREIGN KEY (person) REFERENCES app.person(id) ON DELETE CASCADE",
        ),
        (ObjectKind::PrimaryKey, "app.log_2020.log_pkey", "PRIMARY KEY (at)"),
        (ObjectKind::Index, "app.log_2020.log_text of log_text", ""),
        (
            ObjectKind::Sequence,
            "app.counter",
            "AS integer START WITH 5 INCREMENT BY 3 MINVALUE 2 MAXVALUE 1000 CACHE 4 CYCLE OWNED BY NONE",
        ),
        (ObjectKind::SequenceValue, "app.counter", "last_value 20, is_called true"),
        (ObjectKind::SequenceValue, "app.person_number_seq", "last_value 7, is_called false"),
        (ObjectKind::SequenceValue, "odd.Schema.It's \"S\"", "last_value 3, is_called false"),
        (ObjectKind::PartitionKey, "app.log", "RANGE (at)"),
        (ObjectKind::PartitionBound, "app.log_rest", "PARTITION OF app.log DEFAULT"),
        (ObjectKind::InheritanceParent, "app.derived", "INHERITS (app.base)"),
        (ObjectKind::EnumType, "app.mood", "ENUM ('sad', 'ok', 'happy')"),
        (
            ObjectKind::CompositeType,
            "app.point",
            "(x integer, y numeric(5,2), label text COLLATE \"C\")",
        ),
        (ObjectKind::Policy, "app.visit", "ENABLE ROW LEVEL SECURITY"),
        (
            ObjectKind::Policy,
            "app.visit.own",
            "AS RESTRICTIVE FOR SELECT TO PUBLIC USING (((room > 0) AND (room < 9)))",
        ),
        (ObjectKind::Comment, "table column app.person.age", "years"),
    ] {
        if !expected.is_empty() {
            assert_eq!(definition(&inventory, kind, name), expected, "{kind} {name}");
        }
    }
    assert!(
        definition(&inventory, ObjectKind::Function, "app.f(integer, text)").contains("c := a")
    );
    assert!(definition(&inventory, ObjectKind::Function, "app.total(integer)").contains("int4pl"));
    let foreign_keys: Vec<_> =
        inventory.objects.keys().filter(|key| key.0 == K::ForeignKey).map(|key| &key.1).collect();
    assert_eq!(
        foreign_keys,
        ["app.log.log_person_fkey", "app.log_note.log_note_at_fkey", "app.visit.visit_person"]
    );
    let column = &inventory.objects[&(ObjectKind::NotNull, "app.person.name".to_owned())];
    assert_eq!(column.table, Some(TableName::new("app", "person")));
}

#[test]
fn one_change_is_one_difference() {
    let database = Database::with_schema("source");
    let source = database.inventory("none");
    for (change, expected) in CHANGES {
        let found = differences(&source, &database.inventory_after(change, "none"));
        let brief: Vec<_> = found.iter().map(|d| (d.kind, d.name.as_str(), d.what)).collect();
        assert_eq!(brief, *expected, "{change}\n{found:#?}");
    }
}

#[test]
fn a_sequence_that_lags_is_behind() {
    let database = Database::with_schema("sequence");
    let source = database.inventory("none");
    for (change, behind) in
        [("select setval('app.counter', 17)", true), ("select setval('app.counter', 23)", false)]
    {
        // Sequences do not roll back.
        let found = differences(&source, &database.inventory_after(change, "none"));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0].kind, found[0].name.as_str()), (K::SequenceValue, "app.counter"));
        assert_eq!(found[0].target_behind, Some(behind));
    }
}

#[test]
fn what_pg_dump_restores_is_the_same() {
    let source = Database::with_schema("dumped");
    let target = Database::create("restored", "template0");
    let url = std::env::var("HANDOVER_TEST_POSTGRES").expect("run ./test");
    // The last `dbname` given wins, so the URL keeps its host and user.
    let url = format!("{url}{}dbname={}", if url.contains('?') { "&" } else { "?" }, source.0);
    let dump = Command::new("pg_dump").args(["-d", &url]).output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    let dump = String::from_utf8(dump.stdout).unwrap();
    target.run(&dump.replace("\\restrict", "-- ").replace("\\unrestrict", "-- "));
    let (before, after) = (source.inventory("none"), target.inventory("none"));
    assert_eq!(differences(&before, &after), []);
    // Proof that there was something to see through.
    let check = (ObjectKind::Check, "app.person.age_range".to_owned());
    assert_ne!(before.objects[&check], after.objects[&check]);
    let view = (ObjectKind::View, "app.adults".to_owned());
    assert_ne!(before.objects[&view], after.objects[&view]);
}

#[test]
fn an_account_that_may_only_select_sees_all_but_sequence_values() {
    let database = Database::with_schema("account");
    let role = format!("{}_reader", database.0);
    database.run(&format!(
        "create role {role}; grant usage on schema app to {role};
         grant select on all tables in schema app to {role};
         grant select on sequence app.down, \"odd.Schema\".\"It's \"\"S\"\"\" to {role};
         grant usage on sequence app.counter, app.visit_id_seq to {role};"
    ));
    let all = database.inventory("none");
    let seen = database.inventory(&role);
    database.run(&format!("drop owned by {role}; drop role {role};"));
    assert_eq!(
        seen.unreadable,
        [
            "sequence_value app.person_id_seq",
            "sequence_value app.person_number_seq",
            "sequence_value app.visit_id_seq",
            "sequence_value odd.Schema.It's \"S\"",
        ]
    );
    assert_eq!(differences(&all, &seen), []);
    assert_eq!(differences(&seen, &all), []);
    let value = |name| definition(&seen, ObjectKind::SequenceValue, name);
    assert_eq!(value("app.down"), "last_value -3, is_called true");
    assert_eq!(value("app.counter"), "last_value 20, is_called true");
}

#[test]
fn extensions_are_left_out() {
    let database = Database::with_schema("extension");
    let before = database.inventory("none");
    database.run(
        "create table app.of_extension (id serial primary key, a int default 1 check (a > 0));
         create view app.of_extension_view as select 1 as a;
         create function app.of_extension_function() returns int language sql as 'select 1';
         create type app.of_extension_type as enum ('a');
         comment on table app.of_extension is 'x';
         alter extension plpgsql add table app.of_extension;
         alter extension plpgsql add sequence app.of_extension_id_seq;
         alter extension plpgsql add view app.of_extension_view;
         alter extension plpgsql add function app.of_extension_function();
         alter extension plpgsql add type app.of_extension_type;",
    );
    assert_eq!(differences(&before, &database.inventory("none")), []);
}
