//! What approvers and auditors are told of the evidence that a purge rests on: who signed it, or that
//! nobody did.

use std::fs;

use handover_schemas::digest::Digest;
use handover_schemas::signing::dsse::Envelope;
use handover_testkit::{Outcome, Run};
use serde_json::{Value, json};

use crate::attest_made::{AttestMade, FIRST};
use crate::checker::{checker_finds, checker_holds};
use crate::evidence_sender::Sender;
use crate::purge_broken::{
    CERTIFY, ENGINES, EXECUTE, edit_file, edit_trust, finds, ledger_table, signed, verify,
};
use crate::purge_made::{Engine, PurgeMade, Until};
use crate::support::{json as parsed, says};

/// A platform whose rule rests on the evidence `answers`, which is not loaded.
#[track_caller]
fn resting_on_evidence(engine: Engine) -> PurgeMade {
    let made = PurgeMade::until(engine, Until::Made);
    edit_file(
        &made.dir().join("handover.toml"),
        "where = \"status = 'unverified'\"\n",
        "where = \"evidence.result = 'cannot be verified'\"\n\
         evidence = { name = \"answers\", on = \"evidence.number = CAST(subjects.number AS text)\" }\n",
    );
    made
}

/// Loads the sender's file.
#[track_caller]
fn load(made: &PurgeMade, sender: &Sender, more: &[&str]) -> Outcome {
    made.migrate("evidence")
        .args(["--quiet", "--name", "answers", "--handover"])
        .arg(made.dir())
        .arg("--file")
        .arg(sender.at("results.csv"))
        .args(more)
        .go()
}

#[track_caller]
fn load_signed(made: &PurgeMade, sender: &Sender) {
    let signature = sender.at(&sender.sign("sender", ""));
    let more = ["--signature", signature.to_str().unwrap(), "--sender"];
    let certificate = sender.at("sender.pem");
    let more = [more.as_slice(), &[certificate.to_str().unwrap()]].concat();
    load(made, sender, &more).expect(0);
}

#[track_caller]
fn shown(made: &PurgeMade) -> String {
    made.purge(&["approve", "--show"]).go().expect(0).stdout.clone()
}

#[test]
fn approvers_sign_who_signed_the_evidence() {
    for engine in ENGINES {
        let (made, sender) = (resting_on_evidence(engine), Sender::new());
        load_signed(&made, &sender);
        let fingerprint = sender.fingerprint("sender.pem");
        let signer = format!("CMS CN=sender,O=C06,C=VN (SHA-256 {fingerprint})");
        let selected = made.purge(&["select"]).go();
        let line = format!("signed by {signer}, checked as of ");
        assert!(selected.expect(0).stdout.contains(&line), "{}", selected.stdout);
        made.go_on_from(Until::Selected, Until::BackedUp);
        let text = shown(&made);
        assert!(text.contains(&format!("ký bởi {signer}\n")), "{text}");
        assert!(text.contains(&format!("signed by {signer}\n")), "{text}");
        assert!(!text.contains("letter") && !text.contains("công văn"), "{text}");

        made.go_on_from(Until::BackedUp, Until::Approved);
        let envelope = Envelope::parse(&fs::read(made.statement("approval.dsse.json")).unwrap());
        let statement: Value = serde_json::from_slice(envelope.unwrap().body()).unwrap();
        let signature = &statement["predicate"]["binding"]["evidence"]["signature"];
        assert_eq!(signature["signers"][0]["fingerprint"], fingerprint);
        made.purge(&EXECUTE).go().expect(0);
        made.purge(&CERTIFY).go().expect(0);
        let envelope = Envelope::parse(&fs::read(made.statement("certificate.dsse.json")).unwrap());
        let statement: Value = serde_json::from_slice(envelope.unwrap().body()).unwrap();
        assert_eq!(statement["predicate"]["binding"]["evidence"]["signature"], *signature);
        let verified = verify(&made).go();
        let line = format!("evidence: answers is signed, {signer}, as of ");
        assert!(verified.expect(0).stdout.contains(&line), "{}", verified.stdout);
    }
}

#[test]
fn approvers_are_told_of_evidence_that_nobody_signed() {
    let (made, sender) = (resting_on_evidence(Engine::Sqlite), Sender::new());
    let loaded = load(&made, &sender, &["--signer", "C06"]);
    let digest = Digest::of(&fs::read(sender.at("results.csv")).unwrap());
    let line =
        format!("it carries no signature: compare SHA-256 {digest} with the sender's letter");
    assert!(loaded.expect(0).stdout.contains(&line), "{}", loaded.stdout);
    let selected = made.purge(&["select"]).go();
    assert!(selected.expect(0).stdout.contains("it carries no signature"), "{}", selected.stdout);
    made.go_on_from(Until::Selected, Until::BackedUp);
    let text = shown(&made);
    assert!(text.contains(&format!("không có chữ ký: hãy so SHA-256 {digest} với")), "{text}");
    assert!(text.contains(&line), "{text}");
    made.go_on_from(Until::BackedUp, Until::Certified);
    let verified = verify(&made).go();
    let line = line.replace("compare", "compare its");
    assert!(verified.expect(0).stdout.contains(&line), "{}", verified.stdout);
}

