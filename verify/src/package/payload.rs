//! The payload: what is there, what the manifests list and what `contents.jsonl` describes, side
//! by side.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::sync::mpsc::SyncSender;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::package::bag::is_safe_path;
use handover_schemas::package::contents::MemberLine;
use handover_schemas::package::report::{PackageFinding, PackageFindingKind as Kind};
use handover_schemas::package::{MANIFEST_SHA256_FILE, MANIFEST_SHA512_FILE, TAG_MANIFEST_FILE};

use super::hashing::{Hashing, Job};
use super::listings::{ContentsList, CountedLines, ManifestList, Sums};
use super::tag_files::TagFiles;
use super::{BLOCK_BYTES, PackageRequest, counted_lines};
use crate::file_tree::{FileKind, Folder, Found, Walk, WalkError};

/// Everything the walk needs.
pub(super) struct Payload<'a> {
    pub(super) request: &'a PackageRequest,
    pub(super) folder: &'a Folder,
    pub(super) tags: &'a TagFiles,
    pub(super) hashing: &'a Hashing<'a>,
    /// Encrypted, and no key was given.
    pub(super) closed: bool,
}

/// What was there.
#[derive(Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// The lists of the package.
struct Lists {
    sha256: Option<ManifestList>,
    sha512: Option<ManifestList>,
    contents: Option<ContentsList>,
}

/// What the lists have of one path.
#[derive(Default)]
struct Listed {
    sha256: Option<String>,
    sha512: Option<String>,
    content: Option<(u64, handover_schemas::digest::Digest)>,
    /// Whether `contents.jsonl` could be opened at all.
    contents_open: bool,
}

