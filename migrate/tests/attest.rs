//! `handover-migrate attest` and `handover-verify attestation`: what is stated, who signed it, and
//! what does not count.

use std::fs;

use handover_cli_kit::passphrase::{PassphraseSource, SIGNING_VARIABLE};
use handover_migrate::keys::{FileKey, sign_envelope};
use handover_schemas::attestation::{HandoverAttestation, StatedFindingKind};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;
use handover_testkit::{Outcome, Run};

use crate::attest_made::{AttestMade, CLOSING, ENGINES, FIRST, attest, finds};
use crate::purge_made::{Engine, PASSPHRASE, PurgeMade, Until};
use crate::support::{json, mode, write_private};

/// A key of the fixture, as the program opens it.
fn key(made: &AttestMade, name: &str) -> FileKey {
    let passphrase = made.target.at("passphrase");
    write_private(&passphrase, PASSPHRASE);
    let source = PassphraseSource::new(Some(passphrase), SIGNING_VARIABLE);
    FileKey::open(&made.target.at(&format!("{name}.pem")), &source).unwrap()
}

/// Writes an envelope of these bytes, signed by these.
fn write_signed(made: &AttestMade, body: Vec<u8>, by: &[&str]) {
    let mut envelope = Envelope::new(body);
    for name in by {
        sign_envelope(&mut envelope, &key(made, name)).unwrap();
    }
    fs::write(made.file(FIRST), envelope.to_text().unwrap()).unwrap();
}

/// Edits the trust file, checks, and puts it back.
fn with_trust(made: &AttestMade, edit: impl Fn(&str) -> String) -> Outcome {
    let path = made.target.at("trust.toml");
    let before = fs::read_to_string(&path).unwrap();
    let edited = edit(&before);
    assert_ne!(edited, before);
    fs::write(&path, edited).unwrap();
    let outcome = made.attestation(&[]);
    fs::write(&path, before).unwrap();
    outcome
}

/// Code of the vendor's that ran with the account's rights, or that changed the ledger, is for those who sign to know.
#[test]
fn what_code_of_the_vendor_s_leaves_open_is_stated() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        for step in ["vendor_code_as_account", "ledger_changed_by_vendor_code"] {
            made.target
                .sql(&format!("insert into {} (name) values ('{step}')", made.table("step")));
        }
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        let stated = made.stated();
        for part in ["--owner account was chosen", "changed the ledger while the copy ran"] {
            assert!(stated.not_checked.iter().any(|one| one.en.contains(part)), "{part}");
        }
    }
}

#[test]
fn what_is_stated_is_what_was_done() {
    for engine in ENGINES {
        let made = AttestMade::copied(engine);
        let report = json(made.attest(&["--json", "--key", "ministry.pem"]).go().expect(0));
        assert!(report["missing"].as_str().unwrap().contains("giving_side"), "{report:#}");
        made.sign("vendor.pem", FIRST).expect(0);
        assert_eq!(mode(&made.file(FIRST)), 0o600);
        assert_eq!(mode(&made.file("attestations")), 0o700);

        let stated = made.stated();
        assert_eq!((stated.number.0, &stated.findings), (1, &Vec::new()));
        let copy = stated.copy.as_ref().unwrap();
        assert!(copy.settled && copy.root.is_some());
        let counts: Vec<(String, u64)> =
            copy.tables.iter().map(|table| (table.name.to_string(), table.rows.0)).collect();
        let expected =
            [("main.cards", 20), ("main.doses", 20), ("main.places", 2), ("main.subjects", 10)];
        assert_eq!(counts, expected.map(|(name, rows)| (name.to_owned(), rows)));
        assert!(copy.tables.iter().all(|table| table.source_root == table.target_root));
        // Whoever signs sees what was not looked at.
        assert!(stated.not_checked.iter().any(|one| one.en.contains("Source code")));
        let good = made.attestation(&[]);
        for part in [
            "signed for both sides, by Trần Văn",
            "the root of the hand-over follows from the tables it states",
            "source: 52 rows of 4 tables are, chunk by chunk, what was copied",
            "target: 52 rows of 4 tables are, chunk by chunk, what was copied",
            "7 trusted keys are those that it states",
        ] {
            assert!(good.expect(0).stdout.contains(part), "{part}: {}", good.stdout);
        }
        // What is not given is named, and not believed.
        let trust = made.target.at("trust.toml");
        let alone = Run::new("handover-verify")
            .arg("attestation")
            .arg(made.file(FIRST))
            .arg("--trust")
            .arg(trust)
            .go();
        assert!(
            alone.expect(0).stdout.contains("not checked  ledger and rows"),
            "{}",
            alone.stdout
        );
    }
}

