//! What an archive holds: names, sizes and SHA-256 of its members, by reading it through once; and
//! of what cannot be listed, whether it is whole as far as its own headers tell.
//!
//! Nothing is unpacked: an archive within an archive is a member, and whoever takes its contents can
//! give them here again. Names are bytes to report; no file is ever opened by one.

mod allowance;
mod budget;
mod compressed;
mod encrypted;
mod format;
mod iso;
mod pax;
mod rar;
mod seven_zip;
mod sqlite;
mod tar;
#[cfg(test)]
mod tests;
mod zip;
mod zip_directory;

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};

use anyhow::{Context, Result};
use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::digest::Digest;
#[cfg(doc)]
use handover_schemas::package::contents::NAME_MAX;

pub use allowance::{ALLOWED_BYTES, Allowance};
use budget::{Budget, Stop};
pub use format::{Format, is_container_start};
pub use seven_zip::whole_len as seven_zip_len;
pub use zip_directory::parts as zip_parts;

/// What an archive may cost. Archives of some kilobytes can hold petabytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that come out of decompression, whatever they are.
    pub bytes: u64,
    /// Members.
    pub members: u64,
}

impl Limits {
    /// What no honest archive of so many bytes needs: 200 times its size, at least 1 GiB, and
    /// ten million members.
    pub fn for_file(bytes: u64) -> Self {
        Self { bytes: bytes.saturating_mul(200).max(1 << 30), members: 10_000_000 }
    }
}

/// Which limit an archive went over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::bytes`].
    Bytes(u64),
    /// [`Allowance`]: what all archives may cost together.
    Together,
    /// [`Limits::members`].
    Members(u64),
    /// Bytes of a name, or of what a link points to ([`NAME_MAX`]).
    Name(usize),
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A file with contents.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A second name of an earlier member.
    Hardlink,
    /// A device, a pipe, or what the format does not say.
    Other,
}

/// One member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name as stored: any bytes, perhaps absolute, perhaps with `..`, perhaps not the only
    /// member of this name.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: MemberKind,
    /// Bytes of the contents. For a member without a digest, what the archive says.
    pub size: u64,
    /// SHA-256 of a file's contents.
    pub sha256: Option<Digest>,
    /// Why a file has no digest.
    pub unread: Option<String>,
    /// Where a link leads, as stored.
    pub target: Option<Vec<u8>>,
}

/// What [`list_members`] tells of while it reads.
pub enum Seen<'a> {
    /// The next bytes of a file's contents. The member itself comes after them.
    Contents {
        /// Of the member.
        name: &'a [u8],
        /// At most 64 KiB.
        block: &'a [u8],
    },
    /// A member, once all its contents were seen. A compressed file has contents and no member.
    Member(Member),
    /// Something to know of the archive itself.
    Remark {
        /// What sort of thing.
        condition: Condition,
        /// In words.
        what: String,
    },
}

/// What an archive is besides whole or broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It takes a password or a key to read what is in it.
    Encrypted,
    /// Something of it was not read, or cannot be by us.
    NotLookedInto,
    /// It is several archives one after another. All were listed, but most programs show one.
    Joined,
}

/// Whether a file is named as an archive (`.zip`, `.tar.gz` and the like): if it is none, what was
/// delivered is broken.
pub fn is_named_as_archive(name: &str) -> bool {
    format::is_named_as_archive(name)
}

/// What became of the listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The file is of no format that is read.
    NotAnArchive,
    /// All members were told.
    Listed {
        /// What the file is.
        format: Format,
        /// How many members it has.
        members: u64,
        /// Bytes of the contents of all its files.
        bytes: u64,
    },
    /// The file ends early or is damaged. Members before the place were told, and the contents
    /// of one may have been told without the member.
    Broken {
        /// What the file is.
        format: Format,
        /// What is wrong.
        reason: String,
    },
    /// It needs more than is given to any file: what was not read may be whole.
    NotRead {
        /// What the file is.
        format: Format,
        /// What it needs.
        reason: String,
    },
    /// The archive went over a limit. Members before the place were told.
    TooLarge {
        /// What the file is.
        format: Format,
        /// Which limit.
        limit: Limit,
    },
}