impl Payload<'_> {
    /// Goes through everything; sends files to be hashed.
    pub(super) fn walk(
        &self,
        sender: &SyncSender<Job>,
        findings: &mut Vec<PackageFinding>,
        interrupt: &Interrupt,
    ) -> Result<Counted> {
        let mut lists = self.open_lists(findings)?;
        let mut counted = Counted::default();
        let walk = Walk::new(&self.request.dir)
            .with_context(|| format!("cannot read {}", self.request.dir.display()))?;
        let mut previous: Option<Found> = None;
        for found in walk {
            interrupt.check()?;
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    findings.push(unreadable_folder(&error));
                    continue;
                }
            };
            note_if_empty(previous.as_ref(), Some(&found), findings);
            previous = Some(found.clone());
            let Some(path) = self.payload_path(&found, findings) else { continue };
            lists.up_to(&path, findings)?;
            let listed = lists.take(&path, findings)?;
            if let Ok(status) = found.folder.status(found.name()) {
                counted.files += 1;
                counted.bytes += status.size;
            }
            if let Some(job) = self.job(found, path, listed, findings)
                && sender.send(job).is_err()
            {
                anyhow::bail!("the threads that hash have ended");
            }
        }
        note_if_empty(previous.as_ref(), None, findings);
        lists.rest(findings)?;
        self.check_counts(counted, lists, findings);
        Ok(counted)
    }

    fn open_lists(&self, findings: &mut Vec<PackageFinding>) -> Result<Lists> {
        let open = |name: &str| -> Option<Box<dyn BufRead>> {
            let (file, _) = self.folder.file(name.as_ref()).ok()?;
            Some(Box::new(BufReader::with_capacity(BLOCK_BYTES, file)))
        };
        let manifest = |name, digits, findings: &mut Vec<PackageFinding>| {
            open(name).map(|reader| ManifestList::new(name, digits, reader, findings)).transpose()
        };
        let sha256 = manifest(MANIFEST_SHA256_FILE, 64, findings)?;
        let sha512 = manifest(MANIFEST_SHA512_FILE, 128, findings)?;
        let contents = match &self.tags.package {
            Some(package) if !self.closed => {
                counted_lines(self.folder, &package.contents, self.hashing, findings)
            }
            _ => None,
        };
        let contents = contents.map(|lines| ContentsList::new(lines, findings));
        Ok(Lists { sha256, sha512, contents })
    }

    /// The path of a payload file; everything else is judged here.
    fn payload_path(&self, found: &Found, findings: &mut Vec<PackageFinding>) -> Option<String> {
        let shown = String::from_utf8_lossy(&found.path).escape_debug().to_string();
        let mut find = |kind, message| findings.push(PackageFinding::of(&shown, kind, message));
        let safe = str::from_utf8(&found.path).ok().filter(|path| is_safe_path(path));
        let Some(path) = safe else {
            find(Kind::NameUnsafe, format!("{shown} is extra: no package has such a name"));
            return None;
        };
        if found.collides {
            find(
                Kind::NamesCollide,
                format!("{shown}: another name beside it differs in case alone"),
            );
        }
        let in_payload = path.starts_with("data/");
        match found.kind {
            FileKind::Directory => {
                if !in_payload && path != "data" {
                    find(Kind::FileExtra, format!("the folder {shown} is extra: it is not listed"));
                }
                None
            }
            FileKind::File if in_payload => Some(path.to_owned()),
            FileKind::File => {
                if found.folder.status(found.name()).is_ok_and(|status| status.links > 1) {
                    find(Kind::HardLink, hard_link(path));
                }
                let tag_manifest_missing = self.tags.seal.is_none();
                if path != TAG_MANIFEST_FILE
                    && !self.tags.listed.contains_key(path)
                    && !tag_manifest_missing
                {
                    find(Kind::FileExtra, format!("{shown} is extra: it is not listed"));
                }
                None
            }
            FileKind::Symlink | FileKind::Fifo | FileKind::Socket | FileKind::Device => {
                find(Kind::NotAFile, format!("{shown} is not a file; a package has files only"));
                None
            }
        }
    }

    /// What to hash, if the file is listed.
    fn job(
        &self,
        found: Found,
        path: String,
        listed: Listed,
        findings: &mut Vec<PackageFinding>,
    ) -> Option<Job> {
        let mut find = |kind, message| findings.push(PackageFinding::of(&path, kind, message));
        let Some(sha256) = listed.sha256.and_then(|digits| digits.parse().ok()) else {
            find(
                Kind::FileExtra,
                format!("{path} is extra: {MANIFEST_SHA256_FILE} does not list it"),
            );
            return None;
        };
        let encoded = !self.hashing.encoding.suffix().is_empty();
        let mut content = None;
        match listed.content {
            None if listed.contents_open => {
                find(Kind::ContentDiffers, format!("{path}: contents.jsonl does not have it"));
            }
            None => {}
            Some(stated) if encoded => content = Some(stated),
            Some((_, digest)) if digest != sha256 => {
                find(
                    Kind::ContentDiffers,
                    format!(
                        "{path}: contents.jsonl and {MANIFEST_SHA256_FILE} have two digests for it"
                    ),
                );
            }
            Some((size, _)) => {
                let actual = found.folder.status(found.name()).map(|status| status.size);
                if actual.is_ok_and(|actual| actual != size) {
                    find(
                        Kind::FileDamaged,
                        format!(
                            "{path} is damaged: its size is not the {size} bytes of contents.jsonl"
                        ),
                    );
                }
            }
        }
        Some(Job { found, path, sha256, sha512: listed.sha512, content })
    }

    fn check_counts(&self, counted: Counted, lists: Lists, findings: &mut Vec<PackageFinding>) {
        let mut differ = |file: &str, message: String| {
            findings.push(PackageFinding::of(file, Kind::CountsDiffer, message));
        };
        if let Some(info) = &self.tags.info
            && (info.payload_files, info.payload_bytes) != (counted.files, counted.bytes)
        {
            differ(
                handover_schemas::package::BAG_INFO_FILE,
                format!(
                    "bag-info.txt says {} payload files with {} bytes, there are {} with {}",
                    info.payload_files, info.payload_bytes, counted.files, counted.bytes
                ),
            );
        }
        let (Some(package), Some(contents)) = (&self.tags.package, lists.contents) else { return };
        let stated: BTreeMap<String, Sums> = package
            .deliverables
            .iter()
            .map(|one| {
                let sums = Sums {
                    files: one.files,
                    bytes: one.bytes,
                    directories: one.directories,
                    symlinks: one.symlinks,
                    not_stored: one.not_stored,
                };
                (one.id.clone(), sums)
            })
            .filter(|(_, sums)| *sums != Sums::default())
            .collect();
        let found = contents.finish(findings);
        if stated != found {
            findings.push(PackageFinding::of(
                handover_schemas::package::PACKAGE_FILE,
                Kind::CountsDiffer,
                "package.json counts other files than contents.jsonl lists",
            ));
        }
    }
}

