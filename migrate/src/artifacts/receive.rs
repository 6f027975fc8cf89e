//! A delivered folder or file: walked by this thread, read by several others.
//!
//! Only this thread touches the journal. Files go to the readers through one bounded channel,
//! what they found comes back through another; whoever waits to send also takes.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::package::PAYLOAD_DIR;
use handover_schemas::package::contents::{NAME_MAX, NotStoredReason};
use handover_schemas::package::manifest::Encoding;
use handover_schemas::package::stored_name::{is_folder_like_compressed, stored_part, stored_path};
use handover_verify::file_tree::{FileKind, Folder, Found, Status, Walk, WalkError, is_missing};
use handover_verify::package::BLOCK_BYTES;

use super::finding::{ArtifactFindingKind, Place};
use super::read_file::{FileReader, Note, Sink};
use crate::deliverable::members::Allowance;
use crate::package::{Entry, EntryContent, Journal, identity_text};

/// Files, and heaps of notes, on their way back.
const RESULTS: usize = 64;

/// Notes of one file that are sent before it is read to its end.
const NOTES: usize = 500;

/// What receiving needs.
pub(super) struct Receiving<'a> {
    pub(super) journal: &'a mut Journal,
    /// `None`: nothing is stored, to see whether something changed.
    pub(super) sink: Option<&'a Sink<'a>>,
    /// How files are stored, or were.
    pub(super) encoding: &'a Encoding,
    /// What is received was made on the way: it has no mode and no time of its own.
    pub(super) made: bool,
    pub(super) jobs: usize,
    /// What looking into archives may cost.
    pub(super) together: &'a Allowance,
    pub(super) interrupt: &'a Interrupt,
    pub(super) progress: &'a Progress,
}

struct Job {
    found: Found,
    stored: String,
}

enum Outcome {
    /// Notes on a file, and the file's entry once it was read to its end.
    Read {
        path: Vec<u8>,
        stored: String,
        notes: Vec<Note>,
        entry: Option<Entry>,
    },
    Failed(anyhow::Error),
}

