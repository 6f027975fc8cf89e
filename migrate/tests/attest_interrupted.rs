//! `handover-migrate attest` killed, beside another one, on a folder that cannot be written: the same
//! command gives one attestation and its envelope.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::attest_made::{AttestMade, ENGINES, FIRST, finds};
use crate::purge_made::Engine;

/// Kills for each engine.
const KILLS: u32 = 12;

fn attests(made: &AttestMade) -> usize {
    made.kinds().iter().filter(|kind| *kind == "attest").count()
}

/// The number of attestations of the ledger, its events and the folder; all of them the same.
#[track_caller]
fn number(made: &AttestMade) -> usize {
    let rows = made.target.sql(&format!("select count(*) from {}", made.table("attestation")));
    let files = fs::read_dir(made.file("attestations")).unwrap();
    let files = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // What a killed write leaves behind has a name of its own.
    let files: Vec<String> = files.filter(|name| !name.starts_with(".new-")).collect();
    assert_eq!(files.len(), attests(made), "{files:?}");
    assert_eq!(rows, files.len().to_string());
    files.len()
}

#[test]
fn a_killed_attest_is_finished_by_the_same_command() {
    let mut dice = ChaCha8Rng::seed_from_u64(20_261_122);
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        let (mut kills, mut behind) = (0, 0);
        let begun = Instant::now();
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        let takes = u64::try_from(begun.elapsed().as_millis()).unwrap();
        for round in 1..=KILLS {
            // Something to state, so that another attestation is made.
            made.load_evidence(&format!("e{round}"));
            let before = number(&made);
            let mut run = made.attest(&["--key", "ministry.pem"]).spawn();
            // Most of the time goes into opening the key.
            thread::sleep(Duration::from_millis(takes / 2 + dice.next_u64() % (takes / 2 + 1)));
            if run.has_ended() {
                run.wait().expect(0);
            } else {
                run.kill();
                kills += 1;
                if attests(&made) > before {
                    behind += 1;
                }
                // One that had nothing left to do but to say so is not begun again.
                let envelope = format!("attestations/{:04}.dsse.json", before + 1);
                if !made.file(&envelope).exists() {
                    made.attest(&["--key", "ministry.pem"]).go().expect(0);
                }
            }
            assert_eq!(number(&made), before + 1, "{engine:?}, round {round}");
            made.ledger(&[]).expect(0);
        }
        println!("{engine:?}: {kills} kills, {behind} of them behind the transaction");
        assert!(kills > 0, "no kill met the command at work");
    }
}

/// Killed behind the transaction, before the envelope was there.
#[test]
fn the_ledger_decides() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        made.attest(&[]).go().expect(0);
        let body = made.envelope(FIRST).body().to_vec();
        fs::remove_file(made.file(FIRST)).unwrap();
        // What a killed write leaves behind.
        fs::write(made.file("attestations/.new-a1B2c3"), "{").unwrap();
        finds(&made.ledger(&[]), "attestation 1 is in the ledger, and ");
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        assert_eq!(made.envelope(FIRST).body(), body);
        assert_eq!(number(&made), 1);
        made.sign("vendor.pem", FIRST).expect(0);
        made.attestation(&[]).expect(0);
    }
}

/// The envelope of an earlier attestation is gone, and something was done since: nothing is lost
/// that the ledger has.
#[test]
fn an_earlier_envelope_comes_back() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        made.attest(&[]).go().expect(0);
        let body = made.envelope(FIRST).body().to_vec();
        fs::remove_file(made.file(FIRST)).unwrap();
        made.load_evidence("c06");
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        assert_eq!(made.envelope(FIRST).body(), body);
        // Whoever signs now signs what there is now.
        assert!(made.envelope(FIRST).signatures.is_empty());
        assert_eq!(number(&made), 2);
        made.ledger(&[]).expect(0);
    }
}

#[test]
fn two_at_once_leave_a_whole_ledger() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        let runs: Vec<_> =
            (0..4).map(|_| made.attest(&["--key", "ministry.pem"]).spawn()).collect();
        let outcomes: Vec<_> = runs.into_iter().map(|run| run.wait()).collect();
        assert!(outcomes.iter().any(|one| one.code == Some(0)), "{outcomes:?}");
        for outcome in outcomes.iter().filter(|one| one.code != Some(0)) {
            // Another one is at work: nothing else is a reason.
            assert!(outcome.expect(2).stderr.contains("another run"), "{outcome:?}");
        }
        let last = format!("attestations/{:04}.dsse.json", number(&made));
        made.ledger(&[]).expect(0);
        made.sign("vendor.pem", &last).expect(0);
        made.attestation_at(&last, &[]).expect(0);
    }
}

/// Whatever keeps the envelope from being written: here a folder is no folder. (Whoever runs the
/// tests may be root, for whom every folder is writable.)
#[test]
fn a_folder_that_cannot_be_written_is_made_good_by_the_same_command() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        fs::write(made.file("attestations"), "").unwrap();
        let refused = made.attest(&["--key", "ministry.pem"]).go();
        assert!(refused.expect(2).stderr.contains("attestations"), "{refused:?}");
        fs::remove_file(made.file("attestations")).unwrap();
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        assert_eq!(number(&made), 1);
        made.ledger(&[]).expect(0);
    }
}

/// A disk that is full: a file may not grow beyond what an envelope takes.
#[test]
fn a_full_disk_is_made_good_by_the_same_command() {
    let made = AttestMade::copied(Engine::Postgres);
    let program = handover_testkit::binary("handover-migrate");
    let script = format!(
        "ulimit -f 1; trap '' XFSZ; exec '{}' attest --quiet --handover '{}'",
        program.display(),
        made.target.dir().display()
    );
    let refused = handover_testkit::Run::program("bash").args(["-c", &script]).go();
    assert!(refused.expect(2).stderr.contains("cannot write"), "{refused:?}");
    assert!(!made.file(FIRST).exists());
    finds(&made.ledger(&[]), "attestation 1 is in the ledger, and ");
    made.attest(&["--key", "ministry.pem"]).go().expect(0);
    assert_eq!(number(&made), 1);
    made.sign("vendor.pem", FIRST).expect(0);
    made.attestation(&[]).expect(0);
}
