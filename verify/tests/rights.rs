//! Accounts that may read, that may not read everything, and that would see some rows only.

use handover_schemas::report::Verdict;
use handover_testkit::{Database, Role, sqlite};

use crate::judged::{Judged, judge_run, verifier};
use crate::mutation::Seed;

const TABLES: &str = "
    create table public.t (id int primary key, note text);
    insert into public.t values (1, 'a'), (2, 'b');
    create table public.u (id serial primary key);
    insert into public.u values (1);";

/// Compares as an account, its password given as an auditor would.
#[track_caller]
fn judge_as(role: &Role, source: &str, target: &str) -> Judged {
    judge_run(verifier(source, target).env("PGPASSWORD", &role.password))
}

/// A source, and a target with an account that may read everything but the sequence.
fn ends() -> (Database, Database, Role) {
    let (source, target) = (Database::create(), Database::create());
    source.sql(TABLES);
    target.sql(TABLES);
    let role = target.role("reader", "it's secret");
    (source, target, role)
}

#[test]
fn an_account_that_may_only_select_finds_everything_equal() {
    let seed = Seed::of_everything();
    let target = seed.target();
    // What an auditor needs: SELECT on every table and sequence.
    let role = target.role("auditor", "x");
    target.sql(&format!(
        "grant select on all sequences in schema public to \"{}\"; alter table secrets
         disable row level security; drop policy own_rows on secrets",
        role.name
    ));
    let source = Seed::of_everything().target();
    source.sql("alter table secrets disable row level security; drop policy own_rows on secrets");
    let judged = judge_as(&role, &source.url(), &target.url_as(&role));
    assert_eq!(judged.brief(), [""; 0]);
    assert_eq!(judged.report.verdict, Verdict::Equal);
    let not_checked = judged.report.not_checked.join("\n");
    assert!(!not_checked.contains("may not read"), "{not_checked}");
}

#[test]
fn a_table_that_may_not_be_read_is_named_and_nothing_is_equal() {
    let (source, target, role) = ends();
    target.sql(&format!("revoke all on t from \"{}\"", role.name));
    for (from, to) in [
        (source.url(), target.url_as(&role)),
        (target.url_as(&role), source.url()),
        (target.url_as(&role), target.url_as(&role)),
    ] {
        let judged = judge_as(&role, &from, &to);
        assert_eq!(judged.report.verdict, Verdict::Unverified);
        let brief = judged.brief();
        assert!(
            !brief.is_empty() && brief.iter().all(|line| line == "public.t: table_unreadable"),
            "{brief:?}"
        );
        let table = judged.table("public.t");
        assert!(table.findings[0].message.contains("ask for SELECT"), "{table:?}");
        assert!(judged.table("public.u").verdict == Verdict::Equal);
    }
}

#[test]
fn a_table_that_the_other_engine_has_and_may_not_be_read_is_not_called_missing() {
    let (_, target, role) = ends();
    target.sql(&format!(
        "revoke all on t from \"{}\"; alter table u alter id type bigint",
        role.name
    ));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.db");
    sqlite(
        &file,
        "create table t (id integer primary key, note text); insert into t values (1, 'a');
         create table u (id integer primary key); insert into u values (1)",
    );
    let url = format!("sqlite:{}", file.display());
    let judged = judge_as(&role, &url, &target.url_as(&role));
    assert_eq!(judged.brief(), ["main.t: table_unreadable"]);
    assert_eq!(judged.report.verdict, Verdict::Unverified);
    assert_eq!(judged.report.tables.len(), 2);
    let judged = judge_as(&role, &target.url_as(&role), &url);
    assert_eq!(judged.report.tables.len(), 2);
    assert_eq!(judged.report.verdict, Verdict::Unverified);
}

#[test]
fn a_schema_that_may_not_be_used_is_a_table_that_may_not_be_read() {
    let (source, target, _) = ends();
    for database in [&source, &target] {
        database.sql(
            "create schema closed; create table closed.t (id int primary key);
                      insert into closed.t values (1)",
        );
    }
    let role = target.role("other", "x");
    target.sql(&format!("revoke all on schema closed from \"{}\"", role.name));
    let judged = judge_as(&role, &source.url(), &target.url_as(&role));
    assert_eq!(judged.brief(), ["closed.t: table_unreadable"]);
    assert_eq!(judged.report.verdict, Verdict::Unverified);
}

#[test]
fn a_sequence_that_may_not_be_read_is_listed() {
    let (source, target, role) = ends();
    let judged = judge_as(&role, &source.url(), &target.url_as(&role));
    assert_eq!(judged.brief(), [""; 0]);
    let listed = "target: sequence_value public.u_id_seq, which the account may not read";
    assert!(
        judged.report.not_checked.iter().any(|what| what == listed),
        "{:?}",
        judged.report.not_checked
    );
}

#[test]
fn a_policy_that_would_hide_rows_is_not_silently_equal() {
    let (source, target, role) = ends();
    target.sql(
        "alter table public.t enable row level security;
         create policy few on public.t using (id < 3); insert into public.t values (3, 'hidden')",
    );
    source.sql(
        "alter table public.t enable row level security;
         create policy few on public.t using (id < 3)",
    );
    let judged = judge_as(&role, &source.url(), &target.url_as(&role));
    assert_eq!(judged.brief(), ["public.t: table_unreadable"]);
    assert_eq!(judged.report.verdict, Verdict::Unverified);
    let message = &judged.table("public.t").findings[0].message;
    assert!(message.contains("row-level security"), "{message}");
    assert_eq!(judged.table("public.u").verdict, Verdict::Equal);
}

#[test]
fn columns_that_may_be_read_do_not_make_a_table_that_may() {
    let (source, target, role) = ends();
    let name = &role.name;
    target.sql(&format!("revoke all on t from \"{name}\"; grant select (id) on t to \"{name}\""));
    let judged = judge_as(&role, &source.url(), &target.url_as(&role));
    assert_eq!(judged.brief(), ["public.t: table_unreadable"]);
}

#[test]
fn a_partition_of_which_the_parent_may_be_read() {
    let (source, target, _) = ends();
    for database in [&source, &target] {
        database.sql(
            "create table public.p (id int primary key) partition by range (id);
             create table public.p_low partition of public.p for values from (0) to (10);
             insert into public.p values (1), (2)",
        );
    }
    let role = target.role("other", "x");
    target.sql(&format!("revoke all on p_low from \"{}\"", role.name));
    // PostgreSQL asks for rights on the table that is named in the query.
    assert_eq!(judge_as(&role, &source.url(), &target.url_as(&role)).brief(), [""; 0]);
}
