//! People go on working while a purge is prepared: whatever is not what was archived stays.

use std::fs;
use std::time::Duration;

use handover_testkit::{Outcome, Run, Running};

use crate::purge_broken::{
    CERTIFY, ENGINES, EXECUTE, finds, holds, ledger_count, ledger_table, refused, verify_with_key,
};
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::{says, says_nothing_of};

/// Rows of a table of the rule that were deleted, changed, referenced and absent.
#[track_caller]
fn came_to(made: &PurgeMade, table: usize) -> String {
    let batches = ledger_table(made, "purge_batch");
    made.sql(&format!(
        "select sum(deleted) || ' ' || sum(changed) || ' ' || sum(referenced) || ' ' || sum(absent) \
         from {batches} where table_no = {table}"
    ))
}

/// Deletes what may be deleted and says that rows were kept; certifies.
#[track_caller]
fn keeps_some(made: &PurgeMade) {
    made.purge(&EXECUTE).go().expect(1);
    made.purge(&CERTIFY).go().expect(0);
}

/// A dose of a person.
fn dose(made: &PurgeMade, number: u32, subject: u32) -> String {
    let over = if made.engine() == Engine::Postgres { "overriding system value" } else { "" };
    format!("insert into doses {over} values ({number}, {subject}, '2021-12-01', 'AZ', 1);")
}

/// Rows that somebody changed, referred to, deleted, or wrote among those on the list.
#[test]
fn rows_that_move_after_the_backup() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Approved);
        made.sql(&format!(
            "update cards set note = 'khác' where code = 'QR-1-a';
             {}
             delete from cards where code = 'QR-5-a';
             update subjects set phone = '+84 1' where number = 7;
             update subjects set phone = '1' where number = 9;
             update subjects set phone = '+84 9000000009' where number = 9;",
            dose(&made, 35, 3)
        ));
        made.sql("update subjects set phone = '+84 900000009' where number = 9");
        let told = made.purge(&EXECUTE).go();
        assert!(told.expect(1).stdout.contains("2          1          2          0"), "{told:?}");
        says_nothing_of(&told, &["QR-1-a", "khác"]);
        // Those left: one that changed, and what it refers to; one with a new dose.
        assert_eq!(came_to(&made, 0), "2 1 2 0");
        assert_eq!(came_to(&made, 1), "9 0 1 0");
        assert_eq!(came_to(&made, 2), "8 1 0 1");
        assert_eq!(
            made.sql("select number from subjects where number % 2 = 1 order by 1"),
            "1\n3\n7"
        );
        assert_eq!(made.sql("select number from doses where subject % 2 = 1 order by 1"), "10\n35");
        assert_eq!(made.sql("select note from cards where code like 'QR-1-%'"), "khác");
        assert_eq!(made.count("cards", "code like 'QR-_-_'"), 8 + 1);
        let kept = fs::read_to_string(made.dir().join("findings/purge-kept.jsonl")).unwrap();
        for (key, why) in [("QR-1-a", "it changed"), ("\"3\"", "refers to it")] {
            assert!(kept.lines().any(|line| line.contains(key) && line.contains(why)), "{kept}");
        }
        assert_eq!(kept.lines().count(), 5, "{kept}");
        made.purge(&CERTIFY).go().expect(0);
        finds(&made, "doses that are not on the list are not what they were");
        let found = verify_with_key(&made).stdout;
        let mut findings = found.lines().filter(|line| line.starts_with("  FINDING"));
        assert!(findings.all(|line| line.contains("doses")), "{found}");
    }
}

/// Nothing but listed rows moved: then everything holds, and adds up.
#[test]
fn listed_rows_that_move_leave_a_purge_that_holds() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Approved);
        made.sql(
            "delete from cards where code in ('QR-3-a', 'QR-9-b');
             update doses set volume = 2 where number = 51;
             update subjects set name = 'Tên khác' where number = 1;
             update subjects set status = 'verified' where number = 7;",
        );
        keeps_some(&made);
        assert_eq!(came_to(&made, 0), "2 2 1 0");
        assert_eq!(came_to(&made, 1), "9 1 0 0");
        assert_eq!(came_to(&made, 2), "8 0 0 2");
        holds(&made);
    }
}

/// A row whose key lies among those of the list was never on it.
#[test]
fn rows_that_appear_in_between_stay() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Approved);
        made.sql(
            "insert into cards values ('QR-5-aa', 40, null, 'mới');
             insert into subjects (number, name, status) values (0, 'Mới', 'unverified');",
        );
        made.go_on_from(Until::Approved, Until::Certified);
        assert_eq!(made.count("cards", "code = 'QR-5-aa'"), 1);
        assert_eq!(made.count("subjects", "number = 0"), 1);
        assert_eq!(came_to(&made, 0), "5 0 0 0");
        assert_eq!(came_to(&made, 2), "10 0 0 0");
        finds(&made, "5 rows then, 6 afterwards");
        finds(&made, "10 rows then, 11 afterwards");
    }
}

