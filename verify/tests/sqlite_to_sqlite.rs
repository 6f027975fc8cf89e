//! SQLite to SQLite: one thing is changed in a copy of the file.

use handover_testkit::sqlite;

use crate::judged::judge;
use crate::mutation::{Mutation, SqliteSeed, each_is_found};

#[track_caller]
fn check(mutations: &[Mutation]) {
    let seed = SqliteSeed::of_everything();
    each_is_found(mutations, |change| seed.judge_after(change));
}

#[test]
fn nothing_changed_is_equal_and_prints_the_same_bytes_again() {
    let seed = SqliteSeed::of_everything();
    let first = seed.judge_after("vacuum");
    assert_eq!(first.brief(), [""; 0]);
    assert_eq!(seed.judge_after("vacuum").outcome.stdout, first.outcome.stdout);
    // Statements that are spaced otherwise mean the same.
    let spaced = "pragma writable_schema = on;
        update sqlite_schema set sql = replace(sql, ' on ', '  on' || char(10)) where type = 'index'";
    assert_eq!(seed.judge_after(spaced).brief(), [""; 0]);
}

#[test]
fn values() {
    check(&[
        (
            "update scalars set flag = 1 - flag where id = 3",
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
            "update scalars set exact = 1.25 where id = 3",
            &["main.scalars: rows_differ (exact) one_character 1 [3]"],
        ),
        (
            "update scalars set ratio = 0.1 + 1.5e-17 where id = 3",
            &["main.scalars: rows_differ (ratio) value_changed 1 [3]"],
        ),
        (
            "update scalars set note = note || ' ' where id = 3",
            &["main.scalars: rows_differ (note) trailing_blanks 1 [3]"],
        ),
        (
            "update scalars set note = replace(note, 'ê', 'e' || char(770)) where id = 3",
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
            "update scalars set note = note || char(0) || 'x' where id = 3",
            &["main.scalars: rows_differ (note) value_changed 1 [3]"],
        ),
        (
            "update scalars set label = upper(label) where id = 3",
            &["main.scalars: rows_differ (label) letter_case 1 [3]"],
        ),
    ]);
}

#[test]
fn values_of_other_types() {
    check(&[
        (
            "update scalars set photo = x'00ff11' where id = 3",
            &["main.scalars: rows_differ (photo) bit_flipped 1 [3]"],
        ),
        (
            "update scalars set day = date(day, '+1 day') where id = 2",
            &["main.scalars: rows_differ (day) day_shifted 1 [2]"],
        ),
        (
            "update scalars set clock = '08:15:00.123457' where id = 3",
            &["main.scalars: rows_differ (clock) fraction_changed 1 [3]"],
        ),
        (
            "update scalars set local = '2021-03-08 08:15:00' where id = 3",
            &["main.scalars: rows_differ (local) microseconds_lost 1 [3]"],
        ),
        (
            "update scalars set instant = '2021-12-31 10:00:00+00' where id = 4",
            &["main.scalars: rows_differ (instant) time_shifted 1 [4]"],
        ),
        (
            "update scalars set token = replace(token, '5a0b', '5a0c') where id = 5",
            &["main.scalars: rows_differ (token) one_character 1 [5]"],
        ),
        (
            "update scalars set raw = '{\"a\":1,\"b\":2}' where id = 3",
            &["main.scalars: rows_differ (raw) json_spacing 1 [3]"],
        ),
        (
            "update scalars set note = label, label = note where id = 3",
            &["main.scalars: rows_differ (note, label) columns_exchanged 1 [3]"],
        ),
        // The same bytes in another storage class.
        (
            "update scalars set note = cast(note as blob) where id = 3",
            &["main.scalars: rows_differ (note) value_changed 1 [3]"],
        ),
        (
            "update scalars set day = day || ' 00:00:00' where id = 3",
            &["main.scalars: rows_differ (day) midnight_added 1 [3]"],
        ),
    ]);
}

#[test]
fn rows() {
    check(&[
        ("delete from scalars where id = 1", &["main.scalars: rows_missing 1 [1]"]),
        ("delete from scalars where id = 5", &["main.scalars: rows_missing 1 [5]"]),
        ("insert into scalars (id) values (0), (6)", &["main.scalars: rows_extra 2 [0] [6]"]),
        ("delete from people where identity = 'B'", &["main.people: rows_missing 1 file [B]"]),
        (
            "update codes set n = 7 where code = 'B'",
            &["main.codes: rows_differ (n) value_changed 1 file [B]"],
        ),
        // The same key in SQLite's eyes, another in ours.
        (
            "update codes set code = 'b' where code = 'B'",
            &["main.codes: rows_missing 1 file [B]", "main.codes: rows_extra 1 file [b]"],
        ),
        (
            "update by_day set n = 4 where day = '1999-12-31'",
            &["main.by_day: rows_differ (n) value_changed 1 [1999-12-31]"],
        ),
        (
            "update visits set purpose = 'other' where seq = 2 and facility = 1",
            &["main.visits: rows_differ (purpose) value_changed 1 [2, 1]"],
        ),
        ("insert into log values (null, '')", &["main.log: rows_doubled 1"]),
        ("delete from log where rowid = 1", &["main.log: rows_missing 1"]),
        (
            "update scalars set whole = whole + iif(id = 3, 1, -1) where id in (3, 5)",
            &["main.scalars: rows_differ (whole) one_character 2 [3] [5]"],
        ),
        (
            "update scalars set id = -id where id in (3, 4);
             update scalars set id = 7 + id where id < 0",
            &["main.scalars: rows_differ (flag, whole, price, exact, ratio, note, label, photo, \
               day, clock, local, instant, token, raw) rows_exchanged 2 [3] [4]"],
        ),
        ("insert into empty_list values (1, 'x')", &["main.empty_list: rows_extra 1 [1]"]),
        (
            "update \"Mũi \"\"tiêm\"\" $1 'x'\" set \"Ngày tiêm\" = null where \"select\" = 2",
            &["main.Mũi \"tiêm\" $1 'x': rows_differ (Ngày tiêm) became_null 1 [2]"],
        ),
        (
            "create table x as select * from by_day; insert into x select * from x where n = 2;
             drop table by_day; alter table x rename to by_day",
            &[
                "main.by_day: column_type column day",
                "main.by_day: key_differs by_day_pkey",
                "main.by_day: rows_doubled 1 [1999-12-31]",
                "main.by_day: object_differs table_definition main.by_day",
            ],
        ),
    ]);
}

