//! Looking into a delivered file: what an archive lists is noted, archives within it are read
//! through, and whatever makes a file useless is a finding.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::package::contents::{MemberKind, MemberLine, OriginalName};
use handover_verify::file_tree::Found;

use super::finding::{ArtifactFindingKind as Kind, Place};
use super::read_file::{Note, Notes, at, note_secrets};
use crate::deliverable::members::{
    self, Allowance, Condition, Limits, Listing, Member, Seen, is_container_start,
    is_named_as_archive, list_inner_members, list_members, seven_zip_len, zip_parts,
};
use crate::deliverable::secrets::Scanner;
use crate::deliverable::split::{NumberedPart, needs};

/// How deep archives within archives are read.
const DEPTH_MAX: u32 = 3;

/// Endings of names that promise content. Other files may be empty for a good reason (`.gitkeep`).
const PROMISE: [&str; 31] = [
    "exe", "msi", "dll", "deb", "rpm", "apk", "ipa", "dmg", "jar", "war", "ear", "zip", "7z",
    "rar", "tar", "gz", "tgz", "bz2", "xz", "zst", "iso", "img", "sql", "dump", "bak", "mdf",
    "sqlite", "pdf", "docx", "xlsx", "bundle",
];

/// One file that is looked into.
pub(super) struct Look<'a, 'n> {
    found: &'a Found,
    stored: &'a str,
    size: u64,
    together: &'a Allowance,
    interrupt: &'a Interrupt,
    notes: &'a mut Notes<'n>,
    /// The next line of `members.jsonl`.
    position: u64,
    /// Bytes that were unpacked so far, at all depths.
    spent: u64,
    /// Archives that lie too deep.
    too_deep: u64,
}

impl<'a, 'n> Look<'a, 'n> {
    pub(super) fn new(
        found: &'a Found,
        stored: &'a str,
        size: u64,
        together: &'a Allowance,
        interrupt: &'a Interrupt,
        notes: &'a mut Notes<'n>,
    ) -> Self {
        Self { found, stored, size, together, interrupt, notes, position: 0, spent: 0, too_deep: 0 }
    }

    /// Notes what the file is besides its bytes.
    pub(super) fn file(&mut self, file: &mut File) -> Result<()> {
        let name = String::from_utf8_lossy(self.found.name().as_encoded_bytes()).into_owned();
        if self.size == 0 {
            let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
            if ending.is_some_and(|ending| PROMISE.contains(&ending.as_str())) {
                self.find(Kind::ContentEmpty, None, "it has no bytes".to_owned())?;
            }
            return Ok(());
        }
        let is_part = self.parts(file, &name)?;
        if is_part {
            return Ok(());
        }
        let listing = self.archive(file, &name, None, 0)?;
        if listing == Listing::NotAnArchive && is_named_as_archive(&name) {
            let what = "it is named as an archive and is none".to_owned();
            self.find(Kind::ArchiveBroken, None, what)?;
        }
        match self.too_deep {
            0 => Ok(()),
            many => {
                let what = format!("{many} archives, more than {DEPTH_MAX} deep in others");
                self.find(Kind::NotLookedInto, None, what)
            }
        }
    }

    /// The other files of a split archive; whether this file is a part that is none on its own.
    fn parts(&mut self, file: &mut File, name: &str) -> Result<bool> {
        let zip_parts = if is_zip_name(name) { zip_parts(file)? } else { 1 };
        let missing: Vec<_> = needs(name, zip_parts)
            .into_iter()
            .filter(|other| self.len_of(other).is_none())
            .collect();
        for other in missing {
            self.find(Kind::PartMissing, None, format!("{other} is not there"))?;
        }
        let Some(part) = NumberedPart::of(name) else { return Ok(is_zip_part_name(name)) };
        if part.number <= 1 {
            self.first_part(file, &part)?;
        }
        Ok(true)
    }

    /// Tells of the whole archive once, at its first part.
    fn first_part(&mut self, file: &mut File, part: &NumberedPart) -> Result<()> {
        let others = (part.number + 1..).map_while(|number| self.len_of(&part.sibling(number)));
        let (mut parts, mut bytes) = (1_u64, self.size);
        for len in others.take(10_000) {
            (parts, bytes) = (parts + 1, bytes.saturating_add(len));
        }
        let mut start = [0; 32];
        let whole = match std::os::unix::fs::FileExt::read_exact_at(file, &mut start, 0) {
            Ok(()) => seven_zip_len(&start),
            Err(_shorter) => None,
        };
        if let Some(whole) = whole.filter(|whole| *whole > bytes) {
            let what = format!(
                "the {parts} parts up to the first that is missing have {bytes} bytes, the archive \
                 has {whole}"
            );
            return self.find(Kind::PartMissing, None, what);
        }
        let what = format!("an archive in {parts} parts; join them, or ask for it in one file");
        self.find(Kind::NotLookedInto, None, what)
    }

    /// Bytes of a file beside this one.
    fn len_of(&self, name: &str) -> Option<u64> {
        self.found.folder.status(name.as_ref()).ok().map(|status| status.size)
    }