/// What a foreign key would delete along is not deleted unless it is on the list.
#[test]
fn a_cascade_reaches_nothing_that_is_not_listed() {
    let made = PurgeMade::begin(Engine::Postgres);
    made.sql(
        "alter table doses drop constraint doses_subject_fkey,
             add foreign key (subject) references subjects on delete cascade;
         alter table cards drop constraint cards_dose_fkey,
             add foreign key (dose) references doses on delete set null,
             alter dose drop not null;",
    );
    made.fill();
    made.go_on(Until::Approved);
    made.sql(&dose(&made, 35, 3));
    made.sql("insert into cards values ('QR-new', 50, null, null)");
    keeps_some(&made);
    assert_eq!(made.sql("select number from doses where subject % 2 = 1 order by 1"), "35\n50");
    assert_eq!(made.sql("select dose from cards where code = 'QR-new'"), "50");
    assert_eq!(made.count("cards", "dose is null"), 0);
    assert_eq!(came_to(&made, 0), "3 0 2 0");
}

/// A session of somebody else, which holds what it did for a while before it commits.
fn session(made: &PurgeMade, sql: &str) -> Running {
    let script = format!("begin; {sql} select pg_sleep(2); commit;");
    let run = Run::program("psql").args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", &script]);
    let mut running = run.arg(made.url()).spawn();
    let sleeps = "select count(*) from pg_stat_activity \
                  where datname = current_database() and wait_event = 'PgSleep'";
    assert!(running.wait_for(|_| made.sql(sleeps) == "1"), "{}", running.stderr());
    running
}

/// Execute runs into the locks of another session, which then commits.
#[track_caller]
fn beside(made: &PurgeMade, sql: &str) -> Outcome {
    let other = session(made, sql);
    let outcome = made.purge(&EXECUTE).limit(Duration::from_mins(1)).go();
    other.wait().expect(0);
    outcome
}

#[test]
fn a_row_that_changes_while_it_is_waited_for_stays() {
    let made = PurgeMade::until(Engine::Postgres, Until::Approved);
    beside(
        &made,
        "update cards set note = 'khác' where code = 'QR-3-a';
         update subjects set name = 'Tên khác' where number = 9;
         delete from cards where code = 'QR-7-a';",
    )
    .expect(1);
    assert_eq!((came_to(&made, 0), came_to(&made, 2)), ("3 1 1 0".into(), "8 1 0 1".into()));
    assert_eq!(made.sql("select name from subjects where number = 9"), "Tên khác");
    assert_eq!(made.sql("select note from cards where code = 'QR-3-a'"), "khác");
    made.purge(&CERTIFY).go().expect(0);
    holds(&made);
}

#[test]
fn a_row_that_is_referred_to_while_it_is_waited_for_stays() {
    let made = PurgeMade::until(Engine::Postgres, Until::Approved);
    beside(&made, &dose(&made, 35, 3)).expect(1);
    assert_eq!(came_to(&made, 0), "4 0 1 0");
    assert_eq!(made.sql("select number from doses where subject = 3"), "35");
}

/// Under its key it is there again, with another content: it is not absent.
#[test]
fn a_row_that_is_written_anew_while_it_is_waited_for_stays() {
    let made = PurgeMade::until(Engine::Postgres, Until::Approved);
    let told = beside(
        &made,
        "delete from cards where code = 'QR-3-a';
         insert into cards values ('QR-3-a', 30, null, 'khác');",
    );
    says(told.expect(2), &["are there although they were deleted", "the same command"]);
    assert_eq!(ledger_count(&made, "purge_batch", "true"), 0);
    made.purge(&EXECUTE).go().expect(1);
    assert_eq!(came_to(&made, 2), "9 1 0 0");
    assert_eq!(made.sql("select note from cards where code = 'QR-3-a'"), "khác");
    made.purge(&CERTIFY).go().expect(0);
    holds(&made);
}

/// What was selected is not there any more as it was: it cannot be backed up.
#[test]
fn rows_that_move_before_the_backup() {
    for engine in ENGINES {
        for moved in [
            "update cards set note = 'khác' where code = 'QR-3-a'",
            "delete from cards where code = 'QR-3-b'",
        ] {
            let made = PurgeMade::until(engine, Until::Selected);
            made.sql(moved);
            let backup = ["backup", "--identity", "escrow.age"];
            refused(&made, &backup, &["1 of the selected rows", "Select again with --anew"]);
            assert!(!made.archive().exists());
            finds(&made, "1 of 10 listed rows of");
            made.purge(&["select", "--anew"]).go().expect(0);
            made.go_on_from(Until::Selected, Until::Certified);
            holds(&made);
        }
    }
}

/// The database alone is put back to the day before: the folder knows what was done.
#[test]
fn a_database_that_was_put_back() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Approved);
        let before = made.everything();
        let (dump, url) = (made.at("dump"), made.url());
        let put_back = || match engine {
            Engine::Sqlite => {
                fs::copy(&dump, made.file()).unwrap();
            }
            Engine::Postgres => {
                let run = Run::program("pg_restore").args(["--clean", "--if-exists", "-d", &url]);
                run.arg(&dump).go().expect(0);
            }
        };
        match engine {
            Engine::Sqlite => {
                fs::copy(made.file(), &dump).unwrap();
            }
            Engine::Postgres => {
                let run = Run::program("pg_dump").args(["-Fc", "-d", &url, "-f"]).arg(&dump);
                run.go().expect(0);
            }
        }
        for until in [Until::Executed, Until::Certified] {
            made.go_on_from(Until::Approved, until);
            put_back();
            assert!(made.everything() == before);
            refused(&made, &EXECUTE, &["put back to an earlier day", "approve anew"]);
            assert_eq!(ledger_count(&made, "purge_batch", "true"), 0);
            // Two people look at it again.
            made.go_on_from(Until::BackedUp, Until::Approved);
        }
        made.go_on_from(Until::Approved, Until::Certified);
        holds(&made);
    }
}
