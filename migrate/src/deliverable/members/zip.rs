//! Members of a zip file.

use std::fs::File;
use std::io::{BufReader, Read};

use bzip2::bufread::BzDecoder;
use flate2::CrcReader;
use flate2::bufread::DeflateDecoder;

use super::budget::{Budget, Each, Stop, not_looked_into};
use super::zip_directory::{self, Directory, Entry, Part, broken};
use super::{Condition, Member, MemberKind, Seen};

/// Longest target of a symbolic link that is read; Linux knows none longer.
const TARGET: u64 = 4096;

/// Most archives one after another in one file.
const JOINED: usize = 100;

/// Tells the members of the file: of the archive at its end, and of those before it.
pub(super) fn list(file: &File, budget: &mut Budget<'_>, each: Each<'_>) -> Result<(), Stop> {
    let directory = zip_directory::locate(file)?
        .ok_or_else(|| broken("it has no directory at its end, so it may have been cut off"))?;
    if directory.disks > 0 {
        let parts = directory.disks + 1;
        let what = format!("the last of {parts} parts of a zip; join them with zip -s 0 --out");
        return not_looked_into(each, what);
    }
    if directory.behind > 0 {
        not_looked_into(each, format!("{} bytes behind its end", directory.behind))?;
    }
    let (archives, before) = joined(file, directory)?;
    if archives.len() > 1 {
        let what =
            format!("{} zips one after another; most programs show the last", archives.len());
        each(Seen::Remark { condition: Condition::Joined, what })?;
    }
    if before > 0 && !begins_as_program(file)? {
        not_looked_into(each, format!("{before} bytes before its first member"))?;
    }
    let mut unread = Unread::default();
    for directory in archives.iter().rev() {
        directory.entries(file, &mut |entry| member(file, &entry, budget, &mut unread, each))?;
    }
    unread.tell(each)
}

/// The archives of the file, the last one first, and how many bytes are before them all.
fn joined(file: &File, last: Directory) -> Result<(Vec<Directory>, u64), Stop> {
    let mut start = last.start(file)?;
    let mut archives = vec![last];
    while start > 0 && archives.len() < JOINED {
        let Some(earlier) = zip_directory::locate_before(file, start)? else { break };
        let begins = earlier.start(file)?;
        if begins >= start || earlier.disks > 0 || earlier.behind > 0 {
            break;
        }
        archives.push(earlier);
        start = begins;
    }
    Ok((archives, start))
}

/// A program that unpacks what is behind it: of Windows, of Linux, a script.
fn begins_as_program(file: &File) -> Result<bool, Stop> {
    let start = zip_directory::bytes_at(file, 0, 4)?;
    Ok([&b"MZ"[..], b"\x7fELF", b"#!"].iter().any(|known| start.starts_with(known)))
}

/// Members that were not read.
#[derive(Default)]
struct Unread {
    encrypted: u64,
    others: u64,
}

impl Unread {
    fn tell(&self, each: Each<'_>) -> Result<(), Stop> {
        if self.encrypted > 0 {
            let what = format!("{} members take a password", self.encrypted);
            each(Seen::Remark { condition: Condition::Encrypted, what })?;
        }
        if self.others > 0 {
            let what = format!("{} members, compressed in a way that is not read", self.others);
            not_looked_into(each, what)?;
        }
        Ok(())
    }
}

fn member(
    file: &File,
    entry: &Entry,
    budget: &mut Budget<'_>,
    unread: &mut Unread,
    each: Each<'_>,
) -> Result<(), Stop> {
    let mut member = Member {
        name: entry.name.clone(),
        kind: kind(entry),
        size: entry.size,
        sha256: None,
        unread: None,
        target: None,
    };
    match member.kind {
        MemberKind::File | MemberKind::Symlink => match decompressed(file, entry)? {
            Ok(from) => read(from, entry, &mut member, budget, each)?,
            Err(reason) => {
                let is_encrypted = entry.flags & 1 != 0;
                *(if is_encrypted { &mut unread.encrypted } else { &mut unread.others }) += 1;
                member.unread = Some(reason);
            }
        },
        _ => {}
    }
    budget.member(member, each)
}

fn kind(entry: &Entry) -> MemberKind {
    match entry.unix_mode.map(|mode| mode & 0o170_000) {
        Some(0o120_000) if entry.size <= TARGET => MemberKind::Symlink,
        // Whatever it is called, what has contents is read.
        _ if entry.size > 0 => MemberKind::File,
        Some(0o040_000) => MemberKind::Directory,
        _ if entry.name.ends_with(b"/") => MemberKind::Directory,
        None | Some(0 | 0o100_000 | 0o120_000) => MemberKind::File,
        Some(_) => MemberKind::Other,
    }
}

/// The contents of a member, or why they are not read.
fn decompressed<'a>(
    file: &'a File,
    entry: &Entry,
) -> Result<Result<Box<dyn Read + 'a>, String>, Stop> {
    if entry.flags & 1 != 0 {
        return Ok(Err("it is encrypted".to_owned()));
    }
    let stored: BufReader<Part<'a>> = BufReader::new(entry.stored(file)?);
    Ok(Ok(match entry.method {
        0 => Box::new(stored),
        8 => Box::new(DeflateDecoder::new(stored)),
        12 => Box::new(BzDecoder::new(stored)),
        93 => Box::new(zstd::stream::read::Decoder::with_buffer(stored)?),
        method => return Ok(Err(format!("its compression, method {method} of zip, is not read"))),
    }))
}

fn read(
    from: Box<dyn Read + '_>,
    entry: &Entry,
    member: &mut Member,
    budget: &mut Budget<'_>,
    each: Each<'_>,
) -> Result<(), Stop> {
    let mut from = CrcReader::new(from);
    let number = budget.members() + 1;
    let wrong = |reason: &str| Stop::Broken(format!("member {number} {reason}"));
    let len = if member.kind == MemberKind::Symlink {
        let mut target = [0; 4096];
        let wanted = usize::try_from(entry.size).unwrap_or_default().min(target.len());
        let target = budget.read(&mut from, target.get_mut(..wanted).unwrap_or_default())?;
        member.target = Some(target.to_vec());
        target.len() as u64
    } else {
        let (len, digest) = budget.file(&mut from, entry.size, &member.name, each)?;
        member.sha256 = Some(digest);
        len
    };
    let mut more = [0; 1];
    if !budget.read(&mut from, &mut more)?.is_empty() {
        return Err(wrong("is longer than the directory says"));
    }
    if len != entry.size {
        return Err(wrong("is shorter than the directory says"));
    }
    if from.crc().sum() != entry.crc {
        return Err(wrong("has a wrong checksum"));
    }
    Ok(())
}
