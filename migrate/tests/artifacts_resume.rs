//! Receiving that is killed, interrupted, run twice at once or spoiled: the same command goes on,
//! and what is sealed in the end is what an undisturbed run seals.

use std::fs;
use std::thread;
use std::time::Duration;

use handover_testkit::{Outcome, Run, Running, sqlite};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::artifacts_delivery::{DOCUMENTS, Delivery, counts, seal};
use crate::config::is_refused;
use crate::support::{json, says};

/// Kills in all.
const KILLS: u32 = 20;

/// Many small files, and two of so many megabytes that take a while.
fn delivery_with(megabytes: u32) -> Delivery {
    let delivery = Delivery::new();
    delivery.shell(&format!(
        "mkdir a z; for i in {{1..1500}}; do echo $i > a/$i; echo $i > z/$i; done; \
         for i in x y; do head -c {megabytes}M /dev/zero | tr '\\0' $i > m$i; done; \
         tar cf some.tar a/1??"
    ));
    delivery
}

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Some time after files began to come.
    Receiving,
    /// While files are read back.
    ReadingBack,
    /// While lists are written and the package is moved to its place.
    Sealing,
}

impl Moment {
    fn has_come(self, delivery: &Delivery, run: &Running) -> bool {
        match self {
            Self::Receiving => delivery.partial().join("bag/data/document").exists(),
            Self::ReadingBack => run.stderr().contains("read back"),
            Self::Sealing => delivery.partial().join("bag/contents.jsonl").exists(),
        }
    }

    fn longest_ms(self) -> u64 {
        match self {
            Self::Receiving => 1200,
            Self::ReadingBack => 400,
            Self::Sealing => 60,
        }
    }
}

#[test]
fn killed_often_and_sealed_as_if_undisturbed() {
    let seed = 20_221_122;
    println!("seed {seed}");
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let delivery = delivery_with(50);
    let expected = delivery.undisturbed_seal();
    let moments = [Moment::Receiving, Moment::ReadingBack, Moment::Sealing];
    let (mut kills, mut seen) = (0, [0; 3]);
    while kills < KILLS {
        let which = usize::try_from(dice.next_u64() % 3).unwrap();
        let moment = moments[which];
        let mut run = delivery.receive().spawn();
        if run.wait_for(|run| moment.has_come(&delivery, run)) {
            thread::sleep(Duration::from_millis(dice.next_u64() % moment.longest_ms()));
        }
        if run.kill().signal == Some(9) {
            kills += 1;
            seen[which] += 1;
        }
        if delivery.package().exists() {
            // Sealed, perhaps a moment before it was killed: then the next run says so.
            is_sealed_as(&delivery, &expected);
            fs::remove_dir_all(delivery.package()).unwrap();
            delivery.forget_ledger();
        }
    }
    println!("killed while receiving, reading back, sealing: {seen:?}");
    is_sealed_as(&delivery, &expected);
}

#[track_caller]
fn is_sealed_as(delivery: &Delivery, expected: &str) {
    let report = delivery.received(0);
    assert_eq!(seal(&report), expected);
    delivery.is_whole();
    assert_eq!(delivery.seals().get(expected).map(String::as_str), Some("0"));
}

/// Killed after the package was in its place, before the ledger knew.
#[test]
fn a_package_that_the_ledger_does_not_know_is_verified_and_recorded() {
    let delivery = Delivery::new();
    delivery.put("file", "x");
    delivery.put("other", "y");
    let before = delivery.received(0);
    delivery.forget_ledger();
    let after = delivery.received(0);
    assert_eq!(seal(&after), seal(&before));
    delivery.is_whole();

    delivery.forget_ledger();
    fs::write(delivery.stored("file"), "z").unwrap();
    let report = delivery.received(1);
    assert_eq!(counts(&report)["package_damaged"], 1);
    assert_eq!(delivery.seals().len(), 0);
}

/// The folder in which a package was made may be left when it is killed there. What it says of
/// files does not hold for the next package.
#[test]
fn what_a_killed_run_left_is_not_believed_later() {
    let delivery = delivery_with(8);
    stopped_before_sealing(&delivery);
    let left = delivery.beside("left");
    Run::program("cp").arg("-a").arg(delivery.partial()).arg(&left).go().expect(0);
    delivery.received(0);
    // As the kill would have left it: everything was read back, and the bag is in its place.
    fs::remove_dir_all(left.join("bag")).unwrap();
    fs::rename(&left, delivery.partial()).unwrap();
    delivery.forget_ledger();
    delivery.put("new", "z");
    let report = json(delivery.receive().args(["--renew", "--quiet"]).go().expect(0));
    assert_eq!(report["packages"][0]["files"], 3004);
    delivery.is_whole();
}

#[test]
fn an_interrupt_is_heard_and_nothing_is_lost() {
    let delivery = delivery_with(8);
    let expected = delivery.undisturbed_seal();
    for signal in ["INT", "TERM"] {
        let mut run = delivery.receive().spawn();
        // Its first line of progress: from then on it listens.
        let listens =
            |run: &Running| !run.stderr().is_empty() && Moment::Receiving.has_come(&delivery, run);
        assert!(run.wait_for(listens), "{}", run.stderr());
        run.signal(signal);
        let outcome = run.wait();
        says(outcome.expect(130), &["interrupted", "run the same command again to go on"]);
        assert_eq!(outcome.stdout, "");
        assert!(!delivery.package().exists());
    }
    is_sealed_as(&delivery, &expected);
}

