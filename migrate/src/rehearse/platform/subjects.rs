//! The people vaccinated.

use rusqlite::{Connection, params};

use super::calendar::{DAY, SPAN, day_of};
use super::dice::Dice;
use super::identity::{Bearer, citizen, malformed, well_formed};
use super::names::{as_typed, full_name};
use super::places::{Places, address};
use super::standing::{self, Identity, Standing};
use super::texts::{mobile, note, phone_as_typed};
use super::vaccines::{Choice, Stock};
use super::verification;
use super::{World, insert};

/// What the other tables have to know of a subject. Its id is its place in the list, plus one.
pub(super) struct Subject {
    pub(super) identity: Identity,
    pub(super) standing: Standing,
    /// Number of doses.
    pub(super) doses: u8,
    /// Day of the first dose, counted from the first vaccination.
    pub(super) first_day: u32,
    pub(super) province: usize,
    pub(super) vaccine: Choice,
    /// Mobile number without its leading 0.
    pub(super) mobile: u32,
}

/// Days between the first dose and the last, at least, by number of doses.
const SHORTEST_COURSE: [u32; 5] = [0, 0, 28, 118, 208];
/// The campaign: how many in a thousand had their first dose by which day.
const CAMPAIGN: [(u32, u32); 7] =
    [(0, 0), (50, 120), (200, 165), (500, 200), (800, 240), (950, 300), (1000, 390)];

/// Draws who there is, so that the doses are exactly as many as asked for.
pub(super) fn draw(seed: u64, doses: u32, places: &Places, stock: &Stock) -> Vec<Subject> {
    let mut dice = Dice::new(seed, "subjects, drawn");
    // As many subjects for a dose as on record; at least one, and at most one for each dose.
    let exact = u64::from(doses) * u64::from(standing::SUBJECTS) / u64::from(standing::DOSES);
    let count = u32::try_from(exact).unwrap_or(doses).clamp(1, doses);
    let mut subjects: Vec<Subject> = (0..count)
        .map(|row| {
            let (identity, standing) = standing::draw(&mut dice);
            Subject {
                identity,
                standing,
                doses: *dice.weighted(standing.doses()),
                first_day: first_day(&mut dice, row, count),
                province: places.pick(&mut dice),
                vaccine: Choice::default(),
                mobile: mobile(&mut dice),
            }
        })
        .collect();
    adjust(&mut dice, &mut subjects, doses);
    for subject in &mut subjects {
        // There has to be time for the whole course.
        let latest = SPAN - SHORTEST_COURSE[usize::from(subject.doses)];
        if subject.first_day > latest {
            subject.first_day = latest - dice.below(140);
        }
        subject.vaccine = stock.choose(&mut dice, subject.first_day);
    }
    subjects
}

/// The day of the first dose of a subject: later rows come later, more or less.
fn first_day(dice: &mut Dice, row: u32, count: u32) -> u32 {
    let share = u32::try_from(u64::from(row) * 1000 / u64::from(count)).unwrap_or(0);
    let mut day = 0;
    for pair in CAMPAIGN.windows(2) {
        let ((from, first), (to, last)) = (pair[0], pair[1]);
        if (from..to).contains(&share) {
            day = first + (share - from) * (last - first) / (to - from);
        }
    }
    (day + dice.below(51)).saturating_sub(25)
}

/// Gives and takes single doses until there are `wanted`.
fn adjust(dice: &mut Dice, subjects: &mut [Subject], wanted: u32) {
    let mut total: u32 = subjects.iter().map(|subject| u32::from(subject.doses)).sum();
    let count = u32::try_from(subjects.len()).unwrap_or(u32::MAX);
    while total != wanted {
        let subject = &mut subjects[dice.below(count) as usize];
        if total < wanted && subject.doses < 4 {
            subject.doses += 1;
            total += 1;
        } else if total > wanted && subject.doses > 1 {
            subject.doses -= 1;
            total -= 1;
        }
    }
}

/// Who somebody is, as the platform has it.
struct Person {
    name: String,
    /// In days since 1900.
    born: u32,
    is_man: bool,
    number: Option<String>,
}

