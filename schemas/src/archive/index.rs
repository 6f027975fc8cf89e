//! The index of an archive: which rows have a tag, in shards small enough that one search reads
//! one of them.
//!
//! An entry is 24 bytes, and entries are sorted as bytes, none twice:
//!
//! ```text
//! tag      16 bytes
//! table    u16 big-endian: number of the table in the archive
//! chunk    u32 big-endian: number of the table's chunk, from 1
//! row      u16 big-endian: row within the chunk, from 0
//! ```
//!
//! A **shard** holds the entries whose tags begin with the same bits, 0 to 16 of them: as many as it
//! takes for shards of 8,192 entries on average. It is stored in **parts** of at most 10,922
//! entries (256 KiB), all full but the last; a shard without entries has no file. A part's name is
//! the shard's bits as hexadecimal digits (as many as hold them, one for no bits), `-`, and the
//! part's number from 0 in five digits: `index/0a3f-00000`. With 10 bits, the first digit
//! holds two of them.

use std::fmt;

use super::search::{TAG_LEN, Tag};

/// Folder of the index.
pub const INDEX_DIR: &str = "index";

/// Bytes of an entry.
pub const ENTRY_LEN: usize = 24;

/// Most entries in a file: 256 KiB.
pub const PART_ENTRIES: usize = 256 * 1024 / ENTRY_LEN;

/// Entries that a shard has on average, at most.
const SHARD_ENTRIES: u64 = 8192;

/// Most bits that tell shards apart.
pub const SHARD_BITS_MAX: u8 = 16;

/// Where a row lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Number of the table in the archive.
    pub table: u16,
    /// Number of the table's chunk, from 1.
    pub chunk: u32,
    /// Row within the chunk, from 0.
    pub row: u16,
}

/// One entry of the index. The order of entries is that of their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// What is searched by.
    pub tag: Tag,
    /// The row that has it.
    pub location: Location,
}

impl Entry {
    /// The bytes of the entry.
    pub fn to_bytes(self) -> [u8; ENTRY_LEN] {
        let Location { table, chunk, row } = self.location;
        let ([t0, t1], [c0, c1, c2, c3], [r0, r1]) =
            (table.to_be_bytes(), chunk.to_be_bytes(), row.to_be_bytes());
        let mut bytes = [0; ENTRY_LEN];
        let location = [t0, t1, c0, c1, c2, c3, r0, r1];
        for (to, from) in bytes.iter_mut().zip(self.tag.0.into_iter().chain(location)) {
            *to = from;
        }
        bytes
    }

    /// The entry with these bytes.
    pub fn from_bytes(bytes: &[u8; ENTRY_LEN]) -> Self {
        let (tag, [t0, t1, c0, c1, c2, c3, r0, r1]) = halves(bytes);
        let location = Location {
            table: u16::from_be_bytes([t0, t1]),
            chunk: u32::from_be_bytes([c0, c1, c2, c3]),
            row: u16::from_be_bytes([r0, r1]),
        };
        Self { tag, location }
    }
}

/// Tag and location of an entry.
fn halves(bytes: &[u8; ENTRY_LEN]) -> (Tag, [u8; ENTRY_LEN - TAG_LEN]) {
    let (mut tag, mut location) = ([0; TAG_LEN], [0; ENTRY_LEN - TAG_LEN]);
    for (to, from) in tag.iter_mut().chain(&mut location).zip(bytes) {
        *to = *from;
    }
    (Tag(tag), location)
}

/// How many bits tell the shards of an index with so many entries apart: the fewest with which
/// shards have 8,192 entries on average or less; never more than 16.
pub fn shard_bits_for(entries: u64) -> u8 {
    let enough = |bits: &u8| entries <= SHARD_ENTRIES << bits;
    (0..SHARD_BITS_MAX).find(enough).unwrap_or(SHARD_BITS_MAX)
}

/// The name of a file of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardName {
    bits: u8,
    shard: u16,
    part: u16,
}

