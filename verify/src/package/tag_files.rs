//! The files beside the payload: each in the one form it may have, each as the tag manifest says.

use std::collections::BTreeMap;
use std::io::{self, Read};

use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::archive::manifest::LEAVES_FILE;
use handover_schemas::digest::Digest;
use handover_schemas::package::bag::{BAGIT_TEXT, BagInfo, parse_manifest_line};
use handover_schemas::package::manifest::{Carries, PACKAGE_VERSION, PackageManifest};
use handover_schemas::package::report::{PackageFinding, PackageFindingKind as Kind};
use handover_schemas::package::{
    BAG_INFO_FILE, BAGIT_FILE, CONTENTS_FILE, MANIFEST_SHA256_FILE, MANIFEST_SHA512_FILE,
    MEMBERS_FILE, PACKAGE_FILE, RECOVERY_FILE, TAG_MANIFEST_FILE,
};

use super::hashing::digest_of;
use super::lines::{Line, Lines};
use crate::file_tree::{Folder, is_missing};

/// Largest tag file of a few lines.
const TAG_FILE_MAX: u64 = 64 * 1024;

/// Largest `package.json`; one with a hundred thousand git references is smaller.
const PACKAGE_FILE_MAX: u64 = 64 * 1024 * 1024;

/// What the tag files say.
#[derive(Default)]
pub(super) struct TagFiles {
    pub(super) seal: Option<Digest>,
    /// Files that the tag manifest lists.
    pub(super) listed: BTreeMap<String, Digest>,
    pub(super) info: Option<BagInfo>,
    pub(super) package: Option<PackageManifest>,
    pub(super) findings: Vec<PackageFinding>,
}

/// Reads and checks them all.
pub(super) fn read(folder: &Folder, interrupt: &Interrupt) -> io::Result<TagFiles> {
    let mut tags = TagFiles::default();
    tags.read_tag_manifest(folder)?;
    if let Some(text) = tags.text(folder, BAGIT_FILE)?
        && text != BAGIT_TEXT.as_bytes()
    {
        tags.malformed(BAGIT_FILE, "does not say BagIt 1.0 and UTF-8 in the words of RFC 8493");
    }
    if let Some(text) = tags.text(folder, BAG_INFO_FILE)? {
        match str::from_utf8(&text).ok().and_then(|text| BagInfo::parse(text).ok()) {
            Some(info) => tags.info = Some(info),
            None => tags.malformed(
                BAG_INFO_FILE,
                "does not have exactly External-Identifier, External-Description and Payload-Oxum",
            ),
        }
    }
    if let Some(text) = tags.text(folder, PACKAGE_FILE)? {
        match PackageManifest::parse(&text) {
            Ok(package) if package.version != PACKAGE_VERSION => tags.malformed(
                PACKAGE_FILE,
                &format!(
                    "has version {}, this program knows version {PACKAGE_VERSION}",
                    package.version
                ),
            ),
            // What it names is opened: nothing but the lists of this profile may be.
            Ok(package) if !names_its_lists(&package) => tags.malformed(
                PACKAGE_FILE,
                "names other lists than contents.jsonl and members.jsonl with the endings of its \
                 encoding",
            ),
            Ok(package) if (package.carries == Carries::Archive) != package.archive.is_some() => {
                let problem = "says what an archive holds and is none, or the other way round";
                tags.malformed(PACKAGE_FILE, problem);
            }
            Ok(package) => tags.package = Some(package),
            Err(error) => tags.malformed(PACKAGE_FILE, &format!("is malformed: {error}")),
        }
    }
    if let (Some(info), Some(package)) = (&tags.info, &tags.package)
        && info.identifier != package.identifier
    {
        tags.malformed(BAG_INFO_FILE, "and package.json name two packages");
    }
    tags.check_listed(folder, interrupt);
    tags.check_profile();
    Ok(tags)
}

fn names_its_lists(package: &PackageManifest) -> bool {
    let suffix = package.encoding.suffix();
    package.contents.stored == format!("{CONTENTS_FILE}{suffix}")
        && package
            .members
            .as_ref()
            .is_none_or(|members| members.stored == format!("{MEMBERS_FILE}{suffix}"))
}

impl TagFiles {
    fn malformed(&mut self, file: &str, problem: &str) {
        self.findings.push(PackageFinding::of(
            file,
            Kind::TagFileMalformed,
            format!("{file} {problem}"),
        ));
    }

