//! Archived rows go back as they were, or not at all.

use std::fs;
use std::time::Duration;

use handover_schemas::purge::restore::{RestoreReport, RestoreTable};
use handover_testkit::{Outcome, Run};

use crate::json_schemas::check_report;
use crate::purge_made::{Engine, NAMES, PurgeMade, Until};
use crate::support::{says, says_nothing_of};

const APPLY: [&str; 5] = ["--apply", "--key", "operator.pem", "--reason", "Khiếu nại 12/2026"];

/// The report of a restore that ends so.
#[track_caller]
fn report(outcome: &Outcome, code: i32) -> RestoreReport {
    serde_json::from_str(&outcome.expect(code).stdout).unwrap()
}

fn restore(made: &PurgeMade, arguments: &[&str]) -> Outcome {
    made.archived("restore", &["--json", "--quiet"]).args(arguments).go()
}

fn put_back(made: &PurgeMade, arguments: &[&str]) -> Outcome {
    restore(made, &[arguments, &APPLY].concat())
}

/// What is said of the tables, one after the other.
fn counts(report: &RestoreReport, of: fn(&RestoreTable) -> u64) -> Vec<u64> {
    report.tables.iter().map(of).collect()
}

/// A platform that was purged, and what it held before.
fn purged(engine: Engine, until: Until) -> (PurgeMade, String) {
    let made = PurgeMade::until(engine, Until::Made);
    let before = made.everything();
    made.go_on(until);
    assert_ne!(made.everything(), before);
    (made, before)
}

fn comes_back_as_it_was(engine: Engine) {
    let (made, before) = purged(engine, Until::Certified);
    let purged = made.everything();

    // Told, and nothing is changed.
    let told = report(&restore(&made, &["--all"]), 0);
    assert_eq!(counts(&told, |table| table.insert), [5, 10, 10]);
    assert!(told.written.is_none() && !told.apply);
    assert_eq!(made.everything(), purged);

    // A dose of somebody who is not there.
    let dose = ["--table", "public.doses", "--record-key", "51"];
    let orphan = put_back(&made, &dose);
    assert_eq!(counts(&report(&orphan, 1), |table| table.parent_missing), [1]);
    let findings = fs::read_to_string(made.dir().join("findings/restore.jsonl")).unwrap();
    assert!(findings.contains("\"key\":[\"51\"],\"why\":\"a row that it refers to"), "{findings}");
    assert_eq!(made.everything(), purged);

    // A person, found by a dose.
    let run = made.archived("restore", &["--json", "--quiet", "--person"]).args(dose).args(APPLY);
    let person = run.go();
    check_report::<RestoreReport>(&person, 0);
    let person = report(&person, 0);
    assert_eq!(counts(&person, |table| table.insert), [1, 2, 2]);
    assert_eq!(made.count("subjects", "number = 5"), 1);
    assert_eq!(made.count("cards", "dose in (50, 51)"), 2);
    let statement = made.dir().join(&person.written.unwrap().statement);
    let signed = Run::new("handover-verify")
        .arg("envelope")
        .arg(&statement)
        .arg("--trust")
        .arg(made.at("trust.toml"))
        .go();
    assert!(signed.expect(0).stdout.contains("urn:handover:restore:v1"), "{}", signed.stdout);

    // The same again changes nothing; a statement that is gone is written again.
    fs::remove_file(&statement).unwrap();
    let again = report(&put_back(&made, &[&dose[..], &["--person"]].concat()), 0);
    assert_eq!(counts(&again, |table| table.identical), [1, 2, 2]);
    assert!(again.written.is_none());
    assert!(statement.exists());

    // Everybody.
    let all = report(&put_back(&made, &["--all"]), 0);
    assert_eq!(counts(&all, |table| table.insert), [4, 8, 8]);
    assert_eq!(all.written.unwrap().number, 2);
    assert_eq!(made.everything(), before);
    assert!(report(&put_back(&made, &["--all"]), 0).written.is_none());
    assert!(!made.dir().join("findings/restore.jsonl").exists());
}

#[test]
fn comes_back_as_it_was_in_sqlite() {
    comes_back_as_it_was(Engine::Sqlite);
}

#[test]
fn comes_back_as_it_was_in_postgres() {
    comes_back_as_it_was(Engine::Postgres);
}

#[test]
fn comes_back_where_a_role_owns_the_platform() {
    let made = PurgeMade::handed_over();
    let before = made.everything();
    made.go_on(Until::Certified);
    assert_eq!(made.count("subjects", "true"), 5);
    let status = made.migrate("status").args(["--target", &made.url()]).go();
    assert!(status.expect(0).stdout.contains("done"), "{status:?}");
    let all = report(&put_back(&made, &["--all"]), 0);
    assert_eq!(counts(&all, |table| table.insert), [5, 10, 10]);
    assert_eq!(made.everything(), before);
    let owners = "select count(distinct relowner) from pg_class where relkind = 'r' and relnamespace in \
                  ('public'::regnamespace, 'handover'::regnamespace)";
    assert_eq!(made.sql(owners), "2", "the role has the platform, the account the ledger");
}

