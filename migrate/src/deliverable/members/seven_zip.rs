//! 7z archives, as far as their headers tell (7-Zip's `DOC/7zFormat.txt`): cut, damaged, encrypted.
//! Members are not listed; that takes all of 7-Zip's codecs.

use std::fs::File;
use std::io::{Cursor, Read};

use flate2::Crc;
use liblzma::bufread::XzDecoder;
use liblzma::stream::Stream;

use super::budget::{Each, Stop, not_looked_into};
use super::zip_directory::{Part, broken, bytes_at, u32_at, u64_at};
use super::{Condition, Seen};

pub(super) const SIGNATURE: &[u8] = b"7z\xbc\xaf\x27\x1c";

/// `SignatureHeader`: signature, version, checksum of the rest, place, size and checksum of the end
/// header.
const START_LEN: u64 = 32;

/// Largest end header that is read; one of a million members is smaller.
const HEADER_MAX: u64 = 64 << 20;

/// `7zAES`: four bytes, in the coder's own form: its length is in the byte before.
const AES: [u8; 4] = [0x06, 0xf1, 0x07, 0x01];

/// How many bytes an archive that begins so has; `None` if it does not, or its start is damaged.
pub fn whole_len(start: &[u8]) -> Option<u64> {
    let numbers = start.get(12..32).filter(|_| start.starts_with(SIGNATURE))?;
    let sum = u32_at(start, 8) == crc(numbers);
    sum.then(|| START_LEN.saturating_add(u64_at(start, 12)).saturating_add(u64_at(start, 20)))
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// Looks at both headers.
pub(super) fn look(file: &File, each: Each<'_>) -> Result<(), Stop> {
    let len = file.metadata()?.len();
    let start = bytes_at(file, 0, START_LEN)?;
    let end = whole_len(&start).ok_or_else(|| broken("its start is damaged"))?;
    if end > len {
        return Err(Stop::Broken(format!(
            "it ends too early: it has {len} bytes, and its start says {end}"
        )));
    }
    let size = u64_at(&start, 20);
    if size > HEADER_MAX {
        return not_looked_into(each, "a 7z archive with too many members to look at".to_owned());
    }
    let header = bytes_at(file, end - size, size)?;
    if crc(&header) != u32_at(&start, 28) {
        return Err(broken("its list of members is damaged"));
    }
    let list = match header.first() {
        None | Some(1) => None,
        Some(0x17) => unpacked(file, &header)?,
        Some(_) => return Err(broken("its list of members is none")),
    };
    if needs_password(&header) || list.is_some_and(|list| needs_password(&list)) {
        let what = "a 7z archive that takes a password".to_owned();
        each(Seen::Remark { condition: Condition::Encrypted, what })?;
    } else if size > 0 {
        let what = "a 7z archive: its start and its end are whole, its members are not read; test \
                    it with 7z t, or ask for a zip or tar";
        not_looked_into(each, what.to_owned())?;
    }
    match len - end {
        0 => Ok(()),
        behind => not_looked_into(each, format!("{behind} bytes behind its end")),
    }
}

fn needs_password(header: &[u8]) -> bool {
    memchr::memmem::find_iter(header, &AES).any(|at| {
        at.checked_sub(1).and_then(|at| header.get(at)).is_some_and(|byte| byte & 15 == 4)
    })
}

/// The list of members, if it is packed as 7-Zip packs it: with LZMA alone.
fn unpacked(file: &File, header: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
    let Some(packed) = Packed::parse(header) else { return Ok(None) };
    let from = START_LEN.saturating_add(packed.at);
    if packed.unpacked > HEADER_MAX {
        return Ok(None);
    }
    // The form of lzma(1): properties, size, data.
    let mut alone = packed.properties.to_vec();
    alone.extend(packed.unpacked.to_le_bytes());
    let data = std::io::BufReader::new(Part::new(file, from, packed.len));
    let Ok(decoder) = Stream::new_lzma_decoder(256 << 20) else { return Ok(None) };
    let mut list = Vec::new();
    let stream = std::io::BufReader::new(Cursor::new(alone).chain(data));
    let read = XzDecoder::new_stream(stream, decoder).take(packed.unpacked).read_to_end(&mut list);
    let damaged = read.is_err() || list.len() as u64 != packed.unpacked;
    if damaged || packed.crc.is_some_and(|sum| sum != crc(&list)) {
        return Err(broken("its list of members is damaged"));
    }
    Ok(Some(list))
}

/// `EncodedHeader` with one stream, one folder and one coder, LZMA.
struct Packed {
    at: u64,
    len: u64,
    properties: [u8; 5],
    unpacked: u64,
    crc: Option<u32>,
}

impl Packed {
    fn parse(header: &[u8]) -> Option<Self> {
        let mut rest = header.strip_prefix(&[0x17, 0x06])?;
        let at = number(&mut rest)?;
        rest = rest.strip_prefix(&[1, 0x09])?;
        let len = number(&mut rest)?;
        // End of the pack info; unpack info, folder, one, not external, one coder, LZMA, properties.
        rest = rest.strip_prefix(&[0, 0x07, 0x0b, 1, 0, 1, 0x23, 3, 1, 1, 5])?;
        let (properties, after) = rest.split_first_chunk::<5>()?;
        rest = after.strip_prefix(&[0x0c])?;
        let unpacked = number(&mut rest)?;
        let crc = rest.strip_prefix(&[0x0a, 1]).and_then(|rest| rest.first_chunk());
        let crc = crc.map(|four| u32::from_le_bytes(*four));
        Some(Self { at, len, properties: *properties, unpacked, crc })
    }
}

/// `NUMBER`: as many bytes follow the first as it has leading ones; its other bits are the highest.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, mut rest) = bytes.split_first()?;
    let more = first.leading_ones();
    let mut value = 0;
    for at in 0..more {
        let (&byte, after) = rest.split_first()?;
        value |= u64::from(byte) << (8 * at);
        rest = after;
    }
    if more < 7 {
        let high = u64::from(first & (0x7f >> more));
        value |= high << (8 * more);
    }
    *bytes = rest;
    Some(value)
}
