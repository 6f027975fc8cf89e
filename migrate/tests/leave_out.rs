//! Tables that `handover.toml` leaves out: on every route, and in everything that is said.

use std::fs;
use std::path::Path;

use handover_testkit::{Database, sqlite};
use serde_json::json;

use crate::config::{PLATFORM, copy, is_refused, says_at_end, verify, with_config, write};
use crate::support::{Handover, by_table, expect_copied, json, messages, says};

/// Left out: a table with everything that can hang on one.
const OUTBOX: &str = "
    create table outbox (id integer primary key, phone text unique);
    create index outbox_phone on outbox (phone, id);
    insert into outbox values (1, '0900000001');";

const LEAVE_OUT: &str = "[[leave_out]]\ntable = \"SCHEMA.outbox\"\nreason = \"sent long ago\"\n";

fn leave_out(schema: &str) -> String {
    LEAVE_OUT.replace("SCHEMA", schema)
}

/// The whole life of a hand-over that leaves a table out: no finding anywhere, said everywhere.
#[track_caller]
fn leaves_out(handover: &Handover, schema: &str) {
    let dir = handover.dir();
    write(&dir, &leave_out(schema));
    let table = format!("{schema}.outbox");
    let expected = json!([{ "table": table, "reason": "sent long ago" }]);
    for outcome in ["copied", "unchanged"] {
        let report = json(handover.copy().go().expect(0));
        assert_eq!((&report["outcome"], messages(&report).as_str()), (&json!(outcome), ""));
        assert_eq!(report["left_out"], expected, "{report:#}");
        let tables: Vec<String> = by_table(&report).into_keys().collect();
        assert_eq!(tables, [format!("{schema}.doses"), format!("{schema}.facilities")]);
    }
    assert_eq!(
        handover.status().0["left_out"],
        json!([{ "table": table, "reason": "sent long ago", "by": "config" }])
    );
    let report = handover.verified();
    assert_eq!(report["left_out"], expected);
    assert!(!by_table(&report).contains_key(&table), "{report:#}");

    // Without the config the table is missing.
    fs::remove_file(dir.join("handover.toml")).unwrap();
    let report = json(handover.verify().go().expect(1));
    assert!(
        messages(&report).contains(&format!("the target lacks the table {table}")),
        "{report:#}"
    );
}

#[test]
fn a_table_is_left_out_between_files() {
    let handover = Handover::sqlite(&format!(
        "{PLATFORM} {OUTBOX}
         create trigger outbox_sent after insert on outbox begin select 1; end;"
    ));
    leaves_out(&handover, "main");
    let kept = sqlite(
        &handover.target_file(),
        "select name from sqlite_master where name like 'outbox%' or tbl_name like 'outbox%'",
    );
    assert_eq!(kept, "");
}

#[test]
fn a_table_is_left_out_between_servers() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!(
        "{PLATFORM} {OUTBOX}
         create function sent() returns trigger language plpgsql as 'begin return new; end';
         create trigger outbox_sent before insert on outbox for each row execute function sent();
         alter table outbox add column number serial, add column other int generated always as identity,
             add column facility int references facilities (id), add check (id > 0);
         comment on table outbox is 'x'; comment on column outbox.phone is 'y';
         create rule outbox_rule as on delete to outbox do also select 1;
         create statistics outbox_statistics on id, phone from outbox;"
    ));
    let handover = Handover::postgres(&source, &target);
    leaves_out(&handover, "public");
    assert_eq!(
        target.query(
            "select relname from pg_class where relname like 'outbox%'
             and relnamespace = 'public'::regnamespace"
        ),
        ""
    );
}

#[test]
fn a_table_is_left_out_from_a_file_into_a_server() {
    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(
        &format!(
            "{PLATFORM} {OUTBOX}
             create trigger outbox_sent after insert on outbox begin select 1; end;"
        ),
        &target,
    );
    leaves_out(&handover, "main");
}

#[test]
fn a_partitioned_table_is_left_out_with_its_partitions() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!(
        "{PLATFORM} create table outbox (id int, year int, primary key (id, year))
             partition by range (year);
         create table outbox_21 partition of outbox for values from (2021) to (2022);
         create table outbox_22 partition of outbox for values from (2022) to (2023)
             partition by range (id);
         create table outbox_22_1 partition of outbox_22 for values from (0) to (9);
         create index on outbox (year); alter table outbox_21 add check (id > 0);
         insert into outbox values (1, 2021), (2, 2022);"
    ));
    leaves_out(&Handover::postgres(&source, &target), "public");
}

#[test]
fn a_table_that_may_not_be_read_can_be_left_out() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!("{PLATFORM} {OUTBOX} alter table outbox add column number serial"));
    let role = source.role("reader", "pw");
    source.sql(&format!(
        "revoke select on outbox from \"{0}\"; revoke all on outbox_number_seq from \"{0}\"",
        role.name
    ));
    let handover = Handover::between(&source.url_as(&role), &target.url());
    write(&handover.dir(), &leave_out("public"));
    let report = expect_copied(&handover.copy().env("PGPASSWORD", "pw").go());
    assert_eq!(report["left_out"][0]["table"], "public.outbox");
    let report = json(handover.verify().env("PGPASSWORD", "pw").go().expect(0));
    assert_eq!(report["left_out"][0]["reason"], "sent long ago");
}

