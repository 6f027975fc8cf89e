//! Which attestation is meant, and where its report goes.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::attestations::ATTESTATIONS_DIR;
use handover_cli_kit::private_file;
use handover_schemas::signing::dsse::ENVELOPE_MAX;

/// How the name of an envelope ends.
const ENVELOPE_SUFFIX: &str = ".dsse.json";

/// How the name of a report ends.
const REPORT_SUFFIX: &str = "-report.html";

/// How the name of a closing ends: what binds a report for good.
const CLOSING_SUFFIX: &str = "-closing.dsse.json";

/// What a file of ours begins with; nothing else is written over.
const MARK: &str = "<meta name=\"generator\" content=\"handover-migrate report\">";

/// An attestation's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationFile {
    path: PathBuf,
    /// The number in its name, where it was found by it.
    number: Option<u64>,
}

impl AttestationFile {
    /// A file that somebody named.
    pub fn given(path: PathBuf) -> Self {
        Self { path, number: None }
    }

    /// The last attestation of a hand-over folder: `attestations/NNNN.dsse.json` with the highest
    /// number.
    pub fn last(handover: &Path) -> Result<Self> {
        let folder = handover.join(ATTESTATIONS_DIR);
        let none = || {
            format!(
                "there is no attestation in {}; handover-migrate attest makes one",
                folder.display()
            )
        };
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(none()),
            entries => entries.with_context(|| format!("cannot read {}", folder.display()))?,
        };
        let mut last: Option<(u64, PathBuf)> = None;
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let number = name.and_then(|name| name.strip_suffix(ENVELOPE_SUFFIX));
            let Some(number) = number.and_then(|number| number.parse().ok()) else { continue };
            if last.as_ref().is_none_or(|(highest, _)| number > *highest) {
                last = Some((number, path));
            }
        }
        let (number, path) = last.with_context(none)?;
        Ok(Self { path, number: Some(number) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name, without its folder.
    pub fn name(&self) -> Result<&str> {
        let name = self.path.file_name().and_then(|name| name.to_str());
        name.with_context(|| format!("the name of {} is not UTF-8", self.path.display()))
    }

    /// Its content.
    pub fn read(&self) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        fs::File::open(&self.path)
            .and_then(|file| file.take(ENVELOPE_MAX as u64 + 1).read_to_end(&mut content))
            .with_context(|| format!("cannot read the attestation {}", self.path.display()))?;
        Ok(content)
    }

    /// An error if its name says another number than the attestation does.
    pub fn check_number(&self, stated: u64) -> Result<()> {
        match self.number {
            Some(number) if number != stated => bail!(
                "{} holds attestation {stated}: somebody renamed it. Put the files of {} back as \
                 they were, or name the one that is meant with --attestation",
                self.path.display(),
                ATTESTATIONS_DIR
            ),
            _ => Ok(()),
        }
    }

    /// Where its report goes, if nobody says it: beside it.
    pub fn report(&self) -> Result<PathBuf> {
        let name = self.name()?;
        let stem = name.strip_suffix(ENVELOPE_SUFFIX).unwrap_or(name);
        Ok(self.path.with_file_name(format!("{stem}{REPORT_SUFFIX}")))
    }
}

/// Writes a report, whole or not at all, for its owner only. An earlier report gives way to it, as
/// after another signature, unless the attestation was closed with it. Anything else that is there
/// already is an error.
pub fn write_report(path: &Path, html: &str) -> Result<()> {
    match fs::read(path) {
        Ok(before) if before == html.as_bytes() => return Ok(()),
        Ok(before) if is_report(&before) => {
            if let Some(closing) = closing_of(path).filter(|closing| closing.exists()) {
                bail!(
                    "{} is bound by {} and stays as it is; give another file with --out",
                    path.display(),
                    closing.display()
                );
            }
        }
        Ok(_) => bail!(
            "{} is there already, and is no report; give another file with --out",
            path.display()
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    path.file_name().context("--out names no file: give the report's name as well")?;
    private_file::replace(path, html.as_bytes())
}

/// The closing that would bind a report in this place.
fn closing_of(report: &Path) -> Option<PathBuf> {
    let stem = report.file_name()?.to_str()?.strip_suffix(REPORT_SUFFIX)?;
    Some(report.with_file_name(format!("{stem}{CLOSING_SUFFIX}")))
}

fn is_report(content: &[u8]) -> bool {
    let head = content.get(..content.len().min(2_000)).unwrap_or(content);
    memchr::memmem::find(head, MARK.as_bytes()).is_some()
}
