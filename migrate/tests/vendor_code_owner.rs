//! Code of the vendor's runs as a role that owns the platform's objects and nothing else: it cannot write the ledger.

use std::sync::OnceLock;

use handover_testkit::{Cluster, Database, Outcome, Role};

use crate::support::{Handover, expect_copied, says};

const PASSWORD: &str = "pw";

/// A platform whose function, in the target, tries to delete what the ledger says of its first table.
struct Desk {
    source: Database,
    target: Database,
    owner: String,
    account: Role,
    handover: Handover,
}

impl Desk {
    fn new(platform: &str) -> Self {
        Self::on(Database::create(), Database::create(), platform)
    }

    fn on(source: Database, target: Database, platform: &str) -> Self {
        source.sql(platform);
        let (owner, account) = target.owner_and_account(PASSWORD);
        let handover = Handover::between(&source.url(), &target.url_as(&account));
        Self { source, target, owner, account, handover }
    }

    fn copy(&self) -> Outcome {
        self.handover.copy_as(&self.owner).env("PGPASSWORD", PASSWORD).go()
    }

    fn entries(&self) -> String {
        self.target.query("select count(*) from handover.chunk where table_no = 1")
    }
}

/// `harm` writes the ledger, where there is one: as it is, after `RESET ROLE`, and by every word for it.
const HARM: &str = "
    create function attempt(before text) returns void language plpgsql as $$ begin
      execute before;
      delete from handover.chunk where table_no = 1;
    exception when others then
      raise log 'harm: %', sqlerrm;
    end $$;
    create function harm() returns void language plpgsql as $$ begin
      if exists (select from pg_namespace where nspname = 'handover') then
        perform public.attempt('select 1');
        perform public.attempt('reset role');
        perform public.attempt('set role none');
        perform public.attempt('set session authorization default');
        perform public.attempt($q$select set_config('role', 'none', false)$q$);
        perform public.attempt('reset session authorization');
        perform public.attempt(
          'create or replace function pg_temp.handover_make(text) returns void language sql as $q$ $q$');
      end if; end $$;
    create function tidy(name text) returns text immutable language plpgsql as $$ begin
      perform public.harm(); return trim(name); end $$;
    create function is_name(name text) returns bool immutable language plpgsql as $$ begin
      perform public.harm(); return true; end $$;
    create table a_first (id int primary key);
    insert into a_first values (1);";

/// Where a function runs while structure is made.
const IN_STRUCTURE: [(&str, &str); 3] = [
    (
        "an index",
        "create table t (id int primary key, name text); create index on t (tidy(name));
         insert into t values (1, 'a')",
    ),
    (
        "a materialised view",
        "create table t (id int primary key, name text); insert into t values (1, 'a');
         create materialized view m as select tidy(name) as name from t",
    ),
    (
        "a constraint",
        "create table t (id int primary key, name text); insert into t values (1, 'a');
         create function is_row(r t) returns bool immutable language plpgsql as $$ begin
           perform public.harm(); return true; end $$;
         alter table t add constraint c check (is_row(t))",
    ),
];

#[test]
fn no_function_in_structure_reaches_the_ledger() {
    for (place, sql) in IN_STRUCTURE {
        let desk = Desk::new(&format!("{HARM}{sql}"));
        expect_copied(&desk.copy());
        assert_eq!(desk.entries(), "1", "{place}");
        desk.handover.verify().env("PGPASSWORD", PASSWORD).go().expect(0);
    }
}

#[test]
fn the_platform_belongs_to_the_role_and_the_ledger_to_the_account() {
    let desk = Desk::new(
        "create schema s; create type s.mood as enum ('a'); create domain s.d as int;
         create table s.t (id serial primary key, m s.mood, d s.d); create view s.v as select * from s.t;
         create materialized view s.m as select * from s.t with no data; create index on s.t (m);
         create function s.f() returns trigger language plpgsql as $$ begin return new; end $$;
         create trigger tr before insert on s.t for each row execute function s.f();
         insert into s.t (m) values ('a'); comment on table s.t is 'x'",
    );
    expect_copied(&desk.copy());
    let owners = |condition: &str| {
        desk.target.query(&format!(
            "select distinct pg_get_userbyid(owner) from (select nspname as schema, nspowner as owner from pg_namespace
             union all select n.nspname, relowner from pg_class c join pg_namespace n on n.oid = relnamespace
             union all select n.nspname, proowner from pg_proc p join pg_namespace n on n.oid = pronamespace
             union all select n.nspname, typowner from pg_type t join pg_namespace n on n.oid = typnamespace) o
             where schema {condition}"
        ))
    };
    assert_eq!(owners("= 's'"), desk.owner);
    assert_eq!(owners("= 'handover'"), desk.account.name);
    desk.handover.verify().env("PGPASSWORD", PASSWORD).go().expect(0);
    let _kept = &desk.source;
}

