//! What was sent to the population database, day by day, and what came back.

use rusqlite::{Connection, params};

use super::calendar::{DAY, SPAN};
use super::standing::Standing;
use super::subjects::{Subject, found_number};
use super::{World, insert};

/// 15 November 2021, the day of the first transfer, counted from the first vaccination.
const FIRST_TRANSFER: u32 = 252;
/// How many of the first transfers are spent on those who were there before.
const BACKLOG: u32 = 60;

/// The batch a subject was sent with, counted from 0; none if it was not sent.
fn batch(subject: &Subject) -> Option<u32> {
    if subject.standing == Standing::NotSent {
        return None;
    }
    // Not before the first dose; the backlog is spread by what is at hand.
    let batch =
        (subject.first_day + 2).saturating_sub(FIRST_TRANSFER).max(subject.mobile % BACKLOG);
    Some(batch.min(SPAN - FIRST_TRANSFER))
}

fn sent_at(batch: u32) -> u32 {
    (FIRST_TRANSFER + batch) * DAY + 23 * 3600
}

/// When a subject was sent, in seconds since the first day.
pub(super) fn sent(subject: &Subject) -> Option<u32> {
    batch(subject).map(sent_at)
}

/// Writes both tables.
pub(super) fn write(db: &Connection, world: &World) -> rusqlite::Result<()> {
    let World { calendar, places, subjects, .. } = world;
    let mut dice = world.dice("verification");
    let mut sent: Vec<(u32, u32, &Subject)> = (1_u32..)
        .zip(subjects)
        .filter_map(|(id, subject)| Some((batch(subject)?, id, subject)))
        .collect();
    sent.sort_unstable_by_key(|(batch, id, _)| (*batch, *id));

    let mut batches = insert(db, "verification_batches", 4)?;
    for batch in sent.chunk_by(|one, next| one.0 == next.0) {
        let doses: u64 = batch.iter().map(|(_, _, subject)| u64::from(subject.doses)).sum();
        let doses = i64::try_from(doses).unwrap_or(i64::MAX);
        let count = i64::try_from(batch.len()).unwrap_or(i64::MAX);
        if let Some((number, _, _)) = batch.first() {
            batches.execute(params![
                number + 1,
                calendar.moment(sent_at(*number), 0),
                count,
                doses
            ])?;
        }
    }
    let mut results = insert(db, "verification_results", 6)?;
    for (id, (batch, subject_id, subject)) in (1_u32..).zip(sent) {
        let found = (subject.standing == Standing::FoundRight)
            .then(|| found_number(&mut dice, subject, places));
        // Back within the hour, so on the same day.
        let received = sent_at(batch) + dice.below(3600);
        results.execute(params![
            id,
            batch + 1,
            subject_id,
            subject.standing.word(),
            found,
            calendar.moment(received, dice.below(1_000_000)),
        ])?;
    }
    Ok(())
}
