//! Nothing compared is not "equal".

use handover_schemas::ledger::POSTGRES_DDL;
use handover_schemas::report::Verdict;
use handover_testkit::{Database, sqlite};

use crate::judged::judge;

#[test]
fn no_tables() {
    let database = Database::create();
    let other = Database::create();
    let judged = judge(&database.url(), &other.url());
    assert_eq!(judged.brief(), ["-: nothing_compared"]);
    assert_eq!(judged.report.verdict, Verdict::Unverified);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    sqlite(&file, "pragma user_version = 1");
    let url = format!("sqlite:{}", file.display());
    assert_eq!(judge(&url, &url).brief(), ["-: nothing_compared"]);
    assert_eq!(judge(&url, &database.url()).brief(), ["-: nothing_compared"]);
    // The ledger's tables are no tables of the platform.
    database.sql(POSTGRES_DDL);
    assert_eq!(judge(&url, &database.url()).brief(), ["-: nothing_compared"]);
}

#[test]
fn no_rows() {
    let (source, target) = (Database::create(), Database::create());
    for database in [&source, &target] {
        database.sql("create table public.t (id int primary key); create table public.u ()");
    }
    let judged = judge(&source.url(), &target.url());
    assert_eq!(judged.brief(), ["-: nothing_compared"]);
    assert_eq!(judged.report.verdict, Verdict::Unverified);
    // One row somewhere is something; where there are none, there are none at both ends.
    for database in [&source, &target] {
        database.sql("insert into public.u default values");
    }
    assert_eq!(judge(&source.url(), &target.url()).report.verdict, Verdict::Equal);
}

#[test]
fn all_rows_lost() {
    let (source, target) = (Database::create(), Database::create());
    for database in [&source, &target] {
        database.sql("create table public.t (id int primary key)");
    }
    source.sql("insert into public.t select generate_series(1, 100)");
    let judged = judge(&source.url(), &target.url());
    assert_eq!(judged.report.verdict, Verdict::Different);
    let finding = &judged.table("public.t").findings[0];
    assert_eq!(finding.count, Some(100));
    // The first keys only; all of them are in the file.
    assert_eq!(finding.keys.as_ref().unwrap().len(), 20);
    assert_eq!(judged.keys_in_file("public.t", finding).len(), 100);
}
