//! Ctrl-C: stops cleanly, says how to go on, loses nothing.

use std::thread;
use std::time::Duration;

use crate::ends::{End, PLATFORM, ROUTES, platform};
use crate::support::{Handover, says};

#[test]
fn copying_is_interrupted() {
    for (from, to) in ROUTES {
        let (source, target) = (platform(from), End::empty(to));
        let handover = Handover::between(&source.url(), &target.url());
        for (interruptions, signal) in (1..).zip(["INT", "TERM", "INT"]) {
            let mut run = handover.copy().args(["--max-rate", "400K", "--chunk-bytes", "8K"]).spawn();
            assert!(run.wait_for(|run| run.stderr().contains("] copying ")), "{}", run.stderr());
            thread::sleep(Duration::from_millis(200));
            run.signal(signal);
            let outcome = run.wait();
            says(outcome.expect(130), &["interrupted", "run the same command again to go on"]);
            assert_eq!(outcome.stdout, "");
            let status = handover.status();
            assert_eq!((status.stage(), status.interruptions()), ("rows", interruptions));
            assert!(status.sum("copied") > 0 && status.sum("copied") < status.sum("planned"));
        }
        handover.copied();
        assert_eq!(handover.status().interruptions(), 3);
        assert_eq!(source.rows(&PLATFORM), target.rows(&PLATFORM));
        handover.verified();
    }
}

/// It does not wait for the end of a chunk that takes a minute.
#[test]
fn an_interrupt_is_heard_at_once() {
    for (from, to) in ROUTES {
        let (source, target) = (platform(from), End::empty(to));
        let handover = Handover::between(&source.url(), &target.url());
        let mut run = handover.copy().args(["--max-rate", "10K"]).spawn();
        assert!(run.wait_for(|run| run.stderr().contains("] copying ")), "{}", run.stderr());
        thread::sleep(Duration::from_millis(200));
        run.signal("INT");
        let before = std::time::Instant::now();
        run.wait().expect(130);
        assert!(before.elapsed() < Duration::from_secs(3), "{from:?} {to:?} {:?}", before.elapsed());
        handover.copied();
    }
}

/// A second Ctrl-C does not wait for anything.
#[test]
fn a_second_interrupt_ends_it() {
    for (from, to) in ROUTES {
        let (source, target) = (platform(from), End::empty(to));
        let handover = Handover::between(&source.url(), &target.url());
        let mut run = handover.copy().args(["--max-rate", "10K"]).spawn();
        assert!(run.wait_for(|run| run.stderr().contains("] copying ")), "{}", run.stderr());
        run.signal("INT");
        run.signal("INT");
        run.wait().expect(130);
        handover.copied();
        assert_eq!(source.rows(&PLATFORM), target.rows(&PLATFORM));
    }
}
