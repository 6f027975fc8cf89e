//! SQLite files as applications make them: odd keys, names and defaults. What the
//! target cannot have is named before anything is made, and everything else is copied.

use std::fs;
use std::thread;
use std::time::Duration;

use handover_testkit::{Database, Run, sqlite};
use serde_json::{Value, json};

use crate::config::write;
use crate::support::{Handover, by_table, expect_copied, json, messages, says, table};

/// Names of the tables of a report.
pub(crate) fn tables(report: &Value) -> Vec<String> {
    by_table(report).into_keys().collect()
}

/// A copy that ends with findings, and what they say.
#[track_caller]
pub(crate) fn found(handover: &Handover) -> (Value, String) {
    let report = json(handover.copy().go().expect(1));
    let said = messages(&report);
    (report, said)
}

/// No rowid, whatever it looks like: its own index keeps it, and NULL is among its values.
const DESCENDING_KEY: &str = "
    create table visit (id integer primary key desc, note text);
    with recursive n(i) as (values (1) union all select i + 1 from n where i < 500)
        insert into visit select case when i % 100 then i end, 'visit ' || i from n;
    create table kept (id integer, note text, primary key (id desc)); insert into kept values (1, 'a');";

#[test]
fn a_descending_integer_key_may_be_null() {
    let target = Database::create();
    let to_postgres = Handover::sqlite_to_postgres(DESCENDING_KEY, &target);
    for handover in [&Handover::sqlite(DESCENDING_KEY), &to_postgres] {
        let report = expect_copied(&handover.copy().args(["--chunk-bytes", "1K"]).go());
        assert_eq!(table(&report, "main.visit")["rows"], 500);
        handover.verified();
    }
    assert_eq!(target.query("select count(*) from public.visit where id is null"), "5");
    // The other one is a rowid, and hands out numbers.
    assert_eq!(target.query("insert into public.kept (note) values ('b') returning id"), "2");
}

/// NULL in a column that was declared NOT NULL afterwards, in the text of the schema.
#[test]
fn no_range_of_keys_loses_null() {
    let sql = "create table t (code text unique, n int);
        with recursive n(i) as (values (1) union all select i + 1 from n where i < 500)
            insert into t select case when i % 100 then 'code ' || i end, i from n;
        pragma writable_schema = on;
        update sqlite_schema set sql = replace(sql, 'code text unique', 'code text not null unique');";
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(sql, &target);
    let (_, said) = found(&handover);
    assert!(
        said.contains("main.t stopped") && said.contains("a NULL in a NOT NULL column"),
        "{said}"
    );
    let report = json(handover.verify().go().expect(1));
    assert_eq!(table(&report, "main.t")["source"]["rows"], 500, "{report:#}");
}

const COLLATED: &str = "
    create table person (code text not null collate nocase primary key, name text unique collate rtrim);
    insert into person values ('abc', 'x'), ('ABD', 'y'), ('Á', null), ('á', null);
    create index person_name on person (name collate nocase);
    create table plain (id integer primary key); insert into plain values (1);";

#[test]
fn keys_that_do_not_tell_case_apart() {
    let handover = Handover::sqlite(COLLATED);
    handover.copied();
    handover.verified();
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(COLLATED, &target);
    let (report, said) = found(&handover);
    assert_eq!(
        said,
        "collation nocase of person.code is not carried over: PostgreSQL tells capital and small \
         letters apart in it; make it by hand\n\
         collation rtrim of person.name is not carried over: PostgreSQL tells texts apart by the \
         blanks at their end; make it by hand"
    );
    assert_eq!(table(&report, "main.person")["read_back"], 1);
    handover.verified();
    // What was unique is unique.
    for value in ["'aBC', 'z'", "'e', 'x  '", "'abc', 'z'"] {
        let insert = format!("insert into public.person values ({value})");
        let refused = Run::program("psql").args(["-X", "-d", &target.url(), "-c", &insert]).go();
        says(refused.expect(1), &["duplicate key value"]);
    }
    target.sql("insert into public.person values ('Ả', 'q'), ('ả', ' q')");
    assert_eq!(
        target.query(
            "select count(*) from pg_index i join pg_class c on c.oid = indrelid
        where relname = 'person'"
        ),
        "4"
    );
}

