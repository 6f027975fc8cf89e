//! Citizens' feedback, some of it with a photo of the paper certificate.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::Context;
use rusqlite::{Connection, params};

use super::accounts::any_of_province;
use super::calendar::{Calendar, DAY, SPAN};
use super::dice::Dice;
use super::names::{as_typed, full_name};
use super::texts::{answer, complaint, mobile, phone_as_typed};
use super::{World, insert};

/// One feedback for so many doses.
const DOSES_PER_FEEDBACK: u32 = 400;
/// One photo for so many feedbacks.
const FEEDBACKS_PER_PHOTO: u32 = 5;

/// Writes the table, and the photos into a folder; returns how many of each.
pub(super) fn write(
    db: &Connection,
    world: &World,
    photo_dir: &Path,
) -> anyhow::Result<(u64, u64)> {
    let World { calendar, places, doses, .. } = world;
    let subjects = u32::try_from(world.subjects.len()).unwrap_or(u32::MAX);
    let mut dice = world.dice("feedback");
    let mut statement = insert(db, "feedback", 10)?;
    let (mut count, mut photos) = (0, 0);
    for row in 0..doses.div_ceil(DOSES_PER_FEEDBACK) {
        let submitted = dice.between(150 * DAY, (SPAN + 1) * DAY - 1);
        let photo = (row % FEEDBACKS_PER_PHOTO == 0).then(|| photo_path(calendar, submitted, row));
        if let Some(path) = &photo {
            write_photo(&mut dice, &photo_dir.join(path))
                .with_context(|| format!("photo {path} cannot be written"))?;
            photos += 1;
        }
        count += 1;
        let is_man = dice.one_in(2);
        let name = full_name(&mut dice, is_man);
        let mobile = mobile(&mut dice);
        let is_answered = dice.odds(3, 1);
        statement.execute(params![
            row + 1,
            dice.odds(3, 2).then(|| dice.between(1, subjects)),
            as_typed(&mut dice, row, &name),
            phone_as_typed(&mut dice, mobile),
            complaint(&mut dice),
            photo,
            if is_answered { "answered" } else { "new" },
            calendar.moment(submitted, dice.below(1_000_000)),
            is_answered.then(|| any_of_province(&mut dice, places)),
            is_answered.then(|| answer(&mut dice)),
        ])?;
    }
    Ok((count, photos))
}

/// Where a photo is, below the folder of photos: by month. Some names have blanks and diacritics.
fn photo_path(calendar: &Calendar, submitted: u32, row: u32) -> String {
    let month: String = calendar.moment(submitted, 0).chars().take(7).collect();
    let name = if row % 35 == 5 { "giấy xác nhận " } else { "" };
    format!("{}/{name}{:06}.bmp", month.replace('-', "/"), row + 1)
}

/// A picture of 24 × 32 pixels: paper with lines of ink.
fn write_photo(dice: &mut Dice, path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&picture(dice))
}

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
