//! Provinces as they were in 2022; districts and vaccination sites, which are invented.

use rusqlite::{Connection, params};

use super::dice::Dice;
use super::names::full_name;
use super::{World, insert};

/// The 63 provinces: code, name, inhabitants in ten thousands (roughly, as weights).
const PROVINCES: [(&str, &str, u32); 63] = [
    ("01", "Hà Nội", 833),
    ("02", "Hà Giang", 88),
    ("04", "Cao Bằng", 54),
    ("06", "Bắc Kạn", 32),
    ("08", "Tuyên Quang", 80),
    ("10", "Lào Cai", 76),
    ("11", "Điện Biên", 62),
    ("12", "Lai Châu", 48),
    ("14", "Sơn La", 129),
    ("15", "Yên Bái", 84),
    ("17", "Hoà Bình", 87),
    ("19", "Thái Nguyên", 132),
    ("20", "Lạng Sơn", 79),
    ("22", "Quảng Ninh", 135),
    ("24", "Bắc Giang", 187),
    ("25", "Phú Thọ", 150),
    ("26", "Vĩnh Phúc", 119),
    ("27", "Bắc Ninh", 146),
    ("30", "Hải Dương", 194),
    ("31", "Hải Phòng", 207),
    ("33", "Hưng Yên", 128),
    ("34", "Thái Bình", 187),
    ("35", "Hà Nam", 87),
    ("36", "Nam Định", 183),
    ("37", "Ninh Bình", 100),
    ("38", "Thanh Hóa", 371),
    ("40", "Nghệ An", 340),
    ("42", "Hà Tĩnh", 131),
    ("44", "Quảng Bình", 91),
    ("45", "Quảng Trị", 64),
    ("46", "Thừa Thiên Huế", 115),
    ("48", "Đà Nẵng", 119),
    ("49", "Quảng Nam", 151),
    ("51", "Quảng Ngãi", 124),
    ("52", "Bình Định", 150),
    ("54", "Phú Yên", 87),
    ("56", "Khánh Hòa", 125),
    ("58", "Ninh Thuận", 59),
    ("60", "Bình Thuận", 124),
    ("62", "Kon Tum", 56),
    ("64", "Gia Lai", 154),
    ("66", "Đắk Lắk", 190),
    ("67", "Đắk Nông", 66),
    ("68", "Lâm Đồng", 131),
    ("70", "Bình Phước", 101),
    ("72", "Tây Ninh", 118),
    ("74", "Bình Dương", 259),
    ("75", "Đồng Nai", 316),
    ("77", "Bà Rịa - Vũng Tàu", 117),
    ("79", "Hồ Chí Minh", 916),
    ("80", "Long An", 172),
    ("82", "Tiền Giang", 177),
    ("83", "Bến Tre", 129),
    ("84", "Trà Vinh", 100),
    ("86", "Vĩnh Long", 102),
    ("87", "Đồng Tháp", 160),
    ("89", "An Giang", 190),
    ("91", "Kiên Giang", 175),
    ("92", "Cần Thơ", 124),
    ("93", "Hậu Giang", 72),
    ("94", "Sóc Trăng", 120),
    ("95", "Bạc Liêu", 92),
    ("96", "Cà Mau", 120),
];
const MUNICIPALITIES: [&str; 5] = ["01", "31", "48", "79", "92"];
const SYLLABLES: [&str; 24] = [
    "An", "Bình", "Châu", "Đức", "Giang", "Hà", "Hòa", "Hưng", "Khánh", "Lộc", "Long", "Mỹ", "Nam",
    "Phong", "Phú", "Quang", "Sơn", "Tân", "Thạnh", "Thuận", "Trung", "Vĩnh", "Xuân", "Yên",
];
const SITES: [&str; 7] = [
    "Trạm Y tế",
    "Trung tâm Y tế",
    "Bệnh viện Đa khoa",
    "Phòng khám Đa khoa",
    "Điểm tiêm lưu động",
    "Nhà Văn hóa",
    "Trường THPT",
];

/// A province and what belongs to it.
pub(super) struct Province {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) districts: Vec<String>,
    pub(super) facilities: Vec<Facility>,
}

/// A vaccination site.
pub(super) struct Facility {
    pub(super) id: u32,
    pub(super) code: String,
    pub(super) name: String,
    district: usize,
    /// Those who give the injections.
    pub(super) staff: Vec<String>,
}

/// All places.
pub(super) struct Places {
    pub(super) provinces: Vec<Province>,
    weights: Vec<(usize, u32)>,
}

