//! PostgreSQL to PostgreSQL: rows lost, added, doubled, exchanged.

use crate::judged::judge_with;
use crate::mutation::Seed;

#[test]
fn lost_and_added_rows() {
    Seed::of_everything().each_is_found(&[
        ("delete from scalars where id = 1", &["public.scalars: rows_missing 1 [1]"]),
        ("delete from scalars where id = 4", &["public.scalars: rows_missing 1 [4]"]),
        ("delete from scalars where id = 8", &["public.scalars: rows_missing 1 [8]"]),
        ("insert into scalars (id) values (0)", &["public.scalars: rows_extra 1 [0]"]),
        ("insert into scalars (id) values (9)", &["public.scalars: rows_extra 1 [9]"]),
        ("insert into empty_list (id) values (1)", &["public.empty_list: rows_extra 1 [1]"]),
        (
            "update scalars set id = 80 where id = 8",
            &["public.scalars: rows_missing 1 [8]", "public.scalars: rows_extra 1 [80]"],
        ),
        // Keys that hold text are in the file, not in the report.
        ("delete from people where identity = 'B'", &["public.people: rows_missing 1 file [B]"]),
        ("insert into people values ('b', 'Mới')", &["public.people: rows_extra 1 file [b]"]),
        (
            "delete from visits where seq = 4 and facility = 3",
            &["public.visits: rows_missing 1 [4, 3]"],
        ),
        ("delete from doses where id = 1", &["public.doses: rows_missing 1 [1, 2020-09-09]"]),
        ("delete from only parents", &["public.parents: rows_missing 1 [1]"]),
        ("delete from children", &["public.children: rows_missing 1"]),
        ("delete from nothing", &["public.nothing: rows_missing 1"]),
        ("delete from moments", &["public.moments: rows_missing 6 [1] [2] [3] [4] [5] [6]"]),
        (
            "update \"Sổ tiêm\".people set name = null",
            &["Sổ tiêm.people: rows_differ (name) became_null 1 \
               [5a0b3a4e-0000-4000-8000-000000000001]"],
        ),
        (
            "update \"Sổ tiêm\".\"Mũi \"\"tiêm\"\" $1 'x'\" set \"Ngày tiêm\" = '2021-08-03'
             where \"select\" = 1",
            &["Sổ tiêm.Mũi \"tiêm\" $1 'x': rows_differ (Ngày tiêm) day_month_swapped 1 [1]"],
        ),
    ]);
}

#[test]
fn rows_without_a_key() {
    Seed::of_everything().each_is_found(&[
        ("insert into log values (null, '')", &["public.log: rows_doubled 1"]),
        (
            "delete from log where ctid = (select min(ctid) from log where line = 'start')",
            &["public.log: rows_missing 1"],
        ),
        ("delete from log where line is null", &["public.log: rows_missing 1"]),
        (
            "update log set at = at + interval '1 microsecond' where line = 'a person came'",
            &["public.log: rows_differ (at) fraction_changed 1"],
        ),
        // Their sum stays what it was.
        (
            "update numbers_only set amount = amount + case step when 20 then 1 else -1 end
             where step in (20, 50)",
            &["public.numbers_only: rows_differ (amount) value_changed 2"],
        ),
        ("insert into nothing default values", &["public.nothing: rows_doubled 1"]),
    ]);
}

#[test]
fn a_keyed_row_that_is_there_twice() {
    Seed::of_everything().each_is_found(&[
        (
            "alter table scalars drop constraint scalars_pkey;
             insert into scalars select * from scalars where id = 3",
            &[
                "public.scalars: key_differs scalars_pkey",
                "public.scalars: rows_doubled 1 [3]",
                "public.scalars: object_missing primary_key public.scalars.scalars_pkey",
            ],
        ),
        (
            "alter table scalars drop constraint scalars_pkey;
             insert into scalars (id, note) values (8, 'another')",
            &[
                "public.scalars: key_differs scalars_pkey",
                "public.scalars: rows_doubled 1 [8]",
                "public.scalars: object_missing primary_key public.scalars.scalars_pkey",
            ],
        ),
        (
            "alter table scalars drop constraint scalars_pkey;
             alter table scalars alter id drop not null;
             update scalars set id = null where id = 4",
            &[
                "public.scalars: key_differs scalars_pkey",
                "public.scalars: rows_missing 1 [4]",
                "public.scalars: rows_extra 1 [NULL]",
                "public.scalars: object_missing not_null public.scalars.id",
                "public.scalars: object_missing primary_key public.scalars.scalars_pkey",
            ],
        ),
    ]);
}

#[test]
fn exchanges() {
    Seed::of_everything().each_is_found(&[
        // Their sum stays what it was.
        (
            "update scalars set whole = whole + case id when 3 then 1 else -1 end
             where id in (3, 5)",
            &["public.scalars: rows_differ (whole) one_character 2 [3] [5]"],
        ),
        (
            "update scalars a set label = b.label from scalars b
             where (a.id, b.id) in ((3, 5), (5, 3))",
            &["public.scalars: rows_differ (label) rows_exchanged 2 [3] [5]"],
        ),
        (
            "update scalars set id = -id where id in (4, 6);
             update scalars set id = 10 + id where id < 0",
            &["public.scalars: rows_differ (small, whole, large, single, double, price, exact, \
               note, label, code, photo, token) rows_exchanged 2 [4] [6]"],
        ),
        (
            "update scalars set note = label, label = note where id = 3",
            &["public.scalars: rows_differ (note, label) columns_exchanged 1 [3]"],
        ),
        (
            "update visits set purpose = person, person = purpose where facility = 2",
            &["public.visits: rows_differ (person, purpose) columns_exchanged 4 \
               [1, 2] [2, 2] [3, 2] [4, 2]"],
        ),
        (
            "update numbers_only set amount = step, step = amount where amount = 3",
            &["public.numbers_only: rows_missing 1", "public.numbers_only: rows_extra 1"],
        ),
        // Every value of a column one row further.
        (
            "update visits a set purpose = b.purpose from visits b
             where a.facility = b.facility and b.seq = a.seq % 4 + 1",
            &["public.visits: rows_differ (purpose) one_character 12 [1, 1] [1, 2] [1, 3] [2, 1] \
               [2, 2] [2, 3] [3, 1] [3, 2] [3, 3] [4, 1] [4, 2] [4, 3]"],
        ),
    ]);
}

#[test]
fn several_causes_in_one_row_are_told_apart() {
    Seed::of_everything().each_is_found(&[(
        "update scalars set note = note || ' ', whole = -whole, code = lower(code) where id = 4",
        &[
            "public.scalars: rows_differ (whole) sign_changed 1 [4]",
            "public.scalars: rows_differ (note) trailing_blanks 1 [4]",
            "public.scalars: rows_differ (code) letter_case 1 [4]",
        ],
    )]);
}

#[test]
fn keys_that_hold_text_are_shown_on_request_only() {
    let seed = Seed::of_everything();
    let target = seed.target();
    target.sql("update public.people set name = 'X' where identity = '001099000002'");
    let (source, target) = (seed.source.url(), target.url());
    let hidden = judge_with(&source, &target, &[]);
    assert_eq!(
        hidden.brief(),
        ["public.people: rows_differ (name) value_changed 1 file [001099000002]"]
    );
    assert!(!hidden.outcome.stdout.contains("001099000002"));
    let shown = judge_with(&source, &target, &["--show-keys"]);
    assert_eq!(shown.brief(), ["public.people: rows_differ (name) value_changed 1 [001099000002]"]);
}
