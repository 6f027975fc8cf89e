//! The second run and later ones, components by name, and the copy before or after.

use std::fs;
use std::os::unix::fs::symlink;

use handover_testkit::{Run, sqlite};
use serde_json::Value;

use crate::artifacts_delivery::{DOCUMENTS, Delivery, counts, seal};
use crate::ends::{End, Engine, PLATFORM, platform};
use crate::support::{Handover, json};

fn outcome(report: &Value) -> &str {
    report["packages"][0]["outcome"].as_str().unwrap()
}

#[test]
fn a_second_run_says_the_same() {
    let delivery = Delivery::new();
    delivery.put("a/file", "password = \"Quang-Nam-31x\"");
    delivery.put("broken.zip", "PK\x03\x04broken");
    delivery.shell("mkfifo pipe; md5sum a/file > MD5SUMS; echo >> a/file; touch empty");
    let missing = "[[component.deliverable]]\nkind = \"installer\"\n";
    delivery.configure(&format!("{DOCUMENTS}checksums = \"MD5SUMS\"\n{missing}"));
    let first = delivery.received(1);
    let (lines, seals) = (delivery.findings(), delivery.seals());
    assert_eq!(outcome(&first), "sealed");
    for _ in 0..2 {
        let again = delivery.received(1);
        assert_eq!(outcome(&again), "unchanged");
        assert_eq!(again["findings"], first["findings"]);
        assert_eq!(again["inventory"], first["inventory"]);
        assert_eq!(
            (seal(&again), again["packages"][0]["files"].clone()),
            (seal(&first), first["packages"][0]["files"].clone())
        );
        assert_eq!((delivery.findings(), delivery.seals()), (lines.clone(), seals.clone()));
    }
}

#[test]
fn what_changed_since_is_told_and_sealed_anew_when_asked() {
    let delivery = Delivery::new();
    delivery.put("changed", "before");
    delivery.put("removed", "x");
    delivery.put("same", "x");
    let old = seal(&delivery.received(0));
    delivery.put("changed", "after!");
    delivery.put("added", "x");
    fs::remove_file(delivery.delivered().join("removed")).unwrap();
    let report = delivery.received(1);
    assert_eq!((outcome(&report), seal(&report)), ("changed", old.clone()));
    let expected = [
        ("document/added", "it is new"),
        ("document/changed", "it has changed"),
        ("document/removed", "it is gone"),
    ];
    let expected = expected
        .map(|(path, what)| ("changed_since_sealed".to_owned(), path.to_owned(), what.to_owned()));
    assert_eq!(delivery.found(), expected);
    assert_eq!(delivery.seals().len(), 1);

    let report = json(delivery.receive().args(["--renew", "--quiet"]).go().expect(0));
    let new = seal(&report);
    assert_eq!(outcome(&report), "replaced");
    assert_ne!(old, new);
    delivery.is_whole();
    let seals = delivery.seals();
    assert_eq!((seals[&old].as_str(), seals[&new].as_str()), ("1", "0"));
    let aside = delivery.dir().join(format!("packages/portal.{}", old.get(..16).unwrap()));
    let verified = delivery.verify(&aside).go();
    assert!(
        verified.stdout.contains("a later package of this component replaced it"),
        "{}",
        verified.stdout
    );
    assert_eq!(fs::read_to_string(aside.join("data/document/changed")).unwrap(), "before");
    // Nothing to do: nothing is done.
    let report = json(delivery.receive().args(["--renew", "--quiet"]).go().expect(0));
    assert_eq!((outcome(&report), seal(&report)), ("unchanged", new));

    // What was replaced belongs to what was handed over: whoever takes it away is noticed.
    let all = || {
        Run::new("handover-verify").args(["all", "--quiet", "--handover"]).arg(delivery.dir()).go()
    };
    assert!(!all().stdout.contains("FINDING"), "{}", all().stdout);
    let elsewhere = delivery.beside("elsewhere");
    fs::rename(&aside, &elsewhere).unwrap();
    let said = all().expect(1).stdout.clone();
    assert!(said.contains("is not there, though it was sealed"), "{said}");
    // Nor does a link stand for it.
    symlink(&elsewhere, &aside).unwrap();
    let said = all().expect(1).stdout.clone();
    assert!(said.contains("is a symbolic link") && said.contains("is not there"), "{said}");
    let refused = delivery.receive().args(["--quiet"]).go();
    assert!(refused.expect(2).stderr.contains("is a symbolic link"), "{refused:?}");
    fs::remove_file(&aside).unwrap();
    fs::rename(&elsewhere, &aside).unwrap();

    // Back to what it was, and forth: each of these is a package again.
    for content in ["before", "after!", "before"] {
        delivery.put("changed", content);
        let report = json(delivery.receive().args(["--renew", "--quiet"]).go().expect(0));
        assert_eq!(outcome(&report), "replaced");
        delivery.is_whole();
    }
}

