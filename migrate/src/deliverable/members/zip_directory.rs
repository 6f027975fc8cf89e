//! The directory at the end of a zip file (PKWARE's APPNOTE.TXT, 4.3.12 to 4.3.16 and 4.5.3).
//!
//! Read entry by entry: the crate zip takes the whole of it into memory and keeps of members with
//! the same name only one.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use super::budget::Stop;

const END: &[u8] = b"PK\x05\x06";
const END_LEN: usize = 22;
const END64: &[u8] = b"PK\x06\x06";
const END64_LEN: u64 = 56;
const LOCATOR: &[u8] = b"PK\x06\x07";
const LOCATOR_LEN: u64 = 20;
const ENTRY: &[u8] = b"PK\x01\x02";
const MEMBER: &[u8] = b"PK\x03\x04";

/// Behind every place that a file has. The system takes places behind the largest number it knows
/// for errors of the reader; in an archive they are only wrong.
const NO_PLACE: u64 = 1 << 62;

/// A part of a file, read without moving the file's own place.
pub(super) struct Part<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl<'a> Part<'a> {
    pub(super) fn new(file: &'a File, at: u64, len: u64) -> Self {
        Self { file, at, end: at.saturating_add(len).min(NO_PLACE) }
    }
}

impl Read for Part<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.file.read_at(buffer.get_mut(..wanted).unwrap_or_default(), self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Where the directory is.
pub(super) struct Directory {
    /// Its place in the file.
    at: u64,
    len: u64,
    /// Entries, as the end says; without the zip64 end the remainder of 65,536.
    entries: u64,
    zip64: bool,
    /// What places of members count from: programs may stand before the archive.
    base: u64,
    /// The number of the last part, from 0.
    pub(super) disks: u64,
    /// Bytes behind its end and comment that are not only zeros.
    pub(super) behind: u64,
}

/// Whether the file is a zip: one that starts as zips do, or has a directory at its end.
pub(super) fn is_zip(file: &File, start: &[u8]) -> io::Result<bool> {
    if start.starts_with(MEMBER) {
        return Ok(true);
    }
    let Some(directory) = locate(file)? else { return Ok(false) };
    if directory.entries == 0 {
        return Ok(start.starts_with(END));
    }
    Ok(bytes_at(file, directory.at, 4)? == ENTRY)
}

/// How many files a zip was split into, of which this is the last; 1 if it was not.
pub fn parts(file: &File) -> io::Result<u64> {
    Ok(locate(file)?.map_or(1, |directory| directory.disks.saturating_add(1)))
}

/// Finds the directory. None if the end of the file is not that of a zip.
pub(super) fn locate(file: &File) -> io::Result<Option<Directory>> {
    locate_before(file, file.metadata()?.len())
}

/// The same of the part of the file before `end`. Behind the end of a zip there may be zeros, as
/// media of blocks leave them, and up to 64 KiB of something else.
pub(super) fn locate_before(file: &File, end: u64) -> io::Result<Option<Directory>> {
    // The last bytes of the end may be zeros themselves.
    let len = end_of_data(file, end)?.saturating_add(END_LEN as u64).min(end);
    // The end may have a comment of up to 65,535 bytes after it.
    let tail_at = len.saturating_sub(END_LEN as u64 + 0xffff);
    let tail = bytes_at(file, tail_at, len - tail_at)?;
    for found in memchr::memmem::rfind_iter(&tail, END) {
        let Some(end) = tail.get(found..).and_then(|end| end.split_at_checked(END_LEN)) else {
            continue;
        };
        let (end, rest) = end;
        let comment = usize::from(u16_at(end, 20));
        let Some(behind) = rest.get(comment..) else { continue };
        let Some(mut directory) = directory(file, tail_at + found as u64, end)? else { continue };
        let is_one = directory.entries == 0
            || directory.disks > 0
            || bytes_at(file, directory.at, 4)? == ENTRY;
        if is_one || behind.is_empty() {
            let zeros = behind.iter().rev().take_while(|byte| **byte == 0).count();
            directory.behind = (behind.len() - zeros) as u64;
            return Ok(Some(directory));
        }
    }
    Ok(None)
}

/// Where the zeros at the end begin.
fn end_of_data(file: &File, end: u64) -> io::Result<u64> {
    let mut end = end;
    while end > 0 {
        let at = end.saturating_sub(64 * 1024);
        let block = bytes_at(file, at, end - at)?;
        if let Some(last) = block.iter().rposition(|byte| *byte != 0) {
            return Ok(at + last as u64 + 1);
        }
        end = at;
    }
    Ok(0)
}

fn directory(file: &File, end_at: u64, end: &[u8]) -> io::Result<Option<Directory>> {
    let end64_at = end64(file, end_at)?;
    let (directory_end, entries, len, offset) = match end64_at {
        Some(at) => {
            let end = bytes_at(file, at, END64_LEN)?;
            (at, u64_at(&end, 32), u64_at(&end, 40), u64_at(&end, 48))
        }
        None => (
            end_at,
            u64::from(u16_at(end, 10)),
            u64::from(u32_at(end, 12)),
            u64::from(u32_at(end, 16)),
        ),
    };
    let at = directory_end.checked_sub(len);
    // 65,535 stands for a number in the zip64 end; so many parts are not made.
    let disks = u64::from(u16_at(end, 4)) % 0xffff;
    // In a split archive places count from the part that they are in.
    let offset = if disks > 0 { at.unwrap_or_default() } else { offset };
    let base = at.and_then(|at| at.checked_sub(offset));
    let zip64 = end64_at.is_some();
    Ok(at.zip(base).map(|(at, base)| Directory { at, len, entries, zip64, base, disks, behind: 0 }))
}

/// Where the zip64 end is, if there is one.
fn end64(file: &File, end_at: u64) -> io::Result<Option<u64>> {
    let Some(locator_at) = end_at.checked_sub(LOCATOR_LEN) else { return Ok(None) };
    let locator = bytes_at(file, locator_at, LOCATOR_LEN)?;
    if !locator.starts_with(LOCATOR) {
        return Ok(None);
    }
    // Right before the locator, unless it was extended; then where the locator says.
    let places = [locator_at.checked_sub(END64_LEN), Some(u64_at(&locator, 8))];
    for at in places.into_iter().flatten() {
        if bytes_at(file, at, END64_LEN)?.starts_with(END64) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// An entry of the directory.
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) size: u64,
    /// Type and permissions, if it was made on Unix.
    pub(super) unix_mode: Option<u32>,
    /// Where its own header is in the file.
    at: u64,
}

impl Directory {
    /// Where the first member begins, or the directory if there is none: what is before it belongs to
    /// something else.
    pub(super) fn start(&self, file: &File) -> Result<u64, Stop> {
        let mut start = self.at;
        self.entries(file, &mut |entry| {
            start = start.min(entry.at);
            Ok(())
        })?;
        Ok(start)
    }

    /// Calls `each` for every entry, in their order.
    pub(super) fn entries(
        &self,
        file: &File,
        each: &mut dyn FnMut(Entry) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let mut part = BufReader::new(Part::new(file, self.at, self.len));
        let mut count: u64 = 0;
        let mut read: u64 = 0;
        while read < self.len {
            let (entry, len) = entry(&mut part, self.base)?;
            count += 1;
            read += len;
            each(entry)?;
        }
        let told = if self.zip64 { count } else { count % 0x1_0000 };
        if told != self.entries {
            return Err(broken("its directory does not have as many entries as it says"));
        }
        Ok(())
    }
}

/// Reads one entry; gives its length, too.
fn entry(part: &mut dyn Read, base: u64) -> Result<(Entry, u64), Stop> {
    let mut fixed = [0; 46];
    part.read_exact(&mut fixed)?;
    if !fixed.starts_with(ENTRY) {
        return Err(broken("its directory is damaged"));
    }
    let mut name = vec![0; usize::from(u16_at(&fixed, 28))];
    let mut extra = vec![0; usize::from(u16_at(&fixed, 30))];
    let mut comment = vec![0; usize::from(u16_at(&fixed, 32))];
    part.read_exact(&mut name)?;
    part.read_exact(&mut extra)?;
    part.read_exact(&mut comment)?;
    let len = (fixed.len() + name.len() + extra.len() + comment.len()) as u64;
    // Sizes that do not fit are in the extra field, in this order.
    let mut wide = zip64_extra(&extra);
    let mut field = |at| match u32_at(&fixed, at) {
        u32::MAX => wide.next().ok_or_else(|| broken("a large member has no size")),
        small => Ok(u64::from(small)),
    };
    let (size, compressed, offset) = (field(24)?, field(20)?, field(42)?);
    let made_on = fixed.get(5).copied().unwrap_or_default();
    let entry = Entry {
        name,
        flags: u16_at(&fixed, 8),
        method: u16_at(&fixed, 10),
        crc: u32_at(&fixed, 16),
        compressed,
        size,
        // Unix and Darwin.
        unix_mode: matches!(made_on, 3 | 19).then(|| u32_at(&fixed, 38) >> 16),
        at: base.saturating_add(offset),
    };
    Ok((entry, len))
}

/// The numbers of the zip64 extra field.
fn zip64_extra(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut numbers = Vec::new();
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let Some((body, rest)) = rest.split_at_checked(usize::from(u16_at(head, 2))) else { break };
        if u16_at(head, 0) == 1 {
            numbers = body.as_chunks::<8>().0.iter().map(|one| u64::from_le_bytes(*one)).collect();
            break;
        }
        extra = rest;
    }
    numbers.into_iter()
}

impl Entry {
    /// The member's bytes as they are stored.
    pub(super) fn stored<'a>(&self, file: &'a File) -> Result<Part<'a>, Stop> {
        let head = bytes_at(file, self.at, 30)?;
        if !head.starts_with(MEMBER) || head.len() < 30 {
            return Err(broken("its directory names a member where there is none"));
        }
        let names = u64::from(u16_at(&head, 26)) + u64::from(u16_at(&head, 28));
        Ok(Part::new(file, self.at.saturating_add(30 + names), self.compressed))
    }
}

/// Up to `len` bytes at a place.
pub(super) fn bytes_at(file: &File, at: u64, len: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Part::new(file, at, len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

// Numbers are little-endian; what is not there counts as zero, and the caller's checks fail.

pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|from| from.first_chunk()).map_or(0, |two| u16::from_le_bytes(*two))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|from| from.first_chunk()).map_or(0, |four| u32::from_le_bytes(*four))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|from| from.first_chunk()).map_or(0, |all| u64::from_le_bytes(*all))
}

pub(super) fn broken(reason: &str) -> Stop {
    Stop::Broken(reason.to_owned())
}
