//! SQLite to PostgreSQL: one thing is changed in what handover-migrate made of the file.

use std::sync::OnceLock;

use handover_testkit::{Database, Run, sqlite};

use crate::judged::{Judged, judge};
use crate::mutation::{Mutation, SqliteSeed, each_is_found};

/// A file, and the database it was copied to, to which nobody connects any more.
struct Copied {
    source: SqliteSeed,
    target: Database,
}

impl Copied {
    fn once() -> &'static Self {
        static COPIED: OnceLock<Copied> = OnceLock::new();
        COPIED.get_or_init(|| {
            let (source, target) = (SqliteSeed::of_everything(), Database::create());
            let copy = Run::new("handover-migrate")
                .args(["copy", "--quiet", "--source", &source.url(), "--target", &target.url()])
                .arg("--handover")
                .arg(source.folder.path().join("handover"))
                .go();
            // All rows, but not the view and the trigger.
            copy.expect(1);
            Copied { source, target }
        })
    }

    #[track_caller]
    fn judge_after(change: &str) -> Judged {
        let target = Self::once().target.copy();
        target.sql(&format!("set timezone = 'UTC'; {change}"));
        judge(&Self::once().source.url(), &target.url())
    }
}

#[track_caller]
fn check(mutations: &[Mutation]) {
    each_is_found(mutations, Copied::judge_after);
}

/// What a copy makes in its target besides the source's tables.
const LEDGER: [&str; 10] = [
    "attestation",
    "chunk",
    "event",
    "identity",
    "ledger",
    "plan_table",
    "run",
    "session_setting",
    "step",
    "unvacuumed_table",
];

#[test]
fn nothing_changed_is_equal_whoever_is_the_source() {
    let target = Copied::once().target.copy();
    let url = Copied::once().source.url();
    let judged = judge(&url, &target.url());
    assert_eq!(judged.brief(), [""; 0]);
    assert_eq!(judged.report.tables.len(), 10);
    for table in &judged.report.tables {
        let ends = [&table.source, &table.target].map(|end| end.as_ref().unwrap());
        assert_eq!(ends[0].digest, ends[1].digest);
        assert_eq!(ends[0].root, ends[1].root);
    }
    // A ledger at the source is what the source has; nothing else differs.
    let other_way = judge(&target.url(), &url);
    assert_eq!(other_way.brief(), LEDGER.map(|name| format!("handover.{name}: table_missing")));
    let engines_differ = "defaults, constraints, indexes, sequences, views, triggers: the engines \
                          differ";
    assert!(judged.report.not_checked.iter().any(|what| what == engines_differ));
}

#[test]
fn values() {
    check(&[
        (
            "update scalars set flag = not flag where id = 3",
            &["main.scalars: rows_differ (flag) value_changed 1 [3]"],
        ),
        (
            "update scalars set whole = whole - 1 where id = 3",
            &["main.scalars: rows_differ (whole) number_rounded 1 [3]"],
        ),
        (
            "update scalars set price = price + 0.01 where id = 4",
            &["main.scalars: rows_differ (price) one_character 1 [4]"],
        ),
        (
            "update scalars set exact = 1.50 where id = 3",
            &["main.scalars: rows_differ (exact) scale_changed 1 [3]"],
        ),
        (
            "update scalars set ratio = '0.10000000000000002' where id = 3",
            &["main.scalars: rows_differ (ratio) value_changed 1 [3]"],
        ),
        (
            "update scalars set ratio = '-0' where id = 2",
            &["main.scalars: rows_differ (ratio) sign_changed 1 [2]"],
        ),
        (
            "update scalars set note = note || ' ' where id = 3",
            &["main.scalars: rows_differ (note) trailing_blanks 1 [3]"],
        ),
        (
            "update scalars set note = normalize(note, nfd) where id = 3",
            &["main.scalars: rows_differ (note) normalisation_form 1 [3]"],
        ),
        (
            "update scalars set note = '' where id = 1",
            &["main.scalars: rows_differ (note) null_became_empty 1 [1]"],
        ),
        (
            "update scalars set note = null where id = 2",
            &["main.scalars: rows_differ (note) empty_became_null 1 [2]"],
        ),
        (
            "update scalars set label = convert_from(convert_to(label, 'UTF8'), 'LATIN1') where id = 3;",
            &["main.scalars: rows_differ (label) encoding_damage 1 [3]"],
        ),
    ]);
}

