//! Payload files, read by several threads.

use std::fs::File;
use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::digest::{Digest, hex};
use handover_schemas::package::manifest::Encoding;
use handover_schemas::package::report::{PackageFinding, PackageFindingKind as Kind};
use sha2::{Digest as _, Sha256, Sha512};

use super::decode::{BLOCK_BYTES, DecodeError, decoded};
use super::identities::Identities;
use super::payload::hard_link;
use crate::file_tree::{Folder, Found};

/// A payload file and what it should be.
pub(super) struct Job {
    pub(super) found: Found,
    pub(super) path: String,
    pub(super) sha256: Digest,
    /// Hexadecimal digits.
    pub(super) sha512: Option<String>,
    /// Size and digest of the content, if they are to be checked by decoding it.
    pub(super) content: Option<(u64, Digest)>,
}

/// What the threads share.
pub(super) struct Hashing<'a> {
    pub(super) encoding: &'a Encoding,
    pub(super) identities: &'a Identities,
    pub(super) interrupt: &'a Interrupt,
    pub(super) progress: &'a Progress,
    pub(super) findings: Mutex<Vec<PackageFinding>>,
}

impl Hashing<'_> {
    /// Runs `feed`, which sends files to `jobs` threads, and waits until all are read.
    pub(super) fn run<T>(
        &self,
        jobs: usize,
        feed: impl FnOnce(&SyncSender<Job>) -> Result<T>,
    ) -> Result<T> {
        let (sender, receiver) = sync_channel(jobs * 8);
        let receiver = Arc::new(Mutex::new(receiver));
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                let receiver = receiver.clone();
                scope.spawn(move || self.work(&receiver));
            }
            drop(receiver);
            let done = feed(&sender);
            drop(sender);
            done
        })
    }

    fn work(&self, receiver: &Mutex<Receiver<Job>>) {
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(job) = next else { return };
            if self.interrupt.is_raised() {
                // Taken and dropped: whoever sends must not wait for nobody.
                continue;
            }
            if let Some((kind, message)) = self.check(&job, &mut block) {
                self.find(PackageFinding::of(&job.path, kind, message));
            }
        }
    }

    /// Keeps a finding.
    pub(super) fn find(&self, finding: PackageFinding) {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }

    fn check(&self, job: &Job, block: &mut [u8]) -> Option<(Kind, String)> {
        let unreadable = |error: std::io::Error| {
            Some((Kind::FileUnreadable, format!("{} cannot be read: {error}", job.path)))
        };
        let (mut file, status) = match job.found.folder.file(job.found.name()) {
            Ok(opened) => opened,
            Err(error) => return unreadable(error),
        };
        if status.links > 1 {
            return Some((Kind::HardLink, hard_link(&job.path)));
        }
        let (sha256, sha512) = match self.digests(&mut file, job, block) {
            Ok(digests) => digests,
            Err(error) => return unreadable(error),
        };
        if sha256 != job.sha256 || sha512 != job.sha512 {
            return Some((
                Kind::FileDamaged,
                format!("{} is damaged: its digest is not the one in the manifest", job.path),
            ));
        }
        let (size, digest) = job.content?;
        let opened = job.found.folder.file(job.found.name());
        match opened
            .map_err(DecodeError::from)
            .and_then(|(file, _)| self.content_is(file, size, digest, block))
        {
            Ok(None) => None,
            Ok(Some(problem)) => Some((Kind::ContentDiffers, format!("{}: {problem}", job.path))),
            Err(DecodeError::WrongKey) => Some((
                Kind::CannotBeOpened,
                format!("{}: none of the keys given opens it", job.path),
            )),
            Err(error) => {
                Some((Kind::ContentDiffers, format!("{} cannot be decoded: {error}", job.path)))
            }
        }
    }

    fn digests(
        &self,
        file: &mut File,
        job: &Job,
        block: &mut [u8],
    ) -> std::io::Result<(Digest, Option<String>)> {
        let mut sha256 = Sha256::new();
        let mut sha512 = job.sha512.is_some().then(Sha512::new);
        let mut bytes = 0;
        loop {
            let read = file.read(block)?;
            let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else { break };
            sha256.update(part);
            if let Some(sha512) = &mut sha512 {
                sha512.update(part);
            }
            bytes += read as u64;
            if self.interrupt.is_raised() {
                return Err(std::io::Error::other("interrupted"));
            }
            if bytes >= BLOCK_BYTES as u64 * 64 {
                self.progress.advance("data", 0, std::mem::take(&mut bytes));
            }
        }
        self.progress.advance("data", 1, bytes);
        let sha512 = sha512.map(|sha512| hex(&sha512.finalize()));
        Ok((Digest::from_bytes(sha256.finalize().into()), sha512))
    }

    /// What is wrong with the content of a stored file, if anything is.
    fn content_is(
        &self,
        file: File,
        size: u64,
        digest: Digest,
        block: &mut [u8],
    ) -> Result<Option<&'static str>, DecodeError> {
        let mut content = decoded(file, self.encoding, self.identities)?;
        let mut sha256 = Sha256::new();
        let mut left = size;
        loop {
            let read = content.read(block)?;
            let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else { break };
            let Some(rest) = left.checked_sub(read as u64) else {
                return Ok(Some("it unpacks to more bytes than contents.jsonl says"));
            };
            left = rest;
            sha256.update(part);
            if self.interrupt.is_raised() {
                return Ok(None);
            }
        }
        let same = left == 0 && Digest::from_bytes(sha256.finalize().into()) == digest;
        Ok((!same).then_some("its content is not the one that contents.jsonl names"))
    }
}

/// A file of the package's own folder, hashed whole.
pub(super) fn digest_of(
    folder: &Folder,
    name: &str,
    interrupt: &Interrupt,
) -> std::io::Result<Digest> {
    let (mut file, _) = folder.file(name.as_ref())?;
    let mut block = vec![0; BLOCK_BYTES];
    let mut sha256 = Sha256::new();
    loop {
        let read = file.read(&mut block)?;
        let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else { break };
        sha256.update(part);
        if interrupt.is_raised() {
            return Err(std::io::Error::other("interrupted"));
        }
    }
    Ok(Digest::from_bytes(sha256.finalize().into()))
}
