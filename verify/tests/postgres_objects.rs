//! PostgreSQL to PostgreSQL: one object of the catalog is changed.

use crate::mutation::Seed;

#[test]
fn constraints() {
    Seed::of_everything().each_is_found(&[
        (
            "alter table facilities drop constraint beds_positive",
            &["public.facilities: object_missing check public.facilities.beds_positive"],
        ),
        (
            "alter table facilities drop constraint beds_positive;
             alter table facilities add constraint beds_positive check (beds >= 0)",
            &["public.facilities: object_differs check public.facilities.beds_positive"],
        ),
        (
            "alter table facilities drop constraint beds_positive;
             alter table facilities add constraint beds_positive check (beds > 0) not valid",
            &["public.facilities: object_differs check public.facilities.beds_positive"],
        ),
        (
            "alter table facilities add constraint named check (name <> '')",
            &["public.facilities: object_extra check public.facilities.named"],
        ),
        (
            "alter table facilities drop constraint facilities_region",
            &["public.facilities: object_missing foreign_key public.facilities.facilities_region"],
        ),
        (
            "alter table facilities drop constraint facilities_region;
             alter table facilities add constraint facilities_region
                foreign key (region) references regions (id) on delete cascade",
            &["public.facilities: object_differs foreign_key public.facilities.facilities_region"],
        ),
        (
            "alter table facilities disable trigger all",
            &[
                "public.facilities: object_differs foreign_key public.facilities.facilities_region",
                "public.notes: object_differs foreign_key public.notes.notes_facility_fkey",
            ],
        ),
        (
            "alter table facilities drop constraint facilities_code",
            &["public.facilities: object_missing unique public.facilities.facilities_code"],
        ),
        (
            "alter table notes drop constraint notes_pkey",
            &[
                "public.notes: key_differs notes_pkey",
                "public.notes: object_missing primary_key public.notes.notes_pkey",
            ],
        ),
        (
            "alter table visits drop constraint visits_pkey;
             alter table visits add constraint visits_pkey primary key (facility, seq)",
            &[
                "public.visits: key_differs visits_pkey",
                "public.visits: object_differs primary_key public.visits.visits_pkey",
            ],
        ),
        (
            "alter table moments add unique (clock, local)",
            &["public.moments: object_extra unique public.moments.moments_clock_local_key"],
        ),
    ]);
}

#[test]
fn indexes() {
    Seed::of_everything().each_is_found(&[
        (
            "drop index facilities_name",
            &["public.facilities: object_missing index public.facilities_name"],
        ),
        (
            "drop index facilities_name; create index facilities_name on facilities (lower(name))",
            &["public.facilities: object_differs index public.facilities_name"],
        ),
        (
            "drop index doses_note",
            &[
                "public.doses: object_missing index public.doses_note",
                "-: object_missing index public.doses_2020 of doses_note",
                "-: object_missing index public.doses_2021 of doses_note",
                "-: object_missing index public.doses_rest of doses_note",
            ],
        ),
        (
            "create unique index more on regions (name)",
            &["public.regions: object_extra index public.more"],
        ),
    ]);
}

#[test]
fn columns() {
    Seed::of_everything().each_is_found(&[
        (
            "alter table facilities alter name drop default",
            &["public.facilities: object_missing default public.facilities.name"],
        ),
        (
            "alter table facilities alter opened set default current_date",
            &["public.facilities: object_differs default public.facilities.opened"],
        ),
        (
            "alter table facilities alter name drop not null",
            &["public.facilities: object_missing not_null public.facilities.name"],
        ),
        (
            "alter table facilities alter beds set not null",
            &["public.facilities: object_extra not_null public.facilities.beds"],
        ),
        (
            "alter table facilities alter id drop identity",
            &[
                "public.facilities: object_missing identity public.facilities.id",
                "public.facilities: object_missing sequence public.facilities_id_seq",
                "public.facilities: object_missing sequence_value public.facilities_id_seq",
            ],
        ),
        (
            "alter table facilities alter id set generated always",
            &["public.facilities: object_differs identity public.facilities.id"],
        ),
        (
            "alter table facilities drop column title;
             alter table facilities add column title text generated always as (lower(name)) stored",
            &[
                "public.facilities: rows_differ (title)",
                "public.facilities: object_differs column_order public.facilities",
                "public.facilities: object_differs generated_expression public.facilities.title",
            ],
        ),
        (
            "alter table facilities alter title drop expression",
            &[
                "public.facilities: column_extra column title",
                "public.facilities: object_missing generated_expression public.facilities.title",
            ],
        ),
        (
            "alter table regions alter name type text collate \"C\"",
            &["public.regions: object_extra collation public.regions.name"],
        ),
        (
            "comment on column regions.name is 'Tên'",
            &["public.regions: object_differs comment table column public.regions.name"],
        ),
        (
            "comment on table regions is null",
            &["public.regions: object_missing comment table public.regions"],
        ),
    ]);
}

