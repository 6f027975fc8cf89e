//! Rows that came back are looked at for as long as they are there; what people did in order holds.

use handover_testkit::Run;
use serde_json::Value;

use crate::attest_made::AttestMade;
use crate::purge_broken::{ENGINES, holds, verify, verify_with_key};
use crate::purge_made::{ARCHIVE, Engine, PASSPHRASE, PurgeMade, Until};
use crate::support::json;

/// Puts rows of an archive back.
#[track_caller]
fn put_back(made: &PurgeMade, archive: &str, choice: &[&str]) {
    let run = made.archived("restore", &["--quiet", "--archive"]);
    let run = run.arg(made.dir().join("packages").join(archive)).args(choice);
    let apply = ["--apply", "--key", "operator.pem", "--reason", "Khiếu nại 7/2027"];
    run.args(apply).go().expect(0);
}

/// What `handover-verify all` says of a purge: its findings, and what it could not look at.
#[track_caller]
fn judged(made: &PurgeMade, purge: &str, key: bool) -> (Vec<String>, Vec<String>) {
    let run = Run::new("handover-verify")
        .args(["all", "--json", "--quiet", "--handover"])
        .arg(made.dir())
        .env("HANDOVER_ESCROW_PASSPHRASE", PASSPHRASE)
        .dir(made.at(""));
    let run = if key { run.args(["--identity", "escrow.age"]) } else { run };
    let report = json(&run.go());
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == purge).unwrap();
    let texts = |name: &str| {
        let list = check[name].as_array().or_else(|| check["outcome"][name].as_array());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        list.unwrap_or_else(|| panic!("{check}")).iter().map(text).collect()
    };
    (texts("findings"), texts("unverified"))
}

/// A restored row that somebody changes, or takes away, is a change outside the tool.
#[test]
fn a_restored_row_that_changed_is_found() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Certified);
        put_back(&made, ARCHIVE, &["--all"]);
        assert!(verify_with_key(&made).expect(0).stdout.contains("5 rows that restores put back"));
        assert_eq!(judged(&made, "purge 1", true), (vec![], vec![]));
        // Nobody can tell without a key once the salts are erased, and it is not called equal.
        verify(&made).go().expect(2);
        assert!(!judged(&made, "purge 1", false).1.is_empty());

        made.sql(
            "update subjects set phone = '+84 1' where number = 9;
             delete from cards where code = 'QR-3-b'",
        );
        let told = verify_with_key(&made);
        assert!(told.expect(0).stdout.contains("1 are not what was archived any more"), "{told:?}");
        let (findings, _) = judged(&made, "purge 1", true);
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].contains("subjects: of the rows"), "{findings:?}");
        assert!(findings[1].contains("and 1 are not there any more"), "{findings:?}");
    }
}

/// As long as the ledger has the salts, it takes no key.
#[test]
fn until_it_is_certified_the_ledger_tells() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Executed);
        put_back(&made, ARCHIVE, &["--table", "public.subjects", "--record-key", "7"]);
        assert!(verify(&made).go().expect(0).stdout.contains("1 rows that restores put back"));
        made.sql("update subjects set birth_date = null where number = 7");
        let told = verify(&made).go();
        assert!(told.expect(0).stdout.contains("subjects: of the rows that restores put back, 1"));
        assert_eq!(judged(&made, "purge 1", false).0.len(), 1);
        // The row that nobody restored, back by hand.
        made.sql("insert into subjects (number, name, status) values (3, 'X', 'new')");
        let told = verify(&made).go();
        assert!(told.expect(1).stdout.contains("subjects that were deleted are there"));
    }
}

/// A second purge of the table, and then a row comes back from the first one's archive.
#[test]
fn a_row_of_an_earlier_purge_comes_back() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Certified);
        put_back(&made, ARCHIVE, &["--person", "--table", "public.subjects", "--record-key", "5"]);
        made.sql("update subjects set status = 'unverified' where number in (2, 5)");
        made.go_on_from(Until::Made, Until::Certified);
        assert_eq!(made.count("subjects", "number in (2, 5)"), 0);
        put_back(&made, ARCHIVE, &["--person", "--table", "public.subjects", "--record-key", "7"]);
        assert_eq!(judged(&made, "purge 1", true).0, [""; 0]);
        assert_eq!(judged(&made, "purge 2", true), (vec![], vec![]));
        assert!(!judged(&made, "purge 2", false).1.is_empty());
        let second = ARCHIVE.replace('1', "2");
        put_back(&made, &second, &["--all"]);
        assert_eq!(judged(&made, "purge 2", true), (vec![], vec![]));

        // Of whichever archive it is, a row that changed is found once.
        made.sql("update doses set volume = 9 where number = 70");
        let (findings, _) = judged(&made, "purge 2", true);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].contains("doses: of the rows that restores put back"), "{findings:?}");
        assert_eq!(judged(&made, "purge 1", true).0, [""; 0]);
    }
}

/// What is said of one table is not passed over because another one was purged again.
#[test]
fn a_later_purge_answers_for_its_own_tables_only() {
    for engine in ENGINES {
        let made = PurgeMade::until(engine, Until::Certified);
        let config = std::fs::read_to_string(made.dir().join("handover.toml")).unwrap();
        let other = "\n[[purge.rule]]\nname = \"blank\"\nreason_vi = \"Trống\"\n\
                     reason_en = \"Blank\"\nlegal_basis = [\"12\"]\nretain_until = \"2036-12-31\"\n\
                     table = \"public.cards\"\nwhere = \"code = 'QR-2-b'\"\nfollow = []\n";
        std::fs::write(made.dir().join("handover.toml"), format!("{config}{other}")).unwrap();
        for command in [
            &["select"][..],
            &["backup", "--identity", "escrow.age"],
            &["approve", "--key", "owner.pem"],
            &["approve", "--key", "keeper.pem"],
            &["execute", "--key", "operator.pem"],
            &["certify", "--key", "operator.pem"],
        ] {
            made.purge(command).args(["--rule", "blank"]).go().expect(0);
        }
        assert_eq!(judged(&made, "purge 1", true).0, [""; 0]);
        made.sql("update doses set volume = 9 where subject = 8");
        let (findings, _) = judged(&made, "purge 1", true);
        assert_eq!(findings.len(), 1, "{findings:?}");
        holds(&made);
    }
}

/// No table with rows is left that no rule is about: rows were compared all the same.
#[test]
fn every_table_may_belong_to_the_rule() {
    for engine in ENGINES {
        let source = PurgeMade::begin(Engine::Sqlite);
        source.fill();
        source.sql("update subjects set place_code = null; delete from places");
        let made = AttestMade { source, target: PurgeMade::empty(engine) };
        made.copy();
        made.target.go_on(Until::Certified);
        let report = json(&made.all(&["--json"]));
        let checks = report["checks"].as_array().unwrap();
        let tables = checks.iter().find(|check| check["name"] == "tables").unwrap();
        assert_eq!(tables["verdict"], "holds", "{tables}");
        made.source.sql("delete from doses where number = 20");
        let report = json(&made.all(&["--json"]));
        assert_eq!(report["checks"][0]["verdict"], "differs", "{report}");
    }
}
