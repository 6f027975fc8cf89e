//! The long lists of a package, read side by side: each is ordered by stored path.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use handover_schemas::digest::Digest;
use handover_schemas::package::bag::parse_manifest_line;
use handover_schemas::package::contents::{Entry, FileEntry};
use handover_schemas::package::manifest::Listing;
use handover_schemas::package::report::{PackageFinding, PackageFindingKind as Kind};
use sha2::{Digest as _, Sha256};

use super::lines::{Line, Lines};

/// Damaged lines of one list that are told. After so many nobody reads on: they say no more than the
/// first, and there may be millions of them.
const DAMAGED_LINES_MAX: u32 = 1000;

/// Says that a list is not read further.
fn not_read_further(file: &str) -> PackageFinding {
    let message = format!("{file} has {DAMAGED_LINES_MAX} damaged lines; the rest is not read");
    PackageFinding::of(file, Kind::TagFileMalformed, message)
}

/// A payload manifest: digest and path on each line, ordered by path.
pub(super) struct ManifestList {
    name: &'static str,
    digits: usize,
    lines: Lines<Box<dyn BufRead>>,
    /// The next line's digest and path.
    pub(super) next: Option<(String, String)>,
    last: String,
    damaged: u32,
}

impl ManifestList {
    /// Begins to read; `digits` is the length of a digest.
    pub(super) fn new(
        name: &'static str,
        digits: usize,
        reader: Box<dyn BufRead>,
        findings: &mut Vec<PackageFinding>,
    ) -> io::Result<Self> {
        let lines = Lines::new(reader);
        let mut list = Self { name, digits, lines, next: None, last: String::new(), damaged: 0 };
        list.advance(findings)?;
        Ok(list)
    }

    /// Goes to the next line that is in form and order; the others are findings.
    pub(super) fn advance(&mut self, findings: &mut Vec<PackageFinding>) -> io::Result<()> {
        self.next = None;
        while self.damaged < DAMAGED_LINES_MAX {
            let Some(line) = self.lines.next_line()? else { break };
            let (number, parsed) = match line {
                Line::Whole(number, line) => (number, parse_manifest_line(line, self.digits).ok()),
                Line::Broken(number) => (number, None),
            };
            let parsed = parsed.filter(|(_, path)| {
                path.starts_with("data/") && path.as_bytes() > self.last.as_bytes()
            });
            if let Some((digest, path)) = parsed {
                path.clone_into(&mut self.last);
                self.next = Some((digest.to_owned(), path.to_owned()));
                return Ok(());
            }
            let message = format!(
                "{} is damaged at line {number}: it is not in the form or order of this profile",
                self.name
            );
            findings.push(PackageFinding::of(self.name, Kind::TagFileMalformed, message));
            self.damaged += 1;
            if self.damaged == DAMAGED_LINES_MAX {
                findings.push(not_read_further(self.name));
            }
        }
        Ok(())
    }
}

/// What a listing turned out to hold.
#[derive(Clone, Copy, Default)]
struct Seen {
    lines: u64,
    bytes: u64,
}

/// A file of lines that `package.json` counts: hashed while it is read.
pub(super) struct CountedLines {
    listing: Listing,
    lines: Lines<Box<dyn BufRead>>,
    seen: Seen,
    sha256: Sha256,
    damaged: u32,
}

impl CountedLines {
    /// Reads no further than the size that `package.json` states, whatever there is to unpack.
    pub(super) fn new(listing: &Listing, reader: Box<dyn BufRead>) -> Self {
        let reader: Box<dyn BufRead> = Box::new(reader.take(listing.bytes.saturating_add(1)));
        Self {
            listing: listing.clone(),
            lines: Lines::new(reader),
            seen: Seen::default(),
            sha256: Sha256::new(),
            damaged: 0,
        }
    }

    /// The next line, with its number; broken ones are findings, and so is a file that cannot be
    /// decoded. Ends once there are more bytes than `package.json` says.
    pub(super) fn next_line(
        &mut self,
        findings: &mut Vec<PackageFinding>,
    ) -> Option<(u64, Vec<u8>)> {
        while self.seen.bytes <= self.listing.bytes {
            let line = match self.lines.next_line() {
                Ok(line) => line?,
                Err(error) => {
                    findings.push(undecodable(&self.listing.stored, &error));
                    self.seen.bytes = u64::MAX;
                    return None;
                }
            };
            self.seen.lines += 1;
            match line {
                Line::Whole(number, line) => {
                    self.seen.bytes += line.len() as u64 + 1;
                    self.sha256.update(line);
                    self.sha256.update(b"\n");
                    return Some((number, line.to_owned()));
                }
                Line::Broken(number) => {
                    findings.push(malformed(&self.listing.stored, number, "it has no end"));
                    self.seen.bytes = u64::MAX;
                }
            }
        }
        None
    }