/// The sqlite3 shell brings the collation `uint`, which SQLite does not have.
const OWN_COLLATION: &str = "
    create table person (code text not null collate uint primary key, name text);
    insert into person values ('10', 'ten'), ('9', 'nine');
    create table ward (code text collate uint primary key, name text) without rowid;
    insert into ward values ('10', 'ten'), ('9', 'nine');
    create table plain (id integer primary key); insert into plain values (1);";

#[test]
fn a_collation_that_only_the_application_has_stops_nothing_else() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(OWN_COLLATION, &target);
    let (report, said) = found(&handover);
    assert_eq!(tables(&report), ["main.person", "main.plain"]);
    assert!(
        said.starts_with(
            "main.ward is not copied: SQLite cannot read it without what only the \
                          application has (no such collation sequence: uint)"
        ),
        "{said}"
    );
    let lost = "collation uint of person.code is not carried over: only the application has it";
    assert!(said.contains(lost), "{said}");
    assert_eq!(target.query("select count(*) from public.person"), "2");
    let report = json(handover.verify().go().expect(2));
    assert_eq!(table(&report, "main.person")["verdict"], "equal", "{report:#}");
    assert_eq!(table(&report, "main.ward")["verdict"], "unverified");
}

/// Between files the statements stay as they are, but for a key in an order that nobody knows.
#[test]
fn what_only_the_application_has_stays_in_the_file() {
    let handover = Handover::sqlite(&format!(
        "{OWN_COLLATION}
         create table checked (id integer primary key, word text collate uint check (sha3(word) is not null),
             digest blob as (sha3(word)) virtual);
         insert into checked (word) values ('9'), ('10');
         create index checked_digest on checked (sha3(word));
         create table stored (word text, digest blob as (sha3(word)) stored);
         insert into stored values ('a');
         create view digests as select sha3(word) as digest from checked;"
    ));
    let (report, said) = found(&handover);
    assert_eq!(tables(&report), ["main.checked", "main.person", "main.plain"]);
    let mut lines: Vec<&str> = said.lines().map(|line| line.split(':').next().unwrap()).collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "checked_digest could not be made",
            "collation uint of main.person is not carried over",
            "main.stored is not copied",
            "main.ward is not copied",
        ],
        "{said}"
    );
    let target = handover.target_file();
    let made = "select group_concat(word || ' ' || (digest = sha3(word))) from checked order by id";
    assert_eq!(sqlite(&target, made), "9 1,10 1");
    assert_eq!(sqlite(&target, "select name from person where code = '10'"), "ten");
    assert_eq!(sqlite(&target, "pragma integrity_check"), "ok");
    let statement = "select sql from sqlite_schema where name = 'checked'";
    assert_eq!(sqlite(&target, statement), sqlite(&handover.source_file(), statement));
    let report = json(handover.verify().go().expect(1));
    for (name, verdict) in [
        ("main.checked", "different"),
        ("main.person", "different"),
        ("main.plain", "equal"),
        ("main.ward", "unverified"),
    ] {
        assert_eq!(table(&report, name)["verdict"], verdict, "{report:#}");
    }
    let said = messages(&report);
    assert!(said.contains("the target lacks the index main.checked_digest"), "{said}");
}

const DEFAULTS: &str = "
    create table t (id integer primary key, at datetime default 0, n int default '', day date default
        '0000-00-00', moment timestamp default 'now', flag boolean default 'maybe', hour time default
        'allballs', code varchar(2) default 'abc', good int default '5', word text default 'now',
        made datetime default (datetime('now')), bytes blob default x'00ff');
    insert into t (id, at, n, day, moment, flag, hour, code) values (1, null, 1, null, null, 1, null, 'a');
    create table other (id integer primary key); insert into other values (1);";