/// Where a function runs while rows are copied. The last one's work is put off until the rows are committed.
const WITH_ROWS: [(&str, &str); 4] = [
    ("a check", "create table t (id int primary key, name text check (touch(name)))"),
    (
        "a generated column",
        "create table t (id int primary key, name text, g bool generated always as (touch(name)) stored)",
    ),
    (
        "a domain",
        "create domain named as text check (touch(value)); create table t (id int primary key, name named)",
    ),
    (
        "a trigger that is put off",
        "create schema later; create function put_off(name text) returns bool language plpgsql as $$ begin
           if exists (select from pg_namespace where nspname = 'handover') then
             create table if not exists later.queue (name text);
             create or replace function later.fire() returns trigger language plpgsql as
               'begin perform public.touch(''a''); return new; end';
             if not exists (select from pg_trigger where tgname = 'later') then
               create constraint trigger later after insert on later.queue deferrable initially deferred
                 for each row execute function later.fire();
             end if;
             insert into later.queue values (name);
           end if; return true; end $$;
         create table t (id int primary key, name text check (put_off(name)))",
    ),
];

/// A function that writes a step into the ledger, where there is one, once it did something else.
fn touch(before: &str) -> String {
    format!(
        "create function write() returns void language plpgsql as $f$ begin
           if exists (select from pg_namespace where nspname = 'handover') then
             begin
               execute $q${before}$q$;
               insert into handover.step (name) values ('x') on conflict do nothing;
             exception when insufficient_privilege then null; end;
           end if; end $f$;
         create function touch(name text) returns bool immutable language plpgsql as $f$ begin
           perform public.write(); return true; end $f$;
         create table a_first (id int primary key); insert into a_first values (1);"
    )
}

#[test]
fn no_function_beside_rows_reaches_the_ledger_unless_it_takes_the_role_back() {
    for (place, table) in WITH_ROWS {
        let rows = "insert into t values (1, 'a')";
        let desk = Desk::new(&format!("{}{table};{rows}", touch("select 1")));
        let copied = desk.copy();
        let step = desk.target.query("select count(*) from handover.step where name = 'x'");
        assert_eq!(step, "0", "{place}");
        // Of the last one, the trigger and its table are not the source's.
        if place == WITH_ROWS[3].0 {
            assert_ne!(desk.target.query("select count(*) from later.queue"), "0");
        } else {
            expect_copied(&copied);
        }
    }
}

#[test]
fn what_a_function_does_to_the_ledger_beside_rows_is_found() {
    for (place, table) in WITH_ROWS {
        for before in ["reset role", "select set_config('role', 'none', true)"] {
            let rows = "insert into t values (1, 'a')";
            let desk = Desk::new(&format!("{}{table};{rows}", touch(before)));
            let outcome = desk.copy();
            assert_eq!(outcome.code, Some(2), "{place} after {before}: {outcome:?}");
            says(
                &outcome,
                &["code of the vendor's changed the ledger (its steps)", "vendor-code.sql"],
            );
            // What was found once is not the beginning of the next run.
            says(
                desk.copy().expect(2),
                &["an earlier run found that code of the vendor's had changed the ledger"],
            );
        }
    }
}

/// A function that opens the ledger to its role, for later.
#[test]
fn rights_on_the_ledger_that_a_function_gives_are_found() {
    let grant = "reset role; do $d$ begin execute format('grant usage on schema handover to %I',
        (select tableowner from pg_tables where tablename = 'a_first')); end $d$";
    let desk = Desk::new(&format!(
        "{}{}; insert into t values (1, 'a')",
        touch(grant)
            .replace("insert into handover.step (name) values ('x') on conflict do nothing;", ""),
        WITH_ROWS[0].1
    ));
    says(desk.copy().expect(2), &["changed the ledger (rights or triggers)"]);
}