/// Any byte of the envelope; the statement's bytes and the signatures among them.
#[test]
fn a_changed_byte_of_the_envelope_is_found() {
    let made = AttestMade::signed(Engine::Sqlite);
    let good = fs::read(made.file(FIRST)).unwrap();
    for at in (0..good.len() - 1).step_by(good.len() / 40) {
        let mut bad = good.clone();
        bad[at] = if bad[at] == b'A' { b'B' } else { b'A' };
        fs::write(made.file(FIRST), &bad).unwrap();
        let outcome = made.attestation(&[]);
        assert_eq!(outcome.code, Some(1), "byte {at}: {outcome:?}");
        assert!(outcome.stdout.contains("verdict: does not hold"), "byte {at}: {outcome:?}");
    }
    fs::write(made.file(FIRST), &good).unwrap();
    made.attestation(&[]).expect(0);
}

#[test]
fn another_statement_is_no_attestation() {
    let made = AttestMade::signed(Engine::Sqlite);
    made.close();
    // A good closing, signed by both, in the attestation's place.
    let good = fs::read(made.file(FIRST)).unwrap();
    fs::copy(made.file(CLOSING), made.file(FIRST)).unwrap();
    let found = made.attestation(&[]);
    finds(&found, "urn:handover:closing:v1");
    // What is no statement at all, well signed.
    for body in ["", "{}", "null", "{\"_type\":\"https://in-toto.io/Statement/v1\"}"] {
        write_signed(&made, body.into(), &["vendor", "ministry"]);
        finds(&made.attestation(&[]), "0001.dsse.json: ");
    }
    fs::write(made.file(FIRST), good).unwrap();
    made.attestation(&[]).expect(0);
}

#[test]
fn one_person_is_not_two_sides() {
    let made = AttestMade::signed(Engine::Sqlite);
    let body = made.envelope(FIRST).body().to_vec();
    for by in
        [&["ministry", "ministry"][..], &["vendor", "vendor", "vendor"], &["witness", "owner"], &[]]
    {
        write_signed(&made, body.clone(), by);
        finds(
            &made.attestation(&[]),
            if by.is_empty() { "0001.dsse.json" } else { "signatures: " },
        );
    }
    // A third person changes nothing; nor does the same key once more.
    write_signed(&made, body.clone(), &["vendor", "ministry", "witness"]);
    let mut doubled = made.envelope(FIRST);
    doubled.signatures.push(doubled.signatures[0].clone());
    fs::write(made.file(FIRST), doubled.to_text().unwrap()).unwrap();
    let told = made.attestation(&[]);
    let line = "not checked  signatures of the attestation: two signatures are of one key";
    assert!(told.expect(0).stdout.contains(line), "{}", told.stdout);
    write_signed(&made, body.clone(), &["vendor", "ministry", "witness"]);
    made.attestation(&[]).expect(0);
    let again = made.sign("vendor.pem", FIRST);
    assert!(again.expect(2).stderr.contains("has signed with this key already"), "{again:?}");
    // One person with two keys and both roles is still one person.
    write_signed(&made, body, &["vendor", "ministry"]);
    let same = with_trust(&made, |trust| {
        let one = trust.replace("person = \"vendor\"", "person = \"ministry\"");
        one.replace("Trần Văn vendor", "Trần Văn ministry")
    });
    finds(&same, "signatures: ");
}

/// Whoever can reach the file could make an honest attestation fail otherwise.
#[test]
fn a_bad_signature_beside_enough_good_ones_changes_nothing() {
    let made = AttestMade::signed(Engine::Sqlite);
    let mut other = Envelope::new(b"{}".to_vec());
    sign_envelope(&mut other, &key(&made, "witness")).unwrap();
    let mut signed = made.envelope(FIRST);
    signed.signatures.push(other.signatures.remove(0));
    fs::write(made.file(FIRST), signed.to_text().unwrap()).unwrap();
    let told = made.attestation(&[]);
    let line = "the signature of Trần Văn witness is not over this content: it, or the content, was \
                changed; it counts for nothing";
    assert!(told.expect(0).stdout.contains(line), "{}", told.stdout);

    signed.signatures.last_mut().unwrap().keyid = Some("nobody's".to_owned());
    fs::write(made.file(FIRST), signed.to_text().unwrap()).unwrap();
    let told = made.attestation(&[]);
    assert!(told.expect(0).stdout.contains("one signature is of a key that is not in the trust"));

    // Beside too few it is a finding, and so is what is missing.
    signed.signatures.remove(0);
    fs::write(made.file(FIRST), signed.to_text().unwrap()).unwrap();
    let told = made.attestation(&[]);
    finds(&told, "one signature is of a key that is not in the trust");
    finds(&told, "signatures: ");
}

