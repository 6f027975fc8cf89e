//! One object that the target refuses is named; everything else is made.

use handover_testkit::{Cluster, Database, Run};
use serde_json::Value;

use crate::support::{Handover, expect_copied, json, messages, table};

/// Everything that is said of a copy that is finished but for what is named.
#[track_caller]
fn copied_but(handover: &Handover, named: &[&str]) -> Value {
    let mut first = None;
    for _ in 0..2 {
        let report = json(handover.copy().env("PGPASSWORD", "pw").go().expect(1));
        assert_eq!(report["outcome"], "incomplete", "{report:#}");
        let said = messages(&report);
        for part in named {
            assert!(said.contains(part), "not said: {part}\n{said}");
        }
        assert_eq!(said.lines().count(), named.len(), "{said}");
        first.get_or_insert(report);
    }
    // The ledger knows it too.
    let status = json(handover.ask_status().env("PGPASSWORD", "pw").go().expect(0));
    let refused = status["refused"].as_array().cloned().unwrap_or_default();
    let known = |finding: &Value| named.iter().any(|part| says_part(finding, part));
    assert!(refused.iter().all(known), "{refused:#?}");
    let by_target = named.iter().filter(|part| part.contains("could not be made")).count();
    assert_eq!(refused.len(), by_target, "{refused:#?}");
    first.unwrap()
}

/// Whether a finding's message says this. A table's own line begins with the table's name.
fn says_part(finding: &Value, part: &str) -> bool {
    let part = part.split_once(" stopped: ").map_or(part, |(_, part)| part);
    finding["message"].as_str().unwrap().contains(part)
}

/// A target as the runbook has it prepared: a plain account that owns its database, and an
/// administrator who installed the extensions.
#[test]
fn a_plain_owner_makes_what_he_may() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create schema care; create extension hstore;
         create table t (id int primary key, h hstore, n int);
         insert into t select i, hstore('a', i::text), i from generate_series(1, 40) i;
         create index on t (n);
         comment on schema care is 'Chăm sóc';
         create table care.visit (id int primary key, t int references t);
         insert into care.visit values (1, 1);
         create function quick(int) returns int leakproof immutable language sql as 'select $1';
         create view over_t as select id, h -> 'a' as a from t;
         create function stop() returns event_trigger language plpgsql
             as 'begin raise exception ''no changes''; end';
         create event trigger guard on sql_drop execute function stop();
         comment on event trigger guard is 'x';",
    );
    target.sql("create schema care; create extension hstore;");
    let role = target.role("owner", "pw");
    target.sql(&format!(
        "alter database {} owner to \"{1}\"; alter schema public owner to \"{1}\";
         alter schema care owner to \"{1}\"",
        target.name(),
        role.name
    ));
    let handover = Handover::between(&source.url(), &target.url_as(&role));
    let report = copied_but(
        &handover,
        &[
            "FUNCTION public.quick(integer) could not be made: only superuser can define a \
             leakproof function",
            "EVENT TRIGGER guard could not be made: permission denied",
            "COMMENT ON EVENT TRIGGER guard could not be made: it needs EVENT TRIGGER guard, which \
             could not be made",
        ],
    );
    assert_eq!(table(&report, "public.t")["read_back"], 1);
    assert_eq!(target.query("select stage from handover.ledger"), "done");
    assert_eq!(target.query("select a from over_t where id = 7"), "7");
    let made = "select count(*) from pg_constraint where connamespace <> 11
        and conrelid <> 0 and connamespace::regnamespace::text <> 'handover'";
    assert_eq!(target.query(made), source.query(made));

    // What an administrator makes by hand is no longer said.
    target.sql("create event trigger guard on sql_drop execute function stop()");
    let report = json(handover.copy().env("PGPASSWORD", "pw").go().expect(1));
    let said = messages(&report);
    assert!(said.contains("public.quick"), "{said}");
    assert!(!said.lines().any(|line| line.starts_with("EVENT TRIGGER")), "{said}");
}