/// A function that runs while structure is made sets what other texts are read by.
#[test]
fn what_a_function_sets_does_not_reach_what_follows() {
    let desk = Desk::new(
        "create function sets(value int) returns bool language sql as 'select true';
         create domain number as int check (sets(value));
         create function plus(number, int) returns number immutable language sql as $$ select $1 $$;
         create aggregate total(int) (sfunc = plus, stype = number, initcond = '0');
         create table a_first (id int primary key, name text default 'a\\'); insert into a_first values (1);
         comment on table a_first is 'ends in \\'; comment on column a_first.id is $c$it's \\'; select 1; --$c$;
         create or replace function sets(value int) returns bool language plpgsql as $f$ begin
           set standard_conforming_strings = off; set search_path = public; set row_security = on;
           set check_function_bodies = on; return true; end $f$;",
    );
    expect_copied(&desk.copy());
    let comment = "select obj_description('a_first'::regclass)";
    assert_eq!(desk.target.query(comment), desk.source.query(comment));
    desk.handover.verify().env("PGPASSWORD", PASSWORD).go().expect(0);
    // It is code that runs during the copy, whoever makes what.
    let (other, unread) = (Database::create(), "of the vendor's code would run in the target");
    let handover = Handover::postgres(&desk.source, &other);
    says(handover.copy_without_code().go().expect(2), &[unread, "vendor-code.sql"]);
}

/// The expression that calls a cast does not name its function.
#[test]
fn a_cast_is_code_that_runs_with_rows() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create type kind as enum ('a', 'b');
         create function in_words(kind) returns text immutable language sql as $$ select 'kind' $$;
         create cast (kind as text) with function in_words(kind) as implicit;
         create table t (id int primary key, k kind, words int generated always as (octet_length(k::text)) stored);
         insert into t values (1, 'a')",
    );
    let handover = Handover::postgres(&source, &target);
    says(
        handover.copy_without_code().go().expect(2),
        &["of the vendor's code would run in the target", "vendor-code.sql"],
    );
}

/// Whoever else writes the ledger meanwhile could not be told from that code.
#[test]
fn nobody_else_writes_the_ledger_beside_such_code() {
    let desk = Desk::new(&format!(
        "{}{}; insert into t select i, 'a' from generate_series(1, 3000) i",
        touch("select 1"),
        WITH_ROWS[0].1
    ));
    let evidence = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    std::fs::write(evidence.path(), "id,result\n1,ok\n").unwrap();
    let load = || {
        handover_testkit::Run::new("handover-migrate")
            .args(["evidence", "--target", &desk.target.url(), "--name", "x", "--file"])
            .arg(evidence.path())
            .go()
    };
    let slow = ["--chunk-bytes", "4K", "--max-rate", "8K"];
    let copy = desk.handover.copy_as(&desk.owner).args(slow).env("PGPASSWORD", PASSWORD);
    let mut copy = copy.spawn();
    let has_rows = "select count(*) from pg_class where relname = 'chunk'";
    assert!(copy.wait_for(|_run| desk.target.query(has_rows) == "1"
        && desk.target.query("select count(*) from handover.chunk where state <> 'planned'")
            != "0"));
    says(load().expect(2), &["a copy is under way", "run the same command again then"]);
    expect_copied(&copy.wait());
    load().expect(0);
}

/// With the account's own rights, as somebody chose by name: told, recorded and found.
#[test]
fn the_account_s_own_rights_are_chosen_by_name() {
    let desk = Desk::new(&format!(
        "{}{}; insert into t values (1, 'a')",
        touch("select 1"),
        WITH_ROWS[0].1
    ));
    let outcome = desk.handover.copy_as("account").env("PGPASSWORD", PASSWORD).go();
    says(
        outcome.expect(2),
        &["with the rights of the target's account", "changed the ledger (its steps)"],
    );
    let recorded = "select count(*) from handover.step where name = 'vendor_code_as_account'";
    assert_eq!(desk.target.query(recorded), "1");
}

