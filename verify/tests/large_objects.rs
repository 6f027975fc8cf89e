//! Large objects are counted at both ends, and never called equal.

use handover_schemas::report::Verdict;
use handover_testkit::{Database, sqlite};

use crate::judged::{judge, judge_run, verifier};

const TABLE: &str = "create table public.t (id int primary key); insert into public.t values (1)";

#[test]
fn large_objects_are_no_part_of_what_is_equal() {
    let (source, target) = (Database::create(), Database::create());
    for database in [&source, &target] {
        database.sql(TABLE);
    }
    assert_eq!(judge(&source.url(), &target.url()).report.verdict, Verdict::Equal);
    source.query("select lo_from_bytea(0, 'a scan of a card')");
    let judged = judge(&source.url(), &target.url());
    assert_eq!(judged.brief(), ["-: object_missing large_objects pg_largeobject"]);
    assert_eq!(judged.report.verdict, Verdict::Different);
    let finding = &judged.report.findings[0];
    assert_eq!((finding.source.as_deref(), finding.target.as_deref()), (Some("1"), Some("0")));

    // As many at the target may be other ones.
    target.query("select lo_from_bytea(0, 'another scan')");
    let judged = judge(&source.url(), &target.url());
    assert_eq!(judged.brief(), ["-: object_not_compared large_objects pg_largeobject"]);
    assert_eq!(judged.report.verdict, Verdict::Unverified);
    target.query("select lo_from_bytea(0, 'one more')");
    let judged = judge(&source.url(), &target.url());
    assert_eq!(judged.brief(), ["-: object_extra large_objects pg_largeobject"]);
}

#[test]
fn a_file_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    sqlite(&file, "create table t (id int primary key not null); insert into t values (1)");
    let target = Database::create();
    target.sql(TABLE);
    let url = format!("sqlite:{}", file.display());
    assert!(judge(&url, &target.url()).brief().iter().all(|line| !line.contains("large")));
    target.query("select lo_from_bytea(0, 'a scan')");
    let found = judge(&url, &target.url()).brief();
    assert!(
        found.contains(&"-: object_extra large_objects pg_largeobject".to_owned()),
        "{found:?}"
    );
}

/// Who may not count them does not take them for none.
#[test]
fn what_cannot_be_counted_is_not_none() {
    let (source, target) = (Database::create(), Database::create());
    for database in [&source, &target] {
        database.sql(TABLE);
    }
    let role = source.role("auditor", "x");
    source.sql("revoke select on pg_largeobject_metadata from public");
    let judged =
        judge_run(verifier(&source.url_as(&role), &target.url()).env("PGPASSWORD", &role.password));
    assert_eq!(judged.report.verdict, Verdict::Unverified);
    assert!(judged.report.findings[0].message.contains("cannot be counted at the source"));
}