    /// Reads an archive, and archives within it.
    fn archive(
        &mut self,
        file: &mut File,
        name: &str,
        within: Option<&[u8]>,
        depth: u32,
    ) -> Result<Listing> {
        let limits = Limits::for_file(self.size);
        let limits = Limits { bytes: limits.bytes.saturating_sub(self.spent), ..limits };
        let (mut scanner, mut inner) = (Scanner::new(), Inner::default());
        let (together, interrupt) = (self.together, self.interrupt);
        let list = if depth == 0 { list_members } else { list_inner_members };
        let listing = list(file, name, &limits, together, interrupt, &mut |seen| match seen {
            Seen::Contents { block, .. } => {
                self.spent += block.len() as u64;
                scanner.feed(block);
                inner.take(block)
            }
            Seen::Member(member) => {
                let scanner = std::mem::replace(&mut scanner, Scanner::new());
                let path = joined(within, &member.name);
                note_secrets(&self.found.path, Some(&path), scanner, self.notes)?;
                if depth == 0 {
                    self.note_member(&member)?;
                }
                self.inner(std::mem::take(&mut inner), &path, depth)
            }
            Seen::Remark { condition, what } => self.find(kind_of(condition), within, what),
        })?;
        // Contents without a member: of something compressed, or of what is cut within one.
        note_secrets(&self.found.path, within, scanner, self.notes)?;
        match &listing {
            Listing::NotAnArchive => {}
            Listing::Listed { .. } => self.inner(inner, within.unwrap_or_default(), depth)?,
            Listing::Broken { reason, .. } => {
                self.find(Kind::ArchiveBroken, within, reason.clone())?;
            }
            Listing::NotRead { reason, .. } => {
                self.find(Kind::NotLookedInto, within, reason.clone())?;
            }
            Listing::TooLarge { limit, .. } => {
                self.find(Kind::ArchiveTooLarge, within, limit_text(*limit))?;
            }
        }
        Ok(listing)
    }

    /// Reads an archive that lies within another one.
    fn inner(&mut self, inner: Inner, path: &[u8], depth: u32) -> Result<()> {
        let Some(mut file) = inner.file()? else { return Ok(()) };
        if depth >= DEPTH_MAX {
            self.too_deep += 1;
            return Ok(());
        }
        let name = String::from_utf8_lossy(path).into_owned();
        let within = Some(path).filter(|path| !path.is_empty());
        self.archive(&mut file, &name, within, depth + 1).map(drop)
    }

    fn note_member(&mut self, member: &Member) -> Result<()> {
        let line = member_line(self.stored, self.position, member)?;
        (self.notes)(Note::Member(self.position, line))?;
        self.position += 1;
        Ok(())
    }

    fn find(&mut self, kind: Kind, member: Option<&[u8]>, what: String) -> Result<()> {
        let place = at(&self.found.path);
        let member = member.map(OriginalName::of);
        (self.notes)(Note::Finding(kind, Place { member, what: Some(what), ..place }))
    }
}

/// The contents of a member that may be an archive, in a file without a name: a zip is read from its
/// end.
#[derive(Default)]
struct Inner {
    file: Option<File>,
    /// The member has begun.
    begun: bool,
}

impl Inner {
    fn take(&mut self, block: &[u8]) -> Result<()> {
        let place = "cannot write a temporary file; see to the room of TMPDIR";
        if !std::mem::replace(&mut self.begun, true) && is_container_start(block) {
            self.file = Some(tempfile::tempfile().context(place)?);
        }
        match &mut self.file {
            Some(file) => file.write_all(block).context(place),
            None => Ok(()),
        }
    }

    fn file(self) -> Result<Option<File>> {
        let Some(mut file) = self.file else { return Ok(None) };
        file.seek(SeekFrom::Start(0)).context("cannot read a temporary file")?;
        Ok(Some(file))
    }
}

/// Names of archives within archives, and of their members.
fn joined(within: Option<&[u8]>, name: &[u8]) -> Vec<u8> {
    match within {
        Some(within) => [within, b"/", name].concat(),
        None => name.to_vec(),
    }
}

fn kind_of(condition: Condition) -> Kind {
    match condition {
        Condition::Encrypted => Kind::ContentEncrypted,
        Condition::NotLookedInto => Kind::NotLookedInto,
        Condition::Joined => Kind::ArchivesJoined,
    }
}

fn is_zip_name(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".zip")
}

/// `NAME.z01`, which is no archive without `NAME.zip`.
fn is_zip_part_name(name: &str) -> bool {
    !needs(name, 1).is_empty() && !name.to_ascii_lowercase().ends_with("rar") && {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        ending.starts_with(['z', 'Z'])
    }
}

fn member_line(stored: &str, position: u64, member: &Member) -> Result<String> {
    let line = MemberLine {
        archive: stored.to_owned(),
        position,
        name: OriginalName::of(&member.name),
        kind: match member.kind {
            members::MemberKind::File => MemberKind::File,
            members::MemberKind::Directory => MemberKind::Directory,
            members::MemberKind::Symlink => MemberKind::Symlink,
            members::MemberKind::Hardlink => MemberKind::HardLink,
            members::MemberKind::Other => MemberKind::Other,
        },
        size: member.size,
        sha256: member.sha256,
        target: member.target.as_deref().map(OriginalName::of),
    };
    line.to_line().context("cannot write a line of members.jsonl")
}

fn limit_text(limit: members::Limit) -> String {
    match limit {
        members::Limit::Together => {
            "all archives of this run together hold more than is read, and it was not looked into \
             to its end; --archive-bytes allows more"
                .to_owned()
        }
        members::Limit::Bytes(bytes) => format!("more than {bytes} bytes"),
        members::Limit::Members(members) => format!("more than {members} members"),
        members::Limit::Name(bytes) => format!("a name of more than {bytes} bytes"),
    }
}
