//! 7z archives (7-Zip's `DOC/7zFormat.txt`): cut, damaged, encrypted, or listed to the last member.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use sevenz_rust2::{Archive, ArchiveEntry, ArchiveReader, EncoderMethod, Error, Password};

use super::budget::{Budget, Each, Stop, not_looked_into};
use super::zip_directory::{broken, bytes_at, u32_at, u64_at};
use super::{Condition, Member, MemberKind, Seen};

pub(super) const SIGNATURE: &[u8] = b"7z\xbc\xaf\x27\x1c";

/// `SignatureHeader`: signature, version, checksum of the rest, place, size and checksum of the end
/// header.
const START_LEN: u64 = 32;

/// Memory for the list of members, and again for a dictionary: 7-Zip's `-mx=9` needs 64 MiB for one.
const MEMORY_KIB: usize = 128 << 10;

/// Symbolic links of 7-Zip for Unix: the upper half of the attributes is the mode (`st_mode`).
const SYMLINK: u32 = 0o120_000;

/// Longest target of a link that is read, as Linux has it.
const TARGET: u64 = 4096;

/// How many bytes an archive that begins so has; `None` if it does not, or its start is damaged.
pub fn whole_len(start: &[u8]) -> Option<u64> {
    let numbers = start.get(12..32).filter(|_| start.starts_with(SIGNATURE))?;
    let mut crc = Crc::new();
    crc.update(numbers);
    let sum = u32_at(start, 8) == crc.sum();
    sum.then(|| START_LEN.saturating_add(u64_at(start, 12)).saturating_add(u64_at(start, 20)))
}

/// Lists the members.
pub(super) fn list(file: &mut File, budget: &mut Budget<'_>, each: Each<'_>) -> Result<(), Stop> {
    let len = file.metadata()?.len();
    let start = bytes_at(file, 0, START_LEN)?;
    let end = whole_len(&start).ok_or_else(|| broken("its start is damaged"))?;
    if end > len {
        return Err(Stop::Broken(format!(
            "it ends too early: it has {len} bytes, and its start says {end}"
        )));
    }
    members(file, budget, each)?;
    match len - end {
        0 => Ok(()),
        behind => not_looked_into(each, format!("{behind} bytes behind its end")),
    }
}

/// Tells that nothing of it is read without a password.
fn closed(each: Each<'_>) -> Result<(), Stop> {
    let what = "a 7z archive that takes a password".to_owned();
    Ok(each(Seen::Remark { condition: Condition::Encrypted, what })?)
}

fn members(file: &mut File, budget: &mut Budget<'_>, each: Each<'_>) -> Result<(), Stop> {
    file.seek(SeekFrom::Start(0))?;
    let password = Password::empty();
    let reader = ArchiveReader::new_with_memory_limit(&mut *file, password, MEMORY_KIB);
    let mut reader = match reader {
        Err(error) if is_password(&error) => return closed(each),
        other => other.map_err(stop)?,
    };
    reader.set_thread_count(1);
    if has_encrypted(reader.archive()) {
        return closed(each);
    }
    // The crate's error cannot carry ours.
    let mut stopped = None;
    let read = reader.for_each_entries(|entry, from| match member(entry, from, budget, each) {
        Ok(()) => Ok(true),
        Err(stop) => {
            stopped = Some(stop);
            Err(Error::Other("stopped".into()))
        }
    });
    match stopped {
        Some(stop) => Err(stop),
        None => read.map_err(stop),
    }
}

/// Whether the contents of a member take a password.
fn has_encrypted(archive: &Archive) -> bool {
    (0..archive.files.len()).any(|at| archive.is_file_encrypted(at))
}

/// Whether the list of members itself takes a password.
fn is_password(error: &Error) -> bool {
    matches!(error, Error::UnsupportedCompressionMethod(name)
        if name == EncoderMethod::AES256_SHA256.name())
}

fn member(
    entry: &ArchiveEntry,
    from: &mut dyn Read,
    budget: &mut Budget<'_>,
    each: Each<'_>,
) -> Result<(), Stop> {
    let mode = entry.windows_attributes >> 16 & 0o170_000;
    let is_link = entry.has_windows_attributes && mode == SYMLINK && entry.size <= TARGET;
    let mut member = Member {
        name: entry.name.clone().into_bytes(),
        kind: match () {
            () if entry.is_directory => MemberKind::Directory,
            () if is_link => MemberKind::Symlink,
            () if entry.is_anti_item => MemberKind::Other,
            () => MemberKind::File,
        },
        size: entry.size,
        sha256: None,
        unread: None,
        target: None,
    };
    match member.kind {
        MemberKind::Symlink => {
            let mut target = vec![0; usize::try_from(entry.size).unwrap_or_default()];
            member.target = Some(budget.read(from, &mut target)?.to_vec());
        }
        MemberKind::File => {
            let (len, digest) = budget.file(from, entry.size, &member.name, each)?;
            if len != entry.size {
                return Err(broken("a member is shorter than the list says"));
            }
            member.sha256 = Some(digest);
        }
        _ => {}
    }
    budget.member(member, each)
}

/// What an error of the crate says of the archive.
fn stop(error: Error) -> Stop {
    match error {
        Error::UnsupportedCompressionMethod(_)
        | Error::Unsupported(_)
        | Error::ExternalUnsupported => {
            Stop::NotRead("it is packed in a way of 7z that is not read".to_owned())
        }
        Error::MaxMemLimited { .. } => {
            Stop::NotRead(format!("it takes more than {} MiB of memory", MEMORY_KIB >> 10))
        }
        Error::Io(error, _) if is_of_the_system(&error) => Stop::Unreadable(error),
        _ => broken("it is damaged"),
    }
}

/// Errors of the system have a number; those of decompression have none.
fn is_of_the_system(error: &io::Error) -> bool {
    error.raw_os_error().is_some()
}
