//! What tests need that try to make a purge go wrong: both engines, the auditor's program, and
//! envelopes that somebody made with real keys and `openssl`.

use std::fs;
use std::path::Path;

use handover_schemas::signing::dsse::{Envelope, EnvelopeSignature};
use handover_testkit::{Outcome, Run};
use serde_json::Value;

use crate::purge_made::{Engine, PASSPHRASE, PurgeMade};
use crate::support::says;

/// PostgreSQL first: it is the one that matters.
pub(crate) const ENGINES: [Engine; 2] = [Engine::Postgres, Engine::Sqlite];

/// The commands that need a key, as the operator gives them.
pub(crate) const EXECUTE: [&str; 3] = ["execute", "--key", "operator.pem"];
pub(crate) const CERTIFY: [&str; 3] = ["certify", "--key", "operator.pem"];

/// `handover-verify purge`, without a key to the archive.
pub(crate) fn verify(made: &PurgeMade) -> Run {
    Run::new("handover-verify")
        .args(["purge", "--quiet", "--handover"])
        .arg(made.dir())
        .env("HANDOVER_ESCROW_PASSPHRASE", PASSPHRASE)
        .dir(made.at(""))
}

/// The same with the escrow key.
pub(crate) fn verify_with_key(made: &PurgeMade) -> Outcome {
    verify(made).args(["--identity", "escrow.age"]).go()
}

/// The auditor finds nothing that does not hold, with and without a key.
#[track_caller]
pub(crate) fn holds(made: &PurgeMade) {
    verify(made).go().expect(0);
    let outcome = verify_with_key(made);
    assert!(outcome.expect(0).stdout.ends_with("verdict: holds\n"), "{}", outcome.stdout);
}

/// The auditor finds this.
#[track_caller]
pub(crate) fn finds(made: &PurgeMade, said: &str) {
    let outcome = verify_with_key(made);
    let found = |line: &str| line.starts_with("  FINDING") && line.contains(said);
    assert!(outcome.expect(1).stdout.lines().any(found), "not found: {said}\n{}", outcome.stdout);
}

/// A command of the purge is refused with this, and no row of the platform is touched.
#[track_caller]
pub(crate) fn refused(made: &PurgeMade, arguments: &[&str], said: &[&str]) {
    let before = made.everything();
    let outcome = made.purge(arguments).go();
    says(outcome.expect(2), said);
    assert!(made.everything() == before, "rows changed although it was refused");
}

/// Name of a table of the ledger.
pub(crate) fn ledger_table(made: &PurgeMade, name: &str) -> String {
    match made.engine() {
        Engine::Postgres => format!("handover.{name}"),
        Engine::Sqlite => format!("handover_{name}"),
    }
}

/// Rows of a table of the ledger that meet a condition.
#[track_caller]
pub(crate) fn ledger_count(made: &PurgeMade, name: &str, condition: &str) -> u64 {
    made.count(&ledger_table(made, name), condition)
}

/// Writes what an edit makes of a statement, signed by these people with `openssl`.
#[track_caller]
pub(crate) fn forge(file: &Path, made: &PurgeMade, people: &[&str], edit: impl FnOnce(&mut Value)) {
    let envelope = Envelope::parse(&fs::read(file).unwrap()).unwrap();
    let mut statement: Value = serde_json::from_slice(envelope.body()).unwrap();
    edit(&mut statement);
    fs::write(file, signed(made, &statement, people)).unwrap();
}

/// The text of an envelope about a statement, signed by these people with `openssl`.
#[track_caller]
pub(crate) fn signed(made: &PurgeMade, statement: &Value, people: &[&str]) -> String {
    signed_bytes(made, serde_json::to_vec(statement).unwrap(), people).to_text().unwrap()
}

/// An envelope of any bytes, signed by these people with `openssl`.
#[track_caller]
pub(crate) fn signed_bytes(made: &PurgeMade, body: Vec<u8>, people: &[&str]) -> Envelope {
    let mut envelope = Envelope::new(body);
    fs::write(made.at("pae"), envelope.pae()).unwrap();
    for person in people {
        let signed = Run::program("openssl")
            .args(["pkeyutl", "-sign", "-rawin", "-in", "pae", "-out", "sig"])
            .args(["-passin", "env:HANDOVER_PASSPHRASE", "-inkey", &format!("{person}.pem")])
            .env("HANDOVER_PASSPHRASE", PASSPHRASE)
            .dir(made.at(""));
        signed.go().expect(0);
        let sig = fs::read(made.at("sig")).unwrap();
        envelope.signatures.push(EnvelopeSignature { keyid: None, sig });
    }
    envelope
}

/// Changes the trust file.
#[track_caller]
pub(crate) fn edit_trust(made: &PurgeMade, from: &str, to: &str) {
    edit_file(&made.at("trust.toml"), from, to);
}

/// Changes the one place of a file that has this.
#[track_caller]
pub(crate) fn edit_file(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{}: no {from}\n{text}", file.display());
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

/// Copies a folder with everything below it.
#[track_caller]
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    Run::program("cp").args(["-a", "-T"]).arg(from).arg(to).go().expect(0);
}
