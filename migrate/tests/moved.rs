//! Databases that are at another place than before: upgraded, restored from a dump, renamed.

use std::fs;

use handover_schemas::chain::EventKind;
use handover_testkit::{Database, Outcome, Run, sqlite};

use crate::attest_made::{AttestMade, FIRST};
use crate::purge_broken::{CERTIFY, EXECUTE, finds, holds, verify_with_key};
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::{json, says};

/// `handover-migrate moved target …`, of the database at a place.
fn moved(made: &PurgeMade, url: &str, key: &str) -> Outcome {
    moved_end(made, "target", &["--target", url], key)
}

fn moved_end(made: &PurgeMade, end: &str, ends: &[&str], key: &str) -> Outcome {
    let run = made.migrate("moved").args([end, "--key", key, "--handover"]).arg(made.dir());
    let run = run.args(["--trust", "trust.toml", "--reason", "nâng cấp máy chủ, phiếu 31"]);
    run.args(ends).go()
}

/// The same command, on the database at another place.
fn at(made: &PurgeMade, url: &str, arguments: &[&str]) -> Outcome {
    made.purge(arguments).args(["--target", url]).go()
}

fn restore(made: &PurgeMade, url: &str, arguments: &[&str]) -> Outcome {
    let record = ["--target", url, "--table", "public.subjects", "--record-key", "3", "--quiet"];
    made.archived("restore", &record).args(arguments).go()
}

const APPLY: [&str; 6] =
    ["--person", "--apply", "--key", "operator.pem", "--reason", "đã xác minh"];

fn rows(database: &Database, table: &str) -> String {
    database.query(&format!("select count(*) from {table}"))
}

#[test]
fn a_restored_dump_is_the_same_database_once_an_operator_says_so() {
    let made = PurgeMade::until(Engine::Postgres, Until::Certified);
    let copy = made.copy_of_database();
    let new = copy.url();
    // Before, it is read and verified; nothing is put back, and the way on is told.
    let record = ["moved target", "is known at another place"];
    says(restore(&made, &new, &APPLY).expect(2), &record);
    says(at(&made, &new, &["select"]).expect(2), &record);
    let run =
        Run::new("handover-verify").args(["purge", "--quiet", "--target", &new, "--handover"]);
    let seen = run.arg(made.dir()).go();
    assert!(seen.expect(0).stdout.contains("not checked  that this is the database in use"));

    // Only an operator records it; it is recorded once.
    says(moved(&made, &new, "keeper.pem").expect(2), &["the role of operator"]);
    assert!(!made.dir().join("moves").exists());
    let recorded = moved(&made, &new, "operator.pem");
    assert!(recorded.expect(0).stdout.contains("file    moves/0001.dsse.json"));
    let again = moved(&made, &new, "operator.pem");
    assert!(again.expect(0).stdout.starts_with("nothing to record"), "{}", again.stdout);
    assert_eq!(copy.query("select count(*) from handover.event where kind = 'move'"), "1");

    let subjects: u64 = rows(&copy, "subjects").parse().unwrap();
    restore(&made, &new, &APPLY).expect(0);
    assert_eq!(rows(&copy, "subjects"), (subjects + 1).to_string());
    // The one that was left behind is not taken for it any more.
    for refused in [restore(&made, &made.url(), &APPLY), at(&made, &made.url(), &["select"])] {
        says(refused.expect(2), &["the target moved to", "left behind"]);
    }
    assert_eq!(made.count("subjects", "true"), subjects);

    // The auditor's programs see who said so.
    let config = fs::read_to_string(made.dir().join("handover.toml")).unwrap();
    fs::write(made.dir().join("handover.toml"), config.replace(&made.url(), &new)).unwrap();
    let verified = verify_with_key(&made);
    assert!(verified.expect(0).stdout.contains("move 1: the target is at postgres"));
    let ledger = Run::new("handover-verify").args(["ledger", "--handover"]).arg(made.dir());
    ledger.go().expect(0);
    let attest = made.migrate("attest").args(["--quiet", "--handover"]).arg(made.dir());
    attest.args(["--trust", "trust.toml", "--key", "ministry.pem"]).go();
    let envelope = fs::read(made.dir().join(FIRST)).unwrap();
    let envelope = handover_schemas::signing::dsse::Envelope::parse(&envelope).unwrap();
    let stated: serde_json::Value = serde_json::from_slice(envelope.body()).unwrap();
    let told = &stated["predicate"]["moves"][0];
    assert_eq!(
        (&told["end"], &told["reason"]),
        (&"target".into(), &"nâng cấp máy chủ, phiếu 31".into())
    );
}

/// A move that no operator signed, and one that the chain does not know, are found.
#[test]
fn a_forged_move_is_found() {
    let made = PurgeMade::until(Engine::Postgres, Until::Certified);
    let copy = made.copy_of_database();
    moved(&made, &copy.url(), "operator.pem").expect(0);
    let config = fs::read_to_string(made.dir().join("handover.toml")).unwrap();
    let config = config.replace(&made.url(), &copy.url());
    fs::write(made.dir().join("handover.toml"), config).unwrap();
    let file = made.dir().join("moves/0001.dsse.json");
    let signed = fs::read_to_string(&file).unwrap();
    crate::purge_broken::forge(&file, &made, &["keeper"], |_statement| {});
    let forged = fs::read_to_string(&file).unwrap();
    let put = |text: &str| {
        copy.sql(&format!("update handover.move set statement = '{}'", text.replace('\'', "''")));
        fs::write(&file, text).unwrap();
    };
    put(&forged);
    finds(&made, "move 1:");
    let ledger = || Run::new("handover-verify").args(["ledger", "--handover"]).arg(made.dir()).go();
    let said = ledger();
    assert!(said.expect(1).stdout.contains("(move) is not what the ledger's tables hold of it"));
    put(&signed);
    ledger().expect(0);
    copy.sql("delete from handover.move");
    assert!(ledger().expect(1).stdout.contains("the ledger has 0 moves, and its events tell of 1"));
}

