//! A platform that was copied, and what is attested of it: made by the real binaries, in SQLite or in
//! PostgreSQL.

use std::fs;
use std::path::PathBuf;

use handover_schemas::attestation::{Closing, HandoverAttestation};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;
use handover_testkit::{Outcome, Run};

use crate::purge_made::{Engine, PurgeMade};
use crate::support::json;

/// Both engines of a target.
pub(crate) const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// Where the first attestation is.
pub(crate) const FIRST: &str = "attestations/0001.dsse.json";

/// Where its closing is.
pub(crate) const CLOSING: &str = "attestations/0001-closing.dsse.json";

/// A vendor's database, the ministry's into which it was copied, a hand-over folder and keys.
pub(crate) struct AttestMade {
    pub(crate) source: PurgeMade,
    pub(crate) target: PurgeMade,
}

impl AttestMade {
    /// The small platform, copied.
    #[track_caller]
    pub(crate) fn copied(engine: Engine) -> Self {
        let source = PurgeMade::begin(Engine::Sqlite);
        source.fill();
        let made = Self { source, target: PurgeMade::empty(engine) };
        made.copy();
        made
    }

    /// Copies, again if it was copied before.
    #[track_caller]
    pub(crate) fn copy(&self) {
        let run = self.target.migrate("copy").args(["--quiet", "--source", &self.source.url()]);
        run.args(["--target", &self.target.url(), "--handover"])
            .arg(self.target.dir())
            .go()
            .expect(0);
    }

    /// The same, attested and signed for both sides.
    #[track_caller]
    pub(crate) fn signed(engine: Engine) -> Self {
        let made = Self::copied(engine);
        made.attest(&["--key", "ministry.pem"]).go().expect(0);
        made.sign("vendor.pem", FIRST).expect(0);
        made
    }

    /// `handover-migrate attest …`.
    pub(crate) fn attest(&self, arguments: &[&str]) -> Run {
        attest(&self.target, arguments)
    }

    /// `handover-migrate attest --sign` on a file of the folder.
    pub(crate) fn sign(&self, key: &str, file: &str) -> Outcome {
        let run = self.target.migrate("attest").args(["--key", key, "--sign"]).arg(self.file(file));
        run.arg("--handover").arg(self.target.dir()).go()
    }

    /// A file of the hand-over folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.target.dir().join(name)
    }

    /// `handover-verify ledger …`.
    pub(crate) fn ledger(&self, arguments: &[&str]) -> Outcome {
        let run = Run::new("handover-verify").args(["ledger", "--handover"]).arg(self.target.dir());
        run.args(arguments).go()
    }

    /// `handover-verify attestation …` on the first one, with everything that there is.
    pub(crate) fn attestation(&self, arguments: &[&str]) -> Outcome {
        self.attestation_at(FIRST, arguments)
    }

    /// The same on another one.
    pub(crate) fn attestation_at(&self, file: &str, arguments: &[&str]) -> Outcome {
        let run = Run::new("handover-verify").arg("attestation").arg(self.file(file));
        let run = run.args(["--quiet", "--source", &self.source.url(), "--trust"]);
        let run = run.arg(self.target.at("trust.toml")).arg("--handover").arg(self.target.dir());
        run.args(arguments).go()
    }

    /// `handover-verify all …`, with the trust file unless another is named.
    pub(crate) fn all(&self, arguments: &[&str]) -> Outcome {
        let run = self.all_without_trust(arguments);
        if arguments.contains(&"--trust") {
            return run.go();
        }
        run.arg("--trust").arg(self.target.at("trust.toml")).go()
    }

    /// The same, whatever handover.toml says of whom to trust.
    pub(crate) fn all_without_trust(&self, arguments: &[&str]) -> Run {
        let run = Run::new("handover-verify").args(["all", "--quiet", "--source"]);
        let run = run.arg(self.source.url()).arg("--handover").arg(self.target.dir());
        run.args(arguments)
    }

    /// Writes a report, as far as a closing is concerned, and closes.
    #[track_caller]
    pub(crate) fn close(&self) {
        fs::write(self.file("attestations/0001-report.html"), "<!doctype html>").unwrap();
        self.attest(&["--close", "--key", "ministry.pem"]).go().expect(0);
        self.sign("vendor.pem", CLOSING).expect(0);
    }

    /// An envelope of the folder.
    #[track_caller]
    pub(crate) fn envelope(&self, name: &str) -> Envelope {
        Envelope::parse(&fs::read(self.file(name)).unwrap()).unwrap()
    }

    /// What the first attestation states.
    #[track_caller]
    pub(crate) fn stated(&self) -> HandoverAttestation {
        let envelope = self.envelope(FIRST);
        Statement::<HandoverAttestation>::parse(envelope.body()).unwrap().predicate
    }

    /// What its closing states.
    #[track_caller]
    pub(crate) fn closing(&self) -> Closing {
        Statement::<Closing>::parse(self.envelope(CLOSING).body()).unwrap().predicate
    }

    /// The head that `ledger` prints.
    #[track_caller]
    pub(crate) fn head(&self) -> String {
        json(&self.ledger(&["--json"]))["head"].as_str().unwrap().to_owned()
    }

    /// One of the ledger's tables.
    pub(crate) fn table(&self, name: &str) -> String {
        match self.target.engine() {
            Engine::Sqlite => format!("handover_{name}"),
            Engine::Postgres => format!("handover.{name}"),
        }
    }

    /// The kinds of the ledger's events, in their order.
    #[track_caller]
    pub(crate) fn kinds(&self) -> Vec<String> {
        let sql = format!("select kind from {} order by event_no", self.table("event"));
        self.target.sql(&sql).lines().map(str::to_owned).collect()
    }

    /// Something that is done after an attestation: a result file is loaded.
    #[track_caller]
    pub(crate) fn load_evidence(&self, name: &str) {
        fs::write(self.target.at("result.csv"), "so,ket_qua\n1,dung\n").unwrap();
        let run = self.target.migrate("evidence").args(["--file", "result.csv", "--name", name]);
        run.args(["--target", &self.target.url()]).go().expect(0);
    }
}

/// `handover-migrate attest …` on a platform.
pub(crate) fn attest(made: &PurgeMade, arguments: &[&str]) -> Run {
    made.migrate("attest").args(arguments).args(["--quiet", "--handover"]).arg(made.dir())
}

/// A report of `ledger` or `attestation` that found something, and this among it.
#[track_caller]
pub(crate) fn finds(outcome: &Outcome, part: &str) {
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let is_said = outcome
        .stdout
        .lines()
        .any(|line| (line.contains("FINDING") || line.contains("finding")) && line.contains(part));
    assert!(is_said, "not found: {part}\n{}\n{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stdout.contains("verdict: does not hold"), "{}", outcome.stdout);
}
