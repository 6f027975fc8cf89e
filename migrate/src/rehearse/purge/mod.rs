//! The purge of the rehearsal: those whom nobody can verify are backed up and deleted; then one of
//! them comes back.

mod config;
mod evidence;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::output::print_text;
use handover_engine::endpoint::Endpoint;

pub(super) use self::config::Keys;
use self::config::prepare;
use super::headline;
use super::platform::PlatformSummary;
use super::stage::Programs;

/// What the purge is rehearsed on.
pub(super) struct PurgeRehearsal<'a> {
    pub(super) programs: &'a Programs,
    /// Folder of the rehearsal.
    pub(super) rehearsal: &'a HandoverDir,
    /// Folder of the hand-over.
    pub(super) handover: &'a HandoverDir,
    /// The platform as it was built.
    pub(super) platform: &'a Path,
    pub(super) summary: &'a PlatformSummary,
    pub(super) target: &'a Endpoint,
}

impl PurgeRehearsal<'_> {
    /// Runs its stages, the first of which has this number.
    pub(super) fn run(&self, first: u8) -> Result<Keys> {
        headline(first, "Keys, and what the population database answered")?;
        let keys = prepare(self.programs, self.rehearsal, self.handover, self.target)?;
        let results = evidence::write(self.rehearsal, self.platform)?;
        self.say(
            &["evidence", "--name", "population_database", "--signer", "C06", "--file"],
            &[results],
        )?;
        headline(first + 1, "Select those who cannot be verified, and back them up")?;
        let selected = self.say(&["purge", "select"], &[])?;
        self.check_selected(&selected)?;
        self.verify(&[])?;
        self.say(&["purge", "backup", "--identity"], &escrow(&keys, "--identity-passphrase-file"))?;
        self.verify(&[])?;
        headline(first + 2, "Two people approve, a third deletes")?;
        self.say(&["purge", "approve", "--show"], &[])?;
        for person in ["owner", "custodian"] {
            self.quietly(&["purge", "approve", "--key"], &signing(&keys, person))?;
        }
        self.say(&["purge", "execute", "--key"], &signing(&keys, "operator"))?;
        self.verify(&[])?;
        self.say(&["purge", "certify", "--key"], &signing(&keys, "operator"))?;
        self.verify(&with_escrow(&keys))?;
        headline(first + 3, "One of them comes back")?;
        self.restore_somebody(&keys)?;
        Ok(keys)
    }

    /// A person is found in the archive, put back, and the deletion still holds.
    fn restore_somebody(&self, keys: &Keys) -> Result<()> {
        let table = match self.target {
            Endpoint::Postgres(_) => "public.subjects",
            Endpoint::Sqlite(_) => "main.subjects",
        };
        let person: Vec<PathBuf> = [
            "--table".into(),
            table.into(),
            "--record-key".into(),
            evidence::somebody(self.platform)?.into(),
            "--identity".into(),
            keys.file("ministry.age"),
            "--identity-passphrase-file".into(),
            keys.passphrase(),
        ]
        .into();
        self.say(&["find"], &person)?;
        let mut restore = person.clone();
        restore.push("--person".into());
        self.say(&["restore"], &restore)?;
        restore.extend(["--apply".into(), "--reason".into(), REASON.into(), "--key".into()]);
        restore.extend(signing(keys, "operator"));
        self.say(&["restore"], &restore)?;
        self.verify(&with_escrow(keys))?;
        let proof = self.rehearsal.path().join("proof/somebody");
        let mut prove = person;
        prove.extend(["--out".into(), proof.clone()]);
        self.say(&["prove"], &prove)?;
        let trust = self.rehearsal.path().join("trust.toml");
        print_text(&self.programs.verify_record(&proof, &trust)?)
    }

    /// Exactly those were selected of whom the platform's maker knows that nobody can verify them.
    fn check_selected(&self, said: &str) -> Result<()> {
        let subjects = handover_cli_kit::output::grouped(self.summary.not_verifiable);
        let doses = handover_cli_kit::output::grouped(self.summary.doses_not_verifiable);
        let has = |table: &str, rows: &str| {
            said.lines().any(|line| {
                line.contains(table) && line.split_whitespace().any(|word| word == rows)
            })
        };
        if !has(".subjects", &subjects) || !has(".doses", &doses) {
            bail!(
                "{subjects} subjects with {doses} doses cannot be verified; others were selected"
            );
        }
        Ok(())
    }

    /// Runs a command and shows it, and what it says.
    fn say(&self, words: &[&str], more: &[PathBuf]) -> Result<String> {
        let said = self.quietly(words, more)?;
        print_text(&said)?;
        Ok(said)
    }

    fn quietly(&self, words: &[&str], more: &[PathBuf]) -> Result<String> {
        let folder = self.handover.path().as_os_str();
        let mut all: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
        all.extend(more.iter().map(|word| word.as_os_str()));
        all.extend([OsStr::new("--handover"), folder]);
        self.programs.shown(&all, &[self.target])
    }

    /// What the auditors' program says: it has to hold.
    fn verify(&self, more: &[PathBuf]) -> Result<()> {
        print_text(&self.programs.verify_purge(self.target, self.handover.path(), more)?)
    }
}

fn signing(keys: &Keys, person: &str) -> Vec<PathBuf> {
    vec![keys.file(&format!("{person}.pem")), "--passphrase-file".into(), keys.passphrase()]
}

/// Why the person of the rehearsal comes back.
const REASON: &str = "đã xác minh với căn cước công dân / verified with an identity card";

/// The escrow key, for the verifier.
fn with_escrow(keys: &Keys) -> Vec<PathBuf> {
    let mut words = vec![PathBuf::from("--identity")];
    words.extend(escrow(keys, "--passphrase-file"));
    words
}

/// The escrow key, with its passphrase as this program takes it.
fn escrow(keys: &Keys, passphrase: &str) -> Vec<PathBuf> {
    vec![keys.file("escrow.age"), passphrase.into(), keys.passphrase()]
}
