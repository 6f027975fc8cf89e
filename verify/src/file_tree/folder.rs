//! One folder, held open: everything in it is reached through the descriptor, never by a path
//! that somebody could redirect meanwhile.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, RawMode, Stat, fstat, open, openat, readlinkat, statat,
};

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A device.
    Device,
}

impl FileKind {
    fn of(file_type: FileType) -> Option<Self> {
        match file_type {
            FileType::RegularFile => Some(Self::File),
            FileType::Directory => Some(Self::Directory),
            FileType::Symlink => Some(Self::Symlink),
            FileType::Fifo => Some(Self::Fifo),
            FileType::Socket => Some(Self::Socket),
            FileType::BlockDevice | FileType::CharacterDevice => Some(Self::Device),
            FileType::Unknown => None,
        }
    }
}

/// What a file system says of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// What it is.
    pub kind: FileKind,
    /// Bytes.
    pub size: u64,
    /// Bytes that it takes on the disk; fewer than `size` in a file with holes.
    pub allocated: u64,
    /// Permission bits.
    pub mode: u32,
    /// Time of last change of the content: seconds since 1970, nanoseconds to add.
    pub modified: (i64, u32),
    /// Names it has.
    pub links: u64,
    /// What tells its present state from every other.
    pub identity: Identity,
}

/// Tells a file, in its present state, from every other: two equal ones mean that nobody wrote in
/// between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// File system.
    pub device: u64,
    /// Number on it.
    pub inode: u64,
    /// Time of last change of content or attributes.
    pub changed: (i64, u32),
}

impl Status {
    fn of(stat: &Stat) -> io::Result<Self> {
        let kind = FileKind::of(FileType::from_raw_mode(stat.st_mode as RawMode))
            .ok_or_else(|| io::Error::other("an entry of a kind that is not known"))?;
        let nanoseconds = |value: u64| u32::try_from(value).unwrap_or(0);
        Ok(Self {
            kind,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            allocated: u64::try_from(stat.st_blocks).unwrap_or(0) * 512,
            mode: stat.st_mode & 0o7777,
            modified: (stat.st_mtime, nanoseconds(stat.st_mtime_nsec)),
            links: stat.st_nlink,
            identity: Identity {
                device: stat.st_dev,
                inode: stat.st_ino,
                changed: (stat.st_ctime, nanoseconds(stat.st_ctime_nsec)),
            },
        })
    }

    /// The status of an open file.
    pub fn of_file(file: &File) -> io::Result<Self> {
        Self::of(&fstat(file)?)
    }
}

/// Whether an error says that a name leads nowhere (any more).
pub fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// An open folder.
#[derive(Debug)]
pub struct Folder(OwnedFd);

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// `NONBLOCK`: opening a pipe must not wait for somebody who writes into it.
const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Folder {
    /// Opens a folder by its path. Links above it are followed: the path is our user's own.
    pub fn open(path: &Path) -> io::Result<Self> {
        let real = path.canonicalize()?;
        Ok(Self(open(&real, FOLDER, Mode::empty())?))
    }

    /// Opens a folder in this one.
    pub fn folder(&self, name: &OsStr) -> io::Result<Self> {
        Ok(Self(openat(&self.0, name, FOLDER, Mode::empty())?))
    }

    /// Opens a regular file in this folder; an error for anything else.
    pub fn file(&self, name: &OsStr) -> io::Result<(File, Status)> {
        let file = File::from(openat(&self.0, name, FILE, Mode::empty())?);
        let status = Status::of_file(&file)?;
        if status.kind == FileKind::File {
            Ok((file, status))
        } else {
            Err(io::Error::other("it is not a regular file"))
        }
    }

    /// The status of an entry, of a link itself if it is one.
    pub fn status(&self, name: &OsStr) -> io::Result<Status> {
        Status::of(&statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Where a symbolic link points.
    pub fn link_target(&self, name: &OsStr) -> io::Result<OsString> {
        let target = readlinkat(&self.0, name, Vec::new())?;
        Ok(OsString::from_vec(target.into_bytes()))
    }

    /// The names in this folder, in no order.
    pub(super) fn names(&self) -> io::Result<Vec<(Box<[u8]>, FileKind)>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let kind = match FileKind::of(entry.file_type()) {
                Some(kind) => kind,
                // Some file systems do not say.
                None => match self.status(OsStr::from_bytes(name)) {
                    Ok(status) => status.kind,
                    Err(error) if is_missing(&error) => continue,
                    Err(error) => return Err(error),
                },
            };
            names.push((name.into(), kind));
        }
        Ok(names)
    }
}