fn person(dice: &mut Dice, subject: &Subject, places: &Places) -> Person {
    let is_man = dice.one_in(2);
    let mut name = full_name(dice, is_man);
    // Aged 12 to 99 on the day of the figures, younger people more often.
    let age = (12 + dice.below(60) + dice.below(60).saturating_sub(32)).min(99);
    let mut birth_year = 2022 - age;
    let native = if dice.one_in(6) { places.pick(dice) } else { subject.province };
    let bearer = Bearer { province: places.provinces[native].code, birth_year, is_man };
    let number = match subject.identity {
        Identity::WellFormed => Some(well_formed(dice, &bearer)),
        Identity::Malformed => Some(malformed(dice, &bearer)),
        Identity::Missing => dice.one_in(3).then(String::new),
    };
    // The number is the person's; the rest is what the site typed.
    let (wrong_name, wrong_date) = match subject.standing {
        Standing::WrongName => (true, false),
        Standing::WrongBirthDate => (false, true),
        Standing::WrongNameAndBirthDate => (true, true),
        _ => (false, false),
    };
    if wrong_name {
        let is_man = dice.one_in(2);
        name = full_name(dice, is_man);
    }
    if wrong_date && dice.one_in(2) {
        birth_year -= dice.between(1, 9);
    }
    // Where only the year is known, 1 January stands in.
    let day = if dice.one_in(if wrong_date { 2 } else { 25 }) { 0 } else { dice.below(365) };
    let year = i16::try_from(birth_year).unwrap_or(1980);
    Person { name, born: day_of(jiff::civil::date(year, 1, 1)) + day, is_man, number }
}

/// Writes the table.
pub(super) fn write(db: &Connection, world: &World) -> rusqlite::Result<()> {
    let World { calendar, places, subjects, .. } = world;
    let mut dice = world.dice("subjects");
    let mut statement = insert(db, "subjects", 16)?;
    for (row, subject) in (0_u32..).zip(subjects) {
        let province = &places.provinces[subject.province];
        let person = person(&mut dice, subject, places);
        let facility = dice.pick(&province.facilities);
        // Registered up to three weeks ahead, or on the day before the doors open.
        let registered = (subject.first_day.saturating_sub(dice.below(21))) * DAY;
        let created = registered + 6 * 3600 + dice.below(5_000);
        let updated = dice.one_in(3).then(|| {
            let last = (SPAN + 1) * DAY - 1;
            calendar.moment((created + dice.below(90 * DAY)).min(last), dice.below(1_000_000))
        });
        let phone = match dice.below(50) {
            0 | 1 => None,
            2 => Some(String::new()),
            _ => Some(phone_as_typed(&mut dice, subject.mobile)),
        };
        statement.execute(params![
            row + 1,
            dice.uuid(),
            as_typed(&mut dice, row, &person.name),
            (!dice.one_in(1000)).then(|| calendar.date(person.born)),
            (!dice.one_in(500)).then_some(if person.is_man { "Nam" } else { "Nữ" }),
            phone,
            person.number,
            province.code,
            (!dice.one_in(30)).then(|| dice.pick(&province.districts)),
            address(&mut dice, row),
            (!dice.one_in(4)).then(|| dice.between(1, 16)),
            note(&mut dice),
            (!dice.one_in(10)).then(|| super::accounts::of_facility(facility)),
            calendar.moment(created, if dice.one_in(4) { dice.below(1_000_000) } else { 0 }),
            updated,
            verification::sent(subject).map(|second| calendar.moment(second, 0)),
        ])?;
    }
    Ok(())
}

/// The number under which the population database knows somebody found without one.
pub(super) fn found_number(dice: &mut Dice, subject: &Subject, places: &Places) -> String {
    let bearer = Bearer {
        province: places.provinces[subject.province].code,
        birth_year: dice.between(1940, 2010),
        is_man: dice.one_in(2),
    };
    citizen(dice, &bearer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_doses_are_as_many_as_asked_for() {
        let (places, stock) = (Places::new(1), Stock::new());
        for doses in [1, 2, 3, 10, 1000, 24_000] {
            let subjects = draw(1, doses, &places, &stock);
            assert_eq!(subjects.iter().map(|subject| u32::from(subject.doses)).sum::<u32>(), doses);
            assert!(subjects.iter().all(|subject| (1..=4).contains(&subject.doses)));
        }
        assert_eq!(draw(1, 24_000, &places, &stock).len(), 10_021);
    }

    #[test]
    fn the_campaign_begins_slowly_and_ends_in_time() {
        let (places, stock) = (Places::new(1), Stock::new());
        let subjects = draw(1, 24_000, &places, &stock);
        let begun = |day| subjects.iter().filter(|subject| subject.first_day <= day).count();
        assert!((300..900).contains(&begun(120)), "{} of 10021 by July", begun(120));
        assert!((4_000..6_000).contains(&begun(200)), "{} of 10021 by 24 September", begun(200));
        assert_eq!(begun(SPAN), subjects.len());
    }
}