#[test]
fn a_default_that_does_not_fit_is_named_and_not_made() {
    let target = Database::options().odd_settings().create();
    let handover = Handover::sqlite_to_postgres(DEFAULTS, &target);
    let (report, said) = found(&handover);
    let lost: Vec<&str> = said
        .lines()
        .map(|line| line.split(" is not carried over: its value does not fit ").next().unwrap())
        .collect();
    let columns = ["at", "n", "day", "moment", "flag", "hour", "code"];
    assert_eq!(lost, columns.map(|column| format!("default of t.{column}")), "{said}");
    for name in ["main.t", "main.other"] {
        assert_eq!(table(&report, name)["read_back"], 1, "{report:#}");
    }
    handover.verified();
    let made = target.query(
        "set timezone = 'Asia/Ho_Chi_Minh'; insert into public.t (id) values (2)
         returning at, n, day, moment, flag, hour, code, good, word, encode(bytes, 'hex'),
                   abs(extract(epoch from made - (now() at time zone 'UTC'))) < 100",
    );
    assert_eq!(made, "|||||||5|now|00ff|t");
}

/// Rows arrive and are read back although their key fits into no index.
#[test]
fn a_key_that_fits_into_no_index_stops_nothing_else() {
    let columns: Vec<String> = (1..=40).map(|at| format!("c{at} int not null")).collect();
    let names: Vec<String> = (1..=40).map(|at| format!("c{at}")).collect();
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(
        &format!(
            "create table long_key (k text not null primary key, n int);
             insert into long_key values (hex(randomblob(9000)), 1), (hex(randomblob(9000)), 2), ('a', 3);
             create table wide_key ({}, primary key ({}));
             insert into wide_key values ({});
             create table plain (id integer primary key); insert into plain values (1);",
            columns.join(", "),
            names.join(", "),
            names.iter().map(|name| name.trim_start_matches('c')).collect::<Vec<_>>().join(", ")
        ),
        &target,
    );
    for _ in 0..2 {
        let (report, said) = found(&handover);
        for part in [
            "the key long_key_pkey of main.long_key has no index: ",
            "key wide_key_pkey of main.wide_key is not carried over: an index of PostgreSQL's has room \
             for 32 columns",
        ] {
            assert!(said.contains(part), "{part}\n{said}");
        }
        for name in ["main.long_key", "main.plain", "main.wide_key"] {
            let table = table(&report, name);
            assert_eq!(table["read_back"], table["chunks"], "{report:#}");
        }
    }
    let report = json(handover.verify().go().expect(1));
    assert_eq!(table(&report, "main.plain")["verdict"], "equal");
    for name in ["main.long_key", "main.wide_key"] {
        let findings = &table(&report, name)["findings"];
        assert_eq!(findings[0]["kind"], "key_differs", "{findings:#}");
        assert_eq!(findings.as_array().unwrap().len(), 1, "{findings:#}");
    }
}

fn wide(columns: usize) -> String {
    let columns: Vec<String> = (1..columns).map(|at| format!("c{at} int")).collect();
    format!(
        "create table wide (id integer primary key, {}); insert into wide (id) values (1);",
        columns.join(", ")
    )
}

