//! Statements as programs of others see them: `jsonschema` of PyPI holds each against its schema, and
//! `openssl` verifies an attestation as it is printed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use handover_schemas::signing::dsse::Envelope;
use handover_testkit::{Outcome, Run};
use handover_verify::command::envelope::EnvelopeReport;
use serde_json::Value;

use crate::attest_made::{AttestMade, CLOSING, FIRST, attest};
use crate::purge_made::{Engine, PurgeMade, Until};

/// Holds a document against a schema: 0 and nothing, or 1 and where it differs.
const VALIDATE: &str = r"
import json, sys
import jsonschema
schema, document = (json.load(open(name)) for name in sys.argv[1:])
jsonschema.Draft202012Validator.check_schema(schema)
errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
for error in errors:
    print(error.json_path, error.message[:200])
sys.exit(1 if errors else 0)
";

fn validate(schema: &str, document: &Path) -> Outcome {
    let python = env::var_os("HANDOVER_TEST_JSONSCHEMA")
        .expect("HANDOVER_TEST_JSONSCHEMA is not set: run ./test, which installs jsonschema");
    let file = format!("{}/../schemas/json/{schema}.schema.json", env!("CARGO_MANIFEST_DIR"));
    Run::program(python).args(["-c", VALIDATE, &file]).arg(document).go()
}

/// The predicate of a statement of the programs, beside its envelope.
#[track_caller]
fn predicate(envelope: &Path, document: &Path) -> Value {
    let envelope = Envelope::parse(&fs::read(envelope).unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(envelope.body()).unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    fs::write(document, statement["predicate"].to_string()).unwrap();
    statement["predicate"].clone()
}

/// It keeps to its schema; without any of its members, with another one, or with a number where a
/// text should be, it does not.
#[track_caller]
fn keeps_to(schema: &str, envelope: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("document.json");
    let good = predicate(envelope, &document);
    let accepted = validate(schema, &document);
    assert_eq!((accepted.code, accepted.stdout.as_str()), (Some(0), ""), "{schema}: {accepted:?}");

    let refused = |bad: Value| {
        fs::write(&document, bad.to_string()).unwrap();
        let outcome = validate(schema, &document);
        assert!(outcome.expect(1).stdout.starts_with('$'), "{schema}: {outcome:?}");
    };
    let members: Vec<String> = good.as_object().unwrap().keys().cloned().collect();
    let mut empty = good.clone();
    empty.as_object_mut().unwrap().clear();
    refused(empty);
    let mut more = good.clone();
    more["another"] = Value::Null;
    refused(more);
    let mut number = good;
    number[&members[0]] = 1.into();
    refused(number);
}

#[test]
fn an_outside_validator_accepts_every_statement_and_refuses_others() {
    let made = AttestMade::signed(Engine::Sqlite);
    made.close();
    keeps_to("statement-attestation", &made.file(FIRST));
    keeps_to("statement-closing", &made.file(CLOSING));
    let audit = made.target.at("audit.dsse.json");
    made.all(&["--statement", audit.to_str().unwrap(), "--head", &made.head()]).expect(0);
    keeps_to("statement-audit", &audit);

    let made = PurgeMade::until(Engine::Sqlite, Until::Certified);
    keeps_to("statement-purge-approval", &made.statement("approval-1.dsse.json"));
    keeps_to("statement-purge-execution", &made.statement("execution-1.dsse.json"));
    keeps_to("statement-purge-certificate", &made.statement("certificate.dsse.json"));
    let restore = ["--quiet", "--all", "--apply", "--key", "operator.pem", "--reason", "Khiếu nại"];
    made.archived("restore", &restore).go().expect(0);
    keeps_to("statement-restore", &made.statement("restore-1.dsse.json"));
    // One that tells of a purge and a restore, and that nothing was copied.
    attest(&made, &["--key", "ministry.pem"]).go().expect(1);
    keeps_to("statement-attestation", &made.dir().join(FIRST));
}

/// Every report schema is a schema, also for the outside validator, and the envelope's own report
/// keeps to it.
#[test]
fn every_schema_is_one() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas/json");
    let document = tempfile::NamedTempFile::new().unwrap();
    fs::write(document.path(), "[[]]").unwrap();
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let schema = name.strip_suffix(".schema.json").unwrap();
        // Nothing that we write is a list of an empty list.
        validate(schema, document.path()).expect(1);
        count += 1;
    }
    assert!(count >= 34, "{count}");
}

