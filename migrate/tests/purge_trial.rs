//! A deletion is tried before anybody signs it: what would stop it stops it there, and what it
//! reaches beside its list is signed.

use std::fs;

use handover_schemas::signing::dsse::Envelope;
use handover_testkit::Server;
use serde_json::Value;

use crate::purge_broken::{
    CERTIFY, ENGINES, EXECUTE, edit_file, holds, ledger_count, refused, verify,
};
use crate::purge_made::{Engine, PASSPHRASE, PurgeMade, Until};
use crate::support::says;

const BACKUP: [&str; 3] = ["backup", "--identity", "escrow.age"];

/// Lets a trigger of a table act.
fn allow(made: &PurgeMade, table: &str, trigger: &str) {
    let schema = if made.engine() == Engine::Postgres { "public" } else { "main" };
    edit_file(
        &made.dir().join("handover.toml"),
        "follow = [",
        &format!("allow_triggers = [\"{schema}.{table}.{trigger}\"]\nfollow = ["),
    );
}

/// What a signed statement of the first purge says.
fn statement(made: &PurgeMade, name: &str) -> Value {
    let text = fs::read(made.statement(name)).unwrap();
    serde_json::from_slice(Envelope::parse(&text).unwrap().body()).unwrap()
}

/// The function of the audit trigger names its table without schema, and uses the settings of its
/// database and of the account. What it writes is in what approvers sign, and in the certificate.
#[test]
fn an_audit_trigger_under_the_settings_of_its_database() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Made);
        match engine {
            Engine::Postgres => {
                let database = made.sql("select current_database()");
                made.sql(&format!(
                    "create schema vendor;
                     create table vendor.audit_log (id bigserial, was jsonb, at text, setting text);
                     create function vendor.remember() returns trigger language plpgsql as $$
                       begin
                         insert into audit_log (was, at, setting) values (to_jsonb(old),
                           '2021-08-01 20:00:00+00'::timestamptz::text, current_setting('app.unit'));
                         return old;
                       end $$;
                     create trigger remember before delete on doses
                       for each row execute function vendor.remember();
                     alter database \"{database}\" set search_path = vendor, public;
                     alter database \"{database}\" set timezone = 'Asia/Ho_Chi_Minh';
                     alter database \"{database}\" set datestyle = 'SQL, DMY';
                     alter database \"{database}\" set app.unit = 'HN';"
                ));
            }
            Engine::Sqlite => {
                made.sql(
                    "create table audit_log (id integer primary key, was text, at text);
                     create trigger remember after delete on doses begin
                       insert into audit_log (was, at) values (old.given_on, old.number);
                     end;",
                );
            }
        }
        allow(&made, "doses", "remember");
        made.go_on(Until::BackedUp);
        let log = if engine == Engine::Postgres { "vendor.audit_log" } else { "audit_log" };
        assert_eq!(made.count(log, "1 = 1"), 0, "the trial left something behind");
        let show = made.purge(&["approve", "--show"]).go();
        let shown = &show.expect(0).stdout;
        for said in [
            "triggers that act: remember",
            "MAY KEEP COPIES: triggers write to",
            "audit_log (2 rows come",
        ] {
            assert!(shown.contains(said), "{said}\n{shown}");
        }
        made.go_on(Until::Certified);
        assert_eq!(made.count(log, "1 = 1"), 10);
        if engine == Engine::Postgres {
            let written = made.sql("select distinct at, setting from vendor.audit_log");
            assert_eq!(written, "02/08/2021 03:00:00 +07|HN");
        }
        for name in ["approval-1.dsse.json", "certificate.dsse.json"] {
            let reach = &statement(&made, name)["predicate"]["binding"]["reach"];
            let writes = &reach["tables"][1]["writes"][0];
            assert_eq!(writes["table"]["name"], "audit_log", "{reach}");
            assert_eq!(writes["inserted"], "2", "{reach}");
        }
        holds(&made);
    }
}

/// Triggers that keep rows, or write them again, are named before anybody signs; and when one changed
/// its mind after that, before the approval is used.
#[test]
fn a_soft_delete_is_refused_before_it_is_approved() {
    for engine in ENGINES {
        let (keeps, writes_again, lets_go): (&str, &str, &str) = match engine {
            Engine::Postgres => (
                "create or replace function keep() returns trigger language plpgsql as \
                   'begin update doses set vaccine = ''gone'' where number = old.number; return null; end';
                 create trigger \"Giữ lại\" before delete on doses for each row execute function keep()",
                "drop trigger \"Giữ lại\" on doses;
                 create or replace function keep() returns trigger language plpgsql as
                   'begin insert into doses overriding system value values (old.*); return null; end';
                 create trigger \"Giữ lại\" after delete on doses for each row execute function keep()",
                "create or replace function keep() returns trigger language plpgsql as
                   'begin return old; end'",
            ),
            Engine::Sqlite => (
                "create trigger \"Giữ lại\" before delete on doses begin select raise(ignore); end",
                "drop trigger \"Giữ lại\";
                 create trigger \"Giữ lại\" after delete on doses begin
                   insert into doses values (old.number, old.subject, old.given_on, old.vaccine, old.volume);
                 end",
                "drop trigger \"Giữ lại\";
                 create trigger \"Giữ lại\" after delete on doses begin select 1; end",
            ),
        };
        let made = PurgeMade::until(engine, Until::Made);
        made.sql(keeps);
        allow(&made, "doses", "Giữ lại");
        made.go_on(Until::Selected);
        let said = ["rows of", "doses cannot be deleted", "its triggers (Giữ lại) hold them back"];
        refused(&made, &BACKUP, &said);
        made.sql(writes_again);
        refused(&made, &BACKUP, &said);
        assert_eq!(ledger_count(&made, "purge", "state = 'selected'"), 1);
        made.sql(lets_go);
        made.go_on(Until::Approved);
        made.sql(writes_again);
        refused(&made, &EXECUTE, &said);
        assert_eq!(ledger_count(&made, "purge_authority", "1 = 1"), 0);
        verify(&made).go().expect(0);
        made.sql(lets_go);
        made.go_on(Until::Certified);
        holds(&made);
    }
}