impl Lists {
    /// Passes over paths that come before `path`: they are listed and not there.
    fn up_to(&mut self, path: &str, findings: &mut Vec<PackageFinding>) -> Result<()> {
        self.pass_while(|listed| listed.as_bytes() < path.as_bytes(), findings)
    }

    /// The same for all that is left.
    fn rest(&mut self, findings: &mut Vec<PackageFinding>) -> Result<()> {
        self.pass_while(|_all| true, findings)
    }

    fn pass_while(
        &mut self,
        passes: impl Fn(&str) -> bool,
        findings: &mut Vec<PackageFinding>,
    ) -> Result<()> {
        // The same words for every list: a file that two of them list is said once.
        let missing = |path: &str| {
            let message = format!("{path} is missing: it is listed");
            PackageFinding::of(path, Kind::FileMissing, message)
        };
        for list in [&mut self.sha256, &mut self.sha512].into_iter().flatten() {
            while let Some((_, path)) = list.next.as_ref().filter(|(_, path)| passes(path)) {
                findings.push(missing(path));
                list.advance(findings)?;
            }
        }
        if let Some(list) = &mut self.contents {
            while let Some(file) = list.next.as_ref().filter(|file| passes(&file.stored)) {
                findings.push(missing(&file.stored));
                list.advance(findings);
            }
        }
        Ok(())
    }

    /// What the lists have of a path that is there.
    fn take(&mut self, path: &str, findings: &mut Vec<PackageFinding>) -> Result<Listed> {
        let mut listed = Listed::default();
        if let Some(list) = &mut self.sha256
            && let Some((digest, _)) = list.next.take_if(|(_, listed)| listed == path)
        {
            listed.sha256 = Some(digest);
            list.advance(findings)?;
        }
        if let Some(list) = &mut self.sha512 {
            if let Some((digest, _)) = list.next.take_if(|(_, listed)| listed == path) {
                listed.sha512 = Some(digest);
                list.advance(findings)?;
            } else {
                let message = format!("{path}: {MANIFEST_SHA512_FILE} does not list it");
                findings.push(PackageFinding::of(path, Kind::FileExtra, message));
            }
        }
        listed.contents_open = self.contents.is_some();
        if let Some(list) = &mut self.contents
            && let Some(file) = list.next.take_if(|file| file.stored == path)
        {
            listed.content = Some((file.size, file.sha256));
            list.advance(findings);
        }
        Ok(listed)
    }
}

/// What is wrong with a file of several names.
pub(super) fn hard_link(path: &str) -> String {
    format!("{path} has another name (a hard link) through which it could change")
}

fn unreadable_folder(error: &WalkError) -> PackageFinding {
    let shown = String::from_utf8_lossy(&error.path).escape_debug().to_string();
    let message = format!("the folder {shown} cannot be read: {}", error.error);
    PackageFinding::of(&shown, Kind::FileUnreadable, message)
}

/// A folder of the payload that has nothing in it is not in any list: a finding.
fn note_if_empty(
    previous: Option<&Found>,
    next: Option<&Found>,
    findings: &mut Vec<PackageFinding>,
) {
    let Some(folder) = previous.filter(|found| found.kind == FileKind::Directory) else { return };
    if next.is_none_or(|next| next.depth <= folder.depth) {
        let shown = String::from_utf8_lossy(&folder.path).escape_debug().to_string();
        let message = format!("the folder {shown} is extra: there is nothing in it");
        findings.push(PackageFinding::of(&shown, Kind::FileExtra, message));
    }
}

/// Reads `members.jsonl` through: form, order and digest.
pub(super) fn check_members(mut lines: CountedLines, findings: &mut Vec<PackageFinding>) {
    let mut last: Option<(String, u64)> = None;
    while let Some((number, line)) = lines.next_line(findings) {
        let place = MemberLine::parse(&line).ok().map(|member| (member.archive, member.position));
        if place.is_none() || place <= last {
            let problem = "it is not an entry as it is written, or out of order";
            lines.damaged_line(number, problem, findings);
        }
        last = place.or(last);
    }
    lines.finish(findings);
}