/// Two people approved that rows are deleted from the database where it was.
#[test]
fn what_was_approved_before_a_move_is_approved_again() {
    let made = PurgeMade::until(Engine::Postgres, Until::Approved);
    let copy = made.copy_of_database();
    let new = copy.url();
    let before = rows(&copy, "subjects");
    says(at(&made, &new, &EXECUTE).expect(2), &["is known at another place"]);
    // Moments are written in seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    moved(&made, &new, "operator.pem").expect(0);
    says(at(&made, &new, &EXECUTE).expect(2), &["approved before the database moved"]);
    says(at(&made, &made.url(), &EXECUTE).expect(2), &["left behind"]);
    assert_eq!(rows(&copy, "subjects"), before);
    for key in ["owner.pem", "keeper.pem"] {
        at(&made, &new, &["approve", "--key", key]).expect(0);
    }
    at(&made, &new, &EXECUTE).expect(0);
    at(&made, &new, &CERTIFY).expect(0);
    assert_eq!(rows(&copy, "subjects"), "5");
    let config = fs::read_to_string(made.dir().join("handover.toml")).unwrap();
    fs::write(made.dir().join("handover.toml"), config.replace(&made.url(), &new)).unwrap();
    holds(&made);
}

/// Killed between the ledger and the folder, the same command brings the statement back.
#[test]
fn a_statement_that_was_not_written_is_written_by_the_next_run() {
    let made = PurgeMade::until(Engine::Postgres, Until::Selected);
    let copy = made.copy_of_database();
    moved(&made, &copy.url(), "operator.pem").expect(0);
    let file = made.dir().join("moves/0001.dsse.json");
    let written = fs::read(&file).unwrap();
    fs::remove_dir_all(made.dir().join("moves")).unwrap();
    moved(&made, &copy.url(), "operator.pem").expect(0);
    assert_eq!(fs::read(&file).unwrap(), written);
    assert_eq!(copy.query("select count(*) from handover.event where kind = 'move'"), "1");
}

/// A file has no place of its own: wherever it is copied, it is known by its ledger.
#[test]
fn a_file_is_known_by_its_ledger() {
    let made = PurgeMade::until(Engine::Sqlite, Until::Approved);
    let file = made.at("elsewhere.db");
    fs::copy(made.file(), &file).unwrap();
    let url = format!("sqlite:{}", file.display());
    let said = moved(&made, &url, "operator.pem");
    assert!(said.expect(0).stdout.starts_with("nothing to record: the target is where"));
    at(&made, &url, &EXECUTE).expect(0);
}

/// The vendor upgrades the platform's server while it is copied.
#[test]
fn a_source_that_moved_is_gone_on_with_and_compared() {
    let (source, target) = (Database::create(), Database::create());
    source.sql(
        "create table t (id int primary key, v text);
         insert into t select i, 'v' || i from generate_series(1, 1000) i",
    );
    let made = PurgeMade::empty(Engine::Sqlite);
    let copy = |source: &Database| {
        let ends = ["--source", &source.url(), "--target", &target.url(), "--quiet", "--json"];
        made.migrate("copy").args(ends).arg("--handover").arg(made.dir()).go()
    };
    copy(&source).expect(0);
    let upgraded = source.copy();
    upgraded.sql("update t set v = 'changed' where id = 7");
    says(
        copy(&upgraded).expect(2),
        &["hand-over of another source", "handover-migrate moved source", "every row is compared"],
    );
    let ends = ["--source", &upgraded.url(), "--target", &target.url()];
    let recorded = moved_end(&made, "source", &ends, "operator.pem");
    assert!(recorded.expect(0).stdout.contains("signed  Trần Văn operator (move 1)"));
    // What differs is found, though the new server may number its transactions as the old one did.
    let report = json(copy(&upgraded).expect(1));
    assert_eq!(report["outcome"], "changed", "{report:#}");
    upgraded.sql("update t set v = 'v7' where id = 7");
    assert_eq!(json(copy(&upgraded).expect(0))["outcome"], "unchanged");
    says(copy(&source).expect(2), &["hand-over of another source"]);
}

/// A file is a source at its path.
#[test]
fn a_source_file_that_moved() {
    let made = AttestMade::copied(Engine::Sqlite);
    let file = made.source.at("moved.sqlite");
    fs::rename(made.source.file(), &file).unwrap();
    let url = format!("sqlite:{}", file.display());
    let copy = || {
        let run = made.target.migrate("copy").args(["--quiet", "--source", &url, "--target"]);
        run.arg(made.target.url()).arg("--handover").arg(made.target.dir()).go()
    };
    says(copy().expect(2), &["handover-migrate moved source"]);
    let ends = ["--source", &url];
    moved_end(&made.target, "source", &ends, "operator.pem").expect(0);
    assert!(copy().expect(0).stdout.contains("unchanged"));
    let events = sqlite(&made.target.file(), "select kind from handover_event order by event_no");
    assert!(events.ends_with(EventKind::Move.as_str()), "{events}");
}