/// Triggers that take rows which are in no archive, or change rows of the purge.
#[test]
fn triggers_that_reach_too_far() {
    for engine in ENGINES {
        let trigger = |act: &str| match engine {
            Engine::Postgres => format!(
                "create or replace function act() returns trigger language plpgsql as
                   $$begin {act}; return null; end$$;
                 drop trigger if exists act on cards;
                 create trigger act after delete on cards for each row execute function act()"
            ),
            Engine::Sqlite => format!(
                "drop trigger if exists act;
                 create trigger act after delete on cards begin {act}; end"
            ),
        };
        let made = PurgeMade::until(engine, Until::Made);
        made.sql(
            "create table visits (id integer primary key, card text);
             insert into visits values (1, 'QR-1-a'), (2, 'QR-2-a');",
        );
        allow(&made, "cards", "act");
        made.sql(&trigger("update subjects set phone = 'x' where number = 2"));
        made.go_on(Until::Selected);
        refused(
            &made,
            &BACKUP,
            &["its triggers (act) write to", "subjects", "a table of the purge"],
        );
        for act in ["delete from visits where card = old.code", "delete from visits"] {
            made.sql(&trigger(act));
            refused(
                &made,
                &BACKUP,
                &["its triggers (act) delete", "visits, which are in no archive"],
            );
        }
        made.sql(&trigger("update visits set card = null where card = old.code"));
        made.go_on(Until::Approved);
        let approval = statement(&made, "approval.dsse.json");
        let tables = &approval["predicate"]["binding"]["reach"]["tables"];
        assert_eq!(tables[2]["writes"][0]["updated"], "1", "{tables}");
        // Another table than the approvers were shown.
        made.sql("create table others (card text)");
        made.sql(&trigger("insert into others values (old.code)"));
        refused(&made, &EXECUTE, &["what the approvers were not shown", "others"]);
        assert_eq!(ledger_count(&made, "purge_authority", "1 = 1"), 0);
        made.purge(&["try"]).go().expect(0);
        refused(&made, &EXECUTE, &["the approval is not about this purge"]);
        made.go_on_from(Until::BackedUp, Until::Certified);
        assert_eq!(made.count("others", "1 = 1"), 10);
        holds(&made);
    }
}

/// Copies that the catalog knows of.
#[test]
fn materialised_views_and_large_objects_are_named() {
    let made = PurgeMade::until(Engine::Postgres, Until::Made);
    made.sql(
        "create view known as select name from subjects;
         create materialized view report as select count(*) from known;
         create materialized view unrelated as select count(*) from places;
         create domain lo as oid;
         alter table cards add column scan lo;
         select lo_from_bytea(0, 'scan');",
    );
    made.go_on(Until::BackedUp);
    let show = made.purge(&["approve", "--show"]).go();
    let shown = &show.expect(0).stdout;
    assert!(shown.contains("materialised view public.report\n"), "{shown}");
    assert!(shown.contains("this column names: public.cards.scan\n"), "{shown}");
    assert!(!shown.contains("unrelated"), "{shown}");
    made.go_on(Until::Approved);
    made.sql("create materialized view late as select * from subjects");
    refused(&made, &EXECUTE, &["the materialised view public.late"]);
    made.sql("drop materialized view late");
    made.go_on(Until::Certified);
    holds(&made);
}

/// An account that may read the platform and keep the ledger, and delete nothing: told before anybody
/// signs, if the trial is made with its rights, and else before the approval is used.
#[test]
fn an_operator_who_may_not_delete() {
    let made = PurgeMade::until(Engine::Postgres, Until::BackedUp);
    let name = format!("clerk_{}", std::process::id());
    made.sql(&format!(
        "create role {name} login password 'pw';
         grant usage on schema public, handover to {name};
         grant select on all tables in schema public to {name};
         grant all on all tables in schema handover to {name};"
    ));
    let database: String = made.sql("select current_database()");
    let url = Server::shared().url_as(&name, &database);
    let before = made.everything();
    let run = |command: &[&str]| {
        let run = made.purge(command).args(["--target", &url]).env("PGPASSWORD", "pw");
        run.env("HANDOVER_PASSPHRASE", PASSPHRASE).go()
    };
    let lacks = [
        "cannot carry out this deletion",
        "DELETE on \"public\".\"doses\"",
        "UPDATE on \"public\".\"subjects\"",
    ];
    says(run(&["try"]).expect(2), &lacks);
    made.go_on(Until::Approved);
    says(run(&EXECUTE).expect(2), &lacks);
    assert!(made.everything() == before);
    assert_eq!(ledger_count(&made, "purge_authority", "true"), 0);
    verify(&made).go().expect(0);
    made.sql(&format!("grant select, update, delete on subjects, doses, cards to {name}"));
    says(run(&["try"]).expect(0), &[]);
    let show = made.purge(&["approve", "--show"]).go();
    assert!(show.expect(0).stdout.contains(&format!("({name})")), "{}", show.stdout);
    made.go_on_from(Until::BackedUp, Until::Approved);
    run(&EXECUTE).expect(0);
    made.purge(&CERTIFY).go().expect(0);
    holds(&made);
    made.sql(&format!("drop owned by {name}; drop role {name}"));
}