fn what_is_there_otherwise(engine: Engine) {
    let (made, before) = purged(engine, Until::Executed);
    // Person 5 was entered again; the number of person 7 is somebody else's by now; the third dose
    // of nobody's business has the key of one of person 9's.
    made.sql(
        "insert into subjects values (5, 'Phạm Thị Giang', null, null, null, 'HN', 'verified');
         insert into subjects values (99, 'Người khác', '001000000007', null, null, null, 'new');
         insert into cards values ('QR-9-b', 20, null, 'another')",
    );
    let now = made.everything();
    let told = restore(&made, &["--all"]);
    says_nothing_of(&told, &[NAMES[4], "Người khác", "QR-9-b", "001000000007"]);
    let told = report(&told, 1);
    assert_eq!(counts(&told, |table| table.insert), [2, 4, 4]);
    assert_eq!(counts(&told, |table| table.conflict), [2, 0, 1]);
    assert_eq!(counts(&told, |table| table.held_back), [1, 6, 5]);
    assert_eq!(made.everything(), now);

    // The others go back, and of these three nothing.
    let done = report(&put_back(&made, &["--all"]), 1);
    assert_eq!(counts(&done, |table| table.insert), [2, 4, 4]);
    assert_eq!(made.count("doses", "subject in (5, 7, 9)"), 0);
    assert_eq!(made.count("doses", "subject in (1, 3)"), 4);

    // Somebody looked, and decides for the archived rows of 5 and 9.
    let findings = fs::read_to_string(made.dir().join("findings/restore.jsonl")).unwrap();
    assert_eq!(findings.lines().count(), 3, "{findings}");
    let chosen: Vec<&str> = findings.lines().filter(|line| !line.contains("\"7\"")).collect();
    fs::write(made.at("chosen.jsonl"), chosen.join("\n")).unwrap();
    let over = report(&put_back(&made, &["--all", "--overwrite", "chosen.jsonl"]), 1);
    assert_eq!(counts(&over, |table| table.replace), [1, 0, 1]);
    assert_eq!(counts(&over, |table| table.insert), [1, 4, 3]);
    let written = over.written.unwrap();
    let replaced = written.replaced.unwrap();
    assert_eq!(replaced.archive, format!("replaced-unverified-{}", written.number));
    let place = made.dir().join("packages").join(&replaced.archive);
    let intact =
        Run::new("handover-verify").arg("package").arg(&place).args(["--target", &made.url()]).go();
    assert!(intact.expect(0).stdout.contains("intact"), "{}", intact.stdout);
    let found = made
        .migrate("find")
        .args(["--identity", "second.age", "--archive"])
        .arg(&place)
        .args(["--table", "public.cards", "--record-key", "QR-9-b", "--show-row"])
        .go();
    assert!(found.expect(0).stdout.contains("note: another"), "{}", found.stdout);
    // Once the other has another number, person 7 goes back too.
    made.sql("delete from subjects where number = 99");
    report(&put_back(&made, &["--all"]), 0);
    assert_eq!(made.everything(), before);
    made.go_on(Until::Certified);
}

#[test]
fn what_is_there_otherwise_in_sqlite() {
    what_is_there_otherwise(Engine::Sqlite);
}

#[test]
fn what_is_there_otherwise_in_postgres() {
    what_is_there_otherwise(Engine::Postgres);
}

#[test]
fn rows_by_a_column() {
    let (made, _before) = purged(Engine::Sqlite, Until::Certified);
    let run = made.archived("restore", &["--json", "--quiet", "--table", "public.subjects"]);
    let run = run.args(["--where", "name=-"]).args(APPLY);
    let one = report(&made.typed(run, &format!("{}\n", NAMES[2])), 0);
    assert_eq!(counts(&one, |table| table.insert), [1]);
    assert_eq!(made.count("subjects", "number = 3"), 1);
    let doses = ["--table", "public.doses", "--where", "vaccine=Vero"];
    let doses = report(&put_back(&made, &doses), 1);
    assert_eq!(counts(&doses, |table| table.insert), [1]);
    assert_eq!(counts(&doses, |table| table.parent_missing), [4]);
    says(restore(&made, &["--table", "public.doses", "--where", "x=1"]).expect(2), &["no column"]);
    restore(&made, &["--table", "public.doses", "--record-key", "20"]).expect(1);
}