#[test]
fn a_key_counts_on_its_days_and_in_its_role() {
    let made = AttestMade::signed(Engine::Sqlite);
    for day in ["2020-01-01", "2999-01-01"] {
        let found = made.attestation(&["--at", day]);
        finds(&found, "0001.dsse.json: ");
        assert!(found.stdout.contains("counts from"), "{}", found.stdout);
    }
    // A trust file that was edited after signing: another role, name, key, or none.
    let role = with_trust(&made, |trust| trust.replace("giving_side", "witness"));
    finds(&role, "signatures: ");
    finds(&role, "the trust file says something else of the key");
    let name = with_trust(&made, |trust| trust.replace("Trần Văn witness", "Ai đó"));
    finds(&name, "of Trần Văn witness than when this was stated");
    let gone = with_trust(&made, |trust| {
        let (kept, _) = trust.rsplit_once("[[key]]").unwrap();
        kept.to_owned()
    });
    finds(&gone, "of Trần Văn witness than when this was stated, or lacks it");
    let strangers = with_trust(&made, |trust| {
        let (_, owner) = trust.split_once("[[key]]").unwrap();
        format!("[[key]]{}", owner.split_once("[[key]]").unwrap().0)
    });
    finds(&strangers, "no trusted person signed it");
    let none = with_trust(&made, |_| String::new());
    assert!(none.expect(2).stderr.contains("nobody is trusted"), "{none:?}");
    made.attestation(&[]).expect(0);
}

/// What is signed does not bring its own keys.
#[test]
fn a_trust_file_in_the_folder_is_refused() {
    let made = AttestMade::signed(Engine::Sqlite);
    fs::copy(made.target.at("trust.toml"), made.file("trust.toml")).unwrap();
    let inside = made.file("trust.toml");
    let inside = inside.to_str().unwrap();
    let run = Run::new("handover-verify").arg("attestation").arg(made.file(FIRST));
    let attestation = run.args(["--trust", inside, "--handover"]).arg(made.target.dir()).go();
    let all = made.all(&["--trust", inside]);
    let attest = made.attest(&["--key", "ministry.pem", "--trust", inside]).go();
    for outcome in [attestation, all, attest] {
        assert!(outcome.expect(2).stderr.contains("the trust file"), "{outcome:?}");
        assert!(outcome.stderr.contains("hand-over folder"), "{outcome:?}");
    }
}

#[test]
fn a_key_that_nobody_knows_signs_nothing() {
    let made = AttestMade::copied(Engine::Sqlite);
    let keygen = made.target.migrate("keygen").args(["signing", "--out", "other.pem"]).go();
    keygen.expect(0);
    let refused = made.attest(&["--key", "other.pem"]).go();
    assert!(refused.expect(2).stderr.contains("not in the trust file"), "{refused:?}");
    assert!(!made.file("attestations").exists());
    assert!(!made.kinds().contains(&"attest".to_owned()));
    made.attest(&[]).go().expect(0);
    assert!(made.sign("other.pem", FIRST).expect(2).stderr.contains("not in the trust file"));
    // Nor is a signature put under what somebody changed.
    made.sign("vendor.pem", FIRST).expect(0);
    let text = fs::read_to_string(made.file(FIRST)).unwrap();
    let body = made.envelope(FIRST).body().to_vec();
    let mut statement: Statement<HandoverAttestation> = Statement::parse(&body).unwrap();
    statement.predicate.number = 2.into();
    let mut forged = Envelope::new(statement.to_bytes().unwrap());
    forged.signatures = made.envelope(FIRST).signatures;
    fs::write(made.file(FIRST), forged.to_text().unwrap()).unwrap();
    let refused = made.sign("ministry.pem", FIRST);
    assert!(refused.expect(2).stderr.contains("Nothing was signed"), "{refused:?}");
    fs::write(made.file(FIRST), text).unwrap();
    made.sign("ministry.pem", FIRST).expect(0);
}

#[test]
fn an_attestation_of_another_database_is_found() {
    for engine in ENGINES {
        let made = AttestMade::signed(engine);
        let other = AttestMade::signed(engine);
        let run = Run::new("handover-verify").arg("attestation");
        let run = run.arg(made.file(FIRST)).args(["--quiet", "--target", &other.target.url()]);
        let outcome = run.arg("--trust").arg(made.target.at("trust.toml")).go();
        finds(&outcome, "attestation 1 of this database states something else");
        // In the other's folder: the ledger knows another one.
        fs::copy(made.file(FIRST), other.file(FIRST)).unwrap();
        finds(&other.ledger(&[]), "holds another statement than the ledger");
    }
}

