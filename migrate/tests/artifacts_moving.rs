//! Deliveries that move while they are received.

use std::fs;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use handover_testkit::Running;

use crate::artifacts_delivery::{Delivery, counts, seal};
use crate::support::{json, says};

/// Waits until the run is reading files.
#[track_caller]
fn wait_until_receiving(delivery: &Delivery, run: &mut Running) {
    let data = delivery.partial().join("bag/data/document");
    assert!(run.wait_for(|_| data.exists()), "{}", run.stderr());
}

/// Somebody appends to a file all the time.
#[test]
fn a_file_that_is_written_meanwhile() {
    let delivery = Delivery::new();
    delivery.put("still", "x");
    let path = delivery.put("log", vec![b'x'; 1 << 20]);
    let written = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
            while !written.load(Ordering::Relaxed) {
                file.write_all(b"line\n").unwrap();
                thread::sleep(Duration::from_micros(200));
            }
        });
        let outcome = delivery.receive().go();
        written.store(true, Ordering::Relaxed);
        let report = json(outcome.expect(1));
        assert_eq!(counts(&report)["not_stored"], 1);
    });
    let told = ("not_stored".to_owned(), "log".to_owned(), "changing".to_owned());
    assert_eq!(delivery.found(), [told]);
    delivery.is_whole();
    // Now that it is left alone.
    let report = json(delivery.receive().arg("--renew").go().expect(0));
    assert_eq!(report["packages"][0]["outcome"], "replaced");
    delivery.is_whole();
}

/// Once is no harm: it is read again.
#[test]
fn a_file_that_was_written_once_is_read_again() {
    let delivery = Delivery::new();
    // Written by its last byte only: what was read of it would be another file's.
    let path = delivery.put("big", vec![b'x'; 64 << 20]);
    let mut run = delivery.receive().spawn();
    wait_until_receiving(&delivery, &mut run);
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"end").unwrap();
    run.wait().expect(0);
    delivery.is_whole();
}

/// Some of it is gone before it is read.
#[test]
fn files_that_vanish() {
    let delivery = Delivery::new();
    for i in 0..4 {
        delivery.put(format!("a{i}"), vec![b'x'; 16 << 20]);
    }
    delivery.shell("mkdir m z; for i in {1..200}; do echo $i > m/$i; echo $i > z/$i; done");
    let mut run = delivery.receive().args(["--jobs", "1"]).spawn();
    wait_until_receiving(&delivery, &mut run);
    run.signal("STOP");
    delivery.shell("rm -r z");
    run.signal("CONT");
    let outcome = run.wait();
    let report = json(outcome.expect(1));
    assert!(counts(&report)["not_stored"] >= 1, "{report:#}");
    assert!(
        delivery.found().iter().all(|(_, path, what)| path.starts_with('z') && what == "vanished")
    );
    let stored = delivery.contents().iter().filter(|entry| entry["type"] == "file").count();
    assert_eq!(stored, 204);
    delivery.is_whole();
}

/// Three files that take a while, and many small ones.
fn large(delivery: &Delivery) {
    for i in 0..3 {
        delivery.put(format!("a{i}"), vec![b'a' + i; 16 << 20]);
    }
    delivery.shell("mkdir z; for i in {1..1500}; do echo $i > z/$i; done");
}

/// The disk with the delivery is pulled out, or another one is put in its place.
#[test]
fn the_delivered_folder_goes_away() {
    for replaced in [false, true] {
        let delivery = Delivery::new();
        large(&delivery);
        let expected = delivery.undisturbed_seal();
        let aside = delivery.beside("aside");
        let mut run = delivery.receive().args(["--jobs", "1"]).spawn();
        wait_until_receiving(&delivery, &mut run);
        run.signal("STOP");
        fs::rename(delivery.delivered(), &aside).unwrap();
        if replaced {
            fs::create_dir(delivery.delivered()).unwrap();
        }
        run.signal("CONT");
        let outcome = run.wait();
        says(outcome.expect(2), &["disappeared while it was read", "run the same command again"]);
        assert!(!delivery.package().exists());
        let kept = delivery.partial().join("bag/data/document/a0");
        let written = || fs::metadata(&kept).unwrap().modified().unwrap();
        let before = written();
        if replaced {
            fs::remove_dir(delivery.delivered()).unwrap();
        } else {
            // Nor does it begin without it.
            says(delivery.receive().go().expect(2), &["cannot read", "put it there"]);
        }
        fs::rename(&aside, delivery.delivered()).unwrap();
        let mut run = delivery.receive().spawn();
        assert!(
            run.wait_for(|_| delivery.partial().join("bag/contents.jsonl").exists())
                || run.has_ended()
        );
        let after = kept.exists().then(written);
        let report = json(run.wait().expect(0));
        assert_eq!(seal(&report), expected);
        // What was received before was not stored again.
        assert!(after.is_none_or(|after| after == before), "{after:?} {before:?}");
        delivery.is_whole();
    }
}