/// Nothing is left of a target in which no table can be made.
#[test]
fn an_account_that_may_make_no_table() {
    let (source, target) = (Database::create(), Database::create());
    source.sql("create table a (i int); create table b (i int);");
    let role = target.role("owner", "pw");
    target.sql(&format!(
        "grant create on database {} to \"{}\"; revoke create on schema public from public",
        target.name(),
        role.name
    ));
    let handover = Handover::between(&source.url(), &target.url_as(&role));
    let outcome = handover.copy().env("PGPASSWORD", "pw").go();
    crate::support::says(
        outcome.expect(2),
        &["cannot make the source's tables in the target; nothing was kept", "permission denied"],
    );
    assert_eq!(target.query("select count(*) from pg_namespace where nspname = 'handover'"), "0");
}

/// All kinds of things that hang on a table which the account may not read.
#[test]
fn what_needs_a_table_that_is_not_copied() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table secret (id int primary key, phone text);
         create table child (ward text) inherits (secret);
         create table of_rows (id int primary key, at_home secret, n int);
         create table other (id int primary key, n int references of_rows);
         create table plain (id int primary key, note text unique);
         create index of_rows_n on of_rows (n);
         insert into plain select i, 'note ' || i from generate_series(1, 30) i;
         insert into other select i from generate_series(1, 30) i;
         create function body() returns bigint language sql begin atomic
             select count(*) from secret; end;
         create function takes(secret) returns text language sql as 'select $1.phone';
         comment on function takes(secret) is 'x';
         create view over_secret as select * from secret; comment on view over_secret is 'x';
         create view over_body as select body() as n;
         create function later(int) returns int immutable language sql as 'select $1 + 1';
         create index plain_later on plain (later(id));
         create table parts (id int, year int, primary key (id, year)) partition by range (year);
         create table parts_21 partition of parts for values from (2021) to (2022);
         create table parts_22 partition of parts for values from (2022) to (2023);
         insert into parts values (1, 2021);",
    );
    let role = source.role("reader", "pw");
    source.sql(&format!("revoke select on secret, parts_21 from \"{}\"", role.name));
    let handover = Handover::between(&source.url_as(&role), &target.url());
    let report = copied_but(
        &handover,
        &[
            "public.secret is not copied: the account may not read it",
            "public.parts is not copied: the account may not read its partition public.parts_21",
            "view public.over_secret is not carried over",
            // Its name is not told: a value could be looked for in the same way.
            "public.child stopped: TABLE public.child could not be made: a table or view is not there",
            "public.of_rows stopped: TABLE public.of_rows could not be made: type \
             \"public.secret\" does not exist",
            "FUNCTION public.body() could not be made: relation \"public.secret\" does not exist",
            "FUNCTION public.takes(public.secret) could not be made: type public.secret does not exist",
            "COMMENT ON FUNCTION takes(public.secret) of public could not be made: it needs",
            "VIEW public.over_body could not be made: it needs FUNCTION public.body()",
            "KEY public.of_rows of_rows_pkey could not be made: it needs TABLE public.of_rows",
            "INDEX public.of_rows_n could not be made: it needs TABLE public.of_rows",
            "FK CONSTRAINT public.other other_n_fkey could not be made: it needs",
        ],
    );
    for (name, rows) in [("public.plain", 30), ("public.other", 30)] {
        let table = table(&report, name);
        assert_eq!((&table["rows"], &table["read_back"]), (&rows.into(), &1.into()), "{name}");
    }
    assert_eq!(handover.status().stage(), "structure");
    assert_eq!(
        target.query("select count(*) from pg_index where indrelid = 'plain'::regclass"),
        "3"
    );
    // What could not be compared is not equal.
    let verified = handover.verify().env("PGPASSWORD", "pw").go();
    assert_ne!(json(&verified)["verdict"], "equal");
}

