//! Databases on PostgreSQL 14 and 18, whose servers print the same objects differently.

use handover_schemas::report::Verdict;
use handover_testkit::{Cluster, Database, Run, programs_of};

use crate::judged::judge;

const VIEWS: &str = include_str!("../../compat/schemas/views.sql");
const OBJECTS: &str = include_str!("../../compat/schemas/catalog.sql");

/// Changes that only differ from the printing in what they mean.
const CHANGED_VIEWS: [(&str, &[&str]); 4] = [
    (
        "create or replace view clinic.v002 as select id, name from clinic.person where id > 6",
        &["-: object_differs view clinic.v002"],
    ),
    (
        "create or replace view clinic.v076 as select id from clinic.person
             where exists (select from clinic.dose where dose.id = person.id)",
        &["-: object_differs view clinic.v076"],
    ),
    (
        "create or replace view clinic.v005 as select count(*) as n, count(*) as whole,
             count(p) as whole_too, count(distinct ward) from clinic.person p",
        &["-: object_differs view clinic.v005"],
    ),
    // The same words: what the brackets mean nobody can tell.
    (
        "create or replace view clinic.v037 as select id from clinic.person
             where (not ward = 1 and (score > 1 or score < -1)) and not active",
        &["-: object_not_compared view clinic.v037"],
    ),
];

const CHANGED_OBJECTS: [(&str, &[&str]); 5] = [
    (
        "alter table app.log_2020_1 disable trigger logged",
        &["-: object_differs trigger app.log_2020_1.logged"],
    ),
    (
        "create or replace function app.g(a int) returns int language sql immutable parallel safe
             return case when a between 1 and 9 and a <> 4 then a + 1 end",
        &["-: object_differs function app.g(integer)"],
    ),
    (
        "drop index app.visit_day; create index visit_day on app.visit
             ((at at time zone 'UTC'), (room between 1 and 3 and person > 1))",
        &["app.visit: object_differs index app.visit_day"],
    ),
    (
        "alter policy own on app.visit using (room > 0 and room < 9 and id between 1 and 8)",
        &["app.visit: object_differs policy app.visit.own"],
    ),
    (
        "alter table app.person replica identity full",
        &["app.person: object_differs replica_identity app.person"],
    ),
];

#[test]
fn only_what_means_something_else_is_found() {
    let servers = [Cluster::start_version(14), Cluster::start_version(18)];
    let made_on = |at: usize| Database::options().create_on(servers[at].server());
    for (sql, changes) in [(VIEWS, &CHANGED_VIEWS[..]), (OBJECTS, &CHANGED_OBJECTS[..])] {
        for (from, to) in [(0, 1), (1, 0)] {
            let (source, target) = (made_on(from), made_on(to));
            source.sql(&without_xml(sql));
            target.sql(&dumped(&source));
            let judged = judge(&source.url(), &target.url());
            assert_eq!(judged.brief(), [""; 0]);
            assert_eq!(judged.report.verdict, Verdict::Equal);
            for (change, expected) in changes {
                let changed = target.copy();
                changed.sql(change);
                assert_eq!(judge(&source.url(), &changed.url()).brief(), *expected, "{change}");
            }
        }
    }
}

/// Without the views that need a server built with libxml, which one of the two is not.
fn without_xml(sql: &str) -> String {
    let lines =
        sql.lines().filter(|line| !(line.starts_with("create view") && line.contains("xml")));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// What the newest `pg_dump` writes of a database, as every server takes it.
fn dumped(database: &Database) -> String {
    let program = programs_of(18).join("pg_dump");
    let dump = Run::program(program.to_str().unwrap())
        .args(["--no-owner", "--no-privileges", "-d", &database.url()])
        .go();
    let lines = dump.expect(0).stdout.lines();
    let unknown = ["SET transaction_timeout", "\\restrict", "\\unrestrict"];
    let known = lines.filter(|line| !unknown.iter().any(|start| line.starts_with(start)));
    known.flat_map(|line| [line, "\n"]).collect()
}

/// What a `NOT NULL` is besides itself, which servers know from 18 on.
#[test]
fn not_null_constraints() {
    let cluster = Cluster::start_version(18);
    let on_18 = |constraints: &str| {
        let database = Database::options().create_on(cluster.server());
        database.sql(&format!(
            "create table public.t (id int primary key, a int, b int);
             insert into public.t values (1, 1, 1); {constraints}"
        ));
        database
    };
    let named = on_18(
        "alter table public.t add constraint must not null a; alter table public.t alter b set not null",
    );
    let brief = |other: &Database| judge(&named.url(), &other.url()).brief();
    let plain =
        "alter table public.t alter a set not null; alter table public.t alter b set not null";
    for (constraints, expected) in [
        (
            "alter table public.t add constraint must not null a;
             alter table public.t alter b set not null",
            &[][..],
        ),
        (plain, &["public.t: object_differs not_null public.t.a"]),
        (
            "alter table public.t add constraint must not null a not valid;
             alter table public.t alter b set not null",
            &["public.t: object_differs not_null public.t.a"],
        ),
        (
            "alter table public.t add constraint must not null a;
             alter table public.t add constraint t_b_not_null not null b no inherit",
            &["public.t: object_differs not_null public.t.b"],
        ),
    ] {
        assert_eq!(brief(&on_18(constraints)), expected, "{constraints}");
    }
    // A server that keeps no names.
    let cluster = Cluster::start_version(14);
    let old = Database::options().create_on(cluster.server());
    old.sql(&format!(
        "create table public.t (id int primary key, a int, b int);
         insert into public.t values (1, 1, 1); {plain}"
    ));
    let judged = judge(&named.url(), &old.url());
    assert_eq!(judged.brief(), [""; 0]);
    let told = "source: names of NOT NULL constraints, which PostgreSQL 14 does not keep: must";
    assert!(judged.report.not_checked.iter().any(|line| line == told), "{:?}", judged.report);
}
