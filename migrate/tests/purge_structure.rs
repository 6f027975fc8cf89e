//! Tables, keys, triggers and rights that are not what a rule took them for.

use std::fs;

use handover_testkit::Run;

use crate::full::SmallDisk;
use crate::package_made::keys;
use crate::purge_broken::{
    ENGINES, EXECUTE, copy_folder, edit_file, finds, holds, ledger_count, refused, verify,
};
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::says;

const BACKUP: [&str; 3] = ["backup", "--identity", "escrow.age"];

/// What somebody adds to the platform, how it is taken away, and what is said of it.
struct Addition {
    engine: Option<Engine>,
    add: &'static str,
    take: &'static str,
    said: &'static str,
}

const fn everywhere(add: &'static str, take: &'static str, said: &'static str) -> Addition {
    Addition { engine: None, add, take, said }
}

const fn only(
    engine: Engine,
    add: &'static str,
    take: &'static str,
    said: &'static str,
) -> Addition {
    Addition { engine: Some(engine), add, take, said }
}

const ADDITIONS: [Addition; 9] = [
    everywhere(
        "create table notes (id bigint primary key, subject bigint references subjects (number))",
        "drop table notes",
        "its rows would keep those that are selected",
    ),
    everywhere(
        "create table notes (id bigint primary key,
             dose bigint references doses (number) on delete cascade)",
        "drop table notes",
        "its rows would be deleted with those that are selected",
    ),
    everywhere(
        "create table notes (id bigint primary key,
             card text references cards (code) on delete set null)",
        "drop table notes",
        "its rows would be changed when those selected are deleted",
    ),
    only(
        Engine::Postgres,
        "alter table subjects add column guardian bigint references subjects",
        "alter table subjects drop column guardian",
        "refers to itself",
    ),
    only(
        Engine::Postgres,
        "create function keep() returns trigger language plpgsql as 'begin return null; end';
         create trigger \"Giữ lại\" before delete on doses for each row execute function keep()",
        "drop function keep cascade",
        "\"public.doses.Giữ lại\" into the rule's allow_triggers",
    ),
    only(
        Engine::Postgres,
        "create rule keep as on delete to cards do instead nothing",
        "drop rule keep on cards",
        "the rule keep of public.cards rewrites what deletes its rows",
    ),
    only(
        Engine::Sqlite,
        "create trigger keep before delete on doses begin select raise(ignore); end",
        "drop trigger keep",
        "\"main.doses.keep\" into the rule's allow_triggers",
    ),
    // SQLite takes the name in any case, and keeps it so.
    only(
        Engine::Sqlite,
        "create trigger keep after delete on DOSES begin delete from places; end",
        "drop trigger keep",
        "\"main.doses.keep\" into the rule's allow_triggers",
    ),
    only(
        Engine::Sqlite,
        "create table notes (id integer primary key, \
             subject integer references SUBJECTS (NUMBER) on delete cascade)",
        "drop table notes",
        "its rows would be deleted with those that are selected",
    ),
];

/// Whether it was there when the rows were selected, or came when they were approved.
#[test]
fn what_hangs_on_the_rows_is_seen_before_and_after() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Made);
        let here = || ADDITIONS.iter().filter(|one| one.engine.is_none_or(|other| other == engine));
        for one in here() {
            made.sql(one.add);
            refused(&made, &["select"], &[one.said]);
            made.sql(one.take);
        }
        assert_eq!(ledger_count(&made, "purge", "true"), 0);
        made.go_on(Until::Approved);
        for one in here() {
            made.sql(one.add);
            refused(&made, &EXECUTE, &["is not what it was when the rows were selected", one.said]);
            made.sql(one.take);
        }
        assert_eq!(ledger_count(&made, "purge", "state = 'backed_up'"), 1);
        made.go_on_from(Until::Approved, Until::Certified);
        holds(&made);
    }
}

