//! Members of a zip file.

use std::fs::File;
use std::io::{BufReader, Read};

use bzip2::bufread::BzDecoder;
use flate2::CrcReader;
use flate2::bufread::DeflateDecoder;

use super::budget::{Budget, Each, Stop};
use super::zip_directory::{self, Entry, Part, broken};
use super::{Member, MemberKind};

/// Longest target of a symbolic link that is read; Linux knows none longer.
const TARGET: u64 = 4096;

/// Tells the members of the file.
pub(super) fn list(file: &File, budget: &mut Budget<'_>, each: Each<'_>) -> Result<(), Stop> {
    let directory = zip_directory::locate(file)?
        .ok_or_else(|| broken("it has no directory at its end, so it may have been cut off"))?;
    directory.entries(file, &mut |entry| member(file, &entry, budget, each))
}

fn member(file: &File, entry: &Entry, budget: &mut Budget<'_>, each: Each<'_>) -> Result<(), Stop> {
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
            Err(reason) => member.unread = Some(reason),
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
