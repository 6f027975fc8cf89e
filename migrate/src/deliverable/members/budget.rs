//! What may still be read, and why reading stopped.

use std::io::{self, Read};

use handover_cli_kit::interrupt::Interrupt;
use handover_schemas::digest::Digest;
use handover_schemas::package::contents::NAME_MAX;
use sha2::{Digest as _, Sha256};

use super::{Allowance, Condition, Limit, Limits, Member, Seen};

/// Bytes read at once.
const BLOCK: usize = 64 * 1024;

/// Why the listing ended before the archive did.
pub(super) enum Stop {
    Broken(String),
    /// It needs more than is given.
    NotRead(String),
    TooLarge(Limit),
    /// The file itself cannot be read.
    Unreadable(io::Error),
    /// The caller failed, or the interrupt was raised.
    Failed(anyhow::Error),
}

/// An error of decompression that says nothing against the file: what it needs is not given.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotRead(pub(super) &'static str);

impl From<io::Error> for Stop {
    /// Errors of the system have a number; those of decompression have none.
    fn from(error: io::Error) -> Self {
        if let Some(NotRead(reason)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
            return Self::NotRead((*reason).to_owned());
        }
        match (error.raw_os_error(), error.kind()) {
            (Some(_), _) => Self::Unreadable(error),
            (None, io::ErrorKind::UnexpectedEof) => Self::Broken("it ends too early".to_owned()),
            (None, _) => Self::Broken(format!("it cannot be decompressed: {error}")),
        }
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// Tells that something was not looked into.
pub(super) fn not_looked_into(each: Each<'_>, what: String) -> Result<(), Stop> {
    Ok(each(Seen::Remark { condition: Condition::NotLookedInto, what })?)
}

pub(super) type Each<'a> = &'a mut dyn FnMut(Seen<'_>) -> anyhow::Result<()>;

/// Counts what was read and stops at the limits.
pub(super) struct Budget<'a> {
    limits: Limits,
    together: &'a Allowance,
    interrupt: &'a Interrupt,
    bytes: u64,
    members: u64,
    contents: u64,
    buffer: Vec<u8>,
}

impl<'a> Budget<'a> {
    pub(super) fn new(limits: Limits, together: &'a Allowance, interrupt: &'a Interrupt) -> Self {
        Self {
            limits,
            together,
            interrupt,
            bytes: 0,
            members: 0,
            contents: 0,
            buffer: vec![0; BLOCK],
        }
    }

    /// Ends everything if the user asked for it.
    pub(super) fn check(&self) -> Result<(), Stop> {
        Ok(self.interrupt.check()?)
    }

    pub(super) fn members(&self) -> u64 {
        self.members
    }

    pub(super) fn contents(&self) -> u64 {
        self.contents
    }

    /// Reads until the buffer is full or nothing is left; gives what was read.
    pub(super) fn read<'b>(
        &mut self,
        from: &mut dyn Read,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], Stop> {
        self.interrupt.check()?;
        let mut filled = 0;
        while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
            match from.read(free) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.bytes = self.bytes.saturating_add(filled as u64);
        if self.bytes > self.limits.bytes {
            return Err(Stop::TooLarge(Limit::Bytes(self.limits.bytes)));
        }
        if !self.together.take(filled as u64) {
            return Err(Stop::TooLarge(Limit::Together));
        }
        Ok(buffer.get(..filled).unwrap_or_default())
    }

    /// Tells a member.
    pub(super) fn member(&mut self, member: Member, each: Each<'_>) -> Result<(), Stop> {
        self.interrupt.check()?;
        if self.members >= self.limits.members {
            return Err(Stop::TooLarge(Limit::Members(self.limits.members)));
        }
        let target = member.target.as_ref().map_or(0, Vec::len);
        if member.name.len().max(target) > NAME_MAX {
            return Err(Stop::TooLarge(Limit::Name(NAME_MAX)));
        }
        self.members += 1;
        self.contents = self.contents.saturating_add(member.size);
        Ok(each(Seen::Member(member))?)
    }

    /// Reads up to `size` bytes of a file, tells them and hashes them; gives how many there were.
    pub(super) fn file(
        &mut self,
        from: &mut dyn Read,
        size: u64,
        name: &[u8],
        each: Each<'_>,
    ) -> Result<(u64, Digest), Stop> {
        let mut sha256 = Sha256::new();
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut left = size;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
            let block = self.read(from, buffer.get_mut(..wanted).unwrap_or_default())?;
            if block.is_empty() {
                break;
            }
            sha256.update(block);
            each(Seen::Contents { name, block })?;
            left -= block.len() as u64;
        }
        self.buffer = buffer;
        Ok((size - left, Digest::from_bytes(sha256.finalize().into())))
    }
}