/// What hangs on one partition only hangs on the table.
#[test]
fn partitions() {
    let made = PurgeMade::begin(Engine::Postgres);
    made.sql(
        "drop table cards;
         create table cards (
             code text not null primary key, dose bigint not null references doses (number),
             picture bytea, note text
         ) partition by range (code);
         create table cards_all partition of cards for values from (minvalue) to (maxvalue);",
    );
    made.fill();
    for (add, take, said) in [
        (
            "create table notes (card text references cards_all on delete cascade)",
            "drop table notes",
            "its rows would be deleted with those that are selected",
        ),
        (
            "create function keep() returns trigger language plpgsql as 'begin return null; end';
             create trigger keep before delete on cards_all for each row execute function keep()",
            "drop function keep cascade",
            "\"public.cards.keep\" into the rule's allow_triggers",
        ),
    ] {
        made.sql(add);
        refused(&made, &["select"], &[said]);
        made.sql(take);
    }
    made.go_on(Until::Certified);
    assert_eq!(made.count("cards", "true"), 10);
    holds(&made);
}

#[test]
fn tables_that_cannot_be_purged() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Made);
        made.sql(
            "create table visits (subject bigint references subjects (number));
             create table a (id bigint primary key);",
        );
        let config = made.dir().join("handover.toml");
        let rule = fs::read_to_string(&config).unwrap();
        for (follow, said) in [
            ("[\"public.doses\", \"public.cards\", \"public.visits\"]", "has no key"),
            ("[\"public.doses\", \"public.cards\", \"public.none\"]", "refers to none of its"),
            ("[\"public.doses\", \"public.cards\", \"public.places\"]", "refers to none of its"),
            ("[\"public.doses\"]", "the rule does not name it"),
            ("[\"public.cards\"]", "the rule does not name it"),
            ("[]", "the rule does not name it"),
        ] {
            if !follow.contains("visits") {
                made.sql("drop table if exists visits");
            }
            fs::write(&config, rule.replace("[\"public.doses\", \"public.cards\"]", follow))
                .unwrap();
            refused(&made, &["select"], &["error: ", said]);
        }
        fs::write(&config, rule.replace("status = 'unverified'", "number < 0")).unwrap();
        refused(&made, &["select"], &["selects no row"]);
        fs::write(&config, rule.replace("status = 'unverified'", "true) --")).unwrap();
        refused(&made, &["select"], &["error: "]);
    }
}

/// The rule that was selected by is the one that is approved and executed.
#[test]
fn a_rule_that_was_rewritten() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Selected);
        let config = made.dir().join("handover.toml");
        let rule = fs::read_to_string(&config).unwrap();
        let rewritten = |command: &[&str]| {
            for (from, to) in [
                ("status = 'unverified'", "true"),
                ("retain_until = \"2036-12-31\"", "retain_until = \"2026-12-31\""),
                ("reason_en = \"Records", "reason_en = \"Other records"),
            ] {
                fs::write(&config, rule.replace(from, to)).unwrap();
                refused(&made, command, &["stands otherwise in handover.toml", "--anew"]);
            }
            fs::write(&config, &rule).unwrap();
        };
        rewritten(&BACKUP);
        made.go_on_from(Until::Selected, Until::BackedUp);
        rewritten(&["approve", "--key", "owner.pem"]);
        made.go_on_from(Until::BackedUp, Until::Approved);
        rewritten(&EXECUTE);
        made.go_on_from(Until::Approved, Until::Certified);
        holds(&made);
    }
}

/// Columns that came, went or changed their type.
#[test]
fn columns_that_were_altered() {
    for engine in ENGINES {
        let alter = match engine {
            Engine::Postgres => "alter table cards alter column note type varchar(100)",
            Engine::Sqlite => "alter table cards add column more text",
        };
        let made = PurgeMade::until(engine, Until::Selected);
        made.sql(alter);
        refused(&made, &BACKUP, &["other columns, keys or references", "--anew"]);
        assert!(!made.archive().exists());
        let made = PurgeMade::until(engine, Until::Approved);
        made.sql("alter table cards drop column picture");
        refused(&made, &EXECUTE, &["other columns, keys or references", "--anew"]);
        let made = PurgeMade::until(engine, Until::Approved);
        made.sql(alter);
        refused(&made, &EXECUTE, &["other columns, keys or references", "--anew"]);
        made.purge(&["select", "--anew"]).go().expect(0);
        made.go_on_from(Until::Selected, Until::Certified);
    }
}