impl Receiving<'_> {
    /// Takes a folder with everything in it.
    pub(super) fn folder(&mut self, deliverable: &str, root: &Path) -> Result<()> {
        let place = || format!("cannot read the deliverable {}", root.display());
        let before = folder_identity(root).with_context(place)?;
        let walk = Walk::new(root).with_context(place)?;
        let mut names = StoredNames::new(self.encoding, deliverable);
        self.with_readers(deliverable, |receiver, readers| {
            for found in walk {
                receiver.interrupt.check()?;
                match found {
                    Ok(found) => {
                        let stored = names.next(&found);
                        receiver.entry(deliverable, found, stored, readers)?;
                    }
                    Err(error) => receiver.unreadable_folder(deliverable, &error)?,
                }
            }
            Ok(())
        })?;
        let (seen, unseen) = self.journal.seen_and_unseen(deliverable)?;
        if seen == 0 && unseen > 0 {
            bail!(
                "{} is empty now; an earlier run found {unseen} entries in it, which are kept: \
                 mount its disk, or put it back, and run the same command again",
                root.display()
            );
        }
        match folder_identity(root) {
            Ok(after) if after == before => Ok(()),
            _ => bail!(
                "{} disappeared while it was read; what was received is kept: put it back and \
                 run the same command again",
                root.display()
            ),
        }
    }

    /// Takes one file, under its own name.
    pub(super) fn file(&mut self, deliverable: &str, path: &Path) -> Result<()> {
        let place = || format!("cannot read the deliverable {}", path.display());
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            bail!("{} is not the path of a file", path.display());
        };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let folder = Folder::open(parent).with_context(place)?;
        let status = folder.status(name).with_context(place)?;
        if status.kind != FileKind::File {
            bail!("{} is not a regular file; a folder needs form = \"folder\"", path.display());
        }
        let found = Found {
            folder: Arc::new(folder),
            path: name.as_bytes().to_vec(),
            name_at: 0,
            kind: FileKind::File,
            depth: 0,
            collides: false,
        };
        let stored = StoredNames::new(self.encoding, deliverable).next(&found);
        self.with_readers(deliverable, |receiver, readers| {
            receiver.entry(deliverable, found, stored, readers)
        })
    }

    fn entry(
        &mut self,
        deliverable: &str,
        found: Found,
        stored: String,
        readers: &Readers,
    ) -> Result<()> {
        if found.path.len() > NAME_MAX {
            bail!(
                "{deliverable}: the path that begins with {} has {} bytes; a package takes paths \
                 of {NAME_MAX}: move what is in it up, or leave it out",
                String::from_utf8_lossy(found.path.get(..100).unwrap_or_default()).escape_debug(),
                found.path.len()
            );
        }
        let status = match found.folder.status(found.name()) {
            Ok(status) => status,
            Err(error) if is_missing(&error) => {
                let content = EntryContent::NotStored(NotStoredReason::Vanished);
                return self.record(deliverable, found.path, None, content);
            }
            Err(_unreadable) => {
                let content = EntryContent::NotStored(NotStoredReason::Unreadable);
                return self.record(deliverable, found.path, None, content);
            }
        };
        if status.kind != found.kind {
            // The walk goes on as if it still were what it was when its folder was listed.
            let content = EntryContent::NotStored(NotStoredReason::Changing);
            return self.record(deliverable, found.path, None, content);
        }
        let content = match status.kind {
            FileKind::File => {
                let identity = identity_text(&status);
                if self.sink.is_some()
                    && self.journal.keep(deliverable, &found.path, &stored, &identity)?
                {
                    self.progress.advance(deliverable, 1, 0);
                    return Ok(());
                }
                return self.send(deliverable, Job { found, stored }, readers);
            }
            FileKind::Directory => EntryContent::Directory,
            FileKind::Symlink => match found.folder.link_target(found.name()) {
                Ok(target) => EntryContent::Symlink(target.as_bytes().to_vec()),
                Err(_unreadable) => EntryContent::NotStored(NotStoredReason::Unreadable),
            },
            FileKind::Fifo => EntryContent::NotStored(NotStoredReason::Fifo),
            FileKind::Socket => EntryContent::NotStored(NotStoredReason::Socket),
            FileKind::Device => EntryContent::NotStored(NotStoredReason::Device),
        };
        self.record(deliverable, found.path, Some(&status), content)
    }

    fn record(
        &mut self,
        deliverable: &str,
        path: Vec<u8>,
        status: Option<&Status>,
        content: EntryContent,
    ) -> Result<()> {
        self.journal.record(&entry(deliverable, path, status, content))
    }

    fn unreadable_folder(&mut self, deliverable: &str, error: &WalkError) -> Result<()> {
        let reason = if is_missing(&error.error) {
            NotStoredReason::Vanished
        } else {
            NotStoredReason::Unreadable
        };
        self.record(deliverable, error.path.clone(), None, EntryContent::NotStored(reason))
    }

    /// Runs `walk` beside the readers; then waits for them.
    fn with_readers(
        &mut self,
        deliverable: &str,
        walk: impl FnOnce(&mut Self, &Readers) -> Result<()>,
    ) -> Result<()> {
        let (jobs, next_job) = sync_channel::<Job>(self.jobs * 4);
        let (results, outcomes) = sync_channel::<Outcome>(RESULTS);
        let next_job = Mutex::new(next_job);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                let reader = FileReader {
                    sink: self.sink,
                    deliverable,
                    together: self.together,
                    interrupt: self.interrupt,
                    progress: self.progress,
                    block: vec![0; BLOCK_BYTES],
                };
                let (next_job, results, made) = (&next_job, results.clone(), self.made);
                scope.spawn(move || read(reader, next_job, &results, made));
            }
            drop(results);
            // Dropped at the end of the closure: readers that still send see that nobody listens.
            let readers = Readers { jobs, outcomes };
            walk(self, &readers)?;
            let Readers { jobs, outcomes } = readers;
            drop(jobs);
            while let Ok(outcome) = outcomes.recv() {
                self.take(deliverable, outcome)?;
            }
            anyhow::Ok(())
        })?;
        self.interrupt.check()
    }

    /// Gives a job to the readers, and takes what they found meanwhile.
    fn send(&mut self, deliverable: &str, job: Job, readers: &Readers) -> Result<()> {
        let mut job = job;
        loop {
            match readers.jobs.try_send(job) {
                Ok(()) => break,
                Err(TrySendError::Full(refused)) => {
                    job = refused;
                    let outcome = readers.outcomes.recv().context("the reading threads ended")?;
                    self.take(deliverable, outcome)?;
                }
                Err(TrySendError::Disconnected(_)) => bail!("the reading threads ended"),
            }
        }
        loop {
            match readers.outcomes.try_recv() {
                Ok(outcome) => self.take(deliverable, outcome)?,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return Ok(()),
            }
        }
    }

    fn take(&mut self, deliverable: &str, outcome: Outcome) -> Result<()> {
        let (path, stored, notes, entry) = match outcome {
            Outcome::Failed(error) => return Err(error),
            Outcome::Read { path, stored, notes, entry } => (path, stored, notes, entry),
        };
        for note in notes {
            self.interrupt.check()?;
            match note {
                Note::Forget => self.journal.forget_notes(deliverable, &path, &stored)?,
                Note::Member(position, line) => {
                    self.journal.note_member(&stored, position, &line)?;
                }
                Note::Finding(kind, place) => {
                    note_finding(self.journal, deliverable, &path, kind, &place)?;
                }
            }
        }
        entry.map_or(Ok(()), |entry| self.journal.record(&entry))
    }
}