impl Places {
    /// Invents the places.
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "places");
        let mut next_id = 1;
        let provinces = PROVINCES
            .iter()
            .map(|(code, name, weight)| {
                let districts = (1..=5 + weight / 60).map(|n| format!("{code}{n:02}")).collect();
                let mut province = Province { code, name, districts, facilities: Vec::new() };
                for number in 1..=2 + weight / 50 {
                    let facility = facility(&mut dice, &province, next_id, number);
                    province.facilities.push(facility);
                    next_id += 1;
                }
                province
            })
            .collect();
        let weights = PROVINCES.iter().enumerate().map(|(at, (_, _, weight))| (at, *weight));
        Self { provinces, weights: weights.collect() }
    }

    /// The place of a province in the list, as often as it has inhabitants.
    pub(super) fn pick(&self, dice: &mut Dice) -> usize {
        *dice.weighted(&self.weights)
    }

    /// The sites of a province, never none.
    pub(super) fn facilities(&self, province: usize) -> &[Facility] {
        &self.provinces[province].facilities
    }

    /// All sites, by id.
    pub(super) fn all_facilities(&self) -> impl Iterator<Item = (&Province, &Facility)> {
        self.provinces.iter().flat_map(|province| {
            province.facilities.iter().map(move |facility| (province, facility))
        })
    }
}

/// Writes the three tables.
pub(super) fn write(db: &Connection, world: &World) -> rusqlite::Result<()> {
    let World { calendar, places, .. } = world;
    let mut dice = world.dice("places, written");
    let mut provinces = insert(db, "provinces", 4)?;
    let mut districts = insert(db, "districts", 3)?;
    let mut facilities = insert(db, "facilities", 10)?;
    for province in &places.provinces {
        let (code, name) = (province.code, province.name);
        let is_city = MUNICIPALITIES.contains(&code);
        let kind = if is_city { "Thành phố trực thuộc Trung ương" } else { "Tỉnh" };
        provinces.execute(params![code, name, kind, format!("0{code}")])?;
        for (number, district) in province.districts.iter().enumerate() {
            let name = match (is_city, number) {
                (true, 0..3) => format!("Quận {}", number + 1),
                (false, 0) => format!("Thành phố {name}"),
                _ => format!("Huyện {} {}", dice.pick(&SYLLABLES), dice.pick(&SYLLABLES)),
            };
            districts.execute(params![district, code, name])?;
        }
        for facility in &province.facilities {
            let on_map = !dice.one_in(5);
            // Whole micro-degrees, divided once: the same double everywhere.
            let latitude = on_map.then(|| f64::from(dice.between(8_600_000, 23_300_000)) / 1e6);
            let longitude = on_map.then(|| f64::from(dice.between(102_200_000, 109_400_000)) / 1e6);
            facilities.execute(params![
                facility.id,
                facility.code,
                facility.name,
                code,
                province.districts[facility.district],
                address(&mut dice, facility.id),
                latitude,
                longitude,
                facility.name.starts_with("Điểm tiêm lưu động"),
                calendar.date(super::calendar::FIRST_DAY - 30 + dice.below(120)),
            ])?;
        }
    }
    Ok(())
}

fn facility(dice: &mut Dice, province: &Province, id: u32, number: u32) -> Facility {
    let site = dice.pick(&SITES);
    let place = format!("{} {}", dice.pick(&SYLLABLES), dice.pick(&SYLLABLES));
    let count = u32::try_from(province.districts.len()).unwrap_or(1);
    Facility {
        id,
        code: format!("{}-{number:04}", province.code),
        name: format!("{site} {place}"),
        district: dice.below(count) as usize,
        staff: (0..5)
            .map(|_| {
                let is_man = dice.one_in(4);
                full_name(dice, is_man)
            })
            .collect(),
    }
}

/// A street address. Some are not known, some are empty, some hold what is awkward in a text file.
pub(super) fn address(dice: &mut Dice, row: u32) -> Option<String> {
    let number = dice.between(1, 399);
    let group = dice.between(1, 20);
    let ward = format!("{} {}", dice.pick(&SYLLABLES), dice.pick(&SYLLABLES));
    match row % 400 {
        20 => Some(format!("Tổ {group}\tKhu phố {number}\tphường {ward}")),
        60 => Some(format!("Số {number}\\{group} đường {ward}\\N")),
        100 => Some(format!("Số {number},\r\nphường {ward}")),
        140 => Some("\\N".to_owned()),
        180 => Some("\\.".to_owned()),
        220 => Some(format!("Căn hộ \"{number}\", chung cư '{ward}' 🏠")),
        _ => match dice.below(20) {
            0 | 1 => None,
            2 => Some(String::new()),
            3..10 => Some(format!("Thôn {group}, xã {ward}")),
            _ => Some(format!("Số {number}, tổ {group}, phường {ward}")),
        },
    }
}
