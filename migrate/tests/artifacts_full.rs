//! A disk that is full while packages are made: the error says what did not fit, nothing is lost,
//! and with room the same command goes on to the same seal.

use std::fs;

use handover_testkit::{Outcome, sqlite};

use crate::artifacts_delivery::{Delivery, seal};
use crate::full::SmallDisk;
use crate::support::{mode, says};

/// A delivery that is received onto a disk of this size.
fn onto(size: &str) -> Option<(SmallDisk, Delivery)> {
    let disk = SmallDisk::of(size)?;
    let mut delivery = Delivery::new();
    delivery.set_dir(&disk.path().join("handover"));
    Some((disk, delivery))
}

#[track_caller]
fn stopped(outcome: &Outcome, thing: &str) {
    says(outcome.expect(2), &["error: ", thing]);
    let said = outcome.stderr.to_lowercase();
    assert!(said.contains("no space left") || said.contains("no room left"), "{said}");
    assert!(!said.contains("damaged") && !said.contains("delete"), "{said}");
}

#[track_caller]
fn goes_on(disk: &SmallDisk, delivery: &Delivery, expected: &str) {
    disk.grow("400m");
    assert_eq!(seal(&delivery.received(0)), expected);
    delivery.is_whole();
    assert_eq!(mode(&delivery.package()), 0o700);
}

#[test]
fn no_room_for_the_payload() {
    let Some((disk, delivery)) = onto("8m") else { return };
    for i in 0..6 {
        delivery.put(format!("{i}"), vec![b'a' + i; 2 << 20]);
    }
    let expected = delivery.undisturbed_seal();
    for _ in 0..2 {
        stopped(&delivery.receive().arg("--quiet").go(), "cannot write data/document/");
    }
    goes_on(&disk, &delivery, &expected);
}

/// Empty files take no room of a file system in memory, what is known of them does.
#[test]
fn no_room_for_the_journal() {
    let Some((disk, delivery)) = onto("2m") else { return };
    delivery.shell("for i in {1..4000}; do : > $i-with-a-name-that-is-long-enough-to-take-room-in-the-journal; done");
    let expected = delivery.undisturbed_seal();
    for _ in 0..2 {
        stopped(&delivery.receive().arg("--quiet").go(), "journal.db");
    }
    goes_on(&disk, &delivery, &expected);
}

/// Stages after everything was stored: the disk fills up with what somebody else writes.
#[test]
fn no_room_for_the_lists() {
    let Some((disk, delivery)) = onto("40m") else { return };
    delivery.shell(
        "for i in {1..6000}; do echo $i > a-name-that-is-long-enough-to-take-some-room-$i; done",
    );
    let expected = delivery.undisturbed_seal();
    let mut stopped_at_lists = false;
    for kilobytes in [500, 1000, 1500, 2000] {
        // Everything is received first, and stopped before it is sealed.
        let mut run = delivery.receive().spawn();
        if run.wait_for(|_| delivery.partial().join("bag/contents.jsonl").exists()) {
            run.signal("STOP");
        }
        let filler = disk.path().join("filler");
        fill(&filler, kilobytes);
        run.signal("CONT");
        let outcome = run.wait();
        fs::remove_file(filler).unwrap();
        if outcome.code == Some(2) {
            stopped(&outcome, "");
            stopped_at_lists |= outcome.stderr.contains("contents.jsonl")
                || outcome.stderr.contains("manifest-sha256.txt")
                || outcome.stderr.contains("a list of the package");
            assert!(!delivery.package().exists());
            continue;
        }
        break;
    }
    assert!(stopped_at_lists, "no run stopped at its lists");
    goes_on(&disk, &delivery, &expected);
}

/// Leaves so many kilobytes free.
fn fill(filler: &std::path::Path, kilobytes: u64) {
    let script = format!(
        "free=$(df --output=avail -k {0} | tail -1); head -c $(( (free - {kilobytes}) * 1024 )) \
         /dev/zero > {1}",
        filler.parent().unwrap().display(),
        filler.display()
    );
    handover_testkit::Run::program("bash").args(["-ec", &script]).go().expect(0);
}

/// The package is sealed and the ledger cannot take its seal.
#[test]
fn no_room_for_the_ledger() {
    let Some(disk) = SmallDisk::of("1m") else { return };
    let mut delivery = Delivery::new();
    delivery.put("file", vec![b'x'; 32 << 20]);
    let expected = delivery.undisturbed_seal();
    let target = disk.path().join("target.db");
    delivery.set_target(&format!("sqlite:{}", target.display()));
    delivery.configure(crate::artifacts_delivery::DOCUMENTS);
    // The disk fills up while files are received.
    let mut run = delivery.receive().arg("--quiet").spawn();
    assert!(run.wait_for(|_| delivery.partial().join("bag").exists()), "{}", run.stderr());
    run.signal("STOP");
    fill_up(disk.path());
    run.signal("CONT");
    stopped(&run.wait(), "ledger");
    assert!(delivery.package().exists());
    assert_eq!(sqlite(&target, "select count(*) from handover_package"), "0");
    // Nor does it begin.
    stopped(&delivery.receive().arg("--quiet").go(), "target.db");
    fs::remove_file(disk.path().join("filler")).unwrap();
    disk.grow("4m");
    assert_eq!(seal(&delivery.received(0)), expected);
    delivery.verify(&delivery.package()).go().expect(0);
}

fn fill_up(folder: &std::path::Path) {
    let filler = folder.join("filler");
    let script = format!("cat /dev/zero > {} 2>/dev/null || true", filler.display());
    handover_testkit::Run::program("bash").args(["-c", &script]).go();
}
