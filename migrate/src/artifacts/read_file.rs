//! One delivered file: read once, hashed, stored, looked into.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::digest::Digest;
use handover_schemas::package::contents::{NotStoredReason, OriginalName};
use handover_verify::file_tree::{Found, Status, is_missing};
use handover_verify::package::BLOCK_BYTES;
use sha2::{Digest as _, Sha256};

use super::finding::{ArtifactFindingKind, Place};
use super::look::Look;
use crate::deliverable::members::Allowance;
use crate::deliverable::secrets::{self, Scanner, by_name};
use crate::package::{Encoder, EntryContent, Recipients, StoredDigests, Storing, identity_text};

/// How often a file is read that changes meanwhile.
const ATTEMPTS: u32 = 3;

/// Time between two attempts: whoever writes may be done by then.
const PAUSE: Duration = Duration::from_millis(200);

/// Where files are stored, and how.
pub(super) struct Sink<'a> {
    pub(super) bag: PathBuf,
    pub(super) storing: &'a Storing,
    pub(super) recipients: &'a Recipients,
}

/// What is noted of a file besides its entry.
pub(super) enum Note {
    /// What was noted of the file before does not count: it is read (again).
    Forget,
    /// A line of `members.jsonl`.
    Member(u64, String),
    /// A finding.
    Finding(ArtifactFindingKind, Place),
}

/// Takes notes.
pub(super) type Notes<'n> = dyn FnMut(Note) -> Result<()> + 'n;

/// What reading needs.
pub(super) struct FileReader<'a> {
    /// `None`: files are only read and hashed.
    pub(super) sink: Option<&'a Sink<'a>>,
    pub(super) deliverable: &'a str,
    /// What looking into archives may cost.
    pub(super) together: &'a Allowance,
    pub(super) interrupt: &'a Interrupt,
    pub(super) progress: &'a Progress,
    pub(super) block: Vec<u8>,
}

/// Why a file could not be read as it is.
enum Failure {
    /// It changed while it was read.
    Changed,
    /// It cannot be read.
    Source(io::Error),
    /// Everything has to stop: the disk is full, the user asked.
    Fatal(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Fatal(error)
    }
}

/// A file that was read.
struct ReadFile {
    status: Status,
    sha256: Digest,
    digests: Option<StoredDigests>,
}

impl FileReader<'_> {
    /// Reads a file, stores it, and says what it is now: a stored file, or why it is none. Gives
    /// the status with it, for mode and time.
    pub(super) fn receive(
        &mut self,
        found: &Found,
        stored: &str,
        notes: &mut Notes<'_>,
    ) -> Result<(EntryContent, Option<Status>)> {
        for attempt in 1..=ATTEMPTS {
            notes(Note::Forget)?;
            match self.attempt(found, stored, notes) {
                Ok(read) => {
                    let content = EntryContent::File {
                        stored: stored.to_owned(),
                        size: read.status.size,
                        sha256: read.sha256,
                        digests: read.digests,
                        identity: identity_text(&read.status),
                    };
                    return Ok((content, Some(read.status)));
                }
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Source(error)) => {
                    self.interrupt.check()?;
                    let reason = reason(&error)?;
                    notes(Note::Forget)?;
                    self.discard(stored)?;
                    return Ok((EntryContent::NotStored(reason), None));
                }
                Err(Failure::Changed) if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
                Err(Failure::Changed) => {}
            }
        }
        notes(Note::Forget)?;
        self.discard(stored)?;
        Ok((EntryContent::NotStored(NotStoredReason::Changing), None))
    }

    fn attempt(
        &mut self,
        found: &Found,
        stored: &str,
        notes: &mut Notes<'_>,
    ) -> Result<ReadFile, Failure> {
        let (mut file, before) = found.folder.file(found.name()).map_err(Failure::Source)?;
        let mut encoder = self.sink.map(|sink| sink.create(stored)).transpose()?;
        let mut scanner = Scanner::new();
        let sha256 = self.copy(&mut file, &before, encoder.as_mut(), &mut scanner, stored)?;
        let digests = encoder
            .map(|encoder| encoder.finish().with_context(|| cannot_write(stored)))
            .transpose()?;
        note_secrets(&found.path, None, scanner, notes)?;
        let mut look = Look::new(found, stored, before.size, self.together, self.interrupt, notes);
        look.file(&mut file).map_err(source_error)?;
        self.interrupt.check()?;
        let after = Status::of_file(&file).map_err(Failure::Source)?;
        let now = found.folder.status(found.name());
        if after != before || now.is_ok_and(|now| now.identity != before.identity) {
            return Err(Failure::Changed);
        }
        Ok(ReadFile { status: before, sha256, digests })
    }

    /// Reads the file to the size that it had when it was opened.
    fn copy(
        &mut self,
        file: &mut File,
        status: &Status,
        mut encoder: Option<&mut Encoder>,
        scanner: &mut Scanner,
        stored: &str,
    ) -> Result<Digest, Failure> {
        let has_holes = status.allocated < status.size;
        let mut sha256 = Sha256::new();
        let mut left = status.size;
        let (deliverable, progress, interrupt) = (self.deliverable, self.progress, self.interrupt);
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK_BYTES);
            let block = self.block.get_mut(..wanted).unwrap_or_default();
            let read = file.read(block).map_err(Failure::Source)?;
            let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else {
                return Err(Failure::Changed); // It became shorter.
            };
            sha256.update(part);
            if let Some(encoder) = &mut encoder {
                let zeros = has_holes && part.iter().all(|byte| *byte == 0);
                encoder.write(part, zeros).with_context(|| cannot_write(stored))?;
            }
            scanner.feed(part);
            left -= read as u64;
            progress.advance(deliverable, 0, read as u64);
            interrupt.check()?;
        }
        Ok(Digest::from_bytes(sha256.finalize().into()))
    }

    /// Takes away what was written of a file that is not stored after all.
    fn discard(&self, stored: &str) -> Result<()> {
        let Some(sink) = self.sink else { return Ok(()) };
        let path = sink.bag.join(stored);
        match fs::remove_file(&path) {
            Err(error) if !is_missing(&error) => {
                Err(error).with_context(|| format!("cannot remove {}", path.display()))
            }
            _ => Ok(()),
        }
    }
}

