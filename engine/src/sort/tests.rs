//! The sorter as a whole, against a plain sort and against `sort(1)`.

use std::io::{Seek, Write};
use std::process::{Command, Stdio};

use super::*;

type Record = (Vec<u8>, Vec<u8>);

/// SplitMix64 (Steele, Lea and Flood 2014): the same records on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    /// Few different bytes, so that there are common beginnings and duplicates.
    fn bytes(&mut self, len_max: usize, alphabet: &[u8]) -> Vec<u8> {
        let len = self.below(len_max + 1);
        (0..len).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }
}

fn sorter(memory_bytes: usize) -> (tempfile::TempDir, Sorter) {
    let dir = tempfile::tempdir().unwrap();
    let sorter = Sorter::new(dir.path(), memory_bytes);
    (dir, sorter)
}

fn drained(mut sorted: Sorted) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some((key, payload)) = sorted.next().unwrap() {
        records.push((key.to_vec(), payload.to_vec()));
    }
    assert!(sorted.next().unwrap().is_none());
    records
}

fn sorts_as_a_vector_does(records: &[Record], memory_bytes: usize) {
    let (_dir, mut sorter) = sorter(memory_bytes);
    for (key, payload) in records {
        sorter.push(key, payload).unwrap();
    }
    let mut expected = records.to_vec();
    expected.sort();
    assert!(drained(sorter.finish().unwrap()) == expected, "with {memory_bytes} bytes");
}

#[test]
fn nothing_gives_nothing() {
    for memory_bytes in [0, 1, 1 << 20] {
        sorts_as_a_vector_does(&[], memory_bytes);
        sorts_as_a_vector_does(&[(vec![], vec![])], memory_bytes);
    }
}

#[test]
fn any_memory_gives_the_same_order() {
    let mut random = Random(1);
    let alphabet = b"\0\x01\x02\tab\xc3\xff";
    let records: Vec<Record> =
        (0..5000).map(|_| (random.bytes(10, alphabet), random.bytes(12, alphabet))).collect();
    for memory_bytes in [1000, 10_000, 100_000, 10_000_000] {
        sorts_as_a_vector_does(&records, memory_bytes);
    }
    // Every record a run of its own, and two merged at a time.
    for memory_bytes in [0, 30] {
        sorts_as_a_vector_does(&records[..500], memory_bytes);
    }
}

#[test]
fn records_larger_than_the_memory() {
    let mut random = Random(2);
    let records: Vec<Record> = (0..400)
        .map(|_| {
            let len_max = if random.below(20) == 0 { 200_000 } else { 100 };
            (random.bytes(3, b"ab"), random.bytes(len_max, b"ab"))
        })
        .collect();
    sorts_as_a_vector_does(&records, 20_000);
}

#[test]
fn one_record_of_a_hundred_megabytes() {
    let (_dir, mut sorter) = sorter(1 << 20);
    let huge = vec![b'x'; 100_000_000];
    sorter.push(b"2", &huge).unwrap();
    sorter.push(b"1", b"small").unwrap();
    let mut sorted = sorter.finish().unwrap();
    assert_eq!(sorted.next().unwrap(), Some((b"1".as_slice(), b"small".as_slice())));
    assert!(sorted.next().unwrap() == Some((b"2".as_slice(), &huge)));
    assert_eq!(sorted.next().unwrap(), None);
}

#[test]
fn more_runs_than_can_be_merged_at_once() {
    // 180,000 records of 32 bytes, index included, in more than 64 × 64 runs.
    let (dir, mut sorter) = sorter(1200);
    let count: u64 = 180_000;
    let mut merges = 0;
    for i in 0..count {
        let runs = sorter.runs.len();
        // An odd factor permutes the numbers below a power of two; the rest is left out.
        let key = i.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        sorter.push(&key, &[]).unwrap();
        merges += u64::from(sorter.runs.len() < runs);
        assert!(sorter.runs.len() < OPEN_RUNS_MAX);
    }
    // Each merge takes in 64 runs, so runs that were merged have been merged again.
    assert!(merges > 64, "{merges} merges");
    let names_left = std::fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(names_left, 0, "a run can be found by name");

    let mut sorted = sorter.finish().unwrap();
    let (mut last, mut seen) = (Vec::new(), 0);
    while let Some((key, _)) = sorted.next().unwrap() {
        assert!(seen == 0 || last.as_slice() < key);
        last.clear();
        last.extend_from_slice(key);
        seen += 1;
    }
    assert_eq!(seen, count);
}

#[test]
fn lines_come_as_sort_gives_them() {
    let mut random = Random(3);
    // Every byte a line can hold that is near LF or TAB in value, and some text.
    let alphabet = b"\0\x01\x02\x08\t\x0b\x0c\r\x1f ab\\\x7f\xc3\xbd\xff";
    let mut lines: Vec<Vec<u8>> = (0..20_000).map(|_| random.bytes(20, alphabet)).collect();
    lines.extend([b"a".to_vec(), b"a\tb".to_vec(), b"a\x01".to_vec(), b"".to_vec()]);

    let (_dir, mut sorter) = sorter(50_000);
    for line in &lines {
        sorter.push(b"", line).unwrap();
    }
    let mut ours = Vec::new();
    let mut sorted = sorter.finish().unwrap();
    while let Some((_, line)) = sorted.next().unwrap() {
        ours.extend_from_slice(line);
        ours.push(b'\n');
    }

    let mut text = lines.join(&b'\n');
    text.push(b'\n');
    assert!(ours == sort1(&text), "not the order of sort(1)");
}

/// What `LC_ALL=C sort` makes of a text.
fn sort1(text: &[u8]) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text).unwrap();
    file.rewind().unwrap();
    let output = Command::new("sort")
        .env("LC_ALL", "C")
        .stdin(Stdio::from(file))
        .output()
        .expect("sort(1) is part of coreutils");
    assert!(output.status.success());
    output.stdout
}

#[test]
fn a_directory_that_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut sorter = Sorter::new(&dir.path().join("missing"), 100);
    // It is not needed as long as everything fits into memory.
    sorter.push(b"k", b"small").unwrap();
    let error = sorter.push(b"k", &[0; 1000]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}
