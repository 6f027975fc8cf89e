//! What an archive holds: names, sizes and SHA-256 of its members, by reading it through once.
//!
//! Nothing is unpacked, and archives within archives are not opened. Names are bytes to report;
//! no file is ever opened by one.

mod allowance;
mod budget;
mod format;
mod pax;
mod tar;
#[cfg(test)]
mod tests;
mod zip;
mod zip_directory;

use std::fs::File;
use std::io::{Seek, SeekFrom};

use anyhow::{Context, Result};
use handover_schemas::digest::Digest;
#[cfg(doc)]
use handover_schemas::package::contents::NAME_MAX;
use handover_verify::interrupt::Interrupt;

pub use allowance::{ALLOWED_BYTES, Allowance};
use budget::{Budget, Stop};
pub use format::Format;

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
    /// A member, once all its contents were seen.
    Member(Member),
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
    /// The archive went over a limit. Members before the place were told.
    TooLarge {
        /// What the file is.
        format: Format,
        /// Which limit.
        limit: Limit,
    },
}

/// Lists the members of an archive: tar, alone or compressed with gzip, zstd, xz or bzip2, and
/// zip with all that is one (docx, jar, apk).
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
    file.seek(SeekFrom::Start(0)).with_context(place)?;
    together.grow(file.metadata().with_context(place)?.len());
    let mut budget = Budget::new(*limits, together, interrupt);
    let done = match format {
        Format::Zip => zip::list(file, &mut budget, each),
        _ => format::decompressed(file, format)
            .map_err(Stop::from)
            .and_then(|mut stream| tar::list(&mut stream, &mut budget, each)),
    };
    match done {
        Ok(()) => {
            let (members, bytes) = (budget.members(), budget.contents());
            Ok(Listing::Listed { format, members, bytes })
        }
        Err(Stop::Broken(reason)) => Ok(Listing::Broken { format, reason }),
        Err(Stop::TooLarge(limit)) => Ok(Listing::TooLarge { format, limit }),
        Err(Stop::Unreadable(error)) => Err(error).with_context(place),
        Err(Stop::Failed(error)) => Err(error),
    }
}