#[test]
fn a_table_that_postgres_cannot_have_stops_nothing_else() {
    let odd = format!(
        "{} create table t (id integer primary key, ctid text, \"\" text); insert into t values (1, 'a', 'b');
         create table \"\" (a int); insert into \"\" values (1);
         create table plain (id integer primary key, \"CTID\" text); insert into plain values (1, 'x');",
        wide(2000)
    );
    let handover = Handover::sqlite(&odd);
    assert_eq!(tables(&handover.copied()), ["main.", "main.plain", "main.t", "main.wide"]);
    handover.verified();

    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(&odd, &target);
    let (report, said) = found(&handover);
    assert_eq!(tables(&report), ["main.plain"]);
    assert_eq!(
        said,
        "main. is not copied: its name is empty; give it another in handover.toml ([[rename]] table \
         = \"main.\", to = …)\n\
         main.t is not copied: the name of its column ctid is that of a column which PostgreSQL adds \
         to every table; the name of its column  is empty; give it another in handover.toml \
         ([[rename]] table = \"main.t\", column = \"ctid\", to = …)\n\
         main.wide is not copied: it has 2000 columns, and a table of PostgreSQL's has room for 1600; \
         split it at the source"
    );
    assert_eq!(handover.status().stage(), "done");

    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(&odd, &target);
    write(
        &handover.dir(),
        "leave_out = [{ table = \"main.wide\", reason = \"too wide\" }]
         rename = [{ table = \"main.\", to = \"nameless\" },
                   { table = \"main.t\", column = \"ctid\", to = \"ct_id\" },
                   { table = \"main.t\", column = \"\", to = \"nameless\" }]",
    );
    handover.copied();
    handover.verified();
    assert_eq!(target.query("select ct_id, nameless from public.t"), "a|b");
    assert_eq!(target.query("select a from public.nameless"), "1");
}

/// A name of 70 bytes: 24 letters would do for one of 64.
const LONG: &str = "Họ và tên người giám hộ của trẻ được tiêm chủng";

fn long_names() -> String {
    assert!(LONG.len() > 63);
    format!(
        "create table \"{LONG}\" (id integer primary key, name text unique);
         with recursive n(i) as (values (1) union all select i + 1 from n where i < 400)
             insert into \"{LONG}\" select i, 'name ' || i from n;
         create index \"{LONG} 1\" on \"{LONG}\" (name, id);
         create table child (id integer primary key, \"{LONG}\" text not null unique,
             \"{LONG} 2\" int references \"{LONG}\" (ID));
         insert into child select id, name, id from \"{LONG}\";"
    )
}

fn rename_rules() -> String {
    let rule = |table: &str, column: &str, to: &str| {
        let column =
            if column.is_empty() { String::new() } else { format!("column = {column:?}\n") };
        format!("[[rename]]\ntable = {table:?}\n{column}to = {to:?}\n")
    };
    format!(
        "{}{}{}",
        rule(&format!("main.{LONG}"), "", "guardian"),
        rule("main.child", LONG, "guardian_name"),
        rule("main.child", &format!("{LONG} 2"), "guardian_id")
    )
}

#[test]
fn names_that_postgres_would_cut_are_named() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(
        &format!(
            "{} create table plain (id integer primary key); insert into plain values (1);",
            long_names()
        ),
        &target,
    );
    let (report, said) = found(&handover);
    assert_eq!(tables(&report), ["main.plain"]);
    for part in [
        format!(
            "main.{LONG} is not copied: its name has {} bytes, and PostgreSQL keeps 63",
            LONG.len()
        ),
        format!("main.child is not copied: the name of its column {LONG} has {} bytes", LONG.len()),
    ] {
        assert!(said.contains(&part), "{part}\n{said}");
    }
    assert_eq!(target.query("select count(*) from pg_class where relname like 'Họ%'"), "0");
}

#[test]
fn names_are_given_in_the_config() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(&long_names(), &target);
    let dir = handover.dir();
    write(&dir, &rename_rules());
    // Killed on the way: the next run writes under the same names.
    let mut run = handover.copy().args(["--chunk-bytes", "1K", "--max-rate", "4K"]).spawn();
    assert!(run.wait_for(|run| run.stderr().contains("] copying ")));
    thread::sleep(Duration::from_millis(500));
    run.kill();
    write(&dir, "");
    let refused = handover.copy().go();
    refused.expect(2);
    says(&refused, &["start anew with an empty target"]);
    write(&dir, &rename_rules().replace("guardian_id", "guardian"));
    let refused = handover.copy().go();
    refused.expect(2);
    says(&refused, &["handover.toml renames main.child or its columns otherwise than the plan"]);
    write(&dir, &rename_rules());
    let renamed = json!([
        { "source": format!("main.{LONG}"), "target": "public.guardian" },
        { "source": format!("main.child.{LONG}"), "target": "public.child.guardian_name" },
        { "source": format!("main.child.{LONG} 2"), "target": "public.child.guardian_id" },
    ]);
    let sorted = |report: &Value| {
        let mut names: Vec<Value> = report["renamed"].as_array().unwrap().clone();
        names.sort_by_key(|name| name["target"].as_str().unwrap().len());
        names
    };
    let expected = sorted(&json!({ "renamed": renamed }));
    for outcome in ["copied", "unchanged"] {
        let report = json(handover.copy().go().expect(0));
        assert_eq!(report["outcome"], outcome);
        assert_eq!(sorted(&report), expected, "{report:#}");
    }
    let verified = handover.verified();
    assert_eq!(sorted(&verified), expected);
    crate::support::commands_give_digests(&verified);
    let joined = "select count(*), min(guardian_name) from public.child join public.guardian g on g.id = guardian_id";
    assert_eq!(target.query(joined), "400|name 1");
    // A change at either end is found under the source's name.
    target.sql("update public.child set guardian_name = 'x' where id = 3");
    let report = json(handover.verify().go().expect(1));
    let finding = &table(&report, "main.child")["findings"][0];
    assert_eq!(finding["kind"], "rows_differ", "{finding:#}");
    sqlite(&handover.source_file(), "update child set id = 1000 where id = 1");
    let report = json(handover.copy().go().expect(1));
    assert_eq!(report["outcome"], "changed");
    // Without the rules nothing is where it should be.
    fs::remove_file(dir.join("handover.toml")).unwrap();
    let report = json(handover.verify().go().expect(1));
    assert!(messages(&report).contains(&format!("the target lacks the table main.{LONG}")));
}

#[test]
fn rules_for_names_that_cannot_hold() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(
        "create table t (a int, b int); create table u (a int);",
        &target,
    );
    let dir = handover.dir();
    let rule = |table: &str, rest: &str| format!("[[rename]]\ntable = \"{table}\"\n{rest}\n");
    for (rules, says_so) in [
        (rule("main.x", "to = \"y\""), "rename \"main.x\": the source has no table main.x"),
        (
            rule("main.t", "column = \"c\"\nto = \"y\""),
            "rename \"main.t.c\": main.t has no column c",
        ),
        (rule("main.t", "to = \"u\""), "two tables would be called u in the target"),
        (rule("main.t", "column = \"a\"\nto = \"b\""), "two columns of main.t would be called b"),
        (rule("main.t", "to = \"\""), "a name in PostgreSQL has 1 to 63 bytes"),
        (rule("public.t", "to = \"v\""), "only tables of a SQLite source are renamed"),
        (rule("main.t", "to = \"v\"").repeat(2), "it stands there twice"),
    ] {
        write(&dir, &rules);
        let refused = handover.copy().go();
        refused.expect(2);
        says(&refused, &[says_so]);
    }
    assert_eq!(target.query("select count(*) from pg_namespace where nspname = 'handover'"), "0");
    let between_files = Handover::sqlite("create table t (a int); insert into t values (1);");
    write(&between_files.dir(), &rule("main.t", "to = \"v\""));
    for run in [between_files.copy(), between_files.verify()] {
        let refused = run.go();
        refused.expect(2);
        says(&refused, &["rename is for a SQLite source and a PostgreSQL target"]);
    }
}

/// Every name that is made up here could be somebody's, or another's that is made up.
#[test]
fn names_that_are_made_up_differ_from_all_others() {
    let long = "mũi_tiêm_của_người_được_tiêm_chủng"; // 45 bytes
    assert!(long.len() < 63 && 2 * long.len() > 63);
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(
        &format!(
            "create table a (id integer primary key, b_c text unique, x int references t (id) references u (id));
             create table a_b (id integer primary key, c text unique);
             create table a_id_seq (id integer primary key, code text not null);
             create unique index a_pkey on a_id_seq (code);
             create index a_x_fkey on a_id_seq (id, code);
             create table t (id integer primary key);
             create table u (id integer primary key);
             create table \"{long}\" (\"{long}\" text not null unique, \"{long} 2\" text unique,
                 \"{long} 3\" text unique, x int, y int references t, \"{long} 4\" int references u);
             insert into t values (1); insert into u values (1);
             insert into a values (1, 'x', 1); insert into a_b values (1, 'x');
             insert into a_id_seq values (1, 'x');
             insert into \"{long}\" values ('a', 'b', 'c', 1, 1, 1);"
        ),
        &target,
    );
    handover.copied();
    handover.verified();
    let constraints = "select contype, count(*) from pg_constraint c
        join pg_namespace n on n.oid = connamespace and nspname = 'public' group by 1 order by 1";
    assert_eq!(target.query(constraints), "f|4\np|5\nu|4");
    assert_eq!(target.query("insert into public.a (b_c) values ('y') returning id"), "2");
}
