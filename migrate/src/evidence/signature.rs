//! The signature that an evidence file is loaded with: read and checked before anything is opened that
//! could be written to.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::digest::Digest;
use handover_verify::evidence_signature::{
    Believed, FileDigests, Given, SIGNATURE_MAX, certificate_of, check,
};
use handover_verify::ledger::signed_evidence::SignedEvidence;

use super::EvidenceRequest;
use crate::moment;

/// Checks the signature of a file with this SHA-256, if there is one. A signature that does not hold
/// is an error: nothing is loaded with it.
pub(super) fn checked(
    request: &EvidenceRequest,
    sha256: Digest,
    interrupt: &Interrupt,
) -> Result<Option<SignedEvidence>> {
    let Some(path) = &request.signature else { return Ok(None) };
    let place = || format!("the signature {} is refused, and nothing was loaded", path.display());
    let given = Given::of(read(path)?).with_context(place)?;
    let sender = request.sender.as_deref().map(certificate).transpose()?;
    let file = digests(&request.file, interrupt)?;
    if file.sha256 != sha256 {
        bail!(
            "{} was changed while it was read, and nothing of it was kept; run the same command \
             again once nobody writes to it",
            request.file.display()
        );
    }
    let believed = Believed { sender: sender.as_deref(), trust: request.trust.as_ref() };
    let found = check(&given, &file, believed, moment::now()?).with_context(place)?;
    SignedEvidence::new(&request.name, given, sender, file, found).map(Some)
}

fn certificate(path: &Path) -> Result<Vec<u8>> {
    certificate_of(&read(path)?)
        .with_context(|| format!("the sender's certificate {} is refused", path.display()))
}

fn digests(path: &Path, interrupt: &Interrupt) -> Result<FileDigests> {
    let file = File::open(path).with_context(|| cannot_read(path))?;
    FileDigests::read(file, interrupt).with_context(|| cannot_read(path))
}

/// Reads a small file; of a larger one as much as shows that it is too large.
fn read(path: &Path) -> Result<Vec<u8>> {
    let metadata = std::fs::metadata(path).with_context(|| cannot_read(path))?;
    if !metadata.is_file() {
        bail!("{}: it is not a file", cannot_read(path));
    }
    let file = File::open(path).with_context(|| cannot_read(path))?;
    let mut bytes = Vec::new();
    file.take(SIGNATURE_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .with_context(|| cannot_read(path))?;
    Ok(bytes)
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}