    /// Notes a damaged line; after too many nothing more is read.
    pub(super) fn damaged_line(
        &mut self,
        number: u64,
        problem: &str,
        findings: &mut Vec<PackageFinding>,
    ) {
        findings.push(malformed(&self.listing.stored, number, problem));
        self.damaged += 1;
        if self.damaged == DAMAGED_LINES_MAX {
            findings.push(not_read_further(&self.listing.stored));
            self.seen.bytes = u64::MAX;
        }
    }

    /// Whether it held what `package.json` says.
    pub(super) fn finish(self, findings: &mut Vec<PackageFinding>) {
        let Self { listing, seen, sha256, .. } = self;
        let digest = Digest::from_bytes(sha256.finalize().into());
        if digest != listing.sha256 || seen.lines != listing.lines || seen.bytes != listing.bytes {
            findings.push(PackageFinding::of(
                &listing.stored,
                Kind::ContentDiffers,
                format!("{} is not the list that package.json describes", listing.stored),
            ));
        }
    }
}

/// A finding about one line of a listing.
fn malformed(file: &str, number: u64, problem: &str) -> PackageFinding {
    let message = format!("{file} is damaged at line {number}: {problem}");
    PackageFinding::of(file, Kind::TagFileMalformed, message)
}

/// A finding about a listing that could not be read to its end: by a decoder, or from the disk.
fn undecodable(file: &str, error: &io::Error) -> PackageFinding {
    let kind = match error.raw_os_error() {
        Some(_of_the_disk) => Kind::FileUnreadable,
        None => Kind::ContentDiffers,
    };
    PackageFinding::of(file, kind, format!("{file} cannot be read to its end: {error}"))
}

/// What a deliverable of `contents.jsonl` adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) directories: u64,
    pub(super) symlinks: u64,
    pub(super) not_stored: u64,
}

/// `contents.jsonl`: files by stored path, then everything else.
pub(super) struct ContentsList {
    lines: CountedLines,
    last: Option<Entry>,
    /// The next file.
    pub(super) next: Option<FileEntry>,
    /// By deliverable.
    pub(super) sums: BTreeMap<String, Sums>,
}

impl ContentsList {
    pub(super) fn new(lines: CountedLines, findings: &mut Vec<PackageFinding>) -> Self {
        let sums = BTreeMap::new();
        let mut list = Self { lines, last: None, next: None, sums };
        list.advance(findings);
        list
    }

    /// Goes to the next file.
    pub(super) fn advance(&mut self, findings: &mut Vec<PackageFinding>) {
        self.next = None;
        while let Some((number, line)) = self.lines.next_line(findings) {
            let entry = match Entry::parse(&line) {
                Ok(entry) => entry,
                Err(_details_may_quote_names) => {
                    let problem = "it is not an entry as it is written";
                    self.lines.damaged_line(number, problem, findings);
                    continue;
                }
            };
            if entry.name().leads_out() {
                let problem = "its name leads out of the package";
                self.lines.damaged_line(number, problem, findings);
            }
            if self.last.as_ref().is_some_and(|last| last.order(&entry).is_ge()) {
                self.lines.damaged_line(number, "it is out of order", findings);
                continue;
            }
            self.count(&entry);
            self.last = Some(entry.clone());
            if let Entry::File(file) = entry {
                self.next = Some(file);
                return;
            }
        }
    }

    fn count(&mut self, entry: &Entry) {
        let (Entry::File(FileEntry { deliverable, .. })
        | Entry::Directory { deliverable, .. }
        | Entry::Symlink { deliverable, .. }
        | Entry::NotStored { deliverable, .. }) = entry;
        let sums = self.sums.entry(deliverable.clone()).or_default();
        match entry {
            Entry::File(file) => {
                sums.files += 1;
                sums.bytes = sums.bytes.saturating_add(file.size);
            }
            Entry::Directory { .. } => sums.directories += 1,
            Entry::Symlink { .. } => sums.symlinks += 1,
            Entry::NotStored { .. } => sums.not_stored += 1,
        }
    }

    /// Ends the list; gives its sums.
    pub(super) fn finish(self, findings: &mut Vec<PackageFinding>) -> BTreeMap<String, Sums> {
        self.lines.finish(findings);
        self.sums
    }
}
