//! The head that is printed last binds everything, the attestation and its closing among it: whoever takes the last
//! events away and does it anew, signed by both sides, is found.

use std::fs;

use handover_schemas::attestation::HandoverAttestation;
use handover_schemas::digest::Digest;
use handover_schemas::signing::statement::Statement;
use handover_testkit::Run;

use crate::attest_made::{AttestMade, CLOSING, ENGINES, FIRST};
use crate::purge_made::Engine;
use crate::support::json;

const REPORT: &str = "attestations/0001-report.html";

/// The head that a command of `attest` prints for paper.
#[track_caller]
fn printed(made: &AttestMade, arguments: &[&str]) -> String {
    let outcome = made.attest(&[arguments, &["--json"]].concat()).go();
    json(outcome.expect(0))["head"].as_str().unwrap().to_owned()
}

/// Signs an envelope of the folder again, to see what is printed then.
#[track_caller]
fn head_when_signed(made: &AttestMade, file: &str) -> String {
    let run = made
        .target
        .migrate("attest")
        .args(["--json", "--key", "witness.pem", "--sign"])
        .arg(made.file(file));
    let outcome = run.arg("--handover").arg(made.target.dir()).go();
    json(outcome.expect(0))["head"].as_str().unwrap().to_owned()
}

/// `all` without either database.
fn offline(made: &AttestMade, head: &str) -> handover_testkit::Outcome {
    let run = Run::new("handover-verify").args([
        "all",
        "--quiet",
        "--offline",
        "--head",
        head,
        "--trust",
    ]);
    run.arg(made.target.at("trust.toml")).arg("--handover").arg(made.target.dir()).go()
}

/// Takes the last event of a kind away, with what the ledger and the folder have of it.
fn take_back(made: &AttestMade, kind: &str) {
    let (event, attestation) = (made.table("event"), made.table("attestation"));
    made.target.sql(&format!("delete from {event} where kind = '{kind}'"));
    if kind == "close" {
        made.target.sql(&format!("update {attestation} set closing = null"));
        fs::remove_file(made.file(CLOSING)).unwrap();
    } else {
        made.target.sql(&format!("delete from {attestation}"));
        fs::remove_file(made.file(FIRST)).unwrap();
    }
}

#[test]
fn another_attestation_does_not_hold_with_the_head_on_paper() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        let head = printed(&made, &["--key", "ministry.pem"]);
        made.sign("vendor.pem", FIRST).expect(0);
        // Attest, sign and the ledger say the same, and it follows from the statement.
        assert_eq!(head, made.head());
        assert_eq!(head, head_when_signed(&made, FIRST));
        made.all(&["--head", &head]).expect(0);
        offline(&made, &head).expect(0);

        take_back(&made, "attest");
        let config = made.file("handover.toml");
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, format!("{text}\n[minutes]\nplace = \"elsewhere\"\n")).unwrap();
        let other = printed(&made, &["--key", "ministry.pem"]);
        made.sign("vendor.pem", FIRST).expect(0);
        assert_ne!(head, other);
        made.all(&["--head", &other]).expect(0);
        let all = made.all(&["--head", &head]);
        assert!(
            all.expect(1).stdout.contains("the head that was given is not in the chain"),
            "{all:?}"
        );
        let all = offline(&made, &head);
        assert!(all.expect(1).stdout.contains("is not the one that follows from it"), "{all:?}");
    }
}

#[test]
fn another_closing_does_not_hold_with_the_head_printed_last() {
    for engine in ENGINES {
        let made = AttestMade::signed(engine);
        let attested = made.head();
        fs::write(made.file(REPORT), "<!doctype html>").unwrap();
        let head = printed(&made, &["--close", "--key", "ministry.pem"]);
        made.sign("vendor.pem", CLOSING).expect(0);
        assert_eq!(head, made.head());
        assert_eq!(head, head_when_signed(&made, CLOSING));
        made.all(&["--head", &head]).expect(0);
        offline(&made, &head).expect(0);
        // The head before it says nothing of what was closed.
        for all in [made.all(&["--head", &attested]), offline(&made, &attested)] {
            assert!(all.expect(2).stdout.contains("attest --close"), "{all:?}");
        }

        take_back(&made, "close");
        fs::write(made.file(REPORT), "<!doctype html><p>other figures").unwrap();
        let other = printed(&made, &["--close", "--key", "ministry.pem"]);
        made.sign("vendor.pem", CLOSING).expect(0);
        made.all(&["--head", &other]).expect(0);
        let all = made.all(&["--head", &head]);
        assert!(
            all.expect(1).stdout.contains("the head that was given is not in the chain"),
            "{all:?}"
        );
        offline(&made, &head).expect(1);
    }
}

/// The event says what the statement says of it, and nothing else.
#[test]
fn the_event_of_an_attestation_follows_from_its_statement() {
    let made = AttestMade::signed(Engine::Sqlite);
    let body = made.envelope(FIRST).body().to_vec();
    let states = Statement::<HandoverAttestation>::parse(&body).unwrap().predicate;
    assert_eq!(states.head(Digest::of(&body)).1.to_string(), made.head());
    let event = made.table("event");
    let number = states.ledger.events.0 + 1;
    made.target.sql(&format!("update {event} set host = 'elsewhere' where event_no = {number}"));
    let digest = crate::ledger_chain::events(&made).last().unwrap().digest();
    made.target.sql(&format!("update {event} set digest = '{digest}' where event_no = {number}"));
    let ledger = made.ledger(&[]);
    let part = format!("event {number} is not the one that attestation 1 states of itself");
    assert!(ledger.expect(1).stdout.contains(&part), "{ledger:?}");
}

/// A folder says nothing of whom to trust that could be relied on.
#[test]
fn a_trust_file_that_only_the_folder_names_leaves_everything_unverified() {
    for engine in ENGINES {
        let made = AttestMade::signed(engine);
        let head = made.head();
        let all = made.all_without_trust(&["--head", &head]).go();
        assert!(all.expect(2).stdout.contains("verdict: unverified"), "{all:?}");
        assert!(all.stdout.contains("whose keys count"), "{all:?}");
        made.all(&["--head", &head]).expect(0);
    }
}
