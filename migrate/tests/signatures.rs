//! Envelopes and proofs: signed by one program, verified by the other and by `openssl`.

use std::fs;

use handover_cli_kit::passphrase::SIGNING_VARIABLE;
use handover_migrate::keys::{sign_checkpoint, sign_envelope};
use handover_schemas::archive::record::{RecordFile, Salt};
use handover_schemas::archive::row_leaf::row_leaf;
use handover_schemas::digest::Digest;
use handover_schemas::merkle::{inclusion_proof, root};
use handover_schemas::signing::checkpoint::Checkpoint;
use handover_schemas::signing::dsse::{Envelope, PAYLOAD_TYPE};
use handover_schemas::signing::statement::{Predicate, Statement, Subject};
use handover_schemas::signing::tlog_proof::TlogProof;
use handover_testkit::Run;
use handover_verify::command::envelope::EnvelopeReport;
use handover_verify::record::RecordReport;
use serde::{Deserialize, Serialize};

use crate::json_schemas::check_report;
use crate::keys::{Desk, PASSPHRASE};

impl Desk {
    /// Writes `trust.toml`.
    fn trust(&self, entries: &[&str]) {
        fs::write(self.at("trust.toml"), entries.concat()).unwrap();
    }

    fn verify(&self, command: &str) -> Run {
        Run::new("handover-verify").arg(command).arg("--trust").arg(self.at("trust.toml"))
    }

    /// Signs a statement and writes `x.dsse.json`.
    fn envelope(&self, by: &[&str]) -> String {
        let subject = Subject::new("gói hàng", Digest::of(b"seal"));
        let statement = Statement::new(vec![subject], Received { files: u64::MAX });
        let mut envelope = Envelope::new(statement.to_bytes().unwrap());
        for name in by {
            sign_envelope(&mut envelope, &self.key(name)).unwrap();
        }
        let text = envelope.to_text().unwrap();
        fs::write(self.at("x.dsse.json"), &text).unwrap();
        text
    }

    fn check_envelope(&self) -> Run {
        self.verify("envelope").arg(self.at("x.dsse.json"))
    }
}

#[derive(Serialize, Deserialize)]
struct Received {
    #[serde(with = "handover_schemas::signing::statement::u64_text")]
    files: u64,
}

impl Predicate for Received {
    const TYPE: &'static str = "https://example.org/received/v1";
}

#[test]
fn who_signed_what() {
    let desk = Desk::new();
    let (a, b) = (desk.person("a", "auditor"), desk.person("b", "custodian"));
    desk.person("c", "witness");
    desk.trust(&[&a, &b]);
    let text = desk.envelope(&["a", "c", "b", "a"]);
    let good = desk.check_envelope().go();
    for expected in [
        "states   \"https://example.org/received/v1\"",
        "about    \"gói hàng\"",
        "by Nguyễn Thị a (Bộ Y tế), who is auditor",
        "by Nguyễn Thị b (Bộ Y tế), who is custodian",
        "not checked: a signature of a key that is not in the trust file",
        "verdict: holds\n",
    ] {
        assert_eq!(good.expect(0).stdout.matches(expected).count(), 1, "{}", good.stdout);
    }
    check_report::<EnvelopeReport>(&desk.check_envelope().arg("--json").go(), 0);

    // Before and after its days a key does not count.
    for day in ["2000-01-01", "2999-12-31"] {
        let out = desk.check_envelope().args(["--at", day]).go();
        assert!(out.expect(1).stdout.contains("the key of Nguyễn Thị a counts from"));
        assert!(!out.stdout.contains("states"), "{}", out.stdout);
    }
    // Nobody who is trusted signed it.
    desk.trust(&[&desk.person("d", "auditor")]);
    let unknown = desk.check_envelope().arg("--json").go();
    check_report::<EnvelopeReport>(&unknown, 1);
    assert!(unknown.stdout.contains("no trusted person signed it"), "{}", unknown.stdout);
    assert!(!unknown.stdout.contains("received"), "not looked into: {}", unknown.stdout);
    // The other's key under the one's name.
    let swapped = b.lines().find(|line| line.starts_with("public_key")).unwrap();
    let mine = a.lines().find(|line| line.starts_with("public_key")).unwrap();
    desk.trust(&[&a.replace(mine, swapped), &b]);
    let edited = desk.check_envelope().go();
    assert!(edited.expect(2).stderr.contains("its public_key is that of key 1"));
    desk.trust(&[&a.replace("auditor", "boss")]);
    assert!(desk.check_envelope().go().expect(2).stderr.contains("unknown word \"boss\""));
    // The entry as it is printed when nothing was said about the person is not enough.
    let blank = desk.keygen("signing", "e.pem").env(SIGNING_VARIABLE, PASSPHRASE).go();
    desk.trust(&[blank
        .expect(0)
        .stdout
        .split_once("\n\n")
        .unwrap()
        .1
        .split_once("\n\n")
        .unwrap()
        .1]);
    assert!(desk.check_envelope().go().expect(2).stderr.contains("person is 1 to 40"));
    fs::write(desk.at("x.dsse.json"), text.replacen('{', "{\"payload\": \"\",", 1)).unwrap();
    desk.trust(&[&a]);
    assert!(desk.check_envelope().go().expect(2).stderr.contains("stands twice"));
}

