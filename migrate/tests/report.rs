//! The report: what it says, what it refuses, and that nothing in a name gets out of its place.

use std::fs;
use std::path::PathBuf;

use handover_migrate::keys::sign_envelope;
use handover_migrate::report::SignedAttestation;
use handover_schemas::attestation::HandoverAttestation;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;
use handover_testkit::Run;
use handover_verify::signing::Trust;

use crate::keys::Desk;
use crate::report_sample::sample;

/// The day as of which keys are judged; keys made by a test count from today on.
fn today() -> handover_schemas::date::Date {
    handover_verify::signing::today().unwrap()
}

/// Two people who sign, and what they signed.
pub(crate) struct Table {
    desk: Desk,
}

impl Table {
    pub(crate) fn new() -> Self {
        let desk = Desk::new();
        let entries = [desk.person("a", "giving_side"), desk.person("b", "receiving_side")];
        fs::write(desk.at("trust.toml"), entries.concat()).unwrap();
        fs::create_dir_all(desk.at("h/attestations")).unwrap();
        Self { desk }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.desk.at(name)
    }

    fn trust(&self) -> Trust {
        Trust::load(&self.at("trust.toml"), None).unwrap()
    }

    /// An envelope, signed.
    pub(crate) fn envelope(&self, attestation: &HandoverAttestation, by: &[&str]) -> String {
        let statement = Statement::new(attestation.subjects(), attestation.clone());
        let mut envelope = Envelope::new(statement.to_bytes().unwrap());
        for name in by {
            sign_envelope(&mut envelope, &self.desk.key(name)).unwrap();
        }
        envelope.to_text().unwrap()
    }

    /// The report of an attestation that both sides signed.
    pub(crate) fn html(&self, attestation: &HandoverAttestation) -> String {
        let text = self.envelope(attestation, &["a", "b"]);
        let signed =
            SignedAttestation::read(text.as_bytes(), "0003.dsse.json", &self.trust(), today());
        signed.unwrap().html().unwrap()
    }

    fn report(&self) -> Run {
        let trust = self.at("trust.toml");
        Run::new("handover-migrate").args(["report", "--handover"]).arg(self.at("h")).arg("--trust").arg(trust)
    }
}

#[test]
fn look() {
    let table = Table::new();
    fs::write("/tmp/rep-out/a.html", table.html(&sample())).unwrap();
    fs::write("/tmp/rep-out/empty.html", table.html(&crate::report_sample::empty())).unwrap();
}
