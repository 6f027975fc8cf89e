//! The doses, in the order in which sites entered them.

use rusqlite::{Connection, params};

use super::calendar::{DAY, SPAN};
use super::dice::Dice;
use super::subjects::Subject;
use super::texts::{mobile, phone_as_typed, reaction};
use super::{World, insert};

/// One dose, before it has an id. Seconds count from the day of the first vaccination.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Dose {
    entered: u32,
    /// Place of the subject in the list.
    subject: u32,
    number: u8,
    given: u32,
}

/// Days between dose and dose: at least, and by how much more.
const GAPS: [(u32, u32); 3] = [(28, 57), (90, 61), (90, 31)];

/// Draws the doses and puts them in order.
fn draw(dice: &mut Dice, subjects: &[Subject]) -> Vec<Dose> {
    let total = subjects.iter().map(|subject| usize::from(subject.doses)).sum();
    let mut doses = Vec::with_capacity(total);
    for (at, subject) in (0..).zip(subjects) {
        let gaps = GAPS.iter().take(usize::from(subject.doses).saturating_sub(1));
        // The days that are left when every gap is as short as it may be.
        let shortest: u32 = gaps.clone().map(|(least, _)| least).sum();
        let mut slack = (SPAN - subject.first_day).saturating_sub(shortest);
        let mut day = subject.first_day;
        let mut gaps = gaps;
        for number in 1..=subject.doses {
            if number > 1
                && let Some((least, more)) = gaps.next()
            {
                let extra = dice.below((*more).min(slack + 1));
                slack -= extra;
                day += least + extra;
            }
            // Between 7:30 and 17:00.
            let given = day * DAY + dice.between(27_000, 61_200);
            let delay = if dice.below(10) < 7 { dice.below(10_800) } else { dice.below(20 * DAY) };
            let entered = (given + 60 + delay).min((SPAN + 1) * DAY - 1);
            doses.push(Dose { entered, subject: at, number, given });
        }
    }
    doses.sort_unstable();
    doses
}

/// Writes the table; returns the doses given by day and province, day by day.
pub(super) fn write(db: &Connection, world: &World) -> rusqlite::Result<Vec<Vec<u32>>> {
    let World { calendar, places, stock, subjects, .. } = world;
    let mut dice = world.dice("doses");
    let mut by_day = vec![vec![0; places.provinces.len()]; SPAN as usize + 1];
    let mut statement = insert(db, "doses", 12)?;
    for (id, dose) in (1_u32..).zip(draw(&mut dice, subjects)) {
        let subject = &subjects[dose.subject as usize];
        let province = if dice.one_in(12) { places.pick(&mut dice) } else { subject.province };
        by_day[(dose.given / DAY) as usize][province] += 1;
        let facility = dice.pick(places.facilities(province));
        let vaccine = stock.give(&mut dice, subject.vaccine, dose.number);
        let volume = match dice.below(2000) {
            0 => None,
            // A lost decimal point.
            1 => Some(5.0),
            _ => Some(vaccine.volume),
        };
        // Phone numbers differ between doses of one person.
        let phone = match dice.below(20) {
            0 => Some(mobile(&mut dice)),
            1..4 => None,
            _ => Some(subject.mobile),
        };
        // What came through the interface of a hospital's own system has microseconds.
        let micros = if dice.one_in(6) { dice.below(1_000_000) } else { 0 };
        statement.execute(params![
            id,
            dose.subject + 1,
            facility.id,
            vaccine.lot,
            dose.number,
            vaccine.is_booster,
            calendar.moment(dose.given, micros),
            (!dice.one_in(50)).then(|| dice.pick(&facility.staff)),
            volume,
            phone.map(|phone| phone_as_typed(&mut dice, phone)),
            reaction(&mut dice),
            calendar.moment(dose.entered, dice.below(1_000_000)),
        ])?;
    }
    Ok(by_day)
}

/// Writes the daily report, which is right.
pub(super) fn write_report(
    db: &Connection,
    world: &World,
    by_day: &[Vec<u32>],
) -> rusqlite::Result<()> {
    let World { calendar, places, .. } = world;
    let mut dice = world.dice("report");
    let mut statement = insert(db, "Báo cáo Ngày", 4)?;
    for (day, counts) in (0..).zip(by_day) {
        for (province, count) in
            places.provinces.iter().zip(counts).filter(|(_, count)| **count > 0)
        {
            let note = dice.one_in(50).then_some("Số liệu đến 17 giờ");
            let date = calendar.date(super::calendar::FIRST_DAY + day);
            statement.execute(params![date, province.code, count, note])?;
        }
    }
    Ok(())
}