/// The commands that are printed, run by a shell.
fn printed(desk: &Desk) -> Vec<String> {
    let outcome = desk.check_envelope().args(["--explain", "--json"]).go();
    let report: EnvelopeReport = serde_json::from_str(&outcome.stdout).unwrap();
    assert!(
        desk.check_envelope().arg("--explain").go().stdout.contains(&report.commands[0].commands)
    );
    report.commands.into_iter().map(|one| one.commands).collect()
}

#[test]
fn openssl_alone_verifies_an_envelope() {
    let desk = Desk::new();
    desk.trust(&[&desk.person("a", "auditor"), &desk.person("b", "custodian")]);
    let good = desk.envelope(&["b", "a"]);
    let place = desk.at("x.dsse.json");
    let payload = good.lines().find(|line| line.contains("payload\"")).unwrap();
    let first = payload.find(": \"").unwrap() + 3;
    // One letter of the payload, in the middle, so that it is still base64 and even JSON.
    let mut other = good.clone().into_bytes();
    let at = good.find(payload).unwrap() + first + 60;
    other[at] = if other[at] == b'B' { b'C' } else { b'B' };
    let other = String::from_utf8(other).unwrap();
    let unpadded = good.replace("=\"", "\"").replace("=\"", "\"");
    let unpadded = unpadded.replace('+', "-").replace('/', "_");
    let unpadded = unpadded.replace("application_vnd.in-toto-json", PAYLOAD_TYPE);
    for (text, code) in [(&good, 0), (&other, 1), (&unpadded, 0)] {
        fs::write(&place, text).unwrap();
        assert_eq!(desk.check_envelope().go().code, Some(code));
        let commands = printed(&desk);
        assert_eq!(commands.len(), 2);
        for command in commands {
            let outcome = desk.shell(&command);
            assert_eq!(outcome.code == Some(0), code == 0, "{outcome:?}");
            let said = if code == 0 { "Verified Successfully" } else { "Verification Failure" };
            assert!(outcome.stdout.contains(said), "{outcome:?}");
        }
    }
    // Another type under the same payload is another message.
    fs::write(&place, &good).unwrap();
    let commands = printed(&desk);
    fs::write(&place, good.replace("in-toto+json", "in-toto+yaml")).unwrap();
    assert!(desk.shell(&commands[0]).stdout.contains("Verification Failure"));
}

const ORIGIN: &str = "example.org/purge/1";
const LINE: &str = "2\tVương Thị Bí Mật\t0911111111\n";

/// Five rows, a proof for one of them, signed by `a`.
fn archive(desk: &Desk) -> (RecordFile, TlogProof) {
    let salt = |row: u8| Salt::from_bytes([row; 32]);
    let lines = ["0\tA\t\n", "1\tB\t\n", LINE, "3\tC\t\\N\n", "4\tD\t\n"];
    let leaves =
        (0..).zip(lines).map(|(row, line)| row_leaf(salt(row).as_bytes(), line.as_bytes()));
    let leaves: Vec<Digest> = leaves.collect();
    let head = Checkpoint::new(ORIGIN, 5, root(&leaves)).unwrap();
    let proof = TlogProof {
        extra: None,
        index: 2,
        path: inclusion_proof(&leaves, 2).unwrap(),
        checkpoint: sign_checkpoint(head, &desk.key("a")).unwrap(),
    };
    let record = RecordFile {
        version: 1,
        origin: ORIGIN.to_owned(),
        table: "public.subjects".to_owned(),
        columns: ["id", "name", "phone"].map(str::to_owned).to_vec(),
        line: LINE.to_owned(),
        salt: salt(2),
        index: 2,
    };
    (record, proof)
}