#[test]
fn values_of_other_types() {
    check(&[
        (
            "update scalars set photo = set_bit(photo, 0, 1 - get_bit(photo, 0)) where id = 3",
            &["main.scalars: rows_differ (photo) bit_flipped 1 [3]"],
        ),
        (
            "update scalars set day = day - 1 where id = 2",
            &["main.scalars: rows_differ (day) day_shifted 1 [2]"],
        ),
        (
            "update scalars set clock = clock + interval '1 microsecond' where id = 3",
            &["main.scalars: rows_differ (clock) fraction_changed 1 [3]"],
        ),
        (
            "update scalars set local = local::timestamp(0) where id = 3",
            &["main.scalars: rows_differ (local) microseconds_lost 1 [3]"],
        ),
        (
            "update scalars set instant = instant + interval '7 hours' where instant is not null",
            &["main.scalars: rows_differ (instant) time_shifted 4 [2] [3] [4] [5]"],
        ),
        (
            "update scalars set token = null where id = 5",
            &["main.scalars: rows_differ (token) became_null 1 [5]"],
        ),
        (
            "update scalars set raw = '{\"b\": 2, \"a\": 1}' where id = 3",
            &["main.scalars: rows_differ (raw) json_key_order 1 [3]"],
        ),
        (
            "update scalars a set note = b.note from scalars b where (a.id, b.id) in ((3, 5), (5, 3))",
            &["main.scalars: rows_differ (note) rows_exchanged 2 [3] [5]"],
        ),
    ]);
}

#[test]
fn rows() {
    check(&[
        ("delete from scalars where id = 1", &["main.scalars: rows_missing 1 [1]"]),
        ("insert into scalars (id) values (6)", &["main.scalars: rows_extra 1 [6]"]),
        ("delete from people where identity = 'a'", &["main.people: rows_missing 1 file [a]"]),
        ("insert into log values (null, '')", &["main.log: rows_doubled 1"]),
        (
            "delete from by_day where day = '1999-12-31'",
            &["main.by_day: rows_missing 1 [1999-12-31]"],
        ),
        (
            "alter table by_day drop constraint by_day_pkey; insert into by_day select * from by_day where n = 2",
            &["main.by_day: key_differs by_day_pkey", "main.by_day: rows_doubled 1 [1999-12-31]"],
        ),
        (
            "drop index visits_purpose;
             update visits set purpose = person, person = purpose where seq = 1",
            &["main.visits: rows_differ (person, purpose) columns_exchanged 2 [1, 1] [1, 2]"],
        ),
    ]);
}

#[test]
fn tables_and_columns() {
    check(&[
        ("drop table log", &["main.log: table_missing"]),
        ("create table more (a int)", &["public.more: table_extra"]),
        (
            "alter table log set schema handover",
            &["handover.log: table_extra", "main.log: table_missing"],
        ),
        ("alter table log add column more int", &["main.log: column_extra column more"]),
        ("alter table log drop column line", &["main.log: column_missing column line"]),
        (
            "alter table log rename column line to \"Line\"",
            &["main.log: column_missing column line", "main.log: column_extra column Line"],
        ),
        ("alter table scalars alter label type text", &["main.scalars: column_type column label"]),
        (
            "alter table scalars alter whole type numeric",
            &["main.scalars: column_type column whole"],
        ),
        (
            "alter table scalars alter raw type jsonb using raw::jsonb",
            &["main.scalars: column_type column raw"],
        ),
        (
            "alter table log add column a timestamp; update log set a = at; alter table log drop column at; alter table log rename column a to at",
            &["main.log: column_order"],
        ),
    ]);
}

#[test]
fn a_value_that_does_not_fit_stops_its_table_only() {
    let seed = SqliteSeed::of_everything();
    let (target, other) = (Copied::once().target.copy(), seed.folder.path().join("other.db"));
    std::fs::copy(&seed.file, &other).unwrap();
    sqlite(&other, "update scalars set whole = 'many' where id = 3");
    let url = format!("sqlite:{}", other.display());
    let judged = judge(&url, &target.url());
    assert_eq!(judged.brief(), ["main.scalars: table_unreadable"]);
    let table = judged.table("main.scalars");
    let message = &table.findings[0].message;
    assert!(message.contains("column whole: not an integer"), "{message}");
    assert!(!message.contains("many"));
    assert!(table.source.is_none());
}