impl ShardName {
    /// The first part of the shard that holds a tag. More than 16 bits are taken for 16.
    pub fn of(tag: Tag, bits: u8) -> Self {
        let bits = bits.min(SHARD_BITS_MAX);
        let [first, second, ..] = tag.0;
        let start = u16::from_be_bytes([first, second]);
        // Shifting by all 16 bits leaves the one shard there is then.
        let shard = start.checked_shr(u32::from(SHARD_BITS_MAX - bits)).unwrap_or(0);
        Self { bits, shard, part: 0 }
    }

    /// The part behind this one, unless its number would have more than 16 bits.
    pub fn next_part(self) -> Option<Self> {
        Some(Self { part: self.part.checked_add(1)?, ..self })
    }

    /// The number of the part, from 0.
    pub fn part(self) -> u16 {
        self.part
    }

    fn holds(self, tag: Tag) -> bool {
        Self::of(tag, self.bits).shard == self.shard
    }
}

/// The path below the payload, `index/0a3f-00000`.
impl fmt::Display for ShardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.bits.div_ceil(4).max(1));
        write!(f, "{INDEX_DIR}/{:0digits$x}-{:05}", self.shard, self.part)
    }
}

/// Says into which file each entry goes, while they come in their order.
#[derive(Clone, Debug)]
pub struct ShardSplit {
    bits: u8,
    last: Option<(Entry, ShardName, usize)>,
}

/// Entries cannot be written as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// An entry is not behind the one before it.
    #[error("entries of the index did not come in their order, or one came twice")]
    Order,
    /// A shard has more parts than can be numbered.
    #[error("too many rows have the same tag: a shard of the index has more than 65,536 parts")]
    TooManyParts,
}

impl ShardSplit {
    /// For an index with so many bits (see [`shard_bits_for`]).
    pub fn new(bits: u8) -> Self {
        Self { bits, last: None }
    }

    /// The file of the next entry. Entries have to come sorted, none twice.
    pub fn place(&mut self, entry: Entry) -> Result<ShardName, NotWritten> {
        let first = ShardName::of(entry.tag, self.bits);
        let (name, count) = match self.last {
            Some((last, ..)) if last >= entry => return Err(NotWritten::Order),
            Some((_, name, count)) if name.holds(entry.tag) => {
                if count < PART_ENTRIES {
                    (name, count + 1)
                } else {
                    (name.next_part().ok_or(NotWritten::TooManyParts)?, 1)
                }
            }
            _ => (first, 1),
        };
        self.last = Some((entry, name, count));
        Ok(name)
    }
}

/// A file of the index that is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamagedShard {
    /// Not whole entries, none, or too many.
    #[error("{name} has {bytes} bytes, which is not 1 to {PART_ENTRIES} entries of {ENTRY_LEN}")]
    Size {
        /// The file.
        name: ShardName,
        /// Its size.
        bytes: usize,
    },
    /// Entries are not sorted.
    #[error("{0}: entries are not in their order")]
    Order(ShardName),
    /// A tag of another shard.
    #[error("{0} has an entry of another shard")]
    Foreign(ShardName),
}

/// One file of the index, read and checked.
#[derive(Clone, Copy, Debug)]
pub struct ShardPart<'a> {
    entries: &'a [[u8; ENTRY_LEN]],
}

impl<'a> ShardPart<'a> {
    /// Takes the bytes of a file. They have to be 1 to 10,922 whole entries of this shard, in their
    /// order.
    pub fn read(name: ShardName, bytes: &'a [u8]) -> Result<Self, DamagedShard> {
        let (entries, rest) = bytes.as_chunks::<ENTRY_LEN>();
        if !rest.is_empty() || !(1..=PART_ENTRIES).contains(&entries.len()) {
            return Err(DamagedShard::Size { name, bytes: bytes.len() });
        }
        if !entries.is_sorted_by(|one, next| one < next) {
            return Err(DamagedShard::Order(name));
        }
        let ends = [entries.first(), entries.last()];
        if !ends.into_iter().flatten().all(|entry| name.holds(halves(entry).0)) {
            return Err(DamagedShard::Foreign(name));
        }
        Ok(Self { entries })
    }

