//! A purge that has begun and cannot go on is closed: two people sign how far it came, and the rule
//! can be selected by again.

use std::fs;

use handover_schemas::signing::dsse::Envelope;
use handover_testkit::Run;
use serde_json::Value;

use crate::checker::{checked, checker_finds, checker_holds};
use crate::purge_broken::{
    ENGINES, EXECUTE, edit_file, finds, holds, ledger_count, ledger_table, refused, signed, verify,
    verify_with_key,
};
use crate::purge_made::{Engine, PASSPHRASE, PurgeMade, Until};
use crate::support::says;

pub(crate) const REASON: [&str; 2] = ["--reason", "trigger keep does not let row 50 go"];

/// A purge that stopped in the middle: a trigger that let everything go when it was tried keeps one
/// dose.
pub(crate) fn stuck(engine: Engine) -> PurgeMade {
    let made = PurgeMade::until(engine, Until::Made);
    made.sql(&trigger(engine, "1 = 0"));
    let schema = if engine == Engine::Postgres { "public" } else { "main" };
    let allow = format!("allow_triggers = [\"{schema}.doses.keep\"]\nfollow = [");
    edit_file(&made.dir().join("handover.toml"), "follow = [", &allow);
    made.go_on(Until::Approved);
    made.sql(&trigger(engine, "old.number = 50"));
    let run = made.purge(&EXECUTE).args(["--batch-rows", "2"]).go();
    says(run.expect(2), &["its triggers (keep) hold them back", "purge close"]);
    assert_eq!(made.count("cards", "1 = 1"), 10);
    assert!(made.count("doses", "subject % 2 = 1") > 0);
    assert_eq!(made.count("subjects", "1 = 1"), 10);
    made
}

fn trigger(engine: Engine, keeps: &str) -> String {
    match engine {
        Engine::Postgres => format!(
            "create or replace function keep() returns trigger language plpgsql as
               $$begin if {keeps} then return null; end if; return old; end$$;
             drop trigger if exists keep on doses;
             create trigger keep before delete on doses for each row execute function keep()"
        ),
        Engine::Sqlite => format!(
            "drop trigger if exists keep;
             create trigger keep before delete on doses when {keeps} begin
               select raise(ignore); end"
        ),
    }
}

fn close(made: &PurgeMade, key: &str, more: &[&str]) -> Run {
    made.purge(&["close", "--key", key]).args(more)
}

fn all(made: &PurgeMade) -> String {
    let run = Run::new("handover-verify")
        .args(["all", "--json", "--quiet", "--handover"])
        .arg(made.dir());
    let run = run.args(["--identity", "escrow.age"]).env("HANDOVER_ESCROW_PASSPHRASE", PASSPHRASE);
    run.dir(made.at("")).go().stdout
}