/// What is said about a record and a proof; no value of the row is.
#[track_caller]
fn judged(desk: &Desk, record: &str, proof: &str, code: i32) -> String {
    fs::write(desk.at("record.json"), record).unwrap();
    fs::write(desk.at("row.tlog-proof"), proof).unwrap();
    let run = || {
        let run = desk.verify("record").arg("--record").arg(desk.at("record.json"));
        run.arg("--proof").arg(desk.at("row.tlog-proof"))
    };
    let outcome = run().go();
    let said = format!("{}{}", outcome.expect(code).stdout, outcome.stderr);
    let json = run().arg("--json").go();
    if code < 2 {
        check_report::<RecordReport>(&json, code);
    }
    for shown in [&said, &json.stdout, &json.stderr] {
        assert!(!shown.contains("Vương") && !shown.contains("0911111111"), "{shown}");
        assert!(!shown.contains("02020202"), "the salt: {shown}");
    }
    said
}

#[test]
fn a_row_is_proved_without_a_key_to_the_archive() {
    let desk = Desk::new();
    desk.trust(&[&desk.person("a", "custodian")]);
    let (record, proof) = archive(&desk);
    let said = judged(&desk, &record.to_text().unwrap(), &proof.to_text(), 0);
    let root = proof.checkpoint.checkpoint.root();
    let verdict = format!(
        "verdict: holds: exactly this row (of public.subjects, as the record says) is among the 5 \
         rows under root {root}, signed by Nguyễn Thị a\n"
    );
    assert!(said.contains(&verdict), "{said}");
    assert!(said.contains("not checked: that the row is one of public.subjects"), "{said}");

    // sha256sum gives the same leaf.
    fs::write(desk.at("leaf"), [&[0], [2; 32].as_slice(), LINE.as_bytes()].concat()).unwrap();
    let leaf = desk.shell("sha256sum < leaf | cut -c-64").stdout;
    assert!(said.contains(&format!("leaf     {leaf}")), "{said}");
}

#[test]
fn anything_else_is_not_proved() {
    let desk = Desk::new();
    let (a, b) = (desk.person("a", "custodian"), desk.person("b", "auditor"));
    desk.trust(&[&a, &b]);
    let (record, proof) = archive(&desk);
    let (text, proof_text) = (record.to_text().unwrap(), proof.to_text());
    let sibling = proof_text.lines().nth(2).unwrap();
    let zeros = format!("{}=", "A".repeat(43));
    for (in_record, from, to, says) in [
        (true, "2\\t", "3\\t", "this row is not at place 2"),
        (true, "0202", "0302", "this row is not at place 2"),
        (true, "\"2\"", "\"3\"", "it is the proof of another row"),
        (true, "purge/1", "purge/2", "it is the proof of another archive"),
        (false, "index 2", "index 3", "it is the proof of another row"),
        (false, sibling, &zeros, "this row is not at place 2"),
        (false, "\n5\n", "\n6\n", "the signature of Nguyễn Thị a is not over this checkpoint"),
        (false, "\n\nexample.org/purge/1", "\n\nexample.org/purge/2", "of another archive"),
    ] {
        let (mut record, mut proof) = (text.clone(), proof_text.clone());
        let changed = if in_record { &mut record } else { &mut proof };
        assert!(changed.contains(from), "{from}: {changed}");
        *changed = changed.replacen(from, to, 1);
        let said = judged(&desk, &record, &proof, 1);
        assert!(said.contains(says) && said.contains("verdict: does not hold"), "{said}");
    }
    for (in_record, from, to, says) in [
        (true, "\"version\": 1", "\"version\": 2", "of version 2"),
        (true, "Vương", "Vương\\t", "its line has 4 fields, and there are 3 columns"),
        (false, "@v1", "@v2", "its first line"),
        (false, "— ", "- ", "its checkpoint: signature 1"),
    ] {
        let (mut record, mut proof) = (text.clone(), proof_text.clone());
        let changed = if in_record { &mut record } else { &mut proof };
        *changed = changed.replacen(from, to, 1);
        let said = judged(&desk, &record, &proof, 2);
        assert!(said.contains(says), "{said}");
    }
    // Signed, but by nobody who is trusted, or not today.
    desk.trust(&[&b]);
    let said = judged(&desk, &text, &proof_text, 1);
    assert!(said.contains("no trusted person signed the checkpoint"), "{said}");
    let until = a.lines().find(|line| line.starts_with("valid_until")).unwrap();
    let from = a.lines().find(|line| line.starts_with("valid_from")).unwrap();
    let past = a.replace(until, "valid_until = \"2020-01-01\"");
    desk.trust(&[&past.replace(from, "valid_from = \"2019-01-01\"")]);
    let said = judged(&desk, &text, &proof_text, 1);
    assert!(said.contains("counts from 2019-01-01 to 2020-01-01 only"), "{said}");
}
