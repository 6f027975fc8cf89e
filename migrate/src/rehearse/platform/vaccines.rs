//! Vaccines, their lots, and which site got which lot.

use jiff::civil::{Date, date};
use rusqlite::{Connection, params};

use super::calendar::{DAY, FIRST_DAY, SPAN, day_of};
use super::dice::Dice;
use super::{World, insert};

/// A vaccine approved in Vietnam.
struct Vaccine {
    code: &'static str,
    name: &'static str,
    manufacturer: &'static str,
    /// Doses of a full first course.
    course: u8,
    volume: f64,
    celsius: f64,
    approved: Date,
    /// How often it is the vaccine of a first course, of a booster.
    weights: [u32; 2],
}

const VACCINES: [Vaccine; 9] = [
    vaccine(
        ["AZD1222", "COVID-19 Vaccine AstraZeneca", "AstraZeneca AB"],
        2,
        [0.5, 5.0],
        date(2021, 2, 1),
        [300, 270],
    ),
    vaccine(
        ["SPUTNIK-V", "Gam-COVID-Vac", "Viện Gamaleya"],
        2,
        [0.5, -18.5],
        date(2021, 3, 23),
        [10, 0],
    ),
    vaccine(
        ["VERO-CELL", "COVID-19 Vaccine (Vero Cell), Inactivated", "Sinopharm"],
        2,
        [0.5, 5.0],
        date(2021, 6, 3),
        [330, 0],
    ),
    vaccine(
        ["COMIRNATY", "Comirnaty", "Pfizer – BioNTech"],
        2,
        [0.3, -72.5],
        date(2021, 6, 12),
        [260, 550],
    ),
    vaccine(["SPIKEVAX", "Spikevax", "Moderna"], 2, [0.5, -20.25], date(2021, 6, 28), [50, 180]),
    vaccine(
        ["JANSSEN", "COVID-19 Vaccine Janssen", "Janssen Pharmaceutica"],
        1,
        [0.5, 5.0],
        date(2021, 7, 15),
        [1, 0],
    ),
    vaccine(["HAYAT-VAX", "Hayat-Vax", "Julphar"], 2, [0.5, 5.0], date(2021, 9, 10), [15, 0]),
    vaccine(["ABDALA", "Abdala", "AICA, CIGB"], 3, [0.5, 5.0], date(2021, 9, 17), [30, 0]),
    vaccine(["COVAXIN", "Covaxin", "Bharat Biotech"], 2, [0.5, 5.0], date(2021, 11, 10), [4, 0]),
];

const fn vaccine(
    [code, name, manufacturer]: [&'static str; 3],
    course: u8,
    [volume, celsius]: [f64; 2],
    approved: Date,
    weights: [u32; 2],
) -> Vaccine {
    Vaccine { code, name, manufacturer, course, volume, celsius, approved, weights }
}

/// Lots of each vaccine.
const LOTS: u32 = 12;

/// The vaccine of somebody's first course.
#[derive(Clone, Copy, Default)]
pub(super) struct Choice(usize);

/// What is known of one dose's vaccine.
pub(super) struct Given {
    pub(super) lot: u32,
    pub(super) volume: f64,
    pub(super) is_booster: bool,
}

/// Chooses vaccines.
pub(super) struct Stock {
    first: Vec<(usize, u32)>,
    booster: Vec<(usize, u32)>,
}

impl Stock {
    pub(super) fn new() -> Self {
        let weights =
            |use_: usize| VACCINES.iter().enumerate().map(move |(at, v)| (at, v.weights[use_]));
        Self { first: weights(0).collect(), booster: weights(1).collect() }
    }

    /// A vaccine for somebody whose course begins on this day, counted from the first vaccination.
    /// One that was not there yet is AstraZeneca's.
    pub(super) fn choose(&self, dice: &mut Dice, day: u32) -> Choice {
        let at = *dice.weighted(&self.first);
        let there_from = day_of(VACCINES[at].approved) + 14;
        Choice(if there_from <= FIRST_DAY + day { at } else { 0 })
    }

    /// What is given as dose `number` of a course begun with this vaccine.
    pub(super) fn give(&self, dice: &mut Dice, choice: Choice, number: u8) -> Given {
        let is_booster = number > VACCINES[choice.0].course;
        let at = if is_booster { *dice.weighted(&self.booster) } else { choice.0 };
        let lot = u32::try_from(at).unwrap_or(0) * LOTS + dice.below(LOTS) + 1;
        // Half a dose of Moderna's is its booster.
        let volume =
            if is_booster && VACCINES[at].code == "SPIKEVAX" { 0.25 } else { VACCINES[at].volume };
        Given { lot, volume, is_booster }
    }
}

/// Writes the three tables.
pub(super) fn write(db: &Connection, world: &World) -> rusqlite::Result<()> {
    let World { calendar, places, .. } = world;
    let mut dice = world.dice("vaccines");
    let mut vaccines = insert(db, "vaccines", 7)?;
    let mut lots = insert(db, "vaccine_lots", 7)?;
    let mut lot = 0;
    for v in &VACCINES {
        let approved = day_of(v.approved);
        let row = params![
            v.code,
            v.name,
            v.manufacturer,
            v.course,
            v.volume,
            v.celsius,
            calendar.date(approved)
        ];
        vaccines.execute(row)?;
        for number in 0..LOTS {
            lot += 1;
            let letters = [dice.between(65, 90), dice.between(65, 90)]
                .map(|c| char::from_u32(c).unwrap_or('A'));
            let name = format!("{}{}{:04}-{number}", letters[0], letters[1], dice.below(10_000));
            let received = (approved + 10 + number * 15).saturating_sub(FIRST_DAY).min(SPAN);
            // Lots that were given have no price. Quarters are exact in binary.
            let price = dice.one_in(2).then(|| f64::from(dice.between(200_000, 2_000_000)) / 4.0);
            lots.execute(params![
                lot,
                v.code,
                name,
                dice.between(20, 900) * 1_170,
                price,
                calendar.moment(received * DAY + dice.below(DAY), dice.below(1_000_000)),
                calendar.date(FIRST_DAY + received + dice.between(120, 400)),
            ])?;
        }
    }
    let mut allocations = insert(db, "lot_allocations", 4)?;
    for (_, facility) in places.all_facilities() {
        for lot in 1..=lot {
            if dice.one_in(5) {
                let day = FIRST_DAY + dice.between(20, 390);
                allocations.execute(params![
                    facility.id,
                    lot,
                    dice.between(1, 200) * 10,
                    calendar.date(day)
                ])?;
            }
        }
    }
    Ok(())
}