/// Lists the members of an archive: tar, alone or compressed with gzip, zstd, xz or bzip2, 7z, and
/// zip with all that is one (docx, jar, apk). Other files compressed with these four are read to
/// their end. Of rar the headers are read, which name the members; of ISO 9660, SQLite files and what
/// is encrypted as a whole, those that say whether the file is whole.
///
/// The format is told by the contents. `name` serves for errors, and decides one case: a file
/// whose compression is broken from the start is an archive if it is named as one. In a tar the
/// members come as they are stored, in a zip in the order of its directory.
///
/// # Errors
/// The file cannot be read, `each` fails, or the interrupt was raised. What is wrong with the
/// archive is no error.
pub fn list_members(
    file: &mut File,
    name: &str,
    limits: &Limits,
    together: &Allowance,
    interrupt: &Interrupt,
    each: &mut dyn FnMut(Seen<'_>) -> Result<()>,
) -> Result<Listing> {
    let place = || format!("cannot read {name}");
    let Some(format) = format::of(file, name).with_context(place)? else {
        return Ok(Listing::NotAnArchive);
    };
    together.grow(file.metadata().with_context(place)?.len());
    list_as(format, file, name, Budget::new(*limits, together, interrupt), each)
}

/// Lists the members of an archive that came out of another one, as [`list_members`] does. Its bytes
/// were taken from the allowance when they were decompressed, and allow nothing more.
///
/// # Errors
/// As [`list_members`].
pub fn list_inner_members(
    file: &mut File,
    name: &str,
    limits: &Limits,
    together: &Allowance,
    interrupt: &Interrupt,
    each: &mut dyn FnMut(Seen<'_>) -> Result<()>,
) -> Result<Listing> {
    let place = || format!("cannot read {name}");
    let Some(format) = format::of(file, name).with_context(place)? else {
        return Ok(Listing::NotAnArchive);
    };
    list_as(format, file, name, Budget::new(*limits, together, interrupt), each)
}

/// Lists a file of this format.
fn list_as(
    format: Format,
    file: &mut File,
    name: &str,
    mut budget: Budget<'_>,
    each: &mut dyn FnMut(Seen<'_>) -> Result<()>,
) -> Result<Listing> {
    let place = || format!("cannot read {name}");
    file.seek(SeekFrom::Start(0)).with_context(place)?;
    let done = match format {
        Format::Zip => zip::list(file, &mut budget, each),
        Format::Tar => tar::list(&mut BufReader::new(file), &mut budget, each),
        Format::TarGzip | Format::TarZstd | Format::TarXz | Format::TarBzip2 => {
            compressed::list(file, format, true, &mut budget, each)
        }
        Format::Gzip | Format::Zstd | Format::Xz | Format::Bzip2 => {
            compressed::list(file, format, false, &mut budget, each)
        }
        Format::SevenZip => seven_zip::list(file, &mut budget, each),
        Format::Rar => rar::list(file, &mut budget, each),
        Format::Iso => iso::look(file, each),
        Format::Sqlite => sqlite::look(file),
        Format::Encrypted => encrypted::look(each),
    };
    match done {
        Ok(()) => {
            let (members, bytes) = (budget.members(), budget.contents());
            Ok(Listing::Listed { format, members, bytes })
        }
        Err(Stop::Broken(reason)) => Ok(Listing::Broken { format, reason }),
        Err(Stop::NotRead(reason)) => Ok(Listing::NotRead { format, reason }),
        Err(Stop::TooLarge(limit)) => Ok(Listing::TooLarge { format, limit }),
        Err(Stop::Unreadable(error)) => Err(error).with_context(place),
        Err(Stop::Failed(error)) => Err(error),
    }
}
