//! `handover-minutes`, run as people run it; what it makes is read by programs that are not ours:
//! pdftotext (poppler) and qpdf.
#![expect(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

mod large;
mod manual;
mod read_back;
mod refused;
mod sample;
mod signers;
mod untrusted;

use std::fs;
use std::path::{Path, PathBuf};

use handover_schemas::attestation::HandoverAttestation;
use handover_testkit::Run;
use tempfile::TempDir;

/// A day on which the keys of the trust file count.
const AT: &str = "2026-03-01";

/// A folder with a trust file, and whatever else a test puts into it.
struct Desk {
    folder: TempDir,
    trust: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let trust = signers::trust_file(folder.path());
        Self { folder, trust }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes an attestation that these signed.
    fn put(&self, attestation: HandoverAttestation, by: &[u8]) -> PathBuf {
        self.put_text(&signers::signed(attestation, by).to_text().unwrap())
    }

    fn put_text(&self, text: &str) -> PathBuf {
        let path = self.path("attestation.dsse.json");
        fs::write(&path, text).unwrap();
        path
    }

    /// The program with what it always needs.
    fn program(&self, attestation: &Path, out: &str) -> Run {
        Run::new("handover-minutes")
            .arg("--attestation")
            .arg(attestation)
            .arg("--trust")
            .arg(&self.trust)
            .arg("--out")
            .arg(self.path(out))
    }

    /// Makes minutes, in both languages, and gives their text.
    fn text_of(&self, attestation: HandoverAttestation) -> String {
        let attestation = self.put(attestation, &[1, 2]);
        let outcome = self.program(&attestation, "text.pdf").args(["--at", AT, "--english"]).go();
        outcome.expect(0);
        text(&self.path("text.pdf"))
    }
}

/// The text of a PDF file as people copy it out, on one line.
fn text(pdf: &Path) -> String {
    let outcome = Run::program("pdftotext").args(["-enc", "UTF-8"]).arg(pdf).arg("-").go();
    outcome.expect(0);
    outcome.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same without any blank: lines end anywhere in a narrow cell.
fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