/// What an auditor checks again is the signature, and not the ledger's word.
#[test]
fn a_signature_that_was_exchanged_in_the_ledger_is_found() {
    for engine in ENGINES {
        let (made, sender) = (resting_on_evidence(engine), Sender::new());
        load_signed(&made, &sender);
        made.go_on(Until::Certified);
        checker_holds(&made);
        let table = ledger_table(&made, "signed_evidence");
        let base64 = |file: &str| {
            let file = sender.at(file);
            let run = Run::program("base64").args(["-w", "0"]).arg(file).go();
            run.expect(0).stdout.clone()
        };
        sender.certificate("other", "ca", "rsa:2048", "");
        sender.sign("other", "");
        let fields = ["signature", "sender", "file_digests", "found"];
        let before: Vec<String> =
            fields.iter().map(|one| made.sql(&format!("select {one} from {table}"))).collect();
        let set = |field: &str, value: &str| {
            made.sql(&format!("update {table} set {field} = '{value}'"));
        };
        sender.openssl("x509 -in other.pem -outform DER -out other.der");
        let found = before[3].replace("CN=sender", "CN=nobody");
        for (field, value, says) in [
            ("signature", base64("other.p7s"), "does not hold"),
            ("sender", base64("other.der"), "does not hold"),
            ("file_digests", before[2].replacen('1', "2", 1), "does not hold"),
            ("found", found, "is not the one the list rests on"),
        ] {
            set(field, &value);
            finds(&made, says);
            checker_finds(&made, "evidence answers: its signature does not hold");
            for (field, value) in fields.iter().zip(&before) {
                set(field, value);
            }
        }
        verify(&made).go().expect(0);

        // Everything exchanged for another good signature: bound by what people signed, and by the
        // event.
        let other = Sender::new();
        let signature = other.sign("sender", "");
        let found = other.loaded("answers", &signature, "sender.pem");
        for (field, value) in [
            ("signature", fs::read(other.at(&signature)).unwrap()),
            ("sender", {
                other.openssl("x509 -in sender.pem -outform DER -out sender.der");
                fs::read(other.at("sender.der")).unwrap()
            }),
        ] {
            fs::write(sender.at("other.bin"), value).unwrap();
            set(field, &base64("other.bin"));
        }
        set("found", &found.to_string());
        finds(&made, "is not the one the list rests on");
        let ledger = Run::new("handover-verify")
            .args(["ledger", "--target", &made.url()])
            .dir(made.at(""))
            .go();
        assert!(
            ledger.expect(1).stdout.contains("(evidence) is not what the ledger's tables hold"),
            "{}",
            ledger.stdout
        );
        // Gone: as if it had never been signed.
        made.sql(&format!("delete from {table}"));
        finds(&made, "is not the one the list rests on");
    }
}