/// A sequence that another table takes its numbers from stays, and stands where it stood.
#[test]
fn a_shared_sequence_stays() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!(
        "{PLATFORM} create table outbox (id serial primary key);
         create table inbox (id int primary key default nextval('outbox_id_seq'));
         insert into inbox select from generate_series(1, 7);"
    ));
    let handover = Handover::postgres(&source, &target);
    write(&handover.dir(), &leave_out("public"));
    handover.copied();
    assert_eq!(target.query("insert into inbox default values returning id"), "8");
}

#[test]
fn foreign_keys_and_views_that_need_the_table_are_findings() {
    let pointing = "alter table doses add constraint doses_outbox_fkey foreign key (id)
        references outbox (id) not valid; create view sent as select phone from outbox;";
    let (source, target) = (Database::create(), Database::create());
    source.sql(&format!("{PLATFORM} {OUTBOX} {pointing}"));
    let handover = Handover::postgres(&source, &target);
    write(&handover.dir(), &leave_out("public"));
    let said = "view public.sent is not carried over: it depends on a table that is not copied; \
         make it by hand\n\
         foreign key public.doses.doses_outbox_fkey is not carried over: it references \
         public.outbox, which is not copied; make it by hand";
    for _ in 0..2 {
        let report = json(handover.copy().go().expect(1));
        assert_eq!(messages(&report), said);
        assert_eq!(handover.status().stage(), "done");
    }
    // The verifier names the view; the foreign key it only tells.
    let report = json(handover.verify().go().expect(1));
    assert_eq!(messages(&report), "the target lacks the view public.sent");
    let told = "foreign key public.doses.doses_outbox_fkey, which the target lacks because \
                public.outbox is left out";
    assert!(report["not_checked"].as_array().unwrap().contains(&json!(told)), "{report:#}");
}

#[test]
fn foreign_keys_of_files_that_need_the_table_are_findings() {
    let sql = format!(
        "{PLATFORM} {OUTBOX} create table replies (id integer primary key,
             outbox integer references Outbox (id)); insert into replies values (1, 1);"
    );
    let handover = Handover::sqlite(&sql);
    write(&handover.dir(), &leave_out("main"));
    let report = json(handover.copy().go().expect(1));
    assert_eq!(
        messages(&report),
        "foreign key (outbox) of main.replies references main.Outbox, which is not copied: SQLite \
         refuses to change rows of main.replies while foreign keys are enforced; make main.Outbox \
         by hand, or take the foreign key out of the table"
    );
    handover.verified();

    let target = Database::create();
    let handover = Handover::sqlite_to_postgres(&sql, &target);
    write(&handover.dir(), &leave_out("main"));
    let report = json(handover.copy().go().expect(1));
    assert_eq!(
        messages(&report),
        "foreign key main.replies.replies_outbox_fkey is not carried over: it references \
         main.outbox, which is not copied; make it by hand"
    );
    assert_eq!(handover.status().stage(), "done");
    handover.verified();
}

#[test]
fn a_plan_keeps_to_what_it_leaves_out() {
    let handover = Handover::sqlite(&format!("{PLATFORM} {OUTBOX}"));
    let dir = handover.dir();
    let copy = || handover.copy().arg("--quiet").go();
    write(&dir, &leave_out("main").replace("outbox", "out_box"));
    let unknown = "handover.toml: leave_out \"main.out_box\": the source has no such table; a \
                   table is named schema.name, as the source has it (a partition goes with its \
                   table)";
    is_refused(&copy(), &dir, unknown);
    sqlite(&handover.target_file(), "create table none (a); drop table none");
    let says_no_table = handover.verify().arg("--quiet").go();
    says(
        says_no_table.expect(2),
        &["the source has no table main.out_box, which is to be left out"],
    );

    write(&dir, &leave_out("main"));
    expect_copied(&copy());
    write(&dir, "");
    is_refused(
        &copy(),
        &dir,
        "the plan leaves out main.outbox (sent long ago), and handover.toml does not; put it back \
         into leave_out, or start anew with an empty target",
    );
    write(&dir, &format!("{}{}", leave_out("main"), leave_out("main").replace("outbox", "doses")));
    is_refused(
        &copy(),
        &dir,
        "handover.toml leaves out main.doses, and the plan does not; take it out of leave_out \
         again, or start anew with an empty target",
    );
    // Another wording of the reason is no other plan.
    write(&dir, &leave_out("main").replace("sent long ago", "was sent"));
    let report = json(copy().expect(0));
    assert_eq!(report["left_out"][0]["reason"], "sent long ago");
}

#[test]
fn what_people_read_about_a_table_that_is_left_out() {
    let handover = Handover::sqlite(&format!("{PLATFORM} {OUTBOX}"));
    let dir = handover.dir();
    let url = |file: &Path| format!("sqlite:{}", file.display());
    write(
        &dir,
        &format!(
            "[source]\nurl = {:?}\n[target]\nurl = {:?}\n{}",
            url(&handover.source_file()),
            url(&handover.target_file()),
            leave_out("main")
        ),
    );
    let copied = copy(&dir).go();
    assert_eq!(
        copied.expect(0).stdout.lines().skip(2).collect::<Vec<_>>(),
        [
            "left out: main.outbox: sent long ago",
            "compared as handover-verify tables does, but for rows, which were read back when they \
             were copied: equal",
            "copied: 2 tables, 5 rows, every row read back from the target with the digest it had \
             at the source",
        ]
    );
    let status = with_config("handover-migrate", "status", &dir).go();
    says_at_end(&status, "\nleft out: main.outbox: sent long ago\n");
    says_at_end(
        &verify(&dir).go(),
        "left out: main.outbox: sent long ago\n\
         not checked: the text encoding\n\
         verdict: equal (2 tables equal, 0 different, 0 unverified, 1 left out)\n",
    );
}
