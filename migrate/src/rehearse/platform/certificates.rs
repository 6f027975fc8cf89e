//! Signed vaccine certificates, opaque here: they have the shape of a COSE_Sign1 message.

use rusqlite::{Connection, params};

use super::calendar::{DAY, FIRST_DAY, SPAN};
use super::standing::Standing;
use super::{World, insert};

/// Tag 18, an array of four, a protected header that says ES256.
const START: [u8; 6] = [0xd2, 0x84, 0x43, 0xa1, 0x01, 0x26];

/// Writes the table: some of those who were found right and have at least two doses. Returns how
/// many.
pub(super) fn write(db: &Connection, world: &World) -> rusqlite::Result<u64> {
    let World { calendar, subjects, .. } = world;
    let mut dice = world.dice("certificates");
    let mut statement = insert(db, "certificates", 7)?;
    let mut count = 0;
    let mut payload = [0; 300];
    for (subject_id, subject) in (1_u32..).zip(subjects) {
        let is_right = matches!(subject.standing, Standing::Right | Standing::FoundRight);
        if !is_right || subject.doses < 2 || dice.below(10) >= 3 {
            continue;
        }
        count += 1;
        dice.fill(&mut payload);
        payload[..START.len()].copy_from_slice(&START);
        let length = dice.between(180, 300) as usize;
        // The trial of the last eleven days.
        let issued = (SPAN - dice.below(11)) * DAY + dice.below(DAY);
        statement.execute(params![
            i64::try_from(count).unwrap_or(i64::MAX),
            subject_id,
            dice.uuid(),
            &payload[..length],
            calendar.moment(issued, dice.below(1_000_000)),
            calendar.date(FIRST_DAY + issued / DAY + 365),
            dice.one_in(200),
        ])?;
    }
    Ok(count)
}
