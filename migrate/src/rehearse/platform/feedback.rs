//! Citizens' feedback, some of it with a photo of the paper certificate.

use std::path::Path;

use rusqlite::{Connection, params};

use super::accounts::any_of_province;
use super::calendar::{Calendar, DAY, SPAN};
use super::names::{as_typed, full_name};
use super::photos::{PhotoStore, PhotoWriter};
use super::texts::{answer, complaint, mobile, phone_as_typed};
use super::{World, insert};

/// One feedback for so many doses.
const DOSES_PER_FEEDBACK: u32 = 400;
/// One photo for so many feedbacks.
const FEEDBACKS_PER_PHOTO: u32 = 5;

/// Writes the table, and the photos into a folder; returns how many pieces of feedback
/// there are, and what is in the store.
pub(super) fn write(
    db: &Connection,
    world: &World,
    photo_dir: &Path,
) -> anyhow::Result<(u64, PhotoStore)> {
    let World { calendar, places, doses, .. } = world;
    let subjects = u32::try_from(world.subjects.len()).unwrap_or(u32::MAX);
    let mut dice = world.dice("feedback");
    let mut statement = insert(db, "feedback", 11)?;
    let (mut count, mut photos) = (0, PhotoWriter::new(photo_dir));
    for row in 0..doses.div_ceil(DOSES_PER_FEEDBACK) {
        let submitted = dice.between(150 * DAY, (SPAN + 1) * DAY - 1);
        let photo = (row % FEEDBACKS_PER_PHOTO == 0).then(|| photo_path(calendar, submitted, row));
        let digest = match &photo {
            Some(path) => Some(photos.receive(path, submitted, &mut dice)?.to_string()),
            None => None,
        };
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
            digest,
            if is_answered { "answered" } else { "new" },
            calendar.moment(submitted, dice.below(1_000_000)),
            is_answered.then(|| any_of_province(&mut dice, places)),
            is_answered.then(|| answer(&mut dice)),
        ])?;
    }
    Ok((count, photos.finish(&mut world.dice("orphaned photos"))?))
}

/// Where a photo is, below the folder of photos: by month. Some names have blanks and diacritics.
fn photo_path(calendar: &Calendar, submitted: u32, row: u32) -> String {
    let month: String = calendar.moment(submitted, 0).chars().take(7).collect();
    let name = if row % 35 == 5 { "giấy xác nhận " } else { "" };
    format!("{}/{name}{:06}.bmp", month.replace('-', "/"), row + 1)
}
