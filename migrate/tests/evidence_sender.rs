//! An outside body that sends a result file: its certificates and signatures, made by `openssl`.

use std::fs;
use std::path::PathBuf;

use handover_testkit::{Outcome, Run};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{json, says};

/// What the file holds.
pub(crate) const RESULTS: &str = "number,result\n1,cannot be verified\n2,verified\n";

/// Keys and certificates of the sender, a result file, and a target that is a SQLite file.
pub(crate) struct Sender {
    folder: TempDir,
}

impl Sender {
    /// With an authority (`ca.pem`) and the sender's certificate by it (`sender.pem`), RSA of 2048 bits.
    #[track_caller]
    pub(crate) fn new() -> Self {
        let sender = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(sender.at("results.csv"), RESULTS).unwrap();
        sender.authority("ca");
        sender.certificate("sender", "ca", "rsa:2048", "keyUsage=digitalSignature");
        sender
    }

    /// Refused with this, and nothing was loaded.
    #[track_caller]
    pub(crate) fn is_refused(&self, outcome: &Outcome, parts: &[&str]) {
        outcome.expect(2);
        says(outcome, parts);
        assert!(!self.at("target.sqlite").exists(), "{}", outcome.stderr);
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[track_caller]
    pub(crate) fn openssl(&self, arguments: &str) -> Outcome {
        let run = Run::program("openssl").args(arguments.split(' ')).dir(self.folder.path());
        let outcome = run.go();
        outcome.expect(0);
        outcome
    }

    /// A root: `NAME.pem`, with its key in `NAME.key`.
    #[track_caller]
    pub(crate) fn authority(&self, name: &str) {
        self.openssl(&format!(
            "req -x509 -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.pem -days 30 \
             -subj /O=Authority/CN={name} -addext keyUsage=critical,keyCertSign"
        ));
    }

    /// A certificate by an authority, with these extensions.
    #[track_caller]
    pub(crate) fn certificate(&self, name: &str, authority: &str, key: &str, extensions: &str) {
        self.openssl(&format!(
            "req -new -newkey {key} -nodes -keyout {name}.key -out {name}.csr \
             -subj /C=VN/O=C06/CN={name}"
        ));
        let text = format!("subjectKeyIdentifier=hash\n{extensions}\n");
        fs::write(self.at("extensions"), text).unwrap();
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -days 20 \
             -extfile extensions -out {name}.pem"
        ));
    }

    /// Signs the file as somebody: `NAME.p7s`, detached, DER.
    #[track_caller]
    pub(crate) fn sign(&self, who: &str, more: &str) -> String {
        let name = format!("{who}.p7s");
        let more = if more.is_empty() { String::new() } else { format!(" {more}") };
        self.openssl(&format!(
            "cms -sign -binary -in results.csv -signer {who}.pem -inkey {who}.key -outform DER \
             -out {name}{more}"
        ));
        name
    }

    /// `handover-migrate evidence` into the target.
    pub(crate) fn evidence(&self, arguments: &[&str]) -> Run {
        let target = format!("sqlite:{}", self.at("target.sqlite").display());
        Run::new("handover-migrate")
            .args(["evidence", "--target", &target])
            .args(arguments)
            .dir(self.folder.path())
    }

    /// Loads the file as `NAME` with a CMS signature.
    pub(crate) fn load(&self, name: &str, signature: &str, sender: &str) -> Outcome {
        let file = ["--file", "results.csv", "--name", name];
        self.evidence(&file).args(["--signature", signature, "--sender", sender, "--json"]).go()
    }

    /// The signature with which the file is loaded.
    #[track_caller]
    pub(crate) fn loaded(&self, name: &str, signature: &str, sender: &str) -> Value {
        let outcome = self.load(name, signature, sender);
        json(outcome.expect(0))["evidence"]["signature"].clone()
    }

    /// SHA-256 of a certificate, as `openssl` has it.
    #[track_caller]
    pub(crate) fn fingerprint(&self, certificate: &str) -> String {
        let outcome = self.openssl(&format!("x509 -in {certificate} -noout -fingerprint -sha256"));
        let (_, digits) = outcome.stdout.trim().split_once('=').unwrap();
        digits.replace(':', "").to_lowercase()
    }
}
