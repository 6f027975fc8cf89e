//! The photos that citizens sent, in the state in which such a store is found: some are gone, some
//! belong to nothing, one upload broke off.

use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use handover_cli_kit::private_file;
use handover_schemas::digest::Digest;
use serde::Serialize;

use super::dice::Dice;

/// Photos, counted from 0, that the database names and nobody finds.
const MISSING: [u64; 3] = [7, 11, 17];
/// The photo of which nothing arrived.
const EMPTY: u64 = 3;
/// A photo that was sent twice: this one is the same as the one before.
const REPEATED: u64 = 13;
/// Photos that no row names.
const ORPHANED: [&str; 2] = ["2021/12/tmp-upload-4071.bmp", "2022/01/giấy xác nhận (1).bmp"];

/// 8 March 2021, 00:00 in Hà Nội, in seconds since 1970: the platform's calendar begins.
const FIRST_SECOND: u64 = 1_615_136_400;

/// What is in the store, and what of it is not as it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PhotoStore {
    /// Rows that name a photo, each another one.
    pub referenced: u64,
    /// Files in the store.
    pub files: u64,
    /// Photos that a row names and that are not in the store.
    pub missing: u64,
    /// Files that no row names.
    pub orphaned: u64,
    /// Files of no bytes; a row names each, with the digest of what was sent.
    pub empty: u64,
    /// Pairs of files with the same content.
    pub same_content: u64,
}

/// The folder of photos while it is filled.
pub(super) struct PhotoWriter<'a> {
    dir: &'a Path,
    store: PhotoStore,
    before: Vec<u8>,
}

impl<'a> PhotoWriter<'a> {
    pub(super) fn new(dir: &'a Path) -> Self {
        Self { dir, store: PhotoStore::default(), before: Vec::new() }
    }

    /// Takes in the photo of a row, sent so many seconds after the calendar begins, and returns
    /// the digest of what was sent.
    pub(super) fn receive(
        &mut self,
        path: &str,
        sent: u32,
        dice: &mut Dice,
    ) -> anyhow::Result<Digest> {
        let number = self.store.referenced;
        self.store.referenced += 1;
        let mut bytes = picture(dice);
        if number == REPEATED {
            bytes.clone_from(&self.before);
            self.store.same_content += 1;
        }
        let digest = Digest::of(&bytes);
        if MISSING.contains(&number) {
            self.store.missing += 1;
        } else if number == EMPTY {
            self.store.empty += 1;
            self.store(path, sent, &[])?;
        } else {
            self.store(path, sent, &bytes)?;
        }
        self.before = bytes;
        Ok(digest)
    }

    /// Puts in the photos that no row names.
    pub(super) fn finish(mut self, dice: &mut Dice) -> anyhow::Result<PhotoStore> {
        for path in ORPHANED {
            self.store.orphaned += 1;
            let sent = dice.below(300 * super::calendar::DAY);
            self.store(path, sent, &picture(dice))?;
        }
        Ok(self.store)
    }

    fn store(&mut self, path: &str, sent: u32, bytes: &[u8]) -> anyhow::Result<()> {
        self.store.files += 1;
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(FIRST_SECOND + u64::from(sent));
        write_file(&self.dir.join(path), time, bytes)
            .with_context(|| format!("photo {path} cannot be written"))
    }
}

fn write_file(path: &Path, time: SystemTime, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = private_file::new(path)?;
    file.write_all(bytes)?;
    file.set_modified(time)
}

/// A picture of 24 × 32 pixels: paper with lines of ink.
fn picture(dice: &mut Dice) -> Vec<u8> {
    const WIDTH: u32 = 24;
    const HEIGHT: u32 = 32;
    const HEADERS: u32 = 14 + 40;
    let size = WIDTH * HEIGHT * 3;
    let mut bytes = Vec::with_capacity((HEADERS + size) as usize);
    bytes.extend(b"BM");
    // Size of the file, reserved, where the pixels begin; size of the second header.
    for number in [HEADERS + size, 0, HEADERS, 40, WIDTH, HEIGHT] {
        bytes.extend(number.to_le_bytes());
    }
    // One plane, 24 bits a pixel; no compression, size of the pixels, 72 dots an inch, no palette.
    bytes.extend([1, 0, 24, 0]);
    for number in [0, size, 2835, 2835, 0, 0] {
        bytes.extend(number.to_le_bytes());
    }
    for line in 0..HEIGHT {
        for _ in 0..WIDTH {
            let is_ink = line % 4 == 1 && dice.odds(3, 1);
            let shade = if is_ink { dice.between(20, 90) } else { dice.between(225, 255) };
            let shade = u8::try_from(shade).unwrap_or(u8::MAX);
            bytes.extend([shade.saturating_sub(12), shade.saturating_sub(4), shade]);
        }
    }
    bytes
}
