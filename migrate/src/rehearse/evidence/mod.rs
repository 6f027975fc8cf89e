//! The rehearsal's last stages: what was reported, what is stated and signed, report and minutes,
//! and everything verified at once.

mod figures;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::handover_dir::attestations::{closing_file, envelope_file, made_file};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::print_text;
use handover_engine::endpoint::Endpoint;
use handover_schemas::config::CONFIG_FILE;

use super::headline;
use super::purge::Keys;
use super::stage::Programs;

/// What the evidence is rehearsed on.
pub(super) struct EvidenceRehearsal<'a> {
    pub(super) programs: &'a Programs,
    /// Folder of the rehearsal.
    pub(super) rehearsal: &'a HandoverDir,
    /// Folder of the hand-over.
    pub(super) handover: &'a HandoverDir,
    /// The platform as it was built.
    pub(super) platform: &'a Path,
    pub(super) source: &'a Endpoint,
    pub(super) target: &'a Endpoint,
    pub(super) keys: &'a Keys,
}

/// Ends with findings: the script has some.
const FINDINGS: i32 = 1;

impl EvidenceRehearsal<'_> {
    /// Runs its stages, the first of which has this number.
    pub(super) fn run(&self, first: u8, interrupt: &Interrupt) -> Result<()> {
        headline(first, "What was reported, against itself and the data")?;
        figures::write(self.handover, self.platform, interrupt)?;
        self.add_to_config()?;
        let folder = self.handover.path().as_os_str();
        let words = ["figures".as_ref(), "--handover".as_ref(), folder, "--quiet".as_ref()];
        self.verify(&words, FINDINGS)?;
        headline(first + 1, "State it, and sign it for both sides")?;
        self.attest()?;
        headline(first + 2, "Report and minutes")?;
        let head = self.report_and_minutes()?;
        headline(first + 3, "Everything at once")?;
        let escrow = self.keys.file("escrow.age");
        let passphrase = self.keys.passphrase();
        let trust = self.rehearsal.path().join("trust.toml");
        let words = [
            "all".as_ref(),
            "--handover".as_ref(),
            folder,
            "--head".as_ref(),
            head.as_ref(),
            "--trust".as_ref(),
            trust.as_os_str(),
            "--identity".as_ref(),
            escrow.as_os_str(),
            "--passphrase-file".as_ref(),
            passphrase.as_os_str(),
            "--quiet".as_ref(),
        ];
        self.verify(&words, 0)
    }

    fn add_to_config(&self) -> Result<()> {
        let path = self.handover.path().join(CONFIG_FILE);
        let config = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let evidence = include_str!("minutes.toml");
        self.handover.write(CONFIG_FILE, format!("{config}{evidence}").as_bytes())?;
        Ok(())
    }

    /// Both sides and a witness sign.
    fn attest(&self) -> Result<()> {
        self.migrate(&["attest", "--key"], &self.signing("receiving"), FINDINGS)?;
        let envelope = self.handover.path().join(envelope_file(NUMBER));
        for person in ["giving", "witness"] {
            let mut words = vec![envelope.clone(), "--key".into()];
            words.extend(self.signing(person));
            self.migrate(&["attest", "--sign"], &words, FINDINGS)?;
        }
        Ok(())
    }

    /// Makes and closes them; gives the head that goes onto paper, which covers the closing.
    fn report_and_minutes(&self) -> Result<String> {
        self.migrate(&["report"], &[], 0)?;
        let folder = self.handover.path();
        let trust = self.rehearsal.path().join("trust.toml");
        let words = [
            OsStr::new("--attestation"),
            folder.join(envelope_file(NUMBER)).as_os_str(),
            OsStr::new("--trust"),
            trust.as_os_str(),
            OsStr::new("--out"),
            folder.join(made_file(NUMBER, "minutes.pdf")).as_os_str(),
            OsStr::new("--english"),
        ]
        .map(OsStr::to_owned);
        print_text(&self.programs.minutes(&words)?)?;
        let said = self.migrate(&["attest", "--close", "--key"], &self.signing("receiving"), 0)?;
        let head = said.lines().find_map(|line| line.strip_prefix("head "));
        let head = head.and_then(|line| line.split_whitespace().next());
        let head = head.context("attest --close said no head")?.to_owned();
        let mut words = vec![folder.join(closing_file(NUMBER)), "--key".into()];
        words.extend(self.signing("giving"));
        self.migrate(&["attest", "--sign"], &words, 0)?;
        Ok(head)
    }

    fn signing(&self, person: &str) -> Vec<PathBuf> {
        let passphrase = self.keys.passphrase();
        vec![self.keys.file(&format!("{person}.pem")), "--passphrase-file".into(), passphrase]
    }

    fn migrate(&self, words: &[&str], more: &[PathBuf], code: i32) -> Result<String> {
        let folder = self.handover.path().as_os_str();
        let mut all: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        all.extend(more.iter().map(|word| word.as_os_str()));
        all.extend([OsStr::new("--handover"), folder]);
        let said = self.programs.shown_ending(&all, &[self.source, self.target], code)?;
        print_text(&said)?;
        Ok(said)
    }

    fn verify(&self, words: &[&OsStr], code: i32) -> Result<()> {
        let said = self.programs.verified(words, &[self.source, self.target], code)?;
        print_text(&said)
    }
}

/// The rehearsal makes one attestation.
const NUMBER: u64 = 1;
