//! Manual pages, completions, and a command line without what it needs.

use handover_testkit::{Run, check_completions, check_manual};

#[test]
fn manual() {
    check_manual("handover-minutes");
}

#[test]
fn completions() {
    check_completions("handover-minutes");
}

#[test]
fn what_is_needed_is_asked_for() {
    let outcome = Run::new("handover-minutes").args(["--attestation", "x"]).go();
    outcome.expect(2);
    assert!(
        outcome.stderr.contains("--trust") && outcome.stderr.contains("--out"),
        "{}",
        outcome.stderr
    );
    Run::new("handover-minutes").go().expect(2);
}
