//! The log of who did what: no key, and some rows more than once.

use rusqlite::{Connection, params};

use super::accounts::any_of_province;
use super::calendar::{DAY, SPAN};
use super::{World, insert};

/// One entry for so many doses.
const DOSES_PER_ENTRY: u32 = 10;
const ACTIONS: [(&str, u32); 6] = [
    ("login", 40),
    ("search", 25),
    ("subject.update", 15),
    ("dose.insert", 12),
    ("export", 6),
    ("subject.merge", 2),
];

/// Writes the table; returns the number of rows.
pub(super) fn write(db: &Connection, world: &World) -> rusqlite::Result<u64> {
    let World { calendar, places, .. } = world;
    let doses = world.doses;
    let mut dice = world.dice("audit");
    let mut statement = insert(db, "audit_log", 6)?;
    let entries = doses.div_ceil(DOSES_PER_ENTRY);
    let span = u64::from((SPAN + 1) * DAY);
    let mut count = 0;
    for entry in 0..entries {
        // In order of time, to the second: the system wrote no fractions.
        let at = u32::try_from(u64::from(entry) * span / u64::from(entries)).unwrap_or(0);
        let at = calendar.moment(at, 0);
        let account = (!dice.one_in(10)).then(|| any_of_province(&mut dice, places));
        let action = dice.weighted(&ACTIONS);
        let object = action.contains('.').then(|| dice.between(1, doses));
        let address =
            format!("10.{}.{}.{}", dice.below(256), dice.below(256), dice.between(1, 254));
        let detail = match dice.below(12) {
            0 => Some("{\"lý do\": \"sửa ngày sinh\", \"cũ\": \"1985-01-01\\n\"}"),
            1 => Some(""),
            2 => Some("xuất Excel\t10.000 dòng"),
            _ => None,
        };
        // A retried request was logged again; now and then twice.
        let times = match entry % 100 {
            40 => 2,
            80 => 3,
            _ => 1,
        };
        for _ in 0..times {
            statement.execute(params![at, account, action, object, address, detail])?;
            count += 1;
        }
    }
    Ok(count)
}