/// Notes a finding about a file in the journal.
pub(super) fn note_finding(
    journal: &mut Journal,
    deliverable: &str,
    path: &[u8],
    kind: ArtifactFindingKind,
    place: &Place,
) -> Result<()> {
    let document = serde_json::to_string(&(kind, place)).context("cannot note a finding")?;
    journal.note_finding(deliverable, path, &document)
}

/// The two ends of the channels that the walking thread holds.
struct Readers {
    jobs: SyncSender<Job>,
    outcomes: Receiver<Outcome>,
}

fn read(
    mut reader: FileReader<'_>,
    jobs: &Mutex<Receiver<Job>>,
    results: &SyncSender<Outcome>,
    made: bool,
) {
    let deliverable = reader.deliverable;
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { found, stored }) = next else { return };
        let mut heap: Vec<Note> = Vec::new();
        let mut note = |note: Note| -> Result<()> {
            heap.push(note);
            if heap.len() < NOTES {
                return Ok(());
            }
            let (path, stored) = (found.path.clone(), stored.clone());
            let notes = std::mem::take(&mut heap);
            let sent = results.send(Outcome::Read { path, stored, notes, entry: None });
            sent.map_err(|_nobody_listens| anyhow::anyhow!("the run was stopped"))
        };
        let outcome = match reader.receive(&found, &stored, &mut note) {
            Ok((content, status)) => {
                reader.progress.advance(deliverable, 1, 0);
                let path = found.path;
                let mut entry = entry(deliverable, path.clone(), status.as_ref(), content);
                if made {
                    (entry.mode, entry.modified) = (0o644, None);
                }
                Outcome::Read { path, stored, notes: heap, entry: Some(entry) }
            }
            Err(error) => Outcome::Failed(error),
        };
        if results.send(outcome).is_err() {
            return;
        }
    }
}

fn entry(
    deliverable: &str,
    path: Vec<u8>,
    status: Option<&Status>,
    content: EntryContent,
) -> Entry {
    Entry {
        deliverable: deliverable.to_owned(),
        path,
        mode: status.map_or(0, |status| status.mode),
        modified: status.map(|status| format!("{}.{:09}", status.modified.0, status.modified.1)),
        content,
    }
}

/// What tells a folder from another one at the same path.
fn folder_identity(root: &Path) -> std::io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(root)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Gives stored paths; they depend on the names and the order of what is walked, on nothing else.
enum StoredNames {
    /// From the original names: the stored paths of the folders down to the present one.
    Readable { prefix: String, suffix: &'static str, folders: Vec<String> },
    /// Numbers, which tell nothing: names of files may be names of people.
    Numbered { prefix: String, suffix: &'static str, last: u64 },
}

impl StoredNames {
    fn new(encoding: &Encoding, deliverable: &str) -> Self {
        let prefix = format!("{PAYLOAD_DIR}/{deliverable}");
        let suffix = encoding.suffix();
        if encoding.is_encrypted() {
            Self::Numbered { prefix, suffix, last: 0 }
        } else {
            Self::Readable { prefix, suffix, folders: Vec::new() }
        }
    }

    /// The stored path of an entry; entries come in the order of a walk.
    fn next(&mut self, found: &Found) -> String {
        match self {
            Self::Readable { prefix, suffix, folders } => {
                folders.truncate(found.depth);
                let name = found.name().as_bytes();
                let is_folder = found.kind == FileKind::Directory;
                let collides = found.collides || (is_folder && is_folder_like_compressed(name));
                let part = stored_part(name, collides);
                let stored = match folders.last() {
                    Some(folder) => format!("{folder}/{part}"),
                    None => part,
                };
                let path = format!("{prefix}/{}{suffix}", stored_path(&stored, &found.path));
                if is_folder {
                    folders.push(stored);
                }
                path
            }
            Self::Numbered { .. } if found.kind != FileKind::File => String::new(),
            Self::Numbered { prefix, suffix, last } => {
                *last += 1;
                format!("{prefix}/{:06}/{last:09}{suffix}", *last / 1000)
            }
        }
    }
}
