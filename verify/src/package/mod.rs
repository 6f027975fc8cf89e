//! `handover-verify package`: whether a sealed package is whole, file by file.
//!
//! The folder, the manifests and `contents.jsonl` are all in the order of stored paths, so they
//! are read side by side (`payload`), and a package of millions of files needs no more memory than
//! a small one. Files are hashed by several threads (`hashing`).

mod decode;
mod foreign;
mod hashing;
mod identities;
mod lines;
mod listings;
mod payload;
mod sealed;
mod tag_files;

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::Endpoint;
use handover_schemas::digest::Digest;
use handover_schemas::package::manifest::{Encoding, Listing};
use handover_schemas::package::report::{
    PackageFinding, PackageFindingKind as Kind, PackageReport, PackageVerdict, SealOrigin,
};
use handover_schemas::package::{BAGIT_FILE, MANIFEST_SHA256_FILE, TAG_MANIFEST_FILE};

pub use self::decode::{BLOCK_BYTES, DecodeError, decoded};
use self::hashing::Hashing;
pub use self::identities::Identities;
use self::listings::CountedLines;
use self::tag_files::TagFiles;
use crate::file_tree::{Folder, allow_many_open_files};

/// What to check, and with what.
pub struct PackageRequest {
    /// The package's folder.
    pub dir: PathBuf,
    /// The seal it should have.
    pub seal: Option<Digest>,
    /// The target whose ledger knows the seal.
    pub ledger: Option<Endpoint>,
    /// Keys that open what is encrypted.
    pub identities: Identities,
    /// Threads that read.
    pub jobs: usize,
}

/// Checks a package: profile, every digest, counts, no file extra.
pub fn verify_package(
    request: &PackageRequest,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<PackageReport> {
    allow_many_open_files();
    let place = || format!("cannot read the package {}", request.dir.display());
    let folder = Folder::open(&request.dir).with_context(place)?;
    let parts = [BAGIT_FILE, MANIFEST_SHA256_FILE, TAG_MANIFEST_FILE];
    if parts.iter().all(|name| folder.status(name.as_ref()).is_err()) {
        bail!("{} is not a package: it has no {BAGIT_FILE}", request.dir.display());
    }
    let mut report = PackageReport {
        verdict: PackageVerdict::Intact,
        identifier: None,
        seal: None,
        seal_compared_with: None,
        files: 0,
        bytes: 0,
        not_opened: 0,
        findings: Vec::new(),
        not_checked: Vec::new(),
    };
    if foreign::is_foreign(&folder) {
        foreign::check(request, &folder, &mut report, interrupt).with_context(place)?;
    } else {
        let mut tags = tag_files::read(&folder, interrupt).with_context(place)?;
        report.identifier = tags.package.as_ref().map(|package| package.identifier.clone());
        report.seal = tags.seal;
        report.findings = std::mem::take(&mut tags.findings);
        check_payload(request, &folder, &tags, &mut report, interrupt, progress)?;
    }
    interrupt.check()?;
    compare_seal(request, &mut report, interrupt)?;
    report.findings.sort();
    report.findings.dedup();
    if report.files == 0 {
        report
            .findings
            .push(PackageFinding::whole(Kind::NothingInside, "there is no payload file"));
    }
    let verdicts = report.findings.iter().map(|finding| finding.kind.verdict());
    report.verdict = verdicts.max().unwrap_or(PackageVerdict::Intact);
    Ok(report)
}

fn check_payload(
    request: &PackageRequest,
    folder: &Folder,
    tags: &TagFiles,
    report: &mut PackageReport,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<()> {
    // Without package.json nobody knows how files are encoded: digests of what is stored still can
    // be compared.
    let plain = Encoding::default();
    let encoding = tags.package.as_ref().map_or(&plain, |package| &package.encoding);
    let closed = encoding.is_encrypted() && request.identities.is_empty();
    let hashing = Hashing {
        encoding,
        identities: &request.identities,
        interrupt,
        progress,
        findings: Mutex::default(),
    };
    let files = tags.info.as_ref().map_or(0, |info| info.payload_files);
    progress.begin_files("verify", [("data".to_owned(), files)]);
    let payload = payload::Payload { request, folder, tags, hashing: &hashing, closed };
    let counted =
        hashing.run(request.jobs, |sender| payload.walk(sender, &mut report.findings, interrupt));
    interrupt.check()?;
    let counted = counted?;
    (report.files, report.bytes) = (counted.files, counted.bytes);
    report.findings.append(&mut hashing.findings.lock().unwrap_or_else(PoisonError::into_inner));
    if closed {
        report.not_opened = counted.files;
        report.not_checked.push(format!(
            "the content of {} encrypted files: not opened, no key was given (--identity)",
            counted.files
        ));
        return Ok(());
    }
    if let Some(members) = tags.package.as_ref().and_then(|package| package.members.as_ref())
        && let Some(lines) = counted_lines(folder, members, &hashing, &mut report.findings)
    {
        payload::check_members(lines, &mut report.findings);
    }
    Ok(())
}

/// A listing of `package.json`, opened; a finding if it cannot be.
fn counted_lines(
    folder: &Folder,
    listing: &Listing,
    hashing: &Hashing<'_>,
    findings: &mut Vec<PackageFinding>,
) -> Option<CountedLines> {
    let path = &listing.stored;
    let (file, _) = folder.file(path.as_ref()).ok()?; // Missing: said by the tag files.
    match decoded(file, hashing.encoding, hashing.identities) {
        Ok(reader) => Some(CountedLines::new(listing, reader)),
        Err(error) => {
            let kind = match error {
                DecodeError::WrongKey => Kind::CannotBeOpened,
                DecodeError::Age | DecodeError::Io(_) => Kind::FileDamaged,
            };
            findings.push(PackageFinding::of(path, kind, format!("{path}: {error}")));
            None
        }
    }
}

fn compare_seal(
    request: &PackageRequest,
    report: &mut PackageReport,
    interrupt: &Interrupt,
) -> Result<()> {
    let mut differs = |message: String| {
        report.findings.push(PackageFinding::whole(Kind::SealDiffers, message));
    };
    if let Some(given) = request.seal {
        report.seal_compared_with = Some(SealOrigin::Given);
        if report.seal != Some(given) {
            differs(format!("the seal is not the one that was given, {given}"));
        }
    }
    if let Some(ledger) = &request.ledger {
        let known = sealed::known_seals(ledger, interrupt)?;
        report.seal_compared_with = Some(SealOrigin::Ledger);
        let found = known.iter().find(|known| Some(known.seal) == report.seal);
        match found {
            None => differs(format!("the ledger of {ledger} does not know this seal")),
            Some(known) if Some(&known.component) != report.identifier.as_ref() => {
                differs(format!("the ledger has this seal for component {}", known.component));
            }
            Some(known) if known.superseded => {
                report.not_checked.push("a later package of this component replaced it".to_owned());
            }
            Some(_) => {}
        }
    }
    if report.seal_compared_with.is_none() {
        report.not_checked.push(
            "whether this is what was sealed: compare the seal with the printed one (--seal) or \
             the ledger (--target)"
                .to_owned(),
        );
    }
    Ok(())
}
