//! Bags that other programs made: a bag of RFC 8493 that is whole is not damaged because it is not of
//! our profile. It is checked by the RFC, and the finding says what makes it none of ours.

mod manifest;

use std::io::Read;

use anyhow::Result;
use handover_schemas::package::report::{
    PackageFinding, PackageFindingKind as Kind, PackageReport,
};
use handover_schemas::package::{
    BAG_INFO_FILE, BAGIT_FILE, CONTENTS_FILE, PACKAGE_FILE, RECOVERY_FILE, TAG_MANIFEST_FILE,
};

use self::manifest::{Algorithm, Manifest, hashed};
use super::PackageRequest;
use crate::file_tree::{FileKind, Folder, Found, Walk};
use crate::interrupt::Interrupt;

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
    declaration(folder, &mut report.findings);
    let mut payload = manifests(folder, "manifest", &mut report.findings);
    let mut tags = manifests(folder, "tagmanifest", &mut report.findings);
    if payload.is_empty() {
        not_checked(folder, report);
    }
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
    oxum(folder, report);
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
            .and_then(|(file, _)| hashed(file, list.algorithm, interrupt));
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

/// `bagit.txt` (RFC 8493 section 2.1.1).
fn declaration(folder: &Folder, findings: &mut Vec<PackageFinding>) {
    let text = text(folder, BAGIT_FILE).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut lines = text.lines();
    let version = lines.next().and_then(|line| line.strip_prefix("BagIt-Version:"));
    let numbers = version.and_then(|version| version.trim().split_once('.'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
    let encoding = lines.next().and_then(|line| line.strip_prefix("Tag-File-Character-Encoding:"));
    let mut find = |kind, what: &str| {
        findings.push(PackageFinding::of(BAGIT_FILE, kind, format!("{BAGIT_FILE} {what}")));
    };
    match (numbers, encoding.map(str::trim)) {
        (Some((major, minor)), Some(encoding)) if is_number(major) && is_number(minor) => {
            if !encoding.eq_ignore_ascii_case("UTF-8") {
                find(Kind::NotOfProfile, "says an encoding other than UTF-8, which is not read");
            }
        }
        _ => find(Kind::TagFileMalformed, "does not say version and encoding as RFC 8493 has them"),
    }
}

fn manifests(folder: &Folder, kind: &str, findings: &mut Vec<PackageFinding>) -> Vec<Manifest> {
    let named = |algorithm: Algorithm| (algorithm, format!("{kind}-{}.txt", algorithm.name()));
    let lists = Algorithm::ALL.map(named).into_iter().filter_map(|(algorithm, name)| {
        let text = text(folder, &name)?;
        Some(Manifest::parse(name, algorithm, &text, findings))
    });
    lists.collect()
}

/// Without a manifest that is read nothing is known of the payload.
fn not_checked(folder: &Folder, report: &mut PackageReport) {
    let others = ["md5", "sha1", "sha224", "sha384"].map(|name| format!("manifest-{name}.txt"));
    let there: Vec<_> =
        others.into_iter().filter(|name| folder.status(name.as_ref()).is_ok()).collect();
    if there.is_empty() {
        let message = "it has no manifest of its payload, which RFC 8493 demands";
        report.findings.push(PackageFinding::whole(Kind::FileMissing, message));
    } else {
        let what =
            format!("its payload: {} is not read, SHA-256 and SHA-512 are", there.join(", "));
        report.not_checked.push(what);
    }
}

/// `Payload-Oxum` of `bag-info.txt` (RFC 8493 section 2.2.2).
fn oxum(folder: &Folder, report: &mut PackageReport) {
    let text = text(folder, BAG_INFO_FILE).unwrap_or_default();
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
