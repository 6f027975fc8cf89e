//! Images of discs: whether the file has all the blocks that its primary volume descriptor counts
//! (ECMA-119, section 8.4). Their files are not listed.

use std::fs::File;
use std::io;

use super::budget::{Each, Stop, not_looked_into};
use super::zip_directory::{bytes_at, u16_at, u32_at};

/// The first volume descriptor: block 16 of 2,048 bytes.
const AT: u64 = 16 * 2048;

/// Whether the file is an image.
pub(super) fn is_iso(file: &File) -> io::Result<bool> {
    Ok(bytes_at(file, AT, 6)?.get(1..) == Some(b"CD001"))
}

/// Holds the size of the volume against that of the file.
pub(super) fn look(file: &File, each: Each<'_>) -> Result<(), Stop> {
    let len = file.metadata()?.len();
    let descriptor = bytes_at(file, AT, 2048)?;
    let size = u64::from(u32_at(&descriptor, 80)) * u64::from(u16_at(&descriptor, 128));
    if descriptor.len() < 2048 || size > len {
        return Err(Stop::Broken(format!(
            "it ends too early: it has {len} bytes, and its volume has {size}"
        )));
    }
    let what = "an image of a disc: it has all its blocks, its files are not read; ask for them as a \
                folder, too";
    not_looked_into(each, what.to_owned())
}