/// Times are part of what was delivered: the same bytes at another time are another delivery.
#[test]
fn the_same_delivery_again_has_the_same_seal() {
    let delivery = Delivery::new();
    delivery.put("file", "one");
    delivery.shell("touch -d 2022-11-22T03:04:05.123456789 file .");
    let first = seal(&delivery.received(0));
    delivery.shell("echo two > file; touch -d 2022-11-22T03:04:05 file");
    let second = seal(&json(delivery.receive().arg("--renew").go().expect(0)));
    delivery.shell("printf one > file; touch -d 2022-11-22T03:04:05.123456789 file .");
    let third = seal(&json(delivery.receive().arg("--renew").go().expect(0)));
    assert_eq!(first, third);
    assert_ne!(first, second);
    delivery.put("file", "two again");
    delivery.receive().arg("--renew").go().expect(0);
    delivery.is_whole();
    assert_eq!(delivery.seals().values().filter(|old| *old == "0").count(), 1);
}

#[test]
fn a_package_that_is_not_the_ledgers_is_told() {
    let delivery = Delivery::new();
    delivery.put("file", "x");
    let sealed = seal(&delivery.received(0));
    sqlite(
        &delivery.beside("target.db"),
        &format!("update handover_package set seal = '{}'", "a".repeat(64)),
    );
    for _ in 0..2 {
        let report = delivery.received(1);
        assert_eq!((outcome(&report), counts(&report)["package_damaged"]), ("not_compared", 1));
        assert_eq!(delivery.found()[0].2, format!("its seal is {sealed}"));
    }
    sqlite(
        &delivery.beside("target.db"),
        &format!("update handover_package set seal = '{sealed}'"),
    );
    delivery.received(0);
    // Its folder is gone.
    fs::remove_dir_all(delivery.package()).unwrap();
    let report = delivery.received(1);
    assert_eq!((outcome(&report), counts(&report)["package_damaged"]), ("sealed", 1));
    assert_eq!(seal(&report), sealed);
    delivery.received(0);
}

#[test]
fn components_are_received_by_name() {
    let delivery = Delivery::new();
    delivery.put("file", "x");
    fs::create_dir(delivery.beside("app")).unwrap();
    fs::write(delivery.beside("app/setup"), "y").unwrap();
    delivery.configure(&format!(
        "{DOCUMENTS}[[component]]\nid = \"app\"\nname_vi = \"App\"\nname_en = \"App\"\n\
         [[component.deliverable]]\nkind = \"installer\"\npath = \"../app\"\n"
    ));
    let only =
        |id: &str, code: i32| json(delivery.receive().args(["--component", id]).go().expect(code));
    let report = only("app", 0);
    assert_eq!(report["packages"].as_array().unwrap().len(), 1);
    assert!(!delivery.package().exists());
    let report = only("portal", 0);
    // What another run received stays in the inventory.
    let states: Vec<_> = report["inventory"]["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["deliverables"][0]["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [("portal", "verified"), ("app", "verified")]);
    let all = delivery.received(0);
    assert_eq!(all["inventory"], report["inventory"]);
    assert_eq!(all["packages"].as_array().unwrap().len(), 2);
}

/// Before the copy or after it: the ledger holds both, and neither disturbs the other.
#[test]
fn the_copy_and_the_packages_go_together() {
    for (from, to) in [(Engine::Sqlite, Engine::Sqlite), (Engine::Postgres, Engine::Postgres)] {
        let source = platform(from);
        for first in ["copy", "artifacts"] {
            let target = End::empty(to);
            let delivery = Delivery::into_target(&target.url());
            delivery.put("file", "x");
            delivery
                .configure(&format!("{DOCUMENTS}[[component.deliverable]]\nkind = \"database\"\n"));
            let mut handover = Handover::between(&source.url(), &target.url());
            handover.set_dir(&delivery.dir());
            if first == "copy" {
                handover.copied();
                delivery.received(0);
            } else {
                let report = delivery.received(1);
                assert_eq!(counts(&report)["missing"], 1, "{report:#}");
                handover.copied();
                assert_eq!(outcome(&delivery.received(0)), "unchanged");
            }
            let database = delivery.received(0);
            let database = &database["inventory"]["components"][0]["deliverables"][1];
            assert_eq!((&database["state"], &database["files"]), (&"verified".into(), &5.into()));
            handover.verified();
            assert_eq!(source.rows(&PLATFORM), target.rows(&PLATFORM));
            delivery.verify(&delivery.package()).go().expect(0);
            let status = handover.status();
            assert_eq!(status.stage(), "done");
            let text = Run::new("handover-migrate")
                .args(["status", "--handover"])
                .arg(delivery.dir())
                .go();
            for part in ["done", "portal", "document", "database", "verified"] {
                assert!(text.expect(0).stdout.contains(part), "{part}: {}", text.stdout);
            }
        }
    }
}

/// Before anything is copied, `status` shows what was received.
#[test]
fn status_of_packages_alone() {
    for to in [Engine::Sqlite, Engine::Postgres] {
        let target = End::empty(to);
        let delivery = Delivery::into_target(&target.url());
        delivery.put("file", "x");
        delivery.received(0);
        let text =
            Run::new("handover-migrate").args(["status", "--handover"]).arg(delivery.dir()).go();
        assert!(text.stdout.contains("portal"), "{}\n{}", text.stdout, text.stderr);
    }
}