    /// Where the rows with this tag lie, as far as this part knows; in order.
    pub fn find(self, tag: Tag) -> impl Iterator<Item = Location> + 'a {
        let start = self.entries.partition_point(|entry| halves(entry).0 < tag);
        let behind = self.entries.iter().skip(start).map(Entry::from_bytes);
        behind.take_while(move |entry| entry.tag == tag).map(|entry| entry.location)
    }

    /// Whether the next part of the shard, if there is one, may have rows with this tag.
    pub fn may_go_on(self, tag: Tag) -> bool {
        self.entries.last().is_some_and(|entry| halves(entry).0 <= tag)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn tag(start: u16, rest: u8) -> Tag {
        let mut bytes = [rest; TAG_LEN];
        bytes[..2].copy_from_slice(&start.to_be_bytes());
        Tag(bytes)
    }

    fn entry(tag: Tag, row: u32) -> Entry {
        let row_in_chunk = u16::try_from(row % 4096).unwrap();
        Entry { tag, location: Location { table: 1, chunk: row / 4096 + 1, row: row_in_chunk } }
    }

    /// The files of an index.
    fn files(mut entries: Vec<Entry>, bits: u8) -> BTreeMap<String, (ShardName, Vec<u8>)> {
        entries.sort_unstable();
        let mut split = ShardSplit::new(bits);
        let mut files = BTreeMap::new();
        for entry in entries {
            let name = split.place(entry).unwrap();
            let (_, bytes) = files.entry(name.to_string()).or_insert((name, Vec::new()));
            bytes.extend(entry.to_bytes());
        }
        files
    }

    /// As somebody searches who has the files.
    fn search(files: &BTreeMap<String, (ShardName, Vec<u8>)>, tag: Tag, bits: u8) -> Vec<Location> {
        let mut found = Vec::new();
        let mut name = Some(ShardName::of(tag, bits));
        while let Some((present, bytes)) = name.and_then(|name| files.get(&name.to_string())) {
            let part = ShardPart::read(*present, bytes).unwrap();
            found.extend(part.find(tag));
            name = if part.may_go_on(tag) { present.next_part() } else { None };
        }
        found
    }

    #[test]
    fn an_entry_is_24_bytes_as_written_down() {
        let location = Location { table: 0x0102, chunk: 0x0304_0506, row: 0x0708 };
        let entry = Entry { tag: Tag([0xaa; 16]), location };
        let bytes = entry.to_bytes();
        assert_eq!(bytes[..16], [0xaa; 16]);
        assert_eq!(bytes[16..], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(Entry::from_bytes(&bytes), entry);
    }

    #[test]
    fn shards_have_8192_entries_on_average() {
        let expected = [
            (0, 0),
            (8192, 0),
            (8193, 1),
            (16_384, 1),
            (16_385, 2),
            (10_000_000, 11),
            (8192 << 16, 16),
            (u64::MAX, 16),
        ];
        for (entries, bits) in expected {
            assert_eq!(shard_bits_for(entries), bits, "{entries}");
        }
    }

    #[test]
    fn names_tell_the_bits() {
        let tag = tag(0x0a3f, 0);
        let expected = [
            (0, "index/0-00000"),
            (1, "index/0-00000"),
            (4, "index/0-00000"),
            (6, "index/02-00000"),
            (8, "index/0a-00000"),
            (10, "index/028-00000"),
            (16, "index/0a3f-00000"),
        ];
        for (bits, name) in expected {
            assert_eq!(ShardName::of(tag, bits).to_string(), name, "{bits}");
        }
        let name = ShardName::of(tag, 16).next_part().unwrap();
        assert_eq!((name.to_string().as_str(), name.part()), ("index/0a3f-00001", 1));
    }

    #[test]
    fn a_tag_that_runs_over_into_the_next_part_is_found_whole() {
        let (before, many, behind) = (tag(0x0a00, 1), tag(0x0a00, 2), tag(0x0a00, 3));
        let mut entries: Vec<Entry> = (0..25_000).map(|row| entry(many, row)).collect();
        entries.extend([entry(before, 30_000), entry(behind, 30_001), entry(tag(0x0b00, 0), 9)]);
        let files = files(entries, 8);
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["index/0a-00000", "index/0a-00001", "index/0a-00002", "index/0b-00000"]);
        let sizes: Vec<usize> = files.values().map(|(_, bytes)| bytes.len() / ENTRY_LEN).collect();
        assert_eq!(sizes, [PART_ENTRIES, PART_ENTRIES, 25_002 - 2 * PART_ENTRIES, 1]);
        let rows: Vec<Location> = (0..25_000).map(|row| entry(many, row).location).collect();
        assert_eq!(search(&files, many, 8), rows);
        assert_eq!(search(&files, before, 8), [entry(before, 30_000).location]);
        assert_eq!(search(&files, behind, 8), [entry(behind, 30_001).location]);
        assert_eq!(search(&files, tag(0x0a00, 4), 8), []);
        assert_eq!(search(&files, tag(0x0c00, 4), 8), []);
    }

    #[test]
    fn a_tag_that_begins_with_the_next_part_is_found() {
        let (many, next) = (tag(0, 1), tag(0, 2));
        let full = u32::try_from(PART_ENTRIES).unwrap();
        let mut entries: Vec<Entry> = (0..full).map(|row| entry(many, row)).collect();
        entries.push(entry(next, 0));
        let files = files(entries, 0);
        assert_eq!(files.len(), 2);
        assert_eq!(search(&files, next, 0), [entry(next, 0).location]);
        assert_eq!(search(&files, many, 0).len(), PART_ENTRIES);
    }

    #[test]
    fn damaged_files_are_refused() {
        let name = ShardName::of(tag(0x0a00, 0), 8);
        let one = entry(tag(0x0a00, 1), 0).to_bytes();
        let two = entry(tag(0x0a00, 1), 1).to_bytes();
        let foreign = entry(tag(0x0b00, 1), 1).to_bytes();
        let read = |bytes: &[u8]| ShardPart::read(name, bytes).map(|part| part.entries.len());
        assert_eq!(read(&[one, two].concat()), Ok(2));
        for bytes in [0, 1, 23, 25, (PART_ENTRIES + 1) * ENTRY_LEN] {
            assert_eq!(read(&vec![0x0a; bytes]), Err(DamagedShard::Size { name, bytes }));
        }
        assert_eq!(read(&[two, one].concat()), Err(DamagedShard::Order(name)));
        assert_eq!(read(&[one, one].concat()), Err(DamagedShard::Order(name)));
        assert_eq!(read(&[one, foreign].concat()), Err(DamagedShard::Foreign(name)));
        let mut split = ShardSplit::new(8);
        split.place(Entry::from_bytes(&two)).unwrap();
        assert_eq!(split.place(Entry::from_bytes(&one)), Err(NotWritten::Order));
    }

    proptest! {
        /// Few tags, so that some have many rows, over any number of bits.
        #[test]
        fn every_row_is_found_by_its_tag(
            rows in prop::collection::vec((0..40_u16, 0..3_u8), 0..300),
            bits in 0..=16_u8,
        ) {
            let mut expected: BTreeMap<Tag, Vec<Location>> = BTreeMap::new();
            let mut entries = Vec::new();
            for (row, (start, rest)) in (0..).zip(rows) {
                let entry = entry(tag(start << 10 | start, rest), row);
                expected.entry(entry.tag).or_default().push(entry.location);
                entries.push(entry);
            }
            let files = files(entries, bits);
            for (tag, locations) in expected {
                prop_assert_eq!(search(&files, tag, bits), locations);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..200), start: u16, bits in 0..=16_u8,
        ) {
            let wanted = tag(start, 0);
            if let Ok(part) = ShardPart::read(ShardName::of(wanted, bits), &bytes) {
                prop_assert!(part.find(wanted).count() <= bytes.len() / ENTRY_LEN);
            }
        }
    }
}