/// What was refused is made by the same command as soon as the target allows it.
#[test]
fn what_was_refused_is_made_later() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create extension pg_trgm; create table a (id int primary key, t text);
         insert into a select i, i::text from generate_series(1, 20) i;
         create index a_t on a using gin (t gin_trgm_ops);
         create table b (id int primary key, t text default show_trgm('a')::text);
         insert into b select i from generate_series(1, 20) i;
         create table c (id int references b);",
    );
    let role = target.role("owner", "pw");
    target.sql(&format!(
        "alter database {} owner to \"{1}\"; alter schema public owner to \"{1}\"",
        target.name(),
        role.name
    ));
    // An extension of the name is there, in which everything is missing.
    target.sql("create schema ext; create extension pg_trgm schema ext");
    let handover = Handover::between(&source.url(), &target.url_as(&role));
    let copy = || handover.copy().env("PGPASSWORD", "pw").go();
    let report = json(copy().expect(1));
    let said = messages(&report);
    for part in ["public.b stopped: TABLE public.b could not be made", "INDEX public.a_t could not"]
    {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(table(&report, "public.a")["read_back"], 1);
    assert_eq!(table(&report, "public.b")["copied"], 0);
    target.sql("alter extension pg_trgm set schema public");
    expect_copied(&copy());
    handover.verify().env("PGPASSWORD", "pw").go().expect(0);
    assert_eq!(target.query("select count(*) from b"), "20");
}

/// What an older server cannot even parse does not keep the rest from being made.
#[test]
fn a_target_older_than_the_source() {
    let (source, cluster) = (Database::create(), Cluster::start_version(14));
    source.sql(
        "create table t (id int primary key, n int); insert into t select i, i from
             generate_series(1, 30) i;
         create unique index t_n on t (n) nulls not distinct; create index t_both on t (n, id);
         create function merge(int) returns void language sql begin atomic
             merge into t using (select $1 as n) s on s.n = t.id when matched then do nothing; end;
         comment on function merge(int) is 'x';
         create view careful with (security_invoker = on) as select id from t;
         create view plain as select id from t;",
    );
    let handover = Handover::between(&source.url(), &cluster.database_url("postgres"));
    copied_but(
        &handover,
        &[
            "FUNCTION public.merge(integer) could not be made: syntax error at or near",
            "COMMENT ON FUNCTION merge(integer) of public could not be made: it needs",
            "VIEW public.careful could not be made: ",
            "INDEX public.t_n could not be made: syntax error at or near",
        ],
    );
    let target = |sql: &str| cluster.server().query("postgres", sql);
    assert_eq!(target("select count(*) from plain"), "30");
    assert_eq!(target("select count(*) from pg_indexes where tablename = 't'"), "2");
    let outcome = handover.copy().go();
    crate::support::says(&outcome, &["target 14 is older than source 15"]);
}

#[test]
fn a_tablespace_that_the_target_lacks() {
    let (cluster, target) = (Cluster::start(), Database::create());
    cluster.server().sql(
        "postgres",
        "set allow_in_place_tablespaces = on; create tablespace fast location '';
         set allow_in_place_tablespaces = on; create tablespace \"Ổ nhanh\" location '';
         create table a (id int primary key, t text) tablespace fast;
         create table b (id int primary key, t text);
         create index b_t on b (t) tablespace \"Ổ nhanh\";
         create table c (id int) partition by list (id) tablespace fast;
         create table c_1 partition of c for values in (1);
         insert into a select i, i::text from generate_series(1, 20) i; insert into c values (1);",
    );
    let handover = Handover::between(&cluster.database_url("postgres"), &target.url());
    let report = copied_but(
        &handover,
        &["tablespace \"Ổ nhanh\" is not in the target", "tablespace fast is not in the target"],
    );
    assert_eq!(table(&report, "public.a")["rows"], 20);
    assert_eq!(handover.status().stage(), "done");
    assert_eq!(target.query("select count(*) from pg_indexes where tablename in ('a', 'b')"), "3");
}

/// Event triggers act on what is made after them, and materialised views on each other.
#[test]
fn event_triggers_and_materialised_views_in_any_order() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table t (id int primary key); insert into t select generate_series(1, 9);
         create view v as select id from t;
         create materialized view older as select count(*) as n from v with no data;
         create materialized view newer as select id from t where id > 3;
         create or replace view v as select id from newer;
         refresh materialized view older; create unique index on older (n);
         create function stop() returns event_trigger language plpgsql
             as 'begin raise exception ''not on a working day''; end';
         create event trigger calm on ddl_command_end execute function stop();",
    );
    let handover = Handover::postgres(&source, &target);
    handover.copied();
    assert_eq!(target.query("select n from older"), "6");
    assert_eq!(target.query("select count(*) from pg_event_trigger"), "1");
    source.sql("drop event trigger calm");
    target.sql("drop event trigger calm");
}