/// Who can open an archive, and whether that was tried.
#[test]
fn keys_that_open_the_archive() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Selected);
    let backup = |file: &'static str| ["backup", "--identity", file];
    let (identities, _) = keys(&made.at("others"), 1);
    fs::copy(&identities[0], made.at("other.txt")).unwrap();
    for wrong in ["other.txt", "second.age"] {
        refused(&made, &backup(wrong), &["error: ", "escrow"]);
        assert_eq!(ledger_count(&made, "purge", "state = 'selected'"), 1);
    }
    refused(&made, &["approve", "--key", "owner.pem"], &["is selected"]);
    fs::remove_dir_all(made.archive()).unwrap();
    let config = made.dir().join("handover.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("escrow = true", "escrow = false")).unwrap();
    refused(&made, &BACKUP, &["at least two recipients, one of them in escrow"]);
    let (before, after) = text.split_once("[[purge.recipient]]\nname = \"second\"").unwrap();
    let (_, after) = after.split_once("escrow = false\n").unwrap();
    fs::write(&config, format!("{before}{after}")).unwrap();
    refused(&made, &BACKUP, &["at least two recipients, one of them in escrow"]);
    fs::write(&config, &text).unwrap();
    made.go_on_from(Until::Selected, Until::Certified);
    // The escrow key is lost: the other one alone opens it, and what is in it is the same.
    fs::remove_file(made.at("escrow.age")).unwrap();
    verify(&made).args(["--identity", "second.age"]).go().expect(0);
    let stranger = verify(&made).args(["--identity", "other.txt"]).go();
    assert!(stranger.expect(2).stdout.contains("verdict: unverified"), "{stranger:?}");
}

/// The folder's disk is full in the middle of a backup.
#[test]
fn a_backup_on_a_full_disk() {
    let Some(disk) = SmallDisk::of("3m") else { return };
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Selected);
        let place = disk.path().join(format!("{engine:?}"));
        let config = made.dir().join("handover.toml");
        edit_file(&config, "../trust.toml", made.at("trust.toml").to_str().unwrap());
        copy_folder(&made.dir(), &place);
        let filler = disk.path().join("filler");
        Run::program("sh").args(["-c", "head -c 9M /dev/zero > \"$0\""]).arg(&filler).go();
        let backup = || {
            let run = made.migrate("purge").args(BACKUP).args(["--quiet", "--handover"]);
            run.arg(&place).go()
        };
        let before = made.everything();
        for _ in 0..2 {
            let full = backup();
            says(full.expect(2), &["error: ", "No space left"]);
            assert!(!place.join("packages/purge-unverified-1").exists());
            assert_eq!(ledger_count(&made, "purge", "state = 'selected'"), 1);
        }
        assert!(made.everything() == before);
        fs::remove_file(filler).unwrap();
        backup().expect(0);
        fs::remove_dir_all(made.dir()).unwrap();
        copy_folder(&place, &made.dir());
        made.go_on_from(Until::BackedUp, Until::Certified);
        holds(&made);
        fs::remove_dir_all(&place).unwrap();
    }
}

/// Evidence that rows point to stays what it was.
#[test]
fn evidence_that_was_changed() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Made);
        let csv = "định danh,kết quả\n001000000001,không đúng\n001000000003,không đúng\n";
        fs::write(made.at("result.csv"), csv).unwrap();
        let load = ["--name", "c06", "--file", "result.csv", "--signer", "C06", "--handover"];
        let load = || made.migrate("evidence").args(load).arg(made.dir());
        let config = made.dir().join("handover.toml");
        let rule = "[purge.rule.evidence]\nname = \"c06\"\n\
                    on = 'subjects.identity_number = evidence.\"định danh\"'\n\
                    [[purge.rule.search]]";
        edit_file(&config, "[[purge.rule.search]]", rule);
        refused(&made, &["select"], &["is not loaded", "handover-migrate evidence"]);
        load().go().expect(0);
        made.go_on(Until::Approved);
        assert_eq!(ledger_count(&made, "purge_list_1_0", "true"), 2);
        made.go_on_from(Until::Approved, Until::Certified);
        assert_eq!(made.count("subjects", "number in (1, 3)"), 0);
        assert_eq!(made.count("subjects", "true"), 8);
        holds(&made);
        let evidence =
            if engine == Engine::Postgres { "handover.evidence" } else { "handover_evidence" };
        made.sql(&format!("update {evidence} set sha256 = '{}'", "0".repeat(64)));
        finds(&made, "the evidence \"c06\" is not the one the list rests on");
    }
}
