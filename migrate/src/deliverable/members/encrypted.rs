//! Files that are encrypted as a whole, by what they begin with: age (age-encryption.org/v1), OpenPGP
//! with ASCII armor (RFC 9580, section 6.2), `openssl enc`, and Office documents with a password
//! ([MS-OFFCRYPTO] section 2.3: a compound file with the stream `EncryptedPackage`).

use std::fs::File;
use std::io;

use super::budget::{Each, Stop};
use super::zip_directory::{bytes_at, u16_at, u32_at};
use super::{Condition, Seen};

const STARTS: [&[u8]; 4] = [
    b"age-encryption.org/v1\n",
    b"-----BEGIN AGE ENCRYPTED FILE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"Salted__",
];

const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Whether the file is one of these.
pub(super) fn is_encrypted(file: &File, start: &[u8]) -> io::Result<bool> {
    if STARTS.iter().any(|known| start.starts_with(known)) {
        return Ok(true);
    }
    Ok(start.starts_with(COMPOUND) && is_office(file, start)?)
}

/// The first sector of the directory of a compound file ([MS-CFB] section 2.2) names the streams.
fn is_office(file: &File, start: &[u8]) -> io::Result<bool> {
    let sector = 1_u64 << u16_at(start, 30).min(12);
    let at = (u64::from(u32_at(start, 48)) + 1) * sector;
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    // With small sectors the name may be in the next one, which need not follow.
    Ok(memchr::memmem::find(&bytes_at(file, at, 4096)?, &name).is_some())
}

/// Says so.
pub(super) fn look(each: Each<'_>) -> Result<(), Stop> {
    let what = "it is encrypted; ask for the key, or for the file without".to_owned();
    Ok(each(Seen::Remark { condition: Condition::Encrypted, what })?)
}
