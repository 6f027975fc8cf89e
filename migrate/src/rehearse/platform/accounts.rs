//! Accounts: the vendor's, the provinces', the sites'.

use rusqlite::{Connection, params};

use super::calendar::DAY;
use super::dice::Dice;
use super::letters::without_marks;
use super::places::{Facility, Places, Province};
use super::{World, insert};

/// Accounts whose names sort differently under every locale.
const ODD: [&str; 9] = [
    "quản-trị",
    "Quản Trị",
    "quan_tri",
    "QUANTRI",
    "z.vendor",
    "Đề án 06",
    "đề án 06",
    "a b",
    "A-b",
];

/// The account of a site.
pub(super) fn of_facility(facility: &Facility) -> String {
    format!("cs.{}", facility.code)
}

/// The two accounts of a province: one that works, one that only looks.
fn of_province(province: &Province) -> [String; 2] {
    let name: String =
        without_marks(province.name).chars().filter(char::is_ascii_alphanumeric).collect();
    [format!("{}.soyte", name.to_lowercase()), format!("{name}_xem")]
}

/// One of the accounts of provinces.
pub(super) fn any_of_province(dice: &mut Dice, places: &Places) -> String {
    let province = &places.provinces[places.pick(dice)];
    let [works, looks] = of_province(province);
    if dice.one_in(5) { looks } else { works }
}

/// Writes the table.
pub(super) fn write(db: &Connection, world: &World) -> rusqlite::Result<()> {
    let World { calendar, places, .. } = world;
    let mut dice = world.dice("accounts");
    let mut statement = insert(db, "accounts", 7)?;
    let mut write =
        |name: &str, shown: &str, role: &str, province: Option<&str>, site: Option<u32>| {
            let created = calendar.moment(dice.below(60 * DAY), dice.below(1_000_000));
            let is_active = !dice.one_in(20);
            statement.execute(params![name, shown, role, province, site, is_active, created])
        };
    for name in ODD {
        write(name, &format!("Tài khoản {name}"), "vendor", None, None)?;
    }
    for province in &places.provinces {
        let [works, looks] = of_province(province);
        let shown = format!("Sở Y tế {}", province.name);
        write(&works, &shown, "province", Some(province.code), None)?;
        write(&looks, &format!("{shown} (chỉ xem)"), "viewer", Some(province.code), None)?;
    }
    for (province, facility) in places.all_facilities() {
        let (name, id) = (of_facility(facility), facility.id);
        write(&name, &facility.name, "facility", Some(province.code), Some(id))?;
    }
    Ok(())
}