#[test]
fn triggers_stay_off_and_are_left_as_they_were() {
    let (made, before) = purged(Engine::Postgres, Until::Certified);
    made.sql(
        "create table log (n int);
         create function note() returns trigger language plpgsql as
           $$ begin insert into log values (1); new.name = 'changed'; return new; end $$;
         create trigger noted before insert on subjects for each row execute function note();
         create trigger always_on before insert on subjects for each row execute function note();
         create trigger was_off before insert on subjects for each row execute function note();
         alter table subjects enable always trigger always_on;
         alter table subjects disable trigger was_off",
    );
    let states = "select string_agg(tgname || tgenabled::text, ' ' order by tgname) \
                  from pg_trigger where not tgisinternal";
    let were = made.sql(states);
    report(&put_back(&made, &["--all"]), 0);
    assert_eq!(made.everything(), before);
    assert_eq!(made.count("log", "true"), 0);
    assert_eq!(made.sql(states), were);
    assert_eq!(were, "always_onA notedO was_offD");

    let (made, before) = purged(Engine::Sqlite, Until::Certified);
    made.sql(
        "create table log (n int);
         create trigger noted after insert on subjects begin
           update subjects set name = 'changed'; insert into log values (1); end",
    );
    report(&put_back(&made, &["--all"]), 0);
    assert_eq!((made.everything(), made.count("log", "true")), (before, 0));
}

/// A rule of the table that writes something else: what is read back is not what was archived.
#[test]
fn what_is_not_read_back_is_rolled_back() {
    let (made, _before) = purged(Engine::Postgres, Until::Certified);
    made.sql("create rule elsewhere as on insert to cards where new.note <> '' do instead nothing");
    let purged = made.everything();
    let failed = put_back(&made, &["--all"]);
    says(failed.expect(2), &["were written, and", "nothing was put back"]);
    assert_eq!(made.everything(), purged);
    assert_eq!(made.sql("select count(*) from handover.restore"), "0");
}

#[test]
fn killed_at_any_moment() {
    let (made, before) = purged(Engine::Sqlite, Until::Certified);
    let purged = made.everything();
    let mut delay = 5;
    loop {
        let running = made.archived("restore", &["--quiet", "--all"]).args(APPLY).spawn();
        std::thread::sleep(Duration::from_millis(delay));
        let killed = running.kill();
        let now = made.everything();
        let restores = made.sql("select count(*) from handover_restore");
        if now == before {
            assert_eq!(restores, "1");
            break;
        }
        assert_eq!((now.as_str(), restores.as_str()), (purged.as_str(), "0"));
        assert_ne!(killed.code, Some(0));
        delay = delay * 3 / 2;
        assert!(delay < 60_000, "it never comes to its end: {}", killed.stderr);
    }
    // The statement is there, or is written by the next run.
    report(&put_back(&made, &["--all"]), 0);
    assert!(made.statement("restore-1.dsse.json").exists());
}

#[test]
fn what_is_refused() {
    let made = PurgeMade::until(Engine::Sqlite, Until::BackedUp);
    says(restore(&made, &["--all"]).expect(2), &["purge 1 is backed up", "purge execute"]);
    made.go_on(Until::Certified);
    let refused = |arguments: &[&str], said: &str| {
        says(restore(&made, arguments).expect(2), &[said]);
    };
    refused(&[], "say what to put back");
    refused(&["--all", "--apply"], "--key");
    let mut by_another = APPLY;
    by_another[2] = "owner.pem";
    refused(&[&["--all"][..], &by_another].concat(), "the role of operator");
    let mut no_reason = APPLY;
    no_reason[4] = " ";
    refused(&[&["--all"][..], &no_reason].concat(), "--reason is empty");
    fs::write(made.at("chosen.jsonl"), "{\"table\":\"public.subjects\",\"key\":[\"4\"]}").unwrap();
    refused(&["--all", "--overwrite", "chosen.jsonl"], "does not have");
    fs::write(made.at("chosen.jsonl"), "{\"table\":\"public.subjects\",\"key\":[\"7\"]}").unwrap();
    let one = ["--table", "public.subjects", "--record-key", "5", "--overwrite", "chosen.jsonl"];
    refused(&one, "not among those chosen");
    made.sql("alter table cards rename column note to remark");
    refused(
        &["--all"],
        "main.cards is not what it was when its rows were archived: \"note\" (text)",
    );
    made.sql("alter table cards rename column remark to note");
    restore(&made, &["--all"]).expect(0);

    // Another database, and one that never knew the archive.
    made.sql("update handover_identity set database_id = 'other'");
    refused(&["--all"], "RECOVERY.md");
    let other = PurgeMade::until(Engine::Sqlite, Until::Selected);
    let strange = other.archived("restore", &["--all", "--archive"]).arg(made.archive()).go();
    says(strange.expect(2), &["knows of no purge with the archive", "RECOVERY.md"]);
}