/// Rows that were changed after they were attested.
#[test]
fn a_changed_row_is_found_on_either_side() {
    for engine in ENGINES {
        let made = AttestMade::signed(engine);
        made.target.sql("update subjects set phone = '+84 000' where number = 3");
        finds(
            &made.attestation(&[]),
            "target: 1 of 1 chunks of main.subjects are not what was copied",
        );
        made.source.sql("delete from places where code = 'HCM'");
        finds(
            &made.attestation(&[]),
            "source: 1 of 1 chunks of main.places are not what was copied",
        );
    }
}

#[test]
fn nothing_is_attested_where_nothing_was_done() {
    for engine in ENGINES {
        let made = PurgeMade::empty(engine);
        // A file of SQLite is there once something is in it.
        made.sql("create table t (i integer)");
        let refused = attest(&made, &["--key", "ministry.pem"]).go();
        assert!(
            refused.expect(2).stderr.contains("nothing was done that could be stated"),
            "{refused:?}"
        );
        assert!(!made.dir().join("attestations/0001.dsse.json").exists());
        let refused = attest(&made, &["--close"]).go();
        assert!(refused.expect(2).stderr.contains("knows of no attestation"), "{refused:?}");
        let run = || Run::new("handover-verify");
        let ledger = run().args(["ledger", "--handover"]).arg(made.dir()).go();
        assert!(ledger.expect(2).stdout.contains("has no event"), "{ledger:?}");
        assert!(ledger.stdout.contains("verdict: unverified"), "{ledger:?}");
        let all = run().args(["all", "--quiet", "--handover"]).arg(made.dir()).go();
        assert!(all.expect(2).stdout.contains("verdict: unverified"), "{all:?}");
    }
}

/// Nothing checked is nothing that holds.
#[test]
fn an_empty_folder_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let run = || Run::new("handover-verify").args(["all", "--quiet"]);
    for more in [&[][..], &["--json"]] {
        let all = run().args(more).arg("--handover").arg(folder.path()).go();
        assert!(all.expect(2).stdout.contains("unverified"), "{all:?}");
        assert!(!all.stdout.contains("holds"), "{all:?}");
    }
    // Offline nothing but the folder speaks: it must not say whose keys count.
    let all = run().args(["--offline", "--handover"]).arg(folder.path()).go();
    assert!(all.expect(2).stderr.contains("give the trust file"), "{all:?}");
}

/// A platform that was filled by somebody else and purged: no copy, and it is said.
#[test]
fn what_is_missing_is_stated() {
    let made = PurgeMade::until(Engine::Sqlite, Until::BackedUp);
    let outcome = attest(&made, &["--json"]).go();
    let report = json(outcome.expect(1));
    let kinds: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["no_copy", "purge_unfinished"]);
    assert_eq!(StatedFindingKind::NoCopy.en(), "No database was copied");
}

#[test]
fn closing_binds_what_is_there_and_nothing_else() {
    let made = AttestMade::signed(Engine::Sqlite);
    let refused = made.attest(&["--close", "--key", "ministry.pem"]).go();
    assert!(refused.expect(2).stderr.contains("neither a report nor minutes"), "{refused:?}");
    assert!(!made.file(CLOSING).exists());
    made.close();
    let names: Vec<String> = made.closing().files.into_iter().map(|file| file.name).collect();
    assert_eq!(&names[..2], ["attestations/0001-report.html", "handover.toml"]);
    let again = made.attest(&["--close"]).go();
    assert!(again.expect(2).stderr.contains("is closed already"), "{again:?}");
    let head = made.head();
    made.all(&["--head", &head]).expect(0);

    fs::write(made.file("attestations/0001-report.html"), "<!doctype html> ").unwrap();
    let all = made.all(&["--head", &head]);
    assert!(all.expect(1).stdout.contains("0001-report.html is not the file that was closed"));
    fs::write(made.file("attestations/0001-report.html"), "<!doctype html>").unwrap();
    made.all(&["--head", &head]).expect(0);

    // Without its envelope the same command writes it again; it has to be signed again.
    fs::remove_file(made.file(CLOSING)).unwrap();
    finds(&made.ledger(&[]), "the closing of attestation 1 is in the ledger, and ");
    made.attest(&["--close", "--key", "ministry.pem"]).go().expect(0);
    made.ledger(&[]).expect(0);
}

/// What happened between the attestation and its closing belongs into an attestation.
#[test]
fn what_happened_since_is_not_closed() {
    let made = AttestMade::signed(Engine::Postgres);
    fs::write(made.file("attestations/0001-report.html"), "<!doctype html>").unwrap();
    made.load_evidence("c06");
    let refused = made.attest(&["--close"]).go();
    assert!(
        refused.expect(2).stderr.contains("something was done since attestation 1"),
        "{refused:?}"
    );
}