/// Names, comments and bodies that look like the marks between entries, or like psql's commands.
#[test]
fn texts_that_look_like_commands() {
    let (source, target) = (Database::create(), Database::create());
    let folder = tempfile::tempdir().unwrap();
    let proof = folder.path().join("proof");
    let evil = format!(
        "x\n--\n-- TOC entry 3 (class 1259 OID 3)\n-- Name: y; Type: TABLE; Schema: z; Owner: -\n\
         --\n\nDROP TABLE plain;\n\\! touch {}\n\\unrestrict x\nSET default_tablespace = nowhere;\n",
        proof.display()
    );
    source.sql(&format!(
        "create table plain (id int primary key); insert into plain values (1);
         do $do$ declare evil text := $e${evil}$e$; begin
             execute format(
                 'create table %1$I (id int primary key, %1$I text default %2$L check (%1$I <> %2$L))',
                 left(evil, 60), evil);
         end $do$;"
    ));
    source.sql(&format!(
        "comment on table plain is $e${evil}$e$;
         create function f() returns text language plpgsql as $body$ begin /*
{evil}
*/ return 1; end $body$;
         create function g() returns text language sql begin atomic select $e${evil}$e$::text; end;
         create view v as select $e${evil}$e$::text as t;
         create index i on plain ((id::text || $e${evil}$e$));
         create function h() returns trigger language plpgsql as 'begin return new; end';
         create trigger tr before insert on plain for each row execute function h($e${evil}$e$);"
    ));
    let handover = Handover::postgres(&source, &target);
    handover.copied();
    handover.verified();
    for query in [
        "select string_agg(obj_description(oid, 'pg_class'), '') from pg_class where relname = 'plain'",
        "select string_agg(prosrc || coalesce(pg_get_functiondef(oid), ''), '|' order by proname)
             from pg_proc where pronamespace = 'public'::regnamespace",
        "select t from v",
        "select tgargs::text from pg_trigger where tgname = 'tr'",
    ] {
        assert_eq!(source.query(query), target.query(query));
    }
    assert!(!proof.exists());
    // The files in the folder are for people, who may give them to psql.
    for file in ["pre-data.sql", "post-data.sql"] {
        let path = handover.dir().join("schema").join(file);
        let scratch = Database::create();
        let url = scratch.url();
        Run::program("psql").args(["-X", "-q", "-d", &url, "-f"]).arg(&path).go();
        assert!(!proof.exists(), "{file}");
    }
}

/// A run that is killed knows afterwards what was refused, and does not ask the source again.
#[test]
fn a_resumed_run_keeps_to_the_archive() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table t (id int primary key, n int);
         insert into t select i, i from generate_series(1, 5000) i;
         create function slow(i int) returns int immutable language plpgsql as
            $$ begin perform pg_sleep(0.002); return i; end $$;
         create index slow_index on t (slow(n)); create index after_it on t (n);",
    );
    let handover = Handover::postgres(&source, &target);
    let mut run = handover.copy().spawn();
    assert!(run.wait_for(|run| run.stderr().contains("other objects to make")));
    run.kill();
    source.sql("create table late (id int); drop table late; create view late as select 1");
    // What came to the source since is told all the same.
    let report = json(handover.copy().go().expect(1));
    let compared = report["compared"]["findings"].as_array().unwrap();
    assert_eq!(compared.len(), 1, "{report:#}");
    assert_eq!(compared[0]["object"], "public.late");
    assert_eq!(target.query("select count(*) from pg_class where relname = 'late'"), "0");
    assert_eq!(target.query("select count(*) from pg_class where relname = 'after_it'"), "1");
}

/// Whoever waits sees every few seconds that the work goes on.
#[test]
fn a_line_every_few_seconds() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!(
        "create table t (id int primary key); insert into t select generate_series(1, 60);
         create function slow(i int) returns int immutable language plpgsql as $$ begin
             if current_database() <> '{}' then perform pg_sleep(0.2); end if; return i; end $$;
         create index slow_index on t (slow(id));",
        source.name()
    ));
    let handover = Handover::postgres(&source, &target);
    let outcome = handover.copy().go();
    expect_copied(&outcome);
    assert!(outcome.stderr.contains("other objects to make: "), "{}", outcome.stderr);
}
