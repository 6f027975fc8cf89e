//! Reading needs nothing that the database's owner wrote: indexes and statistics may call functions
//! that only the database's own `search_path` finds.

use handover_schemas::report::Verdict;
use handover_testkit::Database;

use crate::explain::check_all;
use crate::judged::{judge, judge_with};

/// Search without accents as many a platform has it: an immutable SQL function around another one,
/// which it does not name with its schema.
fn database(partitioned: bool) -> Database {
    let database = Database::create();
    let name = database.name();
    database.sql(&format!("alter database {name} set search_path = app, public"));
    let by = if partitioned { "partition by hash (id)" } else { "" };
    let parts = if partitioned {
        "create table public.people_0 partition of public.people
            for values with (modulus 2, remainder 0);
         create table public.people_1 (pad text, name text not null, id int not null);
         alter table public.people attach partition public.people_1
            for values with (modulus 2, remainder 1);"
    } else {
        ""
    };
    database.sql(&format!(
        "create schema app;
         create function app.fold(text) returns text language sql immutable as
            $$ select translate(lower($1), 'ăâđêôơư', 'aadeoou') $$;
         set search_path = app, public;
         create function public.plain(text) returns text language sql immutable as
            $$ select fold($1) $$;
         create table public.people (id int primary key, name text not null, pad text) {by};
         {parts}
         create index on public.people (plain(name));
         create statistics public.plain_names on (plain(name)), id from public.people;
         create table public.notes (line text, day date);
         create index on public.notes (day) where plain(line) <> '';
         insert into public.people
            select i, 'Đặng Thị ' || i, repeat(md5(i::text), 3125) from generate_series(1, 240) i;
         insert into public.notes select 'ghi chú ' || i % 7, '2021-03-08' from generate_series(1, 50) i;"
    ));
    database
}

#[test]
fn every_row_is_read_without_them() {
    for partitioned in [false, true] {
        let (source, target) = (database(partitioned), database(partitioned));
        let arguments = ["--explain", "public.people"];
        let judged = judge_with(&source.url(), &target.url(), &arguments);
        // In which partition a row lies can only be asked with a query, and none can be planned.
        let unsaid = if partitioned { vec!["public.people: table_unreadable"] } else { vec![] };
        assert_eq!(judged.brief(), unsaid);
        let verdict = if partitioned { Verdict::Unverified } else { Verdict::Equal };
        assert_eq!(judged.report.verdict, verdict);
        assert_eq!(judged.table("public.people").source.as_ref().unwrap().chunks.len(), 3);
        assert_eq!(check_all(&judged), [""; 0]);

        target.sql("update public.people set name = 'X' where id = 200");
        target.sql("delete from public.notes where line like '%6'");
        let brief = judge(&source.url(), &target.url()).brief();
        assert_eq!(brief.len(), 2, "{brief:?}");
        assert!(brief[0].starts_with("public.notes: rows_missing"), "{brief:?}");
        assert!(brief[1].starts_with("public.people: rows_differ (name)"), "{brief:?}");
        assert!(brief[1].ends_with("1 [200]"), "{brief:?}");
    }
}
