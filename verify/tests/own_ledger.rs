//! The ledger in a target is known by what it is. Whatever else has its schema or prefix is compared,
//! at both ends.

use handover_schemas::identity_number::POSTGRES_FUNCTION;
use handover_schemas::ledger::{
    EVENTS_POSTGRES_DDL, EVENTS_SQLITE_DDL, EVIDENCE_POSTGRES_DDL, EVIDENCE_SQLITE_DDL,
    PACKAGES_POSTGRES_DDL, PACKAGES_SQLITE_DDL, POSTGRES_DDL, PURGE_POSTGRES_DDL, PURGE_SQLITE_DDL,
    SQLITE_DDL,
};
use handover_schemas::report::Verdict;
use handover_testkit::sqlite;

use crate::judged::{judge_run, verifier};
use crate::mutation::{Seed, SqliteSeed, each_is_found};

/// Ours, with an evidence file called `found` and a purge that has a list.
fn ledger() -> String {
    format!(
        "{POSTGRES_DDL} {EVENTS_POSTGRES_DDL} {EVIDENCE_POSTGRES_DDL} {PACKAGES_POSTGRES_DDL} \
         {PURGE_POSTGRES_DDL} {POSTGRES_FUNCTION} {RECORDED}",
    )
}

const RECORDED: &str = "
    insert into handover.evidence (name, file_name, bytes, sha256, row_count, columns)
        values ('found', 'f.csv', 1, 'x', 1, '[\"a\"]');
    create table handover.evidence_found (line_no bigint primary key, a text not null);
    insert into handover.purge (purge_no, rule_name, state, selection)
        values (3, 'r', 'selected', '{}'), (4, 'r', 'certified', '{}');
    create table handover.purge_list_3_0 (handover_position bigint, handover_key_1 int, handover_evidence bigint);
    create unique index on handover.purge_list_3_0 (handover_position);";

const PLATFORM: &str = "create table public.t (id int primary key);
    insert into public.t values (1);";

#[test]
fn our_ledger_is_no_difference() {
    let seed = Seed::with(PLATFORM);
    let judged = seed.judge_after(&ledger());
    assert_eq!(judged.brief(), [""; 0]);
    assert_eq!(judged.report.verdict, Verdict::Equal);
    // Who may not read the ledger knows it by its columns.
    let target = seed.target();
    let reader = target.role("reader", "x");
    target.sql(&ledger());
    let run = verifier(&seed.source.url(), &target.url_as(&reader));
    assert_eq!(judge_run(run.env("PGPASSWORD", &reader.password)).brief(), [""; 0]);
}

#[test]
fn what_is_not_ours_is_found_beside_it() {
    let ledger = ledger();
    let seed = Seed::with(PLATFORM);
    let changes = [
        ("create table handover.more (a text)", &["handover.more: table_extra"][..]),
        (
            "create table handover.purge_list_4_0 (handover_position bigint, handover_evidence bigint)",
            &["handover.purge_list_4_0: table_extra"],
        ),
        (
            "create table handover.purge_list_9_0 (handover_position bigint, handover_evidence bigint)",
            &["handover.purge_list_9_0: table_extra"],
        ),
        (
            "create table handover.evidence_lost (line_no bigint, a text)",
            &["handover.evidence_lost: table_extra"],
        ),
        (
            "alter table handover.step add more text",
            &[
                "handover.step: table_extra",
                "handover.step: object_extra default handover.step.done_at",
                "handover.step: object_extra not_null handover.step.done_at",
                "handover.step: object_extra not_null handover.step.name",
                "handover.step: object_extra primary_key handover.step.step_pkey",
            ],
        ),
        (
            "create function handover.f() returns int language sql as 'select 1'",
            &["-: object_extra function handover.f()"],
        ),
        (
            "create or replace function handover.identity_number_class(number text) returns text
                language sql immutable as $$ select 'cccd' $$",
            &["-: object_extra function handover.identity_number_class(text)"],
        ),
        ("create view handover.v as select 1 as a", &["-: object_extra view handover.v"]),
        (
            "create function public.f() returns trigger language plpgsql as 'begin return new; end';
             create trigger tidy after insert on handover.event for each row execute function public.f()",
            &[
                "-: object_extra function public.f()",
                "-: object_extra trigger handover.event.tidy",
            ],
        ),
    ];
    for (change, expected) in changes {
        let found = seed.judge_after(&format!("{ledger}; {change}")).brief();
        assert_eq!(found, expected, "{change}");
    }
}