    /// A tag file's bytes; a finding if it is missing, too large or no file.
    fn text(&mut self, folder: &Folder, name: &str) -> io::Result<Option<Vec<u8>>> {
        let file = match folder.file(name.as_ref()) {
            Ok((file, _)) => file,
            Err(error) => {
                let (kind, message) = if is_missing(&error) {
                    (Kind::FileMissing, format!("{name} is missing"))
                } else {
                    (Kind::FileUnreadable, format!("{name} cannot be read: {error}"))
                };
                self.findings.push(PackageFinding::of(name, kind, message));
                return Ok(None);
            }
        };
        let mut text = Vec::new();
        let limit = if name == PACKAGE_FILE { PACKAGE_FILE_MAX } else { TAG_FILE_MAX };
        file.take(limit + 1).read_to_end(&mut text)?;
        if text.len() as u64 > limit {
            self.malformed(name, "is larger than any such file can be");
            return Ok(None);
        }
        Ok(Some(text))
    }

    fn read_tag_manifest(&mut self, folder: &Folder) -> io::Result<()> {
        let Some(text) = self.text(folder, TAG_MANIFEST_FILE)? else { return Ok(()) };
        self.seal = Some(Digest::of(&text));
        let mut lines = Lines::new(text.as_slice());
        let mut last = String::new();
        while let Some(line) = lines.next_line()? {
            let (number, parsed) = match line {
                Line::Whole(number, line) => (number, parse_manifest_line(line, 64).ok()),
                Line::Broken(number) => (number, None),
            };
            let entry = parsed.and_then(|(digest, path)| {
                let in_order = path > last.as_str() && !path.starts_with("data/");
                in_order.then(|| digest.parse().ok().map(|digest| (path.to_owned(), digest)))?
            });
            match entry {
                Some((path, digest)) => {
                    last.clone_from(&path);
                    self.listed.insert(path, digest);
                }
                None => self.malformed(
                    TAG_MANIFEST_FILE,
                    &format!("is damaged at line {number}: it is not in the form or order of this profile"),
                ),
            }
        }
        Ok(())
    }

    fn check_listed(&mut self, folder: &Folder, interrupt: &Interrupt) {
        for (path, digest) in &self.listed {
            let (kind, message) = match digest_of(folder, path, interrupt) {
                Ok(found) if found == *digest => continue,
                Ok(_) => (
                    Kind::FileDamaged,
                    format!("{path} is damaged (or its line in {TAG_MANIFEST_FILE} is)"),
                ),
                Err(error) if is_missing(&error) => {
                    (Kind::FileMissing, format!("{path} is missing"))
                }
                Err(error) => (Kind::FileUnreadable, format!("{path} cannot be read: {error}")),
            };
            let finding = PackageFinding::of(path, kind, message);
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
    }

    /// Exactly the tag files of the profile have to be listed.
    fn check_profile(&mut self) {
        if self.seal.is_none() {
            return;
        }
        let suffix = self.package.as_ref().map_or("", |package| package.encoding.suffix());
        let contents = format!("{CONTENTS_FILE}{suffix}");
        let members = format!("{MEMBERS_FILE}{suffix}");
        let has_members = self.package.as_ref().is_some_and(|package| package.members.is_some());
        let mut due =
            vec![BAG_INFO_FILE, BAGIT_FILE, MANIFEST_SHA256_FILE, PACKAGE_FILE, RECOVERY_FILE];
        if self.package.is_some() {
            due.push(&contents);
            due.extend(has_members.then_some(members.as_str()));
            let is_archive = self.package.as_ref().is_some_and(|package| package.archive.is_some());
            due.extend(is_archive.then_some(LEAVES_FILE));
        }
        let missing: Vec<String> = due
            .iter()
            .filter(|name| !self.listed.contains_key(**name))
            .map(|name| format!("does not list {name}"))
            .collect();
        let known = |name: &String| {
            due.contains(&name.as_str()) || name == MANIFEST_SHA512_FILE || self.package.is_none()
        };
        let foreign: Vec<String> = self
            .listed
            .keys()
            .filter(|name| !known(name))
            .map(|name| format!("lists {name}, which this profile does not have"))
            .collect();
        for problem in missing.iter().chain(&foreign) {
            self.malformed(TAG_MANIFEST_FILE, problem);
        }
    }
}
