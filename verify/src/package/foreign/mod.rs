//! Bags that other programs made: a bag of RFC 8493 that is whole is not damaged because it is not of
//! our profile. It is checked by the RFC, and the finding says what makes it none of ours.

mod algorithm;
mod declaration;
mod fetch;
mod manifest;

use std::io::Read;

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::package::report::{
    PackageFinding, PackageFindingKind as Kind, PackageReport,
};
use handover_schemas::package::{
    BAG_INFO_FILE, BAGIT_FILE, CONTENTS_FILE, PACKAGE_FILE, RECOVERY_FILE, TAG_MANIFEST_FILE,
};

use self::algorithm::Algorithm;
use self::declaration::Declaration;
use self::fetch::FETCH_FILE;
use self::manifest::{Manifest, Scope};
use super::PackageRequest;
use crate::file_tree::{FileKind, Folder, Found, Walk};

/// Largest tag file that is read: a manifest of a million files is smaller.
const TAG_FILE_MAX: u64 = 256 << 20;

/// Findings that are told.
const FINDINGS_MAX: usize = 1000;

/// Whether a folder is a bag and has nothing of our profile. A package of ours that lost
/// `package.json` has the other files, or a tag manifest that lists it.
pub(super) fn is_foreign(folder: &Folder) -> bool {
    let has = |name: &str| folder.status(name.as_ref()).is_ok();
    let suffixes = ["", ".zst", ".age", ".zst.age"];
    let contents = suffixes.iter().any(|suffix| has(&format!("{CONTENTS_FILE}{suffix}")));
    let listed = text(folder, TAG_MANIFEST_FILE)
        .is_some_and(|text| memchr::memmem::find(&text, PACKAGE_FILE.as_bytes()).is_some());
    has(BAGIT_FILE) && !has(PACKAGE_FILE) && !has(RECOVERY_FILE) && !contents && !listed
}

/// Checks the bag by RFC 8493, and says that it is none of ours.
pub(super) fn check(
    request: &PackageRequest,
    folder: &Folder,
    report: &mut PackageReport,
    interrupt: &Interrupt,
) -> Result<()> {
    report.findings.push(PackageFinding::whole(
        Kind::NotOfProfile,
        format!(
            "it is a BagIt bag of another program, and no package of the hand-over: it has no \
             {PACKAGE_FILE}, no {CONTENTS_FILE} and no {RECOVERY_FILE}; receive it with \
             handover-migrate artifacts as any folder"
        ),
    ));
    let declared = text(folder, BAGIT_FILE).unwrap_or_default();
    let declared = Declaration::read(&declared, &mut report.findings);
    let bag = Bag { folder, declared };
    let mut payload = bag.manifests(Scope::Payload, report);
    let mut tags = bag.manifests(Scope::Tags, report);
    if let Some(text) = bag.text(FETCH_FILE, report) {
        fetch::check(&text, &mut report.findings);
    }
    without_manifest(&bag, &payload, report);
    let known = !payload.is_empty();
    for found in Walk::new(&request.dir)? {
        interrupt.check()?;
        let Ok(found) = found else {
            let message = "a folder cannot be read";
            report.findings.push(PackageFinding::whole(Kind::FileUnreadable, message));
            continue;
        };
        if found.kind == FileKind::Directory || report.findings.len() > FINDINGS_MAX {
            continue;
        }
        let is_payload = found.path.starts_with(b"data/");
        if is_payload {
            report.files += 1;
            report.bytes += found.folder.status(found.name()).map_or(0, |status| status.size);
        }
        let lists = if is_payload { &mut payload } else { &mut tags };
        file(&found, lists, is_payload && known, &mut report.findings, interrupt)?;
    }
    for list in payload.iter().chain(&tags) {
        list.missing(&mut report.findings);
    }
    oxum(&bag, report);
    report.findings.truncate(FINDINGS_MAX);
    Ok(())
}