#[test]
fn tables_and_columns() {
    check(&[
        (
            "drop table log",
            &["main.log: table_missing", "main.log: object_missing table_definition main.log"],
        ),
        (
            "create table more (a)",
            &["main.more: table_extra", "main.more: object_extra table_definition main.more"],
        ),
        (
            "alter table log rename to lines",
            &[
                "main.lines: table_extra",
                "main.lines: object_extra table_definition main.lines",
                "main.log: table_missing",
                "main.log: object_missing table_definition main.log",
            ],
        ),
        (
            "alter table log add column more int",
            &[
                "main.log: column_extra column more",
                "main.log: object_differs table_definition main.log",
            ],
        ),
        (
            "alter table log drop column line",
            &[
                "main.log: column_missing column line",
                "main.log: object_differs table_definition main.log",
            ],
        ),
        (
            "alter table log rename column line to text",
            &[
                "main.log: column_missing column line",
                "main.log: column_extra column text",
                "main.log: object_differs table_definition main.log",
            ],
        ),
        (
            "pragma writable_schema = on;
             update sqlite_schema set sql = replace(sql, 'varchar(20)', 'varchar(30)')
             where name = 'scalars'",
            &[
                "main.scalars: column_type column label",
                "main.scalars: object_differs table_definition main.scalars",
            ],
        ),
        (
            "create table x (line text, at datetime); insert into x select line, at from log;
             drop table log; alter table x rename to log",
            &["main.log: column_order", "main.log: object_differs table_definition main.log"],
        ),
    ]);
}

#[test]
fn objects() {
    check(&[
        (
            "drop index facilities_name",
            &["main.facilities: object_missing index main.facilities_name"],
        ),
        (
            "drop index facilities_name; create index facilities_name on facilities (name)",
            &["main.facilities: object_differs index main.facilities_name"],
        ),
        ("drop index visits_purpose", &["main.visits: object_missing index main.visits_purpose"]),
        ("create index more on log (at)", &["main.log: object_extra index main.more"]),
        ("drop view large_facilities", &["-: object_missing view main.large_facilities"]),
        (
            "drop view large_facilities;
             create view large_facilities as select id, name from facilities where beds > 7",
            &["-: object_differs view main.large_facilities"],
        ),
        ("drop trigger visits_kept", &["main.visits: object_missing trigger main.visits_kept"]),
        (
            "pragma writable_schema = on; update sqlite_schema
             set sql = replace(sql, ' check (beds > 0)', '') where name = 'facilities'",
            &["main.facilities: object_differs table_definition main.facilities"],
        ),
        (
            "pragma writable_schema = on; update sqlite_schema
             set sql = replace(sql, ' references facilities (id)', '') where name = 'visits'",
            &["main.visits: object_differs table_definition main.visits"],
        ),
        (
            "pragma writable_schema = on; update sqlite_schema
             set sql = replace(sql, ' default ''không tên''', '') where name = 'facilities'",
            &["main.facilities: object_differs table_definition main.facilities"],
        ),
        (
            "update sqlite_sequence set seq = 1 where name = 'facilities'",
            &["main.facilities: sequence_behind sequence_value main.facilities"],
        ),
        (
            "update sqlite_sequence set seq = 3 where name = 'facilities'",
            &["main.facilities: object_differs sequence_value main.facilities"],
        ),
    ]);
}

/// What a virtual table holds is in ordinary tables of the file, and these are compared.
#[test]
fn virtual_tables_are_compared_in_all_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let url = |name: &str, sql: &str| {
        let file = folder.path().join(name);
        sqlite(
            &file,
            &format!(
                "create table notes_content (id integer primary key, body text);
                 insert into notes_content values (1, 'one');
                 create virtual table notes using fts5 (body, content='notes_content');
                 create virtual table search using fts5 (text); insert into search values ('x'); {sql}"
            ),
        );
        format!("sqlite:{}", file.display())
    };
    let source = url("source.db", "");
    let judged = judge(&source, &source);
    assert_eq!(judged.brief(), [""; 0]);
    assert_eq!(judged.report.not_checked, ["the text encoding"]);
    let names: Vec<&str> = judged.report.tables.iter().map(|table| table.table.as_str()).collect();
    assert!(
        names.contains(&"main.notes_content") && names.contains(&"main.search_idx"),
        "{names:?}"
    );
    for (at, (change, found)) in [
        ("delete from notes_content", "main.notes_content: rows_missing 1 [1]"),
        ("insert into notes (notes) values ('rebuild')", "main.notes_idx: rows_extra 1"),
        ("update search set text = 'y'", "main.search_content: rows_differ (c0)"),
        ("drop table search", "main.search_content: table_missing"),
    ]
    .into_iter()
    .enumerate()
    {
        let brief = judge(&source, &url(&format!("{at}.db"), change)).brief();
        assert!(brief.iter().any(|line| line.starts_with(found)), "{found}: {brief:?}");
    }
}