#[test]
fn sequences() {
    Seed::of_everything().each_is_found(&[
        (
            "select setval('card_numbers', 1010)",
            &["-: sequence_behind sequence_value public.card_numbers"],
        ),
        (
            "select setval('card_numbers', 1015, false)",
            &["-: sequence_behind sequence_value public.card_numbers"],
        ),
        (
            "select nextval('card_numbers')",
            &["-: object_differs sequence_value public.card_numbers"],
        ),
        (
            "select setval('notes_id_seq', 1)",
            &["public.notes: sequence_behind sequence_value public.notes_id_seq"],
        ),
        (
            "select setval('facilities_id_seq', 1)",
            &["public.facilities: sequence_behind sequence_value public.facilities_id_seq"],
        ),
        (
            "alter sequence card_numbers increment 1",
            &["-: object_differs sequence public.card_numbers"],
        ),
        (
            "alter sequence notes_id_seq owned by none",
            &["public.notes: object_differs sequence public.notes_id_seq"],
        ),
        (
            "drop sequence card_numbers cascade",
            &[
                "public.facilities: object_missing default public.facilities.card",
                "-: object_missing sequence public.card_numbers",
                "-: object_missing sequence_value public.card_numbers",
            ],
        ),
        (
            "create sequence more",
            &["-: object_extra sequence public.more", "-: object_extra sequence_value public.more"],
        ),
    ]);
}

#[test]
fn views_and_code() {
    Seed::of_everything().each_is_found(&[
        ("drop view large_facilities", &["-: object_missing view public.large_facilities"]),
        (
            "create or replace view large_facilities as select id, name from facilities where beds > 7",
            &["-: object_differs view public.large_facilities"],
        ),
        (
            "create or replace view large_facilities with (security_barrier) as
                select id, name from facilities where beds > 6",
            &["-: object_differs view public.large_facilities"],
        ),
        (
            "drop materialized view beds_by_region",
            &["-: object_missing materialized_view public.beds_by_region"],
        ),
        (
            "refresh materialized view beds_by_region with no data",
            &["-: object_differs materialized_view public.beds_by_region"],
        ),
        (
            "create or replace function add_one(n int) returns int language sql immutable
                as 'select n + 2'",
            &["-: object_differs function public.add_one(integer)"],
        ),
        (
            "alter function add_one(int) volatile",
            &["-: object_differs function public.add_one(integer)"],
        ),
        ("drop function add_one(int)", &["-: object_missing function public.add_one(integer)"]),
        (
            "create function add_one(n text) returns text language sql as 'select n'",
            &["-: object_extra function public.add_one(text)"],
        ),
        (
            "drop trigger notes_bump on notes",
            &["public.notes: object_missing trigger public.notes.notes_bump"],
        ),
        (
            "alter table notes disable trigger notes_bump",
            &["public.notes: object_differs trigger public.notes.notes_bump"],
        ),
        (
            "drop trigger notes_bump on notes; create trigger notes_bump before insert or update
                on notes for each row execute function bump()",
            &["public.notes: object_differs trigger public.notes.notes_bump"],
        ),
        (
            "drop rule notes_keep on notes",
            &["public.notes: object_missing rule public.notes.notes_keep"],
        ),
        (
            "drop policy own_rows on secrets",
            &["public.secrets: object_missing policy public.secrets.own_rows"],
        ),
        (
            "alter policy own_rows on secrets using (true)",
            &["public.secrets: object_differs policy public.secrets.own_rows"],
        ),
        (
            "alter table secrets disable row level security",
            &["public.secrets: object_missing policy public.secrets"],
        ),
        (
            "alter table secrets force row level security",
            &["public.secrets: object_differs policy public.secrets"],
        ),
    ]);
}

#[test]
fn types() {
    Seed::of_everything().each_is_found(&[
        ("alter type colour add value 'blue'", &["-: object_differs enum_type public.colour"]),
        (
            "alter type colour rename value 'red' to 'Red'",
            &["-: object_differs enum_type public.colour"],
        ),
        ("drop type colour", &["-: object_missing enum_type public.colour"]),
        (
            "alter domain positive drop constraint positive_check",
            &["-: object_differs domain public.positive"],
        ),
        (
            "alter type pair alter attribute b type varchar(5)",
            &["-: object_differs composite_type public.pair"],
        ),
        (
            "alter type pair rename attribute b to c",
            &["-: object_differs composite_type public.pair"],
        ),
        (
            "drop statistics parents_both",
            &["public.parents: object_missing statistics public.parents_both"],
        ),
    ]);
}