impl Sink<'_> {
    fn create(&self, stored: &str) -> Result<Encoder> {
        let path = self.bag.join(stored);
        let create =
            || Encoder::create(&path, &self.storing.encoding, self.recipients, self.storing.sha512);
        let made = match create() {
            Err(error) if is_missing(&error) => {
                make_folders(&path).with_context(|| cannot_write(stored))?;
                create()
            }
            made => made,
        };
        made.with_context(|| cannot_write(stored))
    }
}

fn make_folders(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent() else { return Ok(()) };
    DirBuilder::new().recursive(true).mode(0o700).create(parent)
}

fn cannot_write(stored: &str) -> String {
    format!("cannot write {stored} of the package")
}

/// An error of the listing that is about reading the file; anything else stops everything.
fn source_error(error: anyhow::Error) -> Failure {
    match error.downcast::<io::Error>() {
        Ok(error) => Failure::Source(error),
        Err(error) => Failure::Fatal(error),
    }
}

/// Why a file is not stored; an error that is not about this file is one for everything.
fn reason(error: &io::Error) -> Result<NotStoredReason> {
    if is_missing(error) {
        return Ok(NotStoredReason::Vanished);
    }
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(
            errno
            @ (rustix::io::Errno::MFILE | rustix::io::Errno::NFILE | rustix::io::Errno::NOMEM),
        ) => Err(errno).context("cannot read what was delivered"),
        // A link now, where a file was when its folder was listed.
        Some(rustix::io::Errno::LOOP) => Ok(NotStoredReason::Changing),
        _ => Ok(NotStoredReason::Unreadable),
    }
}

/// A place within a deliverable.
pub(super) fn at(path: &[u8]) -> Place {
    Place { path: Some(OriginalName::of(path)), ..Place::default() }
}

pub(super) fn note_secrets(
    path: &[u8],
    member: Option<&[u8]>,
    scanner: Scanner,
    notes: &mut Notes<'_>,
) -> Result<()> {
    let place = |line, what: String| {
        let place = Place { line, what: Some(what), ..at(path) };
        Note::Finding(
            ArtifactFindingKind::SecretFound,
            Place { member: member.map(OriginalName::of), ..place },
        )
    };
    if let Some(kind) = by_name(member.unwrap_or(path)) {
        notes(place(None, kind.to_string()))?;
    }
    let secrets::Found { secrets, more } = scanner.finish();
    for secret in secrets {
        notes(place(Some(secret.line), secret.kind.to_string()))?;
    }
    if more > 0 {
        notes(place(None, format!("{more} more")))?;
    }
    Ok(())
}
