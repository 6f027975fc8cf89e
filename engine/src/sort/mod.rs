//! External merge sort for rows that no index can give in canonical order.
//!
//! Records go in in any order and come out by key bytes, then payload bytes; equal records are all
//! kept. A bounded amount of memory is filled, sorted and spilled as a *run*; runs are merged as
//! the records are read back. A table that fits into memory never touches the disk.
//!
//! What is sorted is medical data. Runs are files without a name, unlinked as soon as they are
//! open (tempfile's `O_TMPFILE`), so that nothing is left behind however the process ends.
//!
//! Memory stays at the given bound plus a buffer of 64 KiB for each of the at most 64 runs that
//! are merged at once. A record larger than the bound is still sorted: it makes a run of its own,
//! and fewer runs are merged at once, so that two such records, not 64, are held.

mod buffer;
mod merge;
mod run;

use std::io;
use std::path::{Path, PathBuf};

use buffer::Buffer;
use merge::{Merge, merge_smallest};
use run::{Run, RunWriter};

/// Runs that are kept open before some are merged: a process may open only so many files.
const OPEN_RUNS_MAX: usize = 128;

/// Takes records in.
pub struct Sorter {
    dir: PathBuf,
    memory_bytes: usize,
    buffer: Buffer,
    runs: Vec<Run>,
}

impl Sorter {
    /// A sorter that holds at most `memory_bytes` of records in memory and spills to files without
    /// a name in `dir`.
    pub fn new(dir: &Path, memory_bytes: usize) -> Self {
        let buffer = Buffer::new(memory_bytes);
        Self { dir: dir.to_owned(), memory_bytes, buffer, runs: Vec::new() }
    }

    /// Takes in a record. To sort whole lines, push an empty key and the line without its LF: that
    /// is the order of `LC_ALL=C sort`, which does not compare the LF either.
    pub fn push(&mut self, key: &[u8], payload: &[u8]) -> io::Result<()> {
        if self.buffer.push(key, payload)? {
            return Ok(());
        }
        self.spill()?;
        if self.buffer.push(key, payload)? {
            return Ok(());
        }
        // Larger than all the memory there is to be.
        let mut writer = RunWriter::create(&self.dir)?;
        writer.push(key, payload)?;
        self.keep(writer.finish()?)
    }

    /// Begins a record without a key and with a payload of so many bytes, which is not wanted in memory: it
    /// makes a run of its own.
    pub fn begin_large(&self, bytes: u64) -> io::Result<Large> {
        let mut writer = RunWriter::create(&self.dir)?;
        let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
        writer.begin(0, bytes)?;
        Ok(Large { writer, left: bytes })
    }

    /// Takes in what [`Sorter::begin_large`] began; an error unless it has the bytes that it was said to
    /// have.
    pub fn end_large(&mut self, large: Large) -> io::Result<()> {
        if large.left != 0 {
            return Err(io::Error::other("a record has fewer bytes than were announced"));
        }
        self.keep(large.writer.finish()?)
    }

    /// Ends the input. If anything was spilled, the rest is too, to free its memory for merging.
    pub fn finish(mut self) -> io::Result<Sorted> {
        if self.runs.is_empty() {
            self.buffer.sort();
            return Ok(Sorted(Source::Memory { buffer: self.buffer, next: 0 }));
        }
        self.spill()?;
        self.buffer.release();
        while !merge::fits(&self.runs, self.memory_bytes) {
            merge_smallest(&mut self.runs, self.memory_bytes, &self.dir)?;
        }
        Ok(Sorted(Source::Runs(Merge::open(self.runs)?)))
    }

    /// Writes what is in memory as a run.
    fn spill(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.buffer.sort();
        let mut writer = RunWriter::create(&self.dir)?;
        for (key, payload) in self.buffer.records() {
            writer.push(key, payload)?;
        }
        self.buffer.clear();
        self.keep(writer.finish()?)
    }

    fn keep(&mut self, run: Run) -> io::Result<()> {
        self.runs.push(run);
        if self.runs.len() >= OPEN_RUNS_MAX {
            self.buffer.release();
            merge_smallest(&mut self.runs, self.memory_bytes, &self.dir)?;
        }
        Ok(())
    }
}

/// Gives the records back in order.
pub struct Sorted(Source);

/// A record on its way to the disk.
pub struct Large {
    writer: RunWriter,
    left: usize,
}

impl Large {
    /// Takes the next bytes of the payload.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let left = self.left.checked_sub(bytes.len());
        self.left =
            left.ok_or_else(|| io::Error::other("a record has more bytes than announced"))?;
        self.writer.write(bytes)
    }
}

enum Source {
    Memory { buffer: Buffer, next: usize },
    Runs(Merge),
}

impl Sorted {
    /// The next record, key and payload; `None` after the last. After an error nothing more is to
    /// be expected: what was read so far is not all there is.
    #[expect(clippy::should_implement_trait, reason = "it lends, which no Iterator can")]
    pub fn next(&mut self) -> io::Result<Option<(&[u8], &[u8])>> {
        match &mut self.0 {
            Source::Memory { buffer, next } => {
                *next += 1;
                Ok(buffer.record(*next - 1))
            }
            Source::Runs(merge) => merge.next(),
        }
    }
}

#[cfg(test)]
mod tests;