#[test]
fn two_runs_at_once() {
    let delivery = delivery_with(8);
    let mut first = delivery.receive().spawn();
    assert!(first.wait_for(|run| Moment::Receiving.has_come(&delivery, run)));
    first.signal("STOP");
    let second = delivery.receive().arg("--quiet").go();
    first.signal("CONT");
    second.expect(2);
    assert!(
        second.stderr.contains("another run makes the package portal; wait for it, or end it")
            || second.stderr.contains("locked"),
        "{}",
        second.stderr
    );
    first.wait().expect(0);
    delivery.is_whole();
}

/// Stops a run when files were read back, with the bag still unfinished.
fn stopped_before_sealing(delivery: &Delivery) {
    for _ in 0..20 {
        let mut run = delivery.receive().spawn();
        assert!(run.wait_for(|run| Moment::Sealing.has_come(delivery, run)), "{}", run.stderr());
        run.kill();
        if delivery.partial().join("bag").exists() {
            return;
        }
        // It was quicker.
        fs::remove_dir_all(delivery.package()).unwrap();
        drop(fs::remove_dir_all(delivery.partial()));
        delivery.forget_ledger();
    }
    panic!("every run was quicker than its kill");
}

#[test]
fn stored_files_that_are_spoiled_between_two_runs_are_stored_again() {
    let delivery = delivery_with(8);
    let expected = delivery.undisturbed_seal();
    stopped_before_sealing(&delivery);
    let data = delivery.partial().join("bag/data/document");
    fs::write(data.join("a/7"), "spoiled").unwrap();
    fs::write(data.join("a/8"), "9\n").unwrap();
    fs::remove_file(data.join("z/7")).unwrap();
    fs::write(data.join("stranger"), "put there").unwrap();
    is_sealed_as(&delivery, &expected);
}

#[test]
fn a_journal_that_is_damaged_is_told() {
    let delivery = delivery_with(8);
    stopped_before_sealing(&delivery);
    let journal = delivery.partial().join("journal.db");
    // Everything into the one file.
    sqlite(&journal, "pragma wal_checkpoint(truncate); pragma journal_mode = delete");
    let sound = fs::read(&journal).unwrap();
    let mut in_the_middle = sound.clone();
    for byte in in_the_middle.iter_mut().skip(8192) {
        *byte = 0xa5;
    }
    for damaged in [b"this is no database, and never was one\n".repeat(99), in_the_middle] {
        fs::write(&journal, damaged).unwrap();
        let outcome = delivery.receive().arg("--quiet").go();
        is_refused_for_damage(&outcome, &delivery);
    }
    fs::remove_dir_all(delivery.partial()).unwrap();
    delivery.received(0);
    delivery.is_whole();
}

#[track_caller]
fn is_refused_for_damage(outcome: &Outcome, delivery: &Delivery) {
    outcome.expect(2);
    let said = outcome.stderr.replace(delivery.dir().to_str().unwrap(), "DIR");
    let expected = "DIR/packages/.portal.partial/journal.db is damaged; delete the folder it is \
                    in, and run the same command again";
    assert!(said.contains(expected), "{said}");
}

/// What was stored another way is not mixed with what is stored now.
#[test]
fn another_way_of_storing_begins_anew() {
    let delivery = delivery_with(8);
    stopped_before_sealing(&delivery);
    delivery.configure(&format!("{DOCUMENTS}[package]\ncompress = true\nsha512 = true\n"));
    let report = delivery.received(0);
    assert!(report["packages"][0]["bytes"].as_u64().unwrap() < 8 << 20, "{report:#}");
    let stored = delivery.package().join("data/document");
    let plain = Run::program("find").arg(stored);
    let plain = plain.args(["-type", "f", "-not", "-name", "*.zst"]).go().stdout;
    assert_eq!(plain, "");
    delivery.verify(&delivery.package()).go().expect(0);
}

/// Sealing anew is killed: before the new package is in its place, and before the ledger knows it.
#[test]
fn sealing_anew_goes_on_too() {
    let delivery = delivery_with(8);
    let old = seal(&delivery.received(0));
    delivery.put("new", "new");
    let mut run = delivery.receive().arg("--renew").spawn();
    assert!(run.wait_for(|run| Moment::Receiving.has_come(&delivery, run)), "{}", run.stderr());
    run.kill();
    let report = json(delivery.receive().args(["--renew", "--quiet"]).go().expect(0));
    let new = seal(&report);
    assert_eq!(report["packages"][0]["outcome"], "replaced", "{report:#}");
    delivery.is_whole();

    let target = delivery.beside("target.db");
    sqlite(&target, &format!("delete from handover_package where seal = '{new}'"));
    sqlite(&target, "update handover_package set superseded_at = null");
    assert_eq!(counts(&delivery.received(1))["package_damaged"], 1);
    let report = json(delivery.receive().args(["--renew", "--quiet"]).go().expect(0));
    assert_eq!(
        (seal(&report), &report["packages"][0]["outcome"]),
        (new.clone(), &"unchanged".into())
    );
    let seals = delivery.seals();
    assert_eq!((seals[&old].as_str(), seals[&new].as_str()), ("1", "0"));
    delivery.is_whole();
}

/// A component that the config does not have.
#[test]
fn an_unknown_component_is_refused() {
    let delivery = Delivery::new();
    let outcome = delivery.receive().args(["--component", "portals"]).go();
    is_refused(&outcome, &delivery.dir(), "handover.toml has no component \"portals\"");
}
