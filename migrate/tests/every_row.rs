//! No row is lost: not one that an index lacks, not one that another encoding orders elsewhere, and
//! none that functions of the database's owner stand before.

use handover_testkit::{Database, Server};

use crate::support::{Handover, commands_give_digests, json, messages, table};

/// Rows of 10 kB: many chunks of 64 kB.
const DOSES: &str = "create table public.doses (code int not null, pad text);
    insert into public.doses select i, repeat(md5(i::text), 313) from generate_series(1, 100) i;
    create table public.lots (id int primary key);
    insert into public.lots select generate_series(1, 10);";

#[test]
fn an_index_that_lacks_rows_stops_its_table() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(DOSES);
    source.sql(
        "create unique index doses_key on public.doses (code) where code not in (7, 50, 100);
         set allow_system_table_mods = on;
         update pg_index set indpred = null where indexrelid = 'public.doses_key'::regclass;",
    );
    let handover = Handover::postgres(&source, &target);
    let outcome = handover.copy().args(["--chunk-bytes", "64K"]).go();
    let report = json(outcome.expect(1));
    assert_eq!(report["outcome"], "incomplete");
    let said = messages(&report);
    assert!(
        said.contains("by its key doses_key it gives 97 row(s), and counted without it has 100"),
        "{said}"
    );
    assert_eq!(table(&report, "public.lots")["read_back"], 1);

    source.sql("reindex table public.doses");
    handover.copied();
    assert_eq!(target.query("select count(*) from public.doses"), "100");
    handover.verified();
}

/// PostgreSQL 18: `NOT NULL … NOT VALID` says nothing about the rows there are.
#[test]
fn rows_with_null_under_a_not_null_that_is_not_valid() {
    if Server::shared().version() < 180_000 {
        return;
    }
    let (source, target) = (Database::create(), Database::create());
    source.sql(DOSES);
    source.sql(
        "alter table public.doses alter code drop not null;
         create unique index on public.doses (code);
         insert into public.doses values (null, 'một'), (null, 'hai'), (null, 'ba');
         alter table public.doses add constraint doses_code not null code not valid;",
    );
    let handover = Handover::postgres(&source, &target);
    handover.copy().args(["--chunk-bytes", "64K"]).go();
    assert_eq!(target.query("select count(*) from public.doses where code is null"), "3");
    assert_eq!(json(&handover.verify().go())["tables"][0]["verdict"], "equal");
}

/// Rows that somebody else put into the target while the copy ran are told, not counted in.
#[test]
fn rows_that_the_target_has_besides_are_told() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(DOSES);
    source.sql("alter table public.doses add primary key (code)");
    let handover = Handover::postgres(&source, &target);
    let mut run = handover.copy().args(["--chunk-bytes", "64K", "--max-rate", "400K"]).spawn();
    assert!(run.wait_for(|_| {
        target.query("select to_regclass('handover.chunk') is not null") == "t"
            && target.query("select count(*) > 2 from handover.chunk where state = 'copied'") == "t"
    }));
    // In a range that is copied already.
    target.sql("insert into public.doses values (0, 'x')");
    let report = json(run.wait().expect(1));
    let said = messages(&report);
    assert!(said.contains("public.doses: "), "{said}");
    assert!(!said.contains("damaged") && !said.contains("something else"), "{said}");
}

#[test]
fn letters_of_other_encodings() {
    for (encoding, letters) in [
        ("WIN1258", "'€', 'ă', 'đ', 'ơ', 'A', 'z', '₫'"),
        ("WIN1252", "'€', 'Ÿ', 'œ', 'é', 'A', 'z', '™'"),
        ("EUC_JP", "'ア', 'a', '日', '本', 'z', '、', 'ｱ'"),
    ] {
        let people = format!(
            "set client_encoding = 'UTF8';
             create table public.people (name text primary key, pad text);
             insert into public.people
                select (array[{letters}])[i % 7 + 1] || i, repeat(md5(i::text), 313)
                from generate_series(1, 100) i;
             create table public.words (word char(9), n int);
             insert into public.words select substr(name, 1, 1), 1 from public.people;"
        );
        let in_encoding = || Database::options().encoding(encoding).create();
        for (source, target) in
            [(in_encoding(), Database::create()), (Database::create(), in_encoding())]
        {
            source.sql(&people);
            let handover = Handover::postgres(&source, &target);
            let mut run =
                handover.copy().args(["--chunk-bytes", "64K", "--max-rate", "400K"]).spawn();
            assert!(run.wait_for(|_| {
                target.query("select to_regclass('handover.chunk') is not null") == "t"
                    && target
                        .query("select count(*) > 2 from handover.chunk where state <> 'planned'")
                        == "t"
            }));
            run.kill();
            // A chunk that is copied already has to be replaced, by ranges of the other end's keys.
            source.sql("update public.people set pad = 'changed'");
            handover.copied();
            let report = handover.verified();
            let (ran, reasons) = commands_give_digests(&report);
            assert_eq!((ran, reasons), (4, Vec::new()), "{encoding}");
        }
    }
}

/// Search without accents as many a platform has it: an immutable SQL function around another one,
/// which it does not name with its schema.
#[test]
fn functions_of_indexes_do_not_stand_before_the_rows() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!("alter database {} set search_path = app, public", source.name()));
    source.sql(
        "create schema app;
         create function app.fold(text) returns text language sql immutable as
            $$ select translate(lower($1), 'ăâđêôơư', 'aadeoou') $$;
         set search_path = app, public;
         create function public.plain(text) returns text language sql immutable as
            $$ select fold($1) $$;
         create table public.people (id int primary key, name text not null, pad text);
         create index people_plain on public.people (plain(name));
         insert into public.people
            select i, 'Đặng Thị ' || i, repeat(md5(i::text), 313) from generate_series(1, 100) i;",
    );
    let handover = Handover::postgres(&source, &target);
    let report = json(&handover.copy().args(["--chunk-bytes", "64K"]).go());
    let people = table(&report, "public.people");
    assert!(people["chunks"].as_u64().unwrap() > 5, "{people}");
    assert_eq!(people["read_back"], people["chunks"]);
    assert_eq!(people["rows"], 100);
    assert_eq!(people["findings"], serde_json::json!([]));
    let report = json(&handover.verify().go());
    let people = table(&report, "public.people");
    assert_eq!(people["source"]["rows"], 100);
    assert_eq!(people["source"]["digest"], people["target"]["digest"]);
}
