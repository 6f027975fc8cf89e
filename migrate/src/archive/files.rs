//! The files of an archive on their way to the disk: compressed and encrypted by several threads,
//! so that whoever reads the rows need not wait.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::{Context, Result, bail};
use handover_schemas::digest::Digest;
use handover_schemas::package::manifest::Encoding;

use crate::package::{Encoder, Entry, EntryContent, Recipients};

/// A file to be stored.
struct Job {
    folder: &'static str,
    name: String,
    bytes: Vec<u8>,
}

/// Threads that store files.
pub(super) struct FileThreads {
    jobs: Option<SyncSender<Job>>,
    entries: Receiver<Result<Entry>>,
    threads: Vec<JoinHandle<()>>,
    waiting: usize,
}

/// What the threads share.
struct Shared {
    bag: PathBuf,
    encoding: Encoding,
    recipients: Recipients,
    jobs: Mutex<Receiver<Job>>,
}

impl FileThreads {
    /// Starts so many.
    pub(super) fn start(
        count: usize,
        bag: PathBuf,
        encoding: Encoding,
        recipients: Recipients,
    ) -> Self {
        let (sender, receiver) = sync_channel(count);
        // Never full: a thread that could not hand over what it did would wait for its own reader.
        let (done, entries) = std::sync::mpsc::channel();
        let shared = Arc::new(Shared { bag, encoding, recipients, jobs: Mutex::new(receiver) });
        let threads = (0..count)
            .map(|_| {
                let (shared, done) = (shared.clone(), done.clone());
                std::thread::spawn(move || {
                    while let Some(job) = shared.next() {
                        if done.send(shared.store(job)).is_err() {
                            return;
                        }
                    }
                })
            })
            .collect();
        Self { jobs: Some(sender), entries, threads, waiting: 0 }
    }

    /// Stores a file; gives what became of others meanwhile.
    pub(super) fn store(
        &mut self,
        folder: &'static str,
        name: String,
        bytes: Vec<u8>,
    ) -> Result<Vec<Entry>> {
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(Job { folder, name, bytes }));
        if !matches!(sent, Some(Ok(()))) {
            bail!("the threads that store the archive are gone");
        }
        self.waiting += 1;
        let mut done = Vec::new();
        while let Ok(entry) = self.entries.try_recv() {
            self.waiting -= 1;
            done.push(entry?);
        }
        Ok(done)
    }

    /// Waits for all files.
    pub(super) fn finish(mut self) -> Result<Vec<Entry>> {
        self.jobs = None;
        let mut done = Vec::new();
        for _ in 0..self.waiting {
            done.push(self.entries.recv().context("a thread that stores the archive is gone")??);
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                bail!("a thread that stores the archive panicked");
            }
        }
        Ok(done)
    }
}

impl Shared {
    fn next(&self) -> Option<Job> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }

    fn store(&self, job: Job) -> Result<Entry> {
        let stored = format!("data/{}/{}{}", job.folder, job.name, self.encoding.suffix());
        let path = self.bag.join(&stored);
        let place = || format!("cannot write {stored} of the archive");
        make_folders(&path).with_context(place)?;
        let mut encoder =
            Encoder::create(&path, &self.encoding, &self.recipients, false).with_context(place)?;
        encoder.expect_rows(job.bytes.len() as u64).with_context(place)?;
        encoder.write(&job.bytes, false).with_context(place)?;
        let digests = encoder.finish().with_context(place)?;
        Ok(Entry {
            deliverable: job.folder.to_owned(),
            path: job.name.into_bytes(),
            mode: 0o600,
            modified: None,
            content: EntryContent::File {
                stored,
                size: job.bytes.len() as u64,
                sha256: Digest::of(&job.bytes),
                digests: Some(digests),
                identity: String::new(),
            },
        })
    }
}

fn make_folders(file: &Path) -> std::io::Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
