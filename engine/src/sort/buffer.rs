//! The records in memory: one block of bytes, and where in it each record is.

use std::cmp::Ordering;
use std::io;

/// The memory grows in steps of this part of the bound, so that neither vector can take what the
/// other will need.
const STEPS: usize = 16;

/// Where a record is in the block, key first, payload behind it.
struct Entry {
    /// [`prefix`] of the record: decides most comparisons without a look at the block.
    prefix: u64,
    offset: usize,
    key_len: u32,
    payload_len: u32,
}

/// Records in memory, their index included in the bound.
pub(super) struct Buffer {
    memory_bytes: usize,
    block: Vec<u8>,
    entries: Vec<Entry>,
}

impl Buffer {
    pub(super) fn new(memory_bytes: usize) -> Self {
        Self { memory_bytes, block: Vec::new(), entries: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes a record in, or answers `false` if there is no room for it.
    pub(super) fn push(&mut self, key: &[u8], payload: &[u8]) -> io::Result<bool> {
        let key_len = length(key.len())?;
        let payload_len = length(payload.len())?;
        if !self.reserve(key.len() + payload.len()) {
            return Ok(false);
        }
        let offset = self.block.len();
        self.block.extend_from_slice(key);
        self.block.extend_from_slice(payload);
        self.entries.push(Entry { prefix: prefix(key, payload), offset, key_len, payload_len });
        Ok(true)
    }

    fn reserve(&mut self, bytes: usize) -> bool {
        let step = self.memory_bytes / STEPS;
        let block = grown(self.block.capacity(), self.block.len() + bytes, step);
        let entry_step = step / size_of::<Entry>();
        let entries = grown(self.entries.capacity(), self.entries.len() + 1, entry_step);
        if block + entries * size_of::<Entry>() > self.memory_bytes {
            return false;
        }
        self.block.reserve_exact(block - self.block.len());
        self.entries.reserve_exact(entries - self.entries.len());
        true
    }

    pub(super) fn sort(&mut self) {
        let block = &self.block;
        self.entries.sort_unstable_by(|a, b| match a.prefix.cmp(&b.prefix) {
            Ordering::Equal => parts(block, a).cmp(&parts(block, b)),
            decided => decided,
        });
    }

    /// Forgets the records and keeps the memory for the next ones, unless one of the vectors was
    /// left half empty: records of another size need another division.
    pub(super) fn clear(&mut self) {
        let half_empty = self.block.len() < self.block.capacity() / 2
            || self.entries.len() < self.entries.capacity() / 2;
        self.block.clear();
        self.entries.clear();
        if half_empty {
            self.release();
        }
    }

    /// Forgets the records and gives the memory back.
    pub(super) fn release(&mut self) {
        *self = Self::new(self.memory_bytes);
    }

    /// The record at a position, key and payload; `None` past the last.
    pub(super) fn record(&self, at: usize) -> Option<(&[u8], &[u8])> {
        self.entries.get(at).map(|entry| parts(&self.block, entry))
    }

    pub(super) fn records(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries.iter().map(|entry| parts(&self.block, entry))
    }
}

fn parts<'b>(block: &'b [u8], entry: &Entry) -> (&'b [u8], &'b [u8]) {
    let key_end = entry.offset + entry.key_len as usize;
    let end = key_end + entry.payload_len as usize;
    (&block[entry.offset..key_end], &block[key_end..end])
}

/// The capacity that is needed, doubled while it is small and then a step at a time.
fn grown(capacity: usize, needed: usize, step: usize) -> usize {
    if needed <= capacity { capacity } else { needed.max(capacity + capacity.min(step)) }
}

/// Lengths are written as 32 bits, which is more than a PostgreSQL or SQLite value can have.
pub(super) fn length(bytes: usize) -> io::Result<u32> {
    u32::try_from(bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))
}

/// A number that sorts as the record does, as far as it goes: of two records the one with the
/// smaller prefix is the smaller; equal prefixes decide nothing.
///
/// The first bit says whether there is a key, since an empty key comes before any other; the rest
/// are the first bits of the key, or of the payload where the payload alone is sorted by.
pub(super) fn prefix(key: &[u8], payload: &[u8]) -> u64 {
    if key.is_empty() { first_bytes(payload) >> 1 } else { 1 << 63 | first_bytes(key) >> 1 }
}

/// The first eight bytes as a number, most significant first; zeros where there are fewer.
fn first_bytes(bytes: &[u8]) -> u64 {
    let mut eight = [0; 8];
    let len = bytes.len().min(8);
    eight[..len].copy_from_slice(&bytes[..len]);
    u64::from_be_bytes(eight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_never_contradicts_the_order() {
        let samples: [&[u8]; 11] = [
            b"",
            b"\0",
            b"\0\0",
            b"a",
            b"a\0",
            b"a\x01",
            b"ab",
            b"abcdefg",
            b"abcdefgh",
            b"abcdefgi",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ];
        let records: Vec<_> =
            samples.iter().flat_map(|key| samples.iter().map(move |line| (*key, *line))).collect();
        for a in &records {
            for b in &records {
                if prefix(a.0, a.1) < prefix(b.0, b.1) {
                    assert!(a < b, "{a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn the_bound_holds_whatever_the_records() {
        for (key_len, payload_len) in [(0, 0), (8, 1), (8, 200), (100, 5000)] {
            let bound = 1 << 20;
            let mut buffer = Buffer::new(bound);
            let record = (vec![7; key_len], vec![7; payload_len]);
            let mut count = 0;
            while buffer.push(&record.0, &record.1).unwrap() {
                count += 1;
            }
            let size = size_of::<Entry>();
            assert!(buffer.block.capacity() + buffer.entries.capacity() * size <= bound);
            // At most a step of each vector goes unused.
            let used = count * (key_len + payload_len + size);
            assert!(used * STEPS >= bound * (STEPS - 3), "{used} for {key_len} + {payload_len}");
        }
    }

    #[test]
    fn smaller_records_find_room_after_larger_ones() {
        let filled = |buffer: &mut Buffer, payload: &[u8]| {
            buffer.clear();
            let mut count = 0_usize;
            while buffer.push(b"", payload).unwrap() {
                count += 1;
            }
            count
        };
        let mut fresh = Buffer::new(1 << 20);
        let expected = filled(&mut fresh, b"");
        let mut buffer = Buffer::new(1 << 20);
        assert!(filled(&mut buffer, &[0; 5000]) > 100);
        // The index is too small at first, so this run is short; the next one is not.
        filled(&mut buffer, b"");
        assert_eq!(filled(&mut buffer, b""), expected);
    }

    #[test]
    fn sizes_change_half_way() {
        let mut buffer = Buffer::new(1 << 16);
        for len in (0..1000).rev() {
            if !buffer.push(b"k", &vec![0; len]).unwrap() {
                break;
            }
        }
        buffer.sort();
        let lengths: Vec<usize> = buffer.records().map(|(_, payload)| payload.len()).collect();
        assert!(lengths.is_sorted() && lengths.len() > 50);
        assert_eq!(buffer.record(lengths.len()), None);
    }
}
