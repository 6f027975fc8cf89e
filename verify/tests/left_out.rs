//! `--leave-out`: a table that is not compared is told apart from the others.

use handover_schemas::report::{FindingKind, LeftOut, Verdict};
use handover_testkit::{Database, sqlite};

use crate::judged::{judge, judge_with, verifier};

const KEPT: &str = "create table kept (id integer primary key); insert into kept values (1), (2);";
const LEFT: &str =
    "create table \"Left\" (id integer primary key, kept integer references kept (id),
        note text unique);
    create index left_note on \"Left\" (note, id);
    insert into \"Left\" values (1, 2, 'a');";

fn left(table: &str) -> Vec<LeftOut> {
    vec![LeftOut { table: table.to_owned(), reason: "left out by --leave-out".to_owned() }]
}

#[test]
fn a_table_that_the_target_lacks() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!(
        "{KEPT} {LEFT} create table child (id integer primary key,
            parent integer references \"Left\" (id)); insert into child values (1, 1)"
    ));
    target.sql(&format!(
        "{KEPT} create table child (id integer primary key, parent integer);
         insert into child values (1, 1)"
    ));
    // Asked to, it passes over the table and what belongs to it.
    let judged = judge_with(&source.url(), &target.url(), &["--leave-out", "public.Left"]);
    assert_eq!(judged.report.verdict, Verdict::Equal, "{}", judged.outcome.stdout);
    assert_eq!(judged.report.left_out, left("public.Left"));
    assert_eq!(judged.report.tables.len(), 2);
    let told = "foreign key public.child.child_parent_fkey, which the target lacks because \
                public.Left is left out";
    assert!(judged.report.not_checked.iter().any(|what| what == told), "{}", judged.outcome.stdout);

    // Not asked to, it misses them.
    let judged = judge(&source.url(), &target.url());
    assert_eq!(judged.report.verdict, Verdict::Different);
    assert_eq!(judged.report.left_out, []);
    let missing = &judged.table("public.Left").findings;
    assert_eq!(missing[0].kind, FindingKind::TableMissing);
    assert_eq!(judged.table("public.child").findings.len(), 1);
}

/// It does not hide what differs elsewhere, and what the target has of the table does not count.
#[test]
fn what_differs_elsewhere_still_counts() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!("{KEPT} {LEFT}"));
    target.sql(&format!(
        "{KEPT} {LEFT} delete from \"Left\"; drop index left_note;
         alter table \"Left\" add column more integer"
    ));
    let leave_out = ["--leave-out", "public.Left"];
    assert_eq!(judge_with(&source.url(), &target.url(), &leave_out).brief(), [""; 0]);
    target.sql("delete from kept where id = 2; create index extra on kept (id)");
    let judged = judge_with(&source.url(), &target.url(), &leave_out);
    assert_eq!(
        judged.brief(),
        ["public.kept: rows_missing 1 [2]", "public.kept: object_extra index public.extra"]
    );
}

/// Nothing that was not compared is called equal.
#[test]
fn leaving_out_everything_compares_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.db");
    sqlite(&file, KEPT);
    let url = format!("sqlite:{}", file.display());
    let judged = judge_with(&url, &url, &["--leave-out", "main.kept"]);
    assert_eq!(judged.report.verdict, Verdict::Unverified);
    assert_eq!(judged.report.left_out, left("main.kept"));
}

#[test]
fn a_table_that_is_not_there_cannot_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("a.db"), folder.path().join("b.db"));
    sqlite(&source, KEPT);
    sqlite(&target, &format!("{KEPT} {LEFT}"));
    let url = |file: &std::path::Path| format!("sqlite:{}", file.display());
    let outcome = verifier(&url(&source), &url(&target)).args(["--leave-out", "main.Left"]).go();
    assert_eq!(
        outcome.expect(2).stderr,
        "error: the source has no table main.Left, which is to be left out; a table is named \
         schema.name, as the source has it\n"
    );
}
