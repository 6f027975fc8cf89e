//! A check of one part of a hand-over says what only the check of all of it looks at.

use handover_testkit::Run;

use crate::attest_made::{AttestMade, FIRST};
use crate::purge_made::{Engine, PurgeMade, Until};

#[test]
fn a_check_that_is_run_alone_says_what_only_all_looks_at() {
    let purged = PurgeMade::until(Engine::Sqlite, Until::Certified);
    let attested = AttestMade::signed(Engine::Sqlite);
    let verify = |words: &[&str]| Run::new("handover-verify").args(words);
    for run in [
        verify(&["purge", "--quiet", "--handover"]).arg(purged.dir()),
        verify(&["package", "--quiet"]).arg(purged.archive()),
        verify(&["ledger", "--handover"]).arg(purged.dir()),
        verify(&["attestation", "--quiet"])
            .arg(attested.file(FIRST))
            .arg("--trust")
            .arg(attested.target.at("trust.toml")),
    ] {
        let outcome = run.go();
        let is_said = |line: &str| {
            line.trim_start().starts_with("not checked")
                && line.contains("handover-verify all holds them against")
        };
        assert!(outcome.stdout.lines().any(is_said), "{outcome:?}");
    }
}
