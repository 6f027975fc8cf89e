//! Members of a tar archive.
//!
//! The headers are read by the crate tar, one block at a time. Its reader of whole archives would
//! take names of any length into memory.

use std::io::Read;

use tar::{EntryType, Header};

use super::budget::{Budget, Each, Stop, not_looked_into};
use super::pax::Extended;
use super::{Condition, Member, MemberKind, Seen};

const BLOCK: usize = 512;

/// Longest extended header, or long name, that is read.
const EXTENDED: u64 = 1 << 20;

/// Whether a block is the header of a member: its checksum is right.
pub(super) fn is_header(block: &[u8]) -> bool {
    let Some(header) = header(block) else { return false };
    let sum = |byte: &u8| u32::from(*byte);
    let bytes = header.as_bytes();
    // The eight bytes of the checksum count as spaces.
    let outside = bytes.iter().take(148).chain(bytes.iter().skip(156));
    let computed = outside.map(sum).sum::<u32>() + 8 * u32::from(b' ');
    header.cksum().is_ok_and(|stored| stored == computed)
}

fn header(block: &[u8]) -> Option<Header> {
    let mut header = Header::new_old();
    *header.as_mut_bytes() = *block.as_array::<BLOCK>()?;
    Some(header)
}

/// Tells the members of `stream`.
pub(super) fn list(
    stream: &mut dyn Read,
    budget: &mut Budget<'_>,
    each: Each<'_>,
) -> Result<(), Stop> {
    let mut extended = Extended::default();
    let mut next = Vec::new();
    loop {
        let mut block = [0; BLOCK];
        let read = if next.is_empty() {
            budget.read(stream, &mut block)?.to_vec()
        } else {
            std::mem::take(&mut next)
        };
        let read = read.as_slice();
        if read.is_empty() {
            return Err(broken("it has no end mark, so it may have been cut off"));
        }
        if read.iter().all(|&byte| byte == 0) {
            match behind(stream, budget, each)? {
                Some(header) => next = header,
                None => return Ok(()),
            }
            continue;
        }
        let Some(header) = header(read).filter(|_| is_header(read)) else {
            return Err(broken(if read.len() < BLOCK {
                "it ends within a header"
            } else {
                "a header's checksum is wrong"
            }));
        };
        let size = header.entry_size().or(Err(broken("a header has no size")))?;
        match header.entry_type() {
            EntryType::XHeader => {
                let records = metadata(stream, size, budget)?;
                extended.take_in(&records).ok_or_else(|| broken("an extended header is wrong"))?;
            }
            EntryType::XGlobalHeader => {
                let mut global = Extended::default();
                let records = metadata(stream, size, budget)?;
                let fine = global.take_in(&records).is_some() && global.is_empty();
                fine.then_some(()).ok_or_else(|| {
                    broken("a global header is wrong, or names all members alike")
                })?;
            }
            EntryType::GNULongName => extended.name = Some(long_name(stream, size, budget)?),
            EntryType::GNULongLink => extended.target = Some(long_name(stream, size, budget)?),
            _ => member(stream, &header, std::mem::take(&mut extended), budget, each)?,
        }
    }
}

/// Tells one member and reads to the next header.
fn member(
    stream: &mut dyn Read,
    header: &Header,
    extended: Extended,
    budget: &mut Budget<'_>,
    each: Each<'_>,
) -> Result<(), Stop> {
    let name = extended.name.unwrap_or_else(|| header.path_bytes().into_owned());
    let kind = kind(header, &name);
    let mut stored = match extended.size {
        Some(size) => size,
        None => header.entry_size().or(Err(broken("a header has no size")))?,
    };
    let mut size = stored;
    let mut sparse = extended.sparse;
    if header.entry_type() == EntryType::GNUSparse {
        sparse = true;
        size = sparse_map(stream, header, budget)?;
    } else if let Some(real) = extended.real_size {
        size = real;
    }
    if kind == MemberKind::Hardlink {
        // Headers of hard links may repeat the size, as GNU tar knows.
        (stored, size) = (0, 0);
    }
    let mut member = Member { name, kind, size, sha256: None, unread: None, target: None };
    if matches!(kind, MemberKind::Symlink | MemberKind::Hardlink) {
        let target = extended.target.or_else(|| header.link_name_bytes().map(|of| of.into_owned()));
        member.target = Some(target.unwrap_or_default());
    }
    if kind == MemberKind::File {
        let (read, digest) = budget.file(stream, stored, &member.name, each)?;
        if read < stored {
            return Err(broken("it ends within a member"));
        }
        if sparse {
            member.unread = Some("a sparse file, stored without its holes".to_owned());
        } else {
            member.sha256 = Some(digest);
        }
    } else {
        member.size = 0;
        skip(stream, stored, budget)?;
    }
    budget.member(member, each)?;
    skip(stream, padding(stored), budget)
}