/// One file, held against every list that has it.
fn file(
    found: &Found,
    lists: &mut [Manifest],
    has_to_be_listed: bool,
    findings: &mut Vec<PackageFinding>,
    interrupt: &Interrupt,
) -> Result<()> {
    let shown = String::from_utf8_lossy(&found.path).escape_debug().to_string();
    let mut find = |kind, message: String| findings.push(PackageFinding::of(&shown, kind, message));
    for list in lists {
        let Some(digest) = list.take(&found.path) else {
            if has_to_be_listed {
                find(Kind::FileExtra, format!("{shown} is not listed in {}", list.name));
            }
            continue;
        };
        let read = found
            .folder
            .file(found.name())
            .and_then(|(file, _)| list.algorithm.of(file, interrupt));
        match read {
            Ok(found) if found == digest => {}
            Ok(_) => find(Kind::FileDamaged, format!("{shown} is not as {} says", list.name)),
            Err(error) => {
                interrupt.check()?;
                find(Kind::FileUnreadable, format!("{shown} cannot be read: {error}"));
            }
        }
    }
    Ok(())
}

/// A bag whose `bagit.txt` was read.
struct Bag<'a> {
    folder: &'a Folder,
    declared: Declaration,
}

impl Bag<'_> {
    fn manifests(&self, scope: Scope, report: &mut PackageReport) -> Vec<Manifest> {
        let kind = match scope {
            Scope::Payload => "manifest",
            Scope::Tags => "tagmanifest",
        };
        let mut manifests = Vec::new();
        for algorithm in Algorithm::ALL {
            let name = format!("{kind}-{}.txt", algorithm.name());
            let Some(text) = self.text(&name, report) else { continue };
            let may_repeat = !self.declared.is_final;
            let findings = &mut report.findings;
            manifests.push(Manifest::parse(name, algorithm, scope, may_repeat, &text, findings));
        }
        manifests
    }

    /// A tag file's text, in UTF-8.
    fn text(&self, name: &str, report: &mut PackageReport) -> Option<Vec<u8>> {
        let text = text(self.folder, name)?;
        let Some(encoding) = self.declared.encoding else {
            let what = format!("{name}: {BAGIT_FILE} says an encoding that is not read");
            report.not_checked.push(what);
            return None;
        };
        let decoded = encoding.decoded(text);
        if decoded.is_none() {
            let message = format!("{name} is not of the encoding that {BAGIT_FILE} says");
            report.findings.push(PackageFinding::of(name, Kind::TagFileMalformed, message));
        }
        decoded
    }
}

/// What is not known without a manifest that is read, or with weak ones only.
fn without_manifest(bag: &Bag<'_>, payload: &[Manifest], report: &mut PackageReport) {
    if payload.iter().any(|list| !list.algorithm.is_broken()) {
        return;
    }
    if !payload.is_empty() {
        let what =
            "whether somebody changed files on purpose: its manifests have MD5 or SHA-1 only";
        report.not_checked.push(what.to_owned());
    } else if bag.declared.encoding.is_some() {
        let message = "it has no manifest of its payload that is read, and RFC 8493 demands one";
        report.findings.push(PackageFinding::whole(Kind::FileMissing, message));
    }
}

/// `Payload-Oxum` of `bag-info.txt` (RFC 8493 section 2.2.2).
fn oxum(bag: &Bag<'_>, report: &mut PackageReport) {
    let text = bag.text(BAG_INFO_FILE, report).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("Payload-Oxum:"));
    let counts = format!("{}.{}", report.bytes, report.files);
    if line.is_some_and(|line| line.trim() != counts) {
        let message = format!("{BAG_INFO_FILE} has another Payload-Oxum than {counts}");
        report.findings.push(PackageFinding::of(BAG_INFO_FILE, Kind::CountsDiffer, message));
    }
}

fn text(folder: &Folder, name: &str) -> Option<Vec<u8>> {
    let (file, _) = folder.file(name.as_ref()).ok()?;
    let mut text = Vec::new();
    file.take(TAG_FILE_MAX + 1).read_to_end(&mut text).ok()?;
    (text.len() as u64 <= TAG_FILE_MAX).then_some(text)
}