#[test]
fn a_purge_that_cannot_go_on_is_closed_and_its_rule_selected_by_again() {
    for engine in ENGINES {
        let made = stuck(engine);
        let before = made.everything();
        let open =
            "  unverified    target: purge 1 has not ended: rows of its tables are not compared";
        assert!(checked(&made).expect(2).stdout.contains(open));
        refused(&made, &["select"], &["close it if it cannot go on (purge close)"]);
        says(close(&made, "owner.pem", &[]).go().expect(2), &["say why", "--reason"]);
        for key in ["operator.pem", "third.pem"] {
            says(close(&made, key, &REASON).go().expect(2), &["may not close a purge"]);
        }
        let first = close(&made, "owner.pem", &REASON).go();
        assert!(first.expect(0).stdout.contains("still to sign / còn thiếu: custodian"));
        says(close(&made, "owner.pem", &[]).go().expect(2), &["signed this closing already"]);
        let other = ["--reason", "another"];
        says(close(&made, "keeper.pem", &other).go().expect(2), &["gives another reason"]);
        assert_eq!(ledger_count(&made, "purge", "state = 'executing'"), 1);
        let last = close(&made, "keeper.pem", &[]).go();
        assert!(last.expect(0).stdout.contains("the purge is closed"), "{}", last.stdout);
        assert!(made.everything() == before);

        // What it says is what was done.
        let text = fs::read(made.statement("closing.dsse.json")).unwrap();
        let statement: Value =
            serde_json::from_slice(Envelope::parse(&text).unwrap().body()).unwrap();
        let tables = &statement["predicate"]["tables"];
        let gone = 10 - made.count("doses", "subject % 2 = 1");
        assert_eq!(tables[1]["counts"]["deleted"], gone.to_string());
        assert_eq!(tables[1]["untouched"]["same"], (10 - gone).to_string());
        assert_eq!(tables[2]["counts"]["deleted"], "10");
        assert_eq!(tables[0]["untouched"]["same"], "5");
        assert_eq!(ledger_count(&made, "purge", "salt_key is not null"), 0);
        holds(&made);
        checker_holds(&made);
        assert!(verify(&made).go().stdout.contains("closed before its end: signed by"));
        assert!(all(&made).contains("closed before its end: signed by"));
        // A run that was killed behind the ledger writes the file again.
        fs::remove_file(made.statement("closing.dsse.json")).unwrap();
        close(&made, "keeper.pem", &[]).go().expect(0);
        assert_eq!(fs::read(made.statement("closing.dsse.json")).unwrap(), text);

        // What was deleted comes back; the rule is selected by again, and ends.
        let run = made.archived("restore", &["--quiet", "--all", "--archive"]).arg(made.archive());
        run.args(["--apply", "--key", "operator.pem", "--reason", "x"]).go().expect(0);
        assert_eq!(made.count("doses", "1 = 1"), 20);
        assert_eq!(made.count("cards", "1 = 1"), 20);
        made.sql(&trigger(engine, "1 = 0"));
        made.go_on_from(Until::Made, Until::Certified);
        assert_eq!(made.count("doses", "1 = 1"), 10);
        // Rows came back: without a key nobody can tell what they are.
        verify_with_key(&made).expect(0);
        checker_holds(&made);
    }
}

/// What is not as it was signed is found.
#[test]
fn a_closing_that_does_not_hold_is_found() {
    for engine in ENGINES {
        let made = stuck(engine);
        let rows = made.sql("select * from doses order by number").lines().count();
        close(&made, "owner.pem", &REASON).go().expect(0);
        close(&made, "keeper.pem", &[]).go().expect(0);
        holds(&made);
        checker_holds(&made);
        let table = ledger_table(&made, "purge_closing");
        let text = fs::read(made.statement("closing.dsse.json")).unwrap();
        let forge = |people: &[&str], edit: fn(&mut Value)| {
            let mut statement: Value =
                serde_json::from_slice(Envelope::parse(&text).unwrap().body()).unwrap();
            edit(&mut statement["predicate"]);
            let envelope = signed(&made, &statement, people);
            made.sql(&format!("update {table} set statement = '{envelope}'"));
            fs::write(made.statement("closing.dsse.json"), envelope).unwrap();
        };
        forge(&["owner"], |_says| {});
        finds(&made, "the closing");
        checker_finds(&made, "closing.dsse.json: not signed as data_owner and custodian");
        forge(&["owner", "operator"], |_says| {});
        finds(&made, "the closing");
        checker_finds(&made, "closing.dsse.json: not signed as data_owner and custodian");
        let two = ["owner", "keeper"];
        forge(&two, |says| says["tables"][2]["counts"]["deleted"] = "9".into());
        finds(&made, "the closing has other figures");
        checker_finds(&made, "closing.dsse.json: its figures are the ledger's");
        forge(&two, |says| {
            says["tables"][1]["deletedRoot"] = says["tables"][1]["keptRoot"].clone();
        });
        finds(&made, "the closing has other figures");
        checker_finds(&made, "closing.dsse.json: its figures are the ledger's");
        forge(&two, |says| says["binding"]["seal"] = "0".repeat(64).into());
        finds(&made, "the subject of the closing is not the archive");
        checker_finds(&made, "closing.dsse.json: its subject is the archive");
        forge(&two, |_says| {});
        holds(&made);
        assert_eq!(made.sql("select * from doses order by number").lines().count(), rows);

        // A row that it says is gone.
        let over = if engine == Engine::Postgres { "overriding system value" } else { "" };
        made.sql(&format!("insert into doses {over} values (10, 1, '2021-08-01', 'AZ', 0.5)"));
        finds(&made, "1 rows of");
        checker_finds(&made, "target: doses is as purge 1 left it");
    }
}
