//! The three routes, with everything a schema can hold.

use std::fs;
use std::path::Path;

use handover_testkit::{Collation, Database, Run, Server, sqlite};

use crate::support::{Handover, commands_give_digests, expect_copied, table};

const KEYS: &str = include_str!("sql/postgres_keys.sql");
const TYPES: &str = include_str!("sql/postgres_types.sql");
const STRUCTURE: &str = include_str!("sql/postgres_structure.sql");

/// Copies, verifies and lets public tools print the digests.
#[track_caller]
fn postgres_to_postgres(source: &Database, target: &Database) {
    for sql in [KEYS, TYPES, STRUCTURE] {
        source.sql(&format!("set search_path = public; {sql}"));
    }
    let handover = Handover::postgres(source, target);
    let report = expect_copied(&handover.copy().args(["--chunk-bytes", "1K"]).go());
    assert!(table(&report, "keys.of_text")["chunks"].as_u64().unwrap() > 10);
    assert_same_dump(source, target);
    let verified = handover.verified();
    let (ran, reasons) = commands_give_digests(&verified);
    assert!(ran == 138 && reasons.is_empty(), "{ran} commands; {reasons:?}");
}

/// PostgreSQL's own witness: both ends dump to the same lines, rows and schema, in some order.
#[track_caller]
fn assert_same_dump(source: &Database, target: &Database) {
    let dump = |database: &Database| {
        let dump = Run::program("pg_dump")
            .args(["--exclude-schema=handover", "--no-privileges", "-d", &database.url()])
            .env("PGOPTIONS", "-c bytea_output=hex -c TimeZone=UTC")
            .go();
        // Newer versions frame their output with a key that is another one each time.
        let is_frame =
            |line: &&str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
        let lines = dump.expect(0).stdout.lines().filter(|line| !is_frame(line));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    let (source, target) = (dump(source), dump(target));
    assert!(source.len() > 10_000);
    let differing: Vec<_> = source.iter().zip(&target).filter(|(s, t)| s != t).take(5).collect();
    assert!(source == target, "the dumps differ, first: {differing:#?}");
}

#[test]
fn postgres_to_postgres_in_code_point_order() {
    postgres_to_postgres(&Database::create(), &Database::options().odd_settings().create());
}

#[test]
fn postgres_to_postgres_from_an_icu_locale_to_byte_order() {
    if Server::shared().version() < 150_000 {
        println!("skipped: databases have ICU locales from PostgreSQL 15 on");
        return;
    }
    let icu = Database::options().collation(Collation::Icu).odd_settings().create();
    postgres_to_postgres(&icu, &Database::options().collation(Collation::C).create());
}

#[test]
fn postgres_to_postgres_from_byte_order_to_an_icu_locale() {
    if Server::shared().version() < 150_000 {
        println!("skipped: databases have ICU locales from PostgreSQL 15 on");
        return;
    }
    let icu = Database::options().collation(Collation::Icu).create();
    postgres_to_postgres(&Database::options().collation(Collation::C).create(), &icu);
}

/// Statements for a table with 200 columns.
fn wide_table() -> String {
    let types = ["int", "text", "numeric", "date"];
    let columns: Vec<String> =
        (1..200).map(|at| format!("c{at} {}", types[at % types.len()])).collect();
    let values = "with recursive n(i) as (values (1) union all select i + 1 from n where i < 200)
        insert into wide (id, c1, c2, c3, c4, c199) select i, 't', i * 0.5, '2021-01-01', i, '1999-01-01' from n;";
    format!("create table wide (id integer primary key, {});\n{values}\n", columns.join(", "))
}

const SQLITE: &str = include_str!("sql/sqlite.sql");
const SQLITE_ONLY: &str = include_str!("sql/sqlite_only.sql");

/// SQLite's own witness: what `.dump` prints, in some order, once the ledger is taken away.
fn sqlite_dump(file: &Path, copy: &Path) -> Vec<String> {
    fs::copy(file, copy).unwrap();
    let names = "select name from sqlite_schema where type = 'table' and name glob 'handover_*'";
    for name in sqlite(copy, names).lines() {
        sqlite(copy, &format!("pragma foreign_keys = off; drop table {name}"));
    }
    let mut lines: Vec<String> = sqlite(copy, ".dump").lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// The source every SQLite route has.
fn sqlite_source() -> String {
    format!("{}{SQLITE}", wide_table())
}

#[test]
fn sqlite_to_sqlite() {
    let handover = Handover::sqlite(&format!("{}{SQLITE_ONLY}", sqlite_source()));
    let report = expect_copied(&handover.copy().args(["--chunk-bytes", "1K"]).go());
    assert!(table(&report, "main.of_text")["chunks"].as_u64().unwrap() > 10);
    let source = sqlite_dump(&handover.source_file(), &handover.beside("s"));
    let target = sqlite_dump(&handover.target_file(), &handover.beside("t"));
    assert!(source.len() > 10_000, "{}", source.len());
    let differing: Vec<_> = source.iter().zip(&target).filter(|(s, t)| s != t).take(5).collect();
    assert!(source == target, "the dumps differ, first: {differing:#?}");

    let (ran, reasons) = commands_give_digests(&handover.verified());
    assert!(ran >= 50, "{ran}");
    // sqlite3 does not print the shortest form of every number.
    for reason in &reasons {
        assert!(reason.contains("sqlite3 does not print"), "{reason}");
    }
    assert!(reasons.len() <= 10, "{reasons:?}");
}

#[test]
fn sqlite_to_postgres() {
    let target = Database::options().odd_settings().create();
    sqlite_into(&target);
    let value = |sql: &str| target.query(&format!("set search_path = public; {sql}"));
    // What comes next is what would have come next at the source.
    assert_eq!(value("insert into counted (t) values ('next') returning id"), "1001");
    assert_eq!(value("insert into \"Số liệu\" (\"%\") values (1) returning \"Mã số\""), "61");
    assert_eq!(value("insert into no_rows (t) values ('first') returning id"), "1");
    assert_eq!(value("insert into defaults (u) values ('c') returning n, t, b, f"), "-1|x|t|1.5");
    let kinds = "select contype, count(*) from pg_constraint c
        join pg_namespace n on n.oid = connamespace and nspname = 'public' group by 1 order by 1";
    assert_eq!(value(kinds), "f|4\np|22\nu|2");
}

#[test]
fn sqlite_to_postgres_in_an_icu_locale() {
    if Server::shared().version() < 150_000 {
        println!("skipped: databases have ICU locales from PostgreSQL 15 on");
        return;
    }
    sqlite_into(&Database::options().collation(Collation::Icu).create());
}

#[track_caller]
fn sqlite_into(target: &Database) {
    let handover = Handover::sqlite_to_postgres(&sqlite_source(), target);
    let report = expect_copied(&handover.copy().args(["--chunk-bytes", "1K"]).go());
    assert!(table(&report, "main.of_text")["chunks"].as_u64().unwrap() > 10);
    let (ran, reasons) = commands_give_digests(&handover.verified());
    assert!(ran >= 40, "{ran} commands");
    assert!(reasons.iter().all(|reason| reason.contains("sqlite3 does not print")), "{reasons:?}");
}

/// Keys are read in UTF-8 order whatever the file's own encoding.
#[test]
fn a_source_in_utf_16() {
    let sql = format!("pragma encoding = 'UTF-16le'; {}", sqlite_source());
    let handover = Handover::sqlite(&sql);
    expect_copied(&handover.copy().args(["--chunk-bytes", "1K"]).go());
    handover.verified();
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(&sql, &target);
    expect_copied(&handover.copy().args(["--chunk-bytes", "1K"]).go());
    handover.verified();
}