#[test]
fn the_platform_may_have_the_schema() {
    let seed = Seed::with(&format!(
        "{PLATFORM} create schema handover;
         create table handover.notes (id int primary key, note text not null);
         insert into handover.notes values (1, 'x');
         create table handover.chunk (a int); insert into handover.chunk values (1);
         create function handover.f() returns int language sql as 'select 1';"
    ));
    seed.each_is_found(&[
        ("select 1", &[]),
        (
            "update handover.notes set note = 'y'",
            &["handover.notes: rows_differ (note) value_changed 1 [1]"],
        ),
        (
            "drop table handover.notes",
            &[
                "handover.notes: table_missing",
                "handover.notes: object_missing not_null handover.notes.id",
                "handover.notes: object_missing not_null handover.notes.note",
                "handover.notes: object_missing primary_key handover.notes.notes_pkey",
            ],
        ),
        ("drop table handover.chunk", &["handover.chunk: table_missing"]),
        ("drop function handover.f()", &["-: object_missing function handover.f()"]),
    ]);
    // A ledger at the source is what the source has.
    let seed = Seed::with(&format!("{PLATFORM} {EVENTS_POSTGRES_DDL}"));
    seed.each_is_found(&[("select 1", &[])]);
    let found = seed.judge_after("drop table handover.attestation").brief();
    assert_eq!(found.first().map(String::as_str), Some("handover.attestation: table_missing"));
}

#[test]
fn the_same_between_files() {
    let seed = SqliteSeed::of_everything();
    sqlite(
        &seed.file,
        "create table handover_notes (id integer primary key, note text);
         insert into handover_notes values (1, 'x'); create view handover_v as select 1;",
    );
    let ledger = format!(
        "\n{SQLITE_DDL} {EVENTS_SQLITE_DDL} {EVIDENCE_SQLITE_DDL} {PACKAGES_SQLITE_DDL} {PURGE_SQLITE_DDL}
         insert into handover_purge (purge_no, rule_name, state, selection) values (3, 'r', 'selected', '');
         create table handover_purge_list_3_0 (handover_position, handover_key_1, handover_evidence);
         create unique index handover_purge_list_3_0_key on handover_purge_list_3_0 (handover_key_1);"
    );
    let with_ledger = |change: &str| seed.judge_after(&format!("{ledger}; {change}"));
    assert_eq!(with_ledger("select 1").report.verdict, Verdict::Equal);
    each_is_found(
        &[
            ("select 1", &[]),
            (
                "update handover_notes set note = 'y'",
                &["main.handover_notes: rows_differ (note) value_changed 1 [1]"],
            ),
            (
                "drop table handover_notes",
                &[
                    "main.handover_notes: table_missing",
                    "main.handover_notes: object_missing table_definition main.handover_notes",
                ],
            ),
            ("drop view handover_v", &["-: object_missing view main.handover_v"]),
            (
                "create table handover_more (a)",
                &[
                    "main.handover_more: table_extra",
                    "main.handover_more: object_extra table_definition main.handover_more",
                ],
            ),
            (
                "create table handover_purge_list_9_0 (handover_position, handover_evidence)",
                &[
                    "main.handover_purge_list_9_0: table_extra",
                    "main.handover_purge_list_9_0: object_extra table_definition \
                     main.handover_purge_list_9_0",
                ],
            ),
            (
                "create trigger tidy after insert on handover_event begin select 1; end",
                &["-: object_extra trigger main.tidy"],
            ),
        ],
        with_ledger,
    );
}
