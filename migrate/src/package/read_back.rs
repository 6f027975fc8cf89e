//! Reading back what was stored, once it is on the disk.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::digest::Digest;
use handover_verify::file_tree::{FileKind, Status, Walk, is_missing};
use handover_verify::package::BLOCK_BYTES;
use sha2::{Digest as _, Sha256};

use super::journal::{Journal, ToReadBack, identity_text};
use super::partial::Partial;

/// Files taken from the journal at once.
const BATCH: usize = 1000;

/// Syncs the bag to the disk and reads every file of it that was not read back yet. Files that
/// are not what was written are taken away and forgotten, to be stored again; gives their number.
pub fn read_back(
    partial: &mut Partial,
    jobs: usize,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<u64> {
    let bag = partial.bag();
    partial.journal.commit()?;
    sync(&bag)?;
    remove_strangers(&bag, &partial.journal)?;
    let mut damaged = 0;
    let mut after = String::new();
    loop {
        let batch = partial.journal.to_read_back(&after, BATCH)?;
        let Some(last) = batch.last() else { break };
        after.clone_from(&last.stored);
        let states = read_batch(&bag, &batch, jobs, interrupt, progress)?;
        for (file, state) in batch.iter().zip(states) {
            if let Some(state) = state {
                partial.journal.record_read_back(&file.stored, &state)?;
            } else {
                remove_if_there(&bag.join(&file.stored))?;
                partial.journal.forget_stored(&file.stored)?;
                damaged += 1;
            }
        }
    }
    partial.journal.commit()?;
    Ok(damaged)
}

/// Waits until everything written to the bag's file system is on the disk.
pub(super) fn sync(bag: &Path) -> Result<()> {
    let place = || format!("cannot sync {}", bag.display());
    let folder = File::open(bag).with_context(place)?;
    rustix::fs::syncfs(&folder).with_context(place)
}

/// Takes away files of the bag that the journal does not know: a killed run was writing them.
fn remove_strangers(bag: &Path, journal: &Journal) -> Result<()> {
    let place = || format!("cannot clear {}", bag.display());
    let mut folders = Vec::new();
    let mut removed = false;
    for found in Walk::new(bag).with_context(place)? {
        let found = found.map_err(|error| error.error).with_context(place)?;
        let path = str::from_utf8(&found.path).with_context(place)?;
        if found.kind == FileKind::Directory {
            folders.push(path.to_owned());
        } else if !journal.has_stored(path)? {
            fs::remove_file(bag.join(path)).with_context(place)?;
            removed = true;
        }
    }
    // Folders come before what is in them.
    for folder in folders.iter().rev().filter(|folder| removed && *folder != "data") {
        match fs::remove_dir(bag.join(folder)) {
            Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => {
                return Err(error).with_context(place);
            }
            _ => {}
        }
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if !is_missing(&error) => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The state of each file that is what was written, in the order of the batch.
fn read_batch(
    bag: &Path,
    batch: &[ToReadBack],
    jobs: usize,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Vec<Option<String>>> {
    let next = AtomicUsize::new(0);
    let states: Mutex<Vec<Option<String>>> = Mutex::new(vec![None; batch.len()]);
    let work = || -> Result<()> {
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = batch.get(index) else { return Ok(()) };
            let state = match digest(&bag.join(&file.stored), &mut block, interrupt, progress) {
                Ok((sha256, status)) if (sha256, status.size) == (file.sha256, file.bytes) => {
                    Some(identity_text(&status))
                }
                Ok(_) => None,
                Err(error) if is_missing(&error) => None,
                Err(error) => {
                    interrupt.check()?;
                    return Err(error).with_context(|| {
                        format!("cannot read back {}", bag.join(&file.stored).display())
                    });
                }
            };
            if let Some(slot) = states.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index)
            {
                *slot = state;
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.min(batch.len())).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_panic| bail!("a reading thread panicked"))
        })
    })?;
    Ok(states.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn digest(
    path: &Path,
    block: &mut [u8],
    interrupt: &Interrupt,
    progress: &Progress,
) -> io::Result<(Digest, Status)> {
    let mut file = File::open(path)?;
    let mut status = Status::of_file(&file)?;
    // What is still in memory because it was just written proves nothing about the disk. Not every
    // file system can forget; the file is read all the same.
    let _refused = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    let mut sha256 = Sha256::new();
    let mut bytes = 0;
    loop {
        let read = io::Read::read(&mut file, block)?;
        let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else { break };
        sha256.update(part);
        bytes += read as u64;
        progress.advance("read back", 0, read as u64);
        if interrupt.is_raised() {
            return Err(io::Error::other("interrupted"));
        }
    }
    progress.advance("read back", 1, 0);
    status.size = bytes;
    Ok((Digest::from_bytes(sha256.finalize().into()), status))
}
