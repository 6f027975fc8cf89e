//! No row is missed: not one whose key is NULL, and not one that an index lacks.

use handover_schemas::report::Verdict;
use handover_testkit::{Database, Server};

use crate::judged::{judge, judge_with};

/// 250 rows of 100 kB: two chunks by the length of the first ones, and more by what they hold.
fn of_two_chunks(database: &Database, columns: &str) {
    database.sql(&format!(
        "create table public.doses ({columns}, pad text);
         insert into public.doses (code, pad)
            select i, repeat(md5(i::text), 3125) from generate_series(1, 250) i;"
    ));
}

/// Makes the key's index lack some rows, as one does that a crash or another library damaged: it was
/// built over some rows only, and the catalog forgets that.
fn lose_rows_of_the_index(database: &Database) {
    database.sql(
        "create unique index doses_key on public.doses (code) where code not in (7, 130, 250);
         set allow_system_table_mods = on;
         update pg_index set indpred = null where indexrelid = 'public.doses_key'::regclass;",
    );
}

#[test]
fn an_index_that_lacks_rows_is_told() {
    let (source, target) = (Database::create(), Database::create());
    for database in [&source, &target] {
        of_two_chunks(database, "code int not null");
        lose_rows_of_the_index(database);
    }
    let judged = judge(&source.url(), &target.url());
    assert_eq!(judged.report.verdict, Verdict::Unverified);
    let table = judged.table("public.doses");
    for (finding, end) in table.findings.iter().zip(["source", "target"]) {
        let expected = format!(
            "public.doses cannot be read at the {end}: public.doses: by its key doses_key it gives \
             247 row(s), and counted without it has 250; have the index of that key built anew, \
             and run the same command again"
        );
        assert_eq!(finding.message, expected);
    }
    assert_eq!(table.findings.len(), 2);

    source.sql("reindex table public.doses");
    target.sql("reindex table public.doses; delete from public.doses where code = 130");
    let judged = judge(&source.url(), &target.url());
    assert_eq!(judged.report.verdict, Verdict::Different);
    assert_eq!(judged.brief(), ["public.doses: rows_missing 1 [130]"]);
}

/// A table of one chunk is not read by its index at all.
#[test]
fn an_index_that_lacks_rows_hides_none_of_a_small_table() {
    let (source, target) = (Database::create(), Database::create());
    for database in [&source, &target] {
        database.sql(
            "create table public.doses (code int not null);
             insert into public.doses select generate_series(1, 250)",
        );
        lose_rows_of_the_index(database);
    }
    target.sql("set enable_indexscan = off; delete from public.doses where code = 130");
    assert_eq!(judge(&source.url(), &target.url()).brief(), ["public.doses: rows_missing 1 [130]"]);
}

/// NOT NULL that was never held against the rows there are is no NOT NULL.
#[test]
fn rows_with_null_under_a_not_null_that_is_not_valid() {
    if Server::shared().version() < 180_000 {
        return;
    }
    let (source, target) = (Database::create(), Database::create());
    for database in [&source, &target] {
        of_two_chunks(database, "code int");
        database.sql(
            "create unique index on public.doses (code);
             insert into public.doses values (null, 'một'), (null, 'hai'), (null, 'ba');
             alter table public.doses add constraint doses_code not null code not valid;",
        );
    }
    assert_eq!(judge(&source.url(), &target.url()).report.verdict, Verdict::Equal);
    target.sql("delete from public.doses where pad = 'hai'");
    assert_eq!(judge(&source.url(), &target.url()).report.verdict, Verdict::Different);
}

/// The target's key may be NULL where the source's may not: those rows are read once, in the last
/// range, whatever else stands in their keys.
#[test]
fn nulls_in_the_targets_key_are_in_one_range() {
    let (source, target) = (Database::create(), Database::create());
    let rows = "insert into public.visits
        select i / 10, (i % 10)::text, repeat(md5(i::text), 3125) from generate_series(1, 250) i;";
    source.sql(&format!(
        "create table public.visits (a int, b text, pad text, primary key (a, b)); {rows}"
    ));
    target.sql(&format!(
        "create table public.visits (a int, b text, pad text); {rows}
         insert into public.visits values (0, null, 'x'), (null, '1', 'y'), (99, null, 'z')"
    ));
    let judged = judge_with(&source.url(), &target.url(), &["--explain", "public.visits"]);
    let table = judged.table("public.visits");
    let ends = [&table.source, &table.target].map(|end| end.as_ref().unwrap());
    assert_eq!(ends.map(|end| end.rows), [250, 253]);
    let rows = ends.map(|end| end.chunks.iter().map(|chunk| chunk.rows).collect::<Vec<_>>());
    let (last, others) = rows[0].split_last().unwrap();
    assert_eq!(rows[1], [others, &[last + 3]].concat());
}
