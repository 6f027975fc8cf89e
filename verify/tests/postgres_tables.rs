//! PostgreSQL to PostgreSQL: tables, columns, partitions.

use crate::mutation::Seed;

#[test]
fn columns() {
    Seed::of_everything().each_is_found(&[
        ("alter table moments drop column span", &["public.moments: column_missing column span"]),
        ("alter table moments add column more int", &["public.moments: column_extra column more"]),
        (
            "alter table moments rename column span to duration",
            &[
                "public.moments: column_missing column span",
                "public.moments: column_extra column duration",
            ],
        ),
        (
            "alter table moments rename column id to number",
            &[
                "public.moments: column_missing column id",
                "public.moments: column_extra column number",
                "public.moments: object_missing not_null public.moments.id",
                "public.moments: object_extra not_null public.moments.number",
                "public.moments: object_differs primary_key public.moments.moments_pkey",
            ],
        ),
        (
            "alter table moments add column later date; update moments set later = day;
             alter table moments drop column day; alter table moments rename column later to day",
            &["public.moments: column_order"],
        ),
        // The names exchanged: each column has the other's contents.
        (
            "alter table numbers_only rename column amount to x;
             alter table numbers_only rename column step to amount;
             alter table numbers_only rename column x to step",
            &[
                "public.numbers_only: column_order",
                "public.numbers_only: rows_missing 6",
                "public.numbers_only: rows_extra 6",
            ],
        ),
    ]);
}

#[test]
fn column_types() {
    Seed::of_everything().each_is_found(&[
        (
            "alter table scalars alter label type varchar(30)",
            &["public.scalars: column_type column label"],
        ),
        (
            "alter table scalars alter label type text",
            &["public.scalars: column_type column label"],
        ),
        (
            "alter table scalars alter code type char(9)",
            &["public.scalars: column_type column code"],
        ),
        (
            "alter table scalars alter whole type bigint",
            &["public.scalars: column_type column whole"],
        ),
        (
            "alter table moments alter local type timestamptz using local at time zone 'UTC'",
            &[
                "public.moments: column_type column local",
                "public.moments: rows_differ (local) value_changed 4 [2] [3] [4] [5]",
            ],
        ),
        (
            "alter table moments alter local type timestamp(3)",
            &[
                "public.moments: column_type column local",
                "public.moments: rows_differ (local) microseconds_lost 1 [3]",
                "public.moments: rows_differ (local) fraction_rounded 1 [4]",
            ],
        ),
        (
            "alter table scalars alter price type numeric(12, 3)",
            &[
                "public.scalars: column_type column price",
                "public.scalars: rows_differ (price) scale_changed 7 [2] [3] [4] [5] [6] [7] [8]",
            ],
        ),
        (
            "alter table scalars alter single type double precision",
            &["public.scalars: column_type column single"],
        ),
        ("alter table scalars alter id type bigint", &["public.scalars: column_type column id"]),
        ("alter table scalars alter id type text", &["public.scalars: column_type column id"]),
        (
            "alter table documents alter raw type jsonb using raw::jsonb",
            &["public.documents: column_type column raw"],
        ),
        (
            "alter table documents alter state type text",
            &["public.documents: column_type column state"],
        ),
        ("alter table wired alter tel type text", &["public.wired: column_type column tel"]),
    ]);
}

#[test]
fn tables() {
    Seed::of_everything().each_is_found(&[
        (
            "drop table moments",
            &[
                "public.moments: table_missing",
                "public.moments: object_missing not_null public.moments.id",
                "public.moments: object_missing primary_key public.moments.moments_pkey",
            ],
        ),
        ("drop table nothing", &["public.nothing: table_missing"]),
        ("create table more (a int)", &["public.more: table_extra"]),
        ("create table \"PUBLIC\" ()", &["public.PUBLIC: table_extra"]),
        (
            "alter table log rename to \"Log\"",
            &["public.Log: table_extra", "public.log: table_missing"],
        ),
        (
            "alter table log set schema \"Sổ tiêm\"",
            &["Sổ tiêm.log: table_extra", "public.log: table_missing"],
        ),
        (
            "alter table log rename to lines; create view log as select * from lines",
            &[
                "public.lines: table_extra",
                "public.log: table_missing",
                "-: object_extra view public.log",
            ],
        ),
        ("alter table cache set logged", &["public.cache: object_missing unlogged public.cache"]),
        (
            "alter table children no inherit parents",
            &["public.children: object_missing inheritance_parent public.children"],
        ),
        // The ledger belongs to nobody's platform.
        ("create schema handover; create table handover.x (a int)", &["handover.x: table_extra"]),
    ]);
}

#[test]
fn partitions() {
    Seed::of_everything().each_is_found(&[
        (
            "alter table doses detach partition doses_2020;
             alter table doses attach partition doses_2020
                for values from ('2019-01-01') to ('2021-01-01')",
            &["-: object_differs partition_bound public.doses_2020"],
        ),
        (
            "alter table doses detach partition doses_2020",
            &[
                "public.doses: rows_missing 2 [1, 2020-09-09] [2, 2020-12-18]",
                "public.doses_2020: table_extra",
                "public.doses_2020: object_extra primary_key public.doses_2020.doses_2020_pkey",
                "public.doses_2020: object_missing primary_key public.doses_2020.doses_pkey",
                "public.doses_2020: object_missing index public.doses_2020 of doses_note",
                "public.doses_2020: object_extra index public.doses_2020_note_idx",
                "public.doses_2020: object_missing partition_bound public.doses_2020",
            ],
        ),
        (
            "create table doses_2019 partition of doses
                for values from ('2019-01-01') to ('2020-01-01')",
            &[
                "-: object_extra not_null public.doses_2019.given",
                "-: object_extra not_null public.doses_2019.id",
                "-: object_extra primary_key public.doses_2019.doses_pkey",
                "-: object_extra index public.doses_2019 of doses_note",
                "-: object_extra partition_bound public.doses_2019",
            ],
        ),
        (
            "drop table doses_2020",
            &[
                "public.doses: rows_missing 2 [1, 2020-09-09] [2, 2020-12-18]",
                "-: object_missing not_null public.doses_2020.given",
                "-: object_missing not_null public.doses_2020.id",
                "-: object_missing primary_key public.doses_2020.doses_pkey",
                "-: object_missing index public.doses_2020 of doses_note",
                "-: object_missing partition_bound public.doses_2020",
            ],
        ),
        // The same rows, divided otherwise.
        (
            "create table other (id int, given date, note text, primary key (id, given))
                partition by hash (id);
             create table other_0 partition of other for values with (modulus 1, remainder 0);
             insert into other select * from doses;
             drop table doses; alter table other rename to doses;
             alter table other_0 rename to doses_2020;
             alter index other_pkey rename to doses_pkey",
            &[
                "public.doses: object_missing index public.doses_note",
                "public.doses: object_differs partition_key public.doses",
                "-: object_missing not_null public.doses_2021.given",
                "-: object_missing not_null public.doses_2021.id",
                "-: object_missing not_null public.doses_rest.given",
                "-: object_missing not_null public.doses_rest.id",
                "-: object_missing primary_key public.doses_2021.doses_pkey",
                "-: object_missing primary_key public.doses_rest.doses_pkey",
                "-: object_missing index public.doses_2020 of doses_note",
                "-: object_missing index public.doses_2021 of doses_note",
                "-: object_missing index public.doses_rest of doses_note",
                "-: object_differs partition_bound public.doses_2020",
                "-: object_missing partition_bound public.doses_2021",
                "-: object_missing partition_bound public.doses_rest",
            ],
        ),
    ]);
}