/// Each has to be put right before anything is made, by the SQL that is said.
#[test]
fn a_role_that_could_reach_more_is_refused() {
    for (change, said) in [
        ("alter role {owner} login", "ALTER ROLE \"{owner}\" NOLOGIN;"),
        ("alter role {owner} createrole", "ALTER ROLE \"{owner}\" NOCREATEROLE;"),
        ("alter role {owner} bypassrls", "ALTER ROLE \"{owner}\" NOBYPASSRLS;"),
        ("alter role {owner} superuser", "ALTER ROLE \"{owner}\" NOSUPERUSER;"),
        ("grant pg_write_all_data to {owner}", "REVOKE \"pg_write_all_data\" FROM \"{owner}\";"),
        (
            "revoke {owner} from {account}; grant {account} to {owner}",
            "GRANT \"{owner}\" TO \"{account}\";",
        ),
        (
            "revoke create on database {database} from {owner}",
            "GRANT CREATE ON DATABASE \"{database}\"",
        ),
        ("revoke create on schema public from {owner}", "GRANT USAGE, CREATE ON SCHEMA \"public\""),
        (
            "alter database {database} owner to {owner}",
            "ALTER DATABASE \"{database}\" OWNER TO \"{account}\"",
        ),
        (
            "alter default privileges for role {account} grant usage on schemas to {owner}",
            "ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS",
        ),
    ] {
        let desk = Desk::new("create table t (id int primary key); insert into t values (1)");
        let named = |text: &str| {
            let (owner, account) = (&desk.owner, &desk.account.name);
            text.replace("{owner}", owner)
                .replace("{account}", account)
                .replace("{database}", desk.target.name())
        };
        let said = named(said);
        desk.target.sql(&named(change));
        let outcome = desk.copy();
        says(outcome.expect(2), &[&said, "made nothing in the target"]);
        let made = "select count(*) from pg_class where relnamespace >= 16384";
        assert_eq!(desk.target.query(made), "0", "{change}");
        desk.target.sql(&named("alter database {database} owner to postgres"));
    }
    let desk = Desk::new("create table t (id int primary key)");
    let unknown = desk.handover.copy_as("nobody_of_this_name").env("PGPASSWORD", PASSWORD).go();
    says(unknown.expect(2), &["CREATE ROLE \"nobody_of_this_name\" NOLOGIN; GRANT"]);
}

#[test]
fn a_resumed_copy_goes_on_as_the_same_role() {
    let desk = Desk::new(&format!(
        "{HARM}{}; create table many (id int primary key, name text);
         create index on many (tidy(name)); insert into many select i, 'a' from generate_series(1, 2000) i",
        IN_STRUCTURE[0].1
    ));
    let copy = |run: handover_testkit::Run| run.env("PGPASSWORD", PASSWORD);
    let mut first = copy(desk.handover.copy_as(&desk.owner).args(["--chunk-bytes", "1K"])).spawn();
    let begun = "select count(*) from pg_class where relname = 'chunk'";
    assert!(first.wait_for(|_run| desk.target.query(begun) == "1"));
    first.kill();
    let other = copy(desk.handover.copy_as("account")).go();
    says(other.expect(2), &[&format!("give --owner {}", desk.owner)]);
    // The role is known from the first run.
    let again = desk.handover.copy_without_code().args(["--vendor-code", "unread"]);
    expect_copied(&copy(again).go());
    assert_ne!(desk.entries(), "0");
    let made = format!(
        "select count(*) from pg_tables where schemaname = 'public' and tableowner <> '{}'",
        desk.owner
    );
    assert_eq!(desk.target.query(&made), "0");
}

fn server(version: u32) -> &'static Cluster {
    static OLD: OnceLock<Cluster> = OnceLock::new();
    static NEW: OnceLock<Cluster> = OnceLock::new();
    let place = if version == 14 { &OLD } else { &NEW };
    place.get_or_init(|| Cluster::start_version(version))
}

#[test]
fn servers_of_other_versions_hold_functions_as_well() {
    for version in [14, 18] {
        for (place, sql) in IN_STRUCTURE {
            let target = Database::options().create_on(server(version).server());
            let desk = Desk::on(Database::create(), target, &format!("{HARM}{sql}"));
            expect_copied(&desk.copy());
            assert_eq!(desk.entries(), "1", "{place} of {version}");
        }
    }
}

#[test]
fn code_without_a_role_of_its_own_does_not_run() {
    let desk = Desk::new(&format!("{HARM}{}", IN_STRUCTURE[0].1));
    let copy = desk.handover.copy_without_code().args(["--vendor-code", "unread"]);
    let outcome = copy.env("PGPASSWORD", PASSWORD).go();
    says(outcome.expect(2), &["--owner ROLE", "CREATE ROLE", "--owner account"]);
    let nothing = desk.target.query("select count(*) from pg_class where relnamespace >= 16384");
    assert_eq!(nothing, "0");
}
