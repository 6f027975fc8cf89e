//! Merging runs.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;
use std::path::Path;

use super::run::{Run, RunReader, RunWriter};

/// Runs that are merged at once.
const FAN_IN_MAX: usize = 64;

/// Records in order out of several runs.
pub(super) struct Merge {
    heads: BinaryHeap<Head>,
    /// Whether the record on top was handed out, so that its reader has to go on first.
    given: bool,
}

impl Merge {
    pub(super) fn open(runs: Vec<Run>) -> io::Result<Self> {
        let mut heads = BinaryHeap::with_capacity(runs.len());
        for run in runs {
            let mut reader = RunReader::open(run);
            if reader.advance()? {
                heads.push(Head(reader));
            }
        }
        Ok(Self { heads, given: false })
    }

    pub(super) fn next(&mut self) -> io::Result<Option<(&[u8], &[u8])>> {
        if self.given
            && let Some(mut top) = self.heads.peek_mut()
            && !top.0.advance()?
        {
            PeekMut::pop(top);
        }
        self.given = true;
        Ok(self.heads.peek().map(|head| head.0.record()))
    }
}

/// A reader that stands at a record; the greatest in the heap is the one with the smallest record.
struct Head(RunReader);

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        match other.0.prefix().cmp(&self.0.prefix()) {
            Ordering::Equal => other.0.record().cmp(&self.0.record()),
            decided => decided,
        }
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

/// Whether all runs can be merged at once. Two always can: a merge needs two.
pub(super) fn fits(runs: &[Run], memory_bytes: usize) -> bool {
    runs.len() <= fan_in(runs.iter(), memory_bytes)
}

/// How many of the runs, taken in this order, can be merged at once: each holds one record in
/// memory, and all of them together may be as large as the bound.
fn fan_in<'r>(runs: impl Iterator<Item = &'r Run>, memory_bytes: usize) -> usize {
    let mut held = 0;
    let affordable = runs.take(FAN_IN_MAX).take_while(|run| {
        held += run.largest;
        held <= memory_bytes
    });
    affordable.count().max(2)
}

/// Merges some of the smallest runs into one: as few as bring the rest down to what can be merged
/// at once, since every one of them is written again.
pub(super) fn merge_smallest(
    runs: &mut Vec<Run>,
    memory_bytes: usize,
    dir: &Path,
) -> io::Result<()> {
    runs.sort_unstable_by_key(|run| Reverse(run.bytes));
    let at_once = fan_in(runs.iter().rev(), memory_bytes).min(runs.len());
    let surplus = runs.len() - at_once;
    let taken = runs.split_off(runs.len() - at_once.min(surplus + 1));
    let mut writer = RunWriter::create(dir)?;
    let mut merge = Merge::open(taken)?;
    while let Some((key, payload)) = merge.next()? {
        writer.push(key, payload)?;
    }
    drop(merge);
    runs.push(writer.finish()?);
    Ok(())
}