#[test]
fn openssl_verifies_an_attestation_as_it_is_printed() {
    let made = AttestMade::signed(Engine::Sqlite);
    let explain = || {
        let run = Run::new("handover-verify").args(["envelope", "--explain", "--json", "--trust"]);
        run.arg(made.target.at("trust.toml")).arg(made.file(FIRST)).go()
    };
    let report: EnvelopeReport = serde_json::from_str(&explain().expect(0).stdout).unwrap();
    assert_eq!(report.commands.len(), 2);
    let run = |command: &str| Run::program("sh").args(["-c", command]).go();
    for one in &report.commands {
        assert!(run(&one.commands).expect(0).stdout.contains("Verified Successfully"));
    }
    // One byte of the payload.
    let good = fs::read_to_string(made.file(FIRST)).unwrap();
    let at = good.find("payload\": \"").unwrap() + 200;
    let mut bad = good.into_bytes();
    bad[at] = if bad[at] == b'B' { b'C' } else { b'B' };
    fs::write(made.file(FIRST), bad).unwrap();
    for one in &report.commands {
        assert!(run(&one.commands).stdout.contains("Verification Failure"));
    }
}

/// An ECDSA signature of `r` and `s`, 32 bytes each, as DER: what `openssl` reads.
fn der(raw: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        let first = bytes.iter().position(|byte| *byte != 0).unwrap();
        let digits = &bytes[first..];
        let sign: &[u8] = if digits[0] > 0x7f { &[0] } else { &[] };
        let length = u8::try_from(sign.len() + digits.len()).unwrap();
        [&[2, length], sign, digits].concat()
    };
    let (r, s) = raw.split_at(32);
    let both = [number(r), number(s)].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()], both.as_slice()].concat()
}

/// DSSE's own vector: the bytes that we say are signed are those that were signed. Its key is none
/// that a trust file can have (Ed25519 alone), so nobody has signed it for us.
#[test]
fn the_published_envelope_verifies_with_openssl() {
    let path = format!("{}/../schemas/vectors/signatures.json", env!("CARGO_MANIFEST_DIR"));
    let vectors: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let text = vectors["envelope"]["text"].as_str().unwrap();
    let envelope = Envelope::parse(text.as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let digits = vectors["envelope"]["public_key"].as_str().unwrap().as_bytes();
    let key = digits.chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    let key: Vec<u8> = key.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
    fs::write(file("key.der"), key).unwrap();
    fs::write(file("signature.der"), der(&envelope.signatures[0].sig)).unwrap();
    let verify = |message: Vec<u8>| {
        fs::write(file("pae.bin"), message).unwrap();
        let command = "openssl pkey -pubin -inform DER -in key.der -out key.pem &&
                       openssl dgst -sha256 -verify key.pem -signature signature.der pae.bin";
        Run::program("sh").args(["-c", command]).dir(folder.path()).go()
    };
    assert!(verify(envelope.pae()).expect(0).stdout.contains("Verified OK"));
    let other = [envelope.pae(), vec![b'.']].concat();
    assert!(verify(other).expect(1).stdout.contains("Verification failure"));

    fs::write(file("x.dsse.json"), text).unwrap();
    let made = PurgeMade::empty(Engine::Sqlite);
    let run = Run::new("handover-verify").arg("envelope").arg(file("x.dsse.json"));
    let ours = run.arg("--trust").arg(made.at("trust.toml")).go();
    assert!(ours.code != Some(0) && !ours.stdout.contains("verdict: holds"), "{ours:?}");
}
