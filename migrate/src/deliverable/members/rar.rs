//! RAR archives, as far as their headers tell: names and sizes of members, and whether they are cut,
//! damaged, encrypted, or one volume of several. What is packed in them takes RARLAB's own code.
//! (RARLAB's "RAR 5.0 archive format", and `TechNote.txt` of RAR 3 for the older form.)

use std::fs::File;

use flate2::Crc;

use super::budget::{Budget, Each, Stop, not_looked_into};
use super::zip_directory::{broken, bytes_at, u16_at, u32_at};
use super::{Condition, Member, MemberKind, Seen};

pub(super) const RAR4: &[u8] = b"Rar!\x1a\x07\x00";
pub(super) const RAR5: &[u8] = b"Rar!\x1a\x07\x01\x00";

/// Largest header; the format allows no larger one.
const HEADER_MAX: u64 = 2 << 20;

/// What the headers say.
#[derive(Default)]
struct Headers {
    /// Members that take a password.
    encrypted: u64,
    /// The headers themselves take one.
    closed: bool,
    /// Another volume follows.
    goes_on: bool,
    /// Where the archive ends.
    end: u64,
}

/// Lists the members by going from header to header.
pub(super) fn list(file: &File, budget: &mut Budget<'_>, each: Each<'_>) -> Result<(), Stop> {
    let len = file.metadata()?.len();
    let is_new = bytes_at(file, 0, 8)?.starts_with(RAR5);
    let read = if is_new { rar5 } else { rar4 };
    let headers = read(file, len, budget, each)?;
    if headers.closed || headers.encrypted > 0 {
        let what = "a RAR archive that takes a password".to_owned();
        each(Seen::Remark { condition: Condition::Encrypted, what })?;
    } else {
        let what = "a RAR archive: its headers are whole to the last one, what its members hold is \
                    not read; test it with unrar t, or ask for a zip or tar";
        not_looked_into(each, what.to_owned())?;
    }
    if headers.goes_on {
        not_looked_into(each, "another volume of this archive follows".to_owned())?;
    }
    match len.saturating_sub(headers.end) {
        behind if behind > 0 && !headers.closed => {
            not_looked_into(each, format!("{behind} bytes behind its end"))
        }
        _ => Ok(()),
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// A member of which only the header is read.
fn member(name: Vec<u8>, size: u64, is_folder: bool) -> Member {
    let kind = if is_folder { MemberKind::Directory } else { MemberKind::File };
    let unread = (!is_folder).then(|| "what RAR packs is not read".to_owned());
    Member { name, kind, size, sha256: None, unread, target: None }
}

fn rar5(file: &File, len: u64, budget: &mut Budget<'_>, each: Each<'_>) -> Result<Headers, Stop> {
    let cut = || broken("it ends without its end mark, so it was cut off");
    let mut headers = Headers::default();
    let mut at = RAR5.len() as u64;
    loop {
        budget.check()?;
        let head = bytes_at(file, at, 7)?;
        let mut rest = head.get(4..).ok_or_else(cut)?;
        let before = rest.len();
        let size = vint(&mut rest).filter(|size| *size <= HEADER_MAX);
        let size = size.ok_or_else(|| broken("a header is damaged"))?;
        let size_len = (before - rest.len()) as u64;
        let header = bytes_at(file, at + 4, size_len + size)?;
        if (header.len() as u64) < size_len + size {
            return Err(cut());
        }
        if crc(&header) != u32_at(&head, 0) {
            return Err(broken("a header is damaged"));
        }
        let next = at + 4 + size_len + size;
        let fields = header.get(before - rest.len()..).unwrap_or_default();
        let header = Rar5Header::parse(fields).ok_or_else(|| broken("a header is damaged"))?;
        match header.kind {
            4 => {
                headers.closed = true;
                return Ok(headers);
            }
            5 => {
                (headers.goes_on, headers.end) = (header.end_flags & 1 != 0, next);
                return Ok(headers);
            }
            2 => headers.encrypted += u64::from(header.encrypted),
            _ => {}
        }
        if let Some(member) = header.member {
            budget.member(member, each)?;
        }
        at = next.saturating_add(header.data);
        if at >= len {
            return Err(cut());
        }
    }
}

/// What is in every header of the new form.
struct Rar5Header {
    kind: u64,
    /// Bytes of data after it.
    data: u64,
    /// Its member takes a password.
    encrypted: bool,
    /// Of a file's header.
    member: Option<Member>,
    /// Of the last header.
    end_flags: u64,
}

impl Rar5Header {
    fn parse(mut fields: &[u8]) -> Option<Self> {
        let kind = vint(&mut fields)?;
        let flags = vint(&mut fields)?;
        let extra = if flags & 1 != 0 { vint(&mut fields)? } else { 0 };
        let data = if flags & 2 != 0 { vint(&mut fields)? } else { 0 };
        let extra = fields.len().checked_sub(usize::try_from(extra).ok()?)?;
        let (mut own, extra) = fields.split_at_checked(extra)?;
        let end_flags = if kind == 5 { vint(&mut own)? } else { 0 };
        let member = if kind == 2 { Some(rar5_member(own)?) } else { None };
        Some(Self { kind, data, encrypted: has_record(extra, 1), member, end_flags })
    }
}

/// A file's own fields: flags, unpacked size, attributes, perhaps a time and a checksum, compression,
/// system, name.
fn rar5_member(mut own: &[u8]) -> Option<Member> {
    let flags = vint(&mut own)?;
    let size = vint(&mut own)?;
    let _attributes = vint(&mut own)?;
    for bit in [2, 4] {
        if flags & bit != 0 {
            own = own.get(4..)?;
        }
    }
    let _compression = vint(&mut own)?;
    let _system = vint(&mut own)?;
    let len = usize::try_from(vint(&mut own)?).ok()?;
    Some(member(own.get(..len)?.to_vec(), size, flags & 1 != 0))
}

/// Whether the extra area has a record of this type; type 1 is that of encryption.
fn has_record(mut extra: &[u8], wanted: u64) -> bool {
    while let Some(size) = vint(&mut extra) {
        let Ok(size) = usize::try_from(size) else { return false };
        let Some((mut record, rest)) = extra.split_at_checked(size) else { return false };
        if vint(&mut record) == Some(wanted) {
            return true;
        }
        extra = rest;
    }
    false
}

/// A number: seven bits in a byte, the lowest first; the highest bit says that another follows.
fn vint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for at in 0..9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn rar4(file: &File, len: u64, budget: &mut Budget<'_>, each: Each<'_>) -> Result<Headers, Stop> {
    let cut = || broken("it ends within a member, so it was cut off");
    let mut headers = Headers::default();
    let mut at = RAR4.len() as u64;
    // Before RAR 3 there was no end mark: an archive ends where its last member does.
    while at < len {
        budget.check()?;
        let head = bytes_at(file, at, 36)?;
        let size = u64::from(u16_at(&head, 5));
        if head.len() < 7 || at.saturating_add(size) > len {
            return Err(cut());
        }
        let header = bytes_at(file, at + 2, size.saturating_sub(2))?;
        let (kind, flags) = (head.get(2).copied().unwrap_or_default(), u16_at(&head, 3));
        let [low, high, ..] = crc(without_comment(&header, kind, flags)).to_le_bytes();
        if size < 7 || u16::from_le_bytes([low, high]) != u16_at(&head, 0) {
            return Err(broken("a header is damaged"));
        }
        let has_data = flags & 0x8000 != 0 || matches!(kind, 0x74 | 0x7a);
        let mut data = if has_data { u64::from(u32_at(&head, 7)) } else { 0 };
        match kind {
            0x73 if flags & 0x80 != 0 => {
                headers.closed = true;
                return Ok(headers);
            }
            0x74 => {
                headers.encrypted += u64::from(flags & 4 != 0);
                if flags & 0x100 != 0 {
                    data |= u64::from(u32_at(&head, 32)) << 32;
                }
                let member =
                    rar4_member(&header, flags).ok_or_else(|| broken("a header is damaged"))?;
                budget.member(member, each)?;
            }
            0x7b => {
                (headers.goes_on, headers.end) = (flags & 1 != 0, at + size);
                return Ok(headers);
            }
            _ => {}
        }
        at = at.saturating_add(size).saturating_add(data);
    }
    headers.end = at;
    if at > len { Err(cut()) } else { Ok(headers) }
}

/// What the checksum of a header is of, from its type on: before RAR 3 a comment stood within the header
/// of the archive or of a file, with a checksum of its own.
fn without_comment(header: &[u8], kind: u8, flags: u16) -> &[u8] {
    let own = match kind {
        0x73 if flags & 2 != 0 => 11,
        0x74 if flags & 8 != 0 => 30 + usize::from(u16_at(header, 24)),
        _ => header.len(),
    };
    header.get(..own).unwrap_or(header)
}

/// A file's header of the older form, from its type on. Names are of the packer's code page; what
/// stands behind a zero is the same name once more, in a form of RAR's own for Unicode.
fn rar4_member(header: &[u8], flags: u16) -> Option<Member> {
    let is_large = flags & 0x100 != 0;
    let high = if is_large { u64::from(u32_at(header, 34)) << 32 } else { 0 };
    let size = u64::from(u32_at(header, 9)) | high;
    let from = if is_large { 38 } else { 30 };
    let name = header.get(from..from + usize::from(u16_at(header, 24)))?;
    let name = if flags & 0x200 != 0 { name.split(|byte| *byte == 0).next()? } else { name };
    Some(member(name.to_vec(), size, flags & 0xe0 == 0xe0))
}