/// An in-toto statement about the file, signed with these people's keys.
#[track_caller]
fn envelope(made: &PurgeMade, people: &[&str], sha256: &str, predicate_type: &str) -> String {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            { "name": "other.csv", "digest": { "sha256": "0".repeat(64) } },
            { "name": "results.csv", "digest": { "sha256": sha256 } },
        ],
        "predicateType": predicate_type,
        "predicate": {},
    });
    let file = made.at("results.dsse.json");
    fs::write(&file, signed(made, &statement, people)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_dsse_envelope_of_an_outside_body() {
    let (made, sender) = (resting_on_evidence(Engine::Sqlite), Sender::new());
    let sha256 = Digest::of(&fs::read(sender.at("results.csv")).unwrap()).to_string();
    let statement = "https://example.org/verification-results/v1";
    let ledger = |made: &PurgeMade| {
        made.sql("select count(*) from sqlite_schema where name like '%evidence%'")
    };
    let refused = |file: &str, parts: &[&str]| {
        let outcome = load(&made, &sender, &["--signature", file]);
        says(outcome.expect(2), parts);
        assert_eq!(ledger(&made), "0");
    };
    refused(
        &envelope(&made, &["third"], &sha256, statement),
        &["Trần Văn third signed", "does not give that key the role outside_body"],
    );
    edit_trust(&made, "roles = [\"auditor\"]", "roles = [\"auditor\", \"outside_body\"]");
    for (people, sha256, kind, parts) in [
        (&["third"][..], "1".repeat(64).as_str(), statement, ["over another file", &sha256]),
        (&[], &sha256, statement, ["no trusted person signed it", "no signature"]),
        (&["third", "owner"], &sha256, statement, ["owner signed", "the role outside_body"]),
        (
            &["third"],
            &sha256,
            "urn:handover:closing:v1",
            ["a statement about something else", "urn:handover:closing:v1"],
        ),
    ] {
        refused(&envelope(&made, people, sha256, kind), &parts);
    }
    for unreadable in ["", "two words", "https://example.org/\u{1b}[2J", &"x".repeat(301)] {
        refused(&envelope(&made, &["third"], &sha256, unreadable), &["predicateType is no URI"]);
    }
    let sound = envelope(&made, &["third"], &sha256, statement);
    let text = fs::read_to_string(&sound).unwrap();
    fs::write(&sound, text.replacen("\"payload\": \"ey", "\"payload\": \"ez", 1)).unwrap();
    refused(&sound, &["no trusted person signed it"]);
    let sound = envelope(&made, &["third"], &sha256, statement);
    let loaded = load(&made, &sender, &["--signature", &sound, "--json"]);
    let found = parsed(loaded.expect(0))["evidence"]["signature"].clone();
    assert_eq!(found["format"], "dsse");
    assert_eq!(found["predicateType"], statement);
    let list = made.migrate("evidence").args(["--list", "--handover"]).arg(made.dir()).go();
    let shown_type = format!("predicateType {statement}");
    assert!(list.expect(0).stdout.contains(&shown_type), "{}", list.stdout);
    assert_eq!(found["signers"][0]["subject"], "Trần Văn third, Bộ Y tế");
    made.go_on(Until::BackedUp);
    assert_eq!(shown(&made).matches(&shown_type).count(), 2);
    made.go_on_from(Until::BackedUp, Until::Certified);
    let verified = verify(&made).go();
    let line = "evidence: answers is signed, DSSE Trần Văn third, Bộ Y tế (SHA-256 ";
    assert!(verified.expect(0).stdout.contains(line), "{}", verified.stdout);
    checker_holds(&made);
    edit_trust(&made, "[\"auditor\", \"outside_body\"]", "[\"auditor\"]");
    finds(&made, "the role outside_body");
    checker_finds(&made, "not every signature is of an outside body whose key counts");
}

/// An attestation states who signed, and whoever checks it checks the signature again.
#[test]
fn an_attestation_states_who_signed_the_evidence() {
    let (made, sender) = (AttestMade::copied(Engine::Sqlite), Sender::new());
    let url = made.target.url();
    let target = &made.target;
    let signature = sender.at(&sender.sign("sender", ""));
    let run = target.migrate("evidence").args(["--quiet", "--name", "answers", "--target", &url]);
    let run = run.arg("--file").arg(sender.at("results.csv")).arg("--signature").arg(signature);
    run.arg("--sender").arg(sender.at("sender.pem")).go().expect(0);
    made.load_evidence("unsigned");
    made.attest(&["--key", "ministry.pem"]).go().expect(0);
    made.sign("vendor.pem", FIRST).expect(0);
    let stated = made.stated().evidence;
    let signed = stated[0].signature.as_ref().unwrap();
    assert_eq!(signed.signers[0].fingerprint.to_string(), sender.fingerprint("sender.pem"));
    assert!(stated[1].signature.is_none());
    let checked = made.attestation(&["--target", &url]);
    for part in [
        "evidence answers is signed: CMS CN=sender,O=C06,C=VN",
        "who the evidence unsigned is from: it carries no signature: compare its SHA-256",
    ] {
        assert!(checked.expect(0).stdout.contains(part), "{}", checked.stdout);
    }
    sender.certificate("other", "ca", "rsa:2048", "");
    let other = Run::program("base64").args(["-w", "0"]).arg(sender.at(&sender.sign("other", "")));
    let other = other.go().expect(0).stdout.clone();
    target.sql(&format!("update handover_signed_evidence set signature = '{other}'"));
    let checked = made.attestation(&["--target", &url]);
    let part = "the signature of the evidence answers does not hold";
    assert!(checked.expect(1).stdout.contains(part), "{}", checked.stdout);
    // An account of it without the signature is another one than was stated.
    target.sql("delete from handover_signed_evidence");
    let checked = made.attestation(&["--target", &url]);
    let part = "evidence: the ledger says something else now";
    assert!(checked.expect(1).stdout.contains(part), "{}", checked.stdout);
}

/// A ledger that an earlier program made has no table of signatures; what it stated still holds.
#[test]
fn a_ledger_from_before_signatures() {
    let made = AttestMade::copied(Engine::Sqlite);
    made.load_evidence("answers");
    made.attest(&["--key", "ministry.pem"]).go().expect(0);
    made.sign("vendor.pem", FIRST).expect(0);
    assert!(!made.stated().ledger.tables.iter().any(|table| table.name == "signed_evidence"));
    let url = made.target.url();
    made.attestation(&["--target", &url]).expect(0);
    made.ledger(&["--target", &url]).expect(0);
    let list = made.target.migrate("evidence").args(["--list", "--target", &url]).go();
    assert!(list.expect(0).stdout.contains("it carries no signature"), "{}", list.stdout);
    // The next signature makes the table, and no file without one.
    made.load_evidence("more");
    let tables = "select count(*) from sqlite_schema where name = 'handover_signed_evidence'";
    assert_eq!(made.target.sql(tables), "0");
    let sender = Sender::new();
    let signature = sender.at(&sender.sign("sender", ""));
    let run =
        made.target.migrate("evidence").args(["--quiet", "--name", "signed", "--target", &url]);
    let run = run.arg("--file").arg(sender.at("results.csv")).arg("--signature").arg(signature);
    run.arg("--sender").arg(sender.at("sender.pem")).go().expect(0);
    assert_eq!(made.target.sql(tables), "1");
}