fn kind(header: &Header, name: &[u8]) -> MemberKind {
    match header.entry_type() {
        // Before POSIX, folders were files whose names end so.
        EntryType::Regular if name.ends_with(b"/") => MemberKind::Directory,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => MemberKind::File,
        EntryType::Directory => MemberKind::Directory,
        EntryType::Symlink => MemberKind::Symlink,
        EntryType::Link => MemberKind::Hardlink,
        _ => MemberKind::Other,
    }
}

/// Passes over the blocks that go on with the map of a sparse file; gives its real size.
fn sparse_map(
    stream: &mut dyn Read,
    header: &Header,
    budget: &mut Budget<'_>,
) -> Result<u64, Stop> {
    let gnu = header.as_gnu().ok_or_else(|| broken("a sparse file has no map"))?;
    let size = gnu.real_size().or(Err(broken("a sparse file has no size")))?;
    let mut goes_on = gnu.is_extended();
    while goes_on {
        let mut block = [0; BLOCK];
        let read = budget.read(stream, &mut block)?;
        // 21 entries of 24 bytes, then whether there is another block.
        goes_on = *read.get(504).ok_or_else(|| broken("it ends within a header"))? == 1;
    }
    Ok(size)
}

/// The contents of a header that is about the next member.
fn metadata(stream: &mut dyn Read, size: u64, budget: &mut Budget<'_>) -> Result<Vec<u8>, Stop> {
    let len = usize::try_from(size)
        .ok()
        .filter(|_| size <= EXTENDED)
        .ok_or_else(|| broken("a header about the next member has more than a mebibyte"))?;
    let mut contents = vec![0; len];
    if budget.read(stream, &mut contents)?.len() < len {
        return Err(broken("it ends within a header"));
    }
    skip(stream, padding(size), budget)?;
    Ok(contents)
}

fn long_name(stream: &mut dyn Read, size: u64, budget: &mut Budget<'_>) -> Result<Vec<u8>, Stop> {
    let mut name = metadata(stream, size, budget)?;
    if let Some(end) = memchr::memchr(0, &name) {
        name.truncate(end);
    }
    Ok(name)
}

/// Bytes up to the next whole block.
fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn skip(stream: &mut dyn Read, mut bytes: u64, budget: &mut Budget<'_>) -> Result<(), Stop> {
    let mut buffer = [0; 16 * BLOCK];
    while bytes > 0 {
        let wanted = usize::try_from(bytes).unwrap_or(buffer.len()).min(buffer.len());
        let read = budget.read(stream, buffer.get_mut(..wanted).unwrap_or_default())?.len();
        if read < wanted {
            return Err(broken("it ends within a member"));
        }
        bytes -= read as u64;
    }
    Ok(())
}

/// Reads what is after the end mark: zeros; another archive, whose first header is given; or
/// something that is not looked into. The compression's own checksum is at the end of the stream.
fn behind(
    stream: &mut dyn Read,
    budget: &mut Budget<'_>,
    each: Each<'_>,
) -> Result<Option<Vec<u8>>, Stop> {
    let mut block = [0; BLOCK];
    let mut unknown: u64 = 0;
    loop {
        let read = budget.read(stream, &mut block)?;
        if read.is_empty() {
            break;
        }
        if unknown == 0 && is_header(read) {
            let what = "tar archives one after another; tar shows the first, tar -i all".to_owned();
            each(Seen::Remark { condition: Condition::Joined, what })?;
            return Ok(Some(read.to_vec()));
        }
        if unknown > 0 || read.iter().any(|&byte| byte != 0) {
            unknown += read.len() as u64;
        }
    }
    if unknown > 0 {
        not_looked_into(each, format!("{unknown} bytes after the end mark of the tar"))?;
    }
    Ok(None)
}

fn broken(reason: &str) -> Stop {
    Stop::Broken(reason.to_owned())
}