/// What is not compared, and what is though it is neither a table, a constraint nor code.
const BESIDE: &str = "create schema s;
    create table s.t (id int primary key, a text not null, b int);
    insert into s.t values (1, 'x', 2);
    create unique index t_a on s.t (a); alter table s.t replica identity using index t_a;
    create table s.plain (id int primary key, b int);
    create table s.generated (id int primary key, twice int generated always as (id * 2) stored, b int);
    create table s.part (id int, at date) partition by range (at);
    create table s.part_1 (at date, id int);
    alter table s.part attach partition s.part_1 for values from ('2020-01-01') to ('2021-01-01');
    create type s.pair as (a int, b text);
    create type s.span as range (subtype = float8, multirange_type_name = s.spans);
    create policy twice on s.t to pg_monitor, pg_read_all_stats, pg_monitor using (id > 0);
    create foreign data wrapper far; create server far foreign data wrapper far options (host 'h');
    create publication changes for table s.t;
    create function s.calm() returns event_trigger language plpgsql as $$ begin null; end $$;
    create event trigger calm on ddl_command_end execute function s.calm();
    create function s.counted(n int) returns bigint language sql
        begin atomic select count(*) from s.t where id between n and 9 and b > 1; end;";

#[test]
fn beside_the_tables() {
    let seed = Seed::with(BESIDE);
    seed.each_is_found(&[
        ("comment on publication changes is 'x'", &[]),
        ("comment on server far is 'x'", &[]),
        ("drop publication changes", &[]),
        ("drop event trigger calm", &["-: object_missing event_trigger calm"]),
        ("alter event trigger calm disable", &["-: object_differs event_trigger calm"]),
        (
            "drop policy twice on s.t;
             create policy twice on s.t to pg_read_all_stats, pg_monitor using (id > 0)",
            &[],
        ),
        (
            "drop policy twice on s.t; create policy twice on s.t to pg_monitor using (id > 0)",
            &["s.t: object_differs policy s.t.twice"],
        ),
        ("alter table s.t replica identity full", &["s.t: object_differs replica_identity s.t"]),
        ("alter table s.t replica identity default", &["s.t: object_missing replica_identity s.t"]),
        (
            "alter table s.plain replica identity nothing",
            &["s.plain: object_extra replica_identity s.plain"],
        ),
    ]);
    let judged = seed.judge_after("drop publication changes; create schema empty");
    for named in
        ["source: publication: changes", "source: foreign-data wrapper: far", "target: server: far"]
    {
        let not_checked = &judged.report.not_checked;
        assert!(not_checked.iter().any(|line| line == named), "{named}: {not_checked:#?}");
    }
}

/// What a foreign table is is compared; its rows, which live elsewhere, are read at neither end.
#[test]
fn foreign_tables() {
    let seed = Seed::with(
        "create schema s; create table s.t (id int primary key); insert into s.t values (1);
         create foreign data wrapper far; create server far foreign data wrapper far;
         create foreign table s.far (n int default 5) server far options (table_name 'x');",
    );
    let unread = "s.far: table_unreadable";
    assert_eq!(seed.judge_after("select 1").brief(), [unread, unread]);
    seed.each_is_found(&[
        (
            "drop foreign table s.far",
            &[
                "s.far: table_unreadable",
                "-: object_missing default s.far.n",
                "-: object_missing foreign_table s.far",
            ],
        ),
        (
            "alter foreign table s.far options (set table_name 'y')",
            &[
                "s.far: table_unreadable",
                "s.far: table_unreadable",
                "-: object_differs foreign_table s.far",
            ],
        ),
        (
            "alter foreign table s.far alter n type bigint",
            &[
                "s.far: table_unreadable",
                "s.far: table_unreadable",
                "-: object_differs foreign_table s.far",
            ],
        ),
    ]);
    // A secret among the options is in no report.
    let judged = seed.judge_after("alter foreign table s.far options (add key 'hunter2')");
    assert!(!judged.outcome.stdout.contains("hunter2"), "{}", judged.outcome.stdout);
}

#[test]
fn orders_and_definitions() {
    let seed = Seed::with(BESIDE);
    seed.each_is_found(&[
        (
            "alter table s.generated drop b; alter table s.generated drop twice;
             alter table s.generated add b int;
             alter table s.generated add twice int generated always as (id * 2) stored",
            &["s.generated: object_differs column_order s.generated"],
        ),
        (
            "alter table s.generated drop twice; alter table s.generated drop b;
             alter table s.generated add twice bigint generated always as (id * 2) stored;
             alter table s.generated add b int",
            &["s.generated: object_differs generated_expression s.generated.twice"],
        ),
        (
            "alter table s.plain drop id; alter table s.plain add id int primary key",
            &["s.plain: column_order"],
        ),
        (
            "drop table s.part_1; create table s.part_1 partition of s.part
                for values from ('2020-01-01') to ('2021-01-01')",
            &["-: object_differs column_order s.part_1"],
        ),
        (
            "alter type s.pair drop attribute a; alter type s.pair add attribute a int",
            &["-: object_differs composite_type s.pair"],
        ),
        (
            "drop type s.span; create type s.span as
                range (subtype = float8, multirange_type_name = s.other)",
            &["-: object_differs range_type s.span"],
        ),
        (
            "create or replace function s.counted(n int) returns bigint language sql
                begin atomic select count(*) from s.t where id between n and 9 and b > 2; end",
            &["-: object_differs function s.counted(integer)"],
        ),
    ]);
}
