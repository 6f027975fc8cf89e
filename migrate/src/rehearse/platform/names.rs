//! Names of people, and the ways in which sites write them down.

use super::dice::Dice;
use super::letters::{decomposed, without_marks};

const FAMILIES: [(&str, u32); 30] = [
    ("Nguyễn", 384),
    ("Trần", 121),
    ("Lê", 95),
    ("Phạm", 70),
    ("Hoàng", 34),
    ("Huỳnh", 17),
    ("Phan", 45),
    ("Vũ", 23),
    ("Võ", 16),
    ("Đặng", 21),
    ("Bùi", 20),
    ("Đỗ", 14),
    ("Hồ", 13),
    ("Ngô", 13),
    ("Dương", 10),
    ("Lý", 5),
    ("Đinh", 8),
    ("Đoàn", 7),
    ("Trịnh", 7),
    ("Trương", 9),
    ("Lâm", 6),
    ("Mai", 5),
    ("Đào", 5),
    ("Lương", 5),
    ("Cao", 4),
    ("Hà", 4),
    ("Tạ", 3),
    ("Châu", 3),
    ("Quách", 2),
    ("Tôn Nữ", 1),
];
const MIDDLES_OF_MEN: [(&str, u32); 14] = [
    ("Văn", 30),
    ("Hữu", 10),
    ("Đức", 9),
    ("Minh", 9),
    ("Quốc", 7),
    ("Công", 6),
    ("Xuân", 5),
    ("Thanh", 5),
    ("Đình", 5),
    ("Ngọc", 4),
    ("Trọng", 3),
    ("Tuấn", 3),
    ("Bá", 2),
    ("", 4),
];
const MIDDLES_OF_WOMEN: [(&str, u32); 14] = [
    ("Thị", 45),
    ("Thị Thu", 6),
    ("Thị Ngọc", 6),
    ("Ngọc", 8),
    ("Thu", 5),
    ("Thanh", 5),
    ("Minh", 4),
    ("Kim", 4),
    ("Hồng", 4),
    ("Mỹ", 3),
    ("Thùy", 3),
    ("Phương", 3),
    ("Bảo", 2),
    ("", 3),
];
const GIVEN_OF_MEN: [&str; 44] = [
    "An", "Anh", "Bảo", "Bình", "Cường", "Chiến", "Dũng", "Duy", "Đạt", "Đông", "Giang", "Hải",
    "Hậu", "Hiếu", "Hòa", "Hoàng", "Hùng", "Huy", "Khánh", "Khoa", "Kiên", "Lâm", "Long", "Lộc",
    "Mạnh", "Nam", "Nghĩa", "Nhân", "Phong", "Phúc", "Quân", "Quang", "Sơn", "Tài", "Tâm", "Thắng",
    "Thành", "Thịnh", "Tiến", "Toàn", "Trung", "Tuấn", "Vinh", "Vượng",
];
const GIVEN_OF_WOMEN: [&str; 44] = [
    "An",
    "Anh",
    "Ánh",
    "Bích",
    "Châu",
    "Chi",
    "Diễm",
    "Diệp",
    "Dung",
    "Duyên",
    "Giang",
    "Hà",
    "Hạnh",
    "Hằng",
    "Hiền",
    "Hoa",
    "Hồng",
    "Huệ",
    "Hương",
    "Hường",
    "Lan",
    "Liên",
    "Linh",
    "Loan",
    "Ly",
    "Mai",
    "My",
    "Nga",
    "Ngân",
    "Ngọc",
    "Nguyệt",
    "Nhung",
    "Oanh",
    "Phượng",
    "Quỳnh",
    "Tâm",
    "Thảo",
    "Thủy",
    "Trang",
    "Trinh",
    "Tuyết",
    "Uyên",
    "Vân",
    "Yến",
];
/// Names of people whose names are made otherwise.
const OTHER_MEN: [&str; 8] = [
    "Giàng A Páo",
    "Sùng A Chứ",
    "Lò Văn Ơn",
    "Y Bhin Niê",
    "K'Brơi",
    "Thạch Sô Phia",
    "Ksor H'Lưm",
    "Kim Sà Rinh",
];
const OTHER_WOMEN: [&str; 8] = [
    "Vàng Thị Mỷ",
    "Lò Thị Ún",
    "H'Hen Niê",
    "H'Ưng Êban",
    "Ka Thuẩn",
    "Thạch Thị Sa Rết",
    "Rơ Châm H'Blý",
    "Sơn Thị Ngọc Ánh",
];

/// A person's name, well written.
pub(super) fn full_name(dice: &mut Dice, is_man: bool) -> String {
    if dice.one_in(40) {
        return dice.text(if is_man { &OTHER_MEN } else { &OTHER_WOMEN }).to_owned();
    }
    let family = dice.weighted(&FAMILIES);
    let (middle, given) = if is_man {
        (dice.weighted(&MIDDLES_OF_MEN), dice.pick(&GIVEN_OF_MEN))
    } else {
        (dice.weighted(&MIDDLES_OF_WOMEN), dice.pick(&GIVEN_OF_WOMEN))
    };
    if middle.is_empty() {
        format!("{family} {given}")
    } else {
        format!("{family} {middle} {given}")
    }
}

/// The name as the site typed it into row `row`: mostly right, often in capitals or without marks.
/// The rarer ways come at fixed places, so that a platform of a few hundred people has them all.
pub(super) fn as_typed(dice: &mut Dice, row: u32, name: &str) -> String {
    match row % 400 {
        11 | 211 => decomposed(name),
        31 => format!("{name}  "),
        51 => format!(" {name}"),
        71 => name.replace(' ', "\t"),
        91 => name.replacen(' ', "\u{a0}", 1),
        111 => name.replacen(' ', "  ", 1),
        131 => format!("{name}\n"),
        151 => format!("{name} \\"),
        171 => format!("{}\r\n", decomposed(&name.to_uppercase())),
        191 => format!("{name}\u{200b}"),
        _ => match dice.below(100) {
            0..12 => name.to_uppercase(),
            12..16 => without_marks(name),
            16..18 => name.to_lowercase(),
            _ => name.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_country() {
        let mut dice = Dice::new(1, "names");
        let names: Vec<String> =
            (0..10_000).map(|row| full_name(&mut dice, row % 2 == 0)).collect();
        let family = names.iter().filter(|name| name.starts_with("Nguyễn ")).count();
        assert!((3_500..4_200).contains(&family), "{family} of 10000 are called Nguyễn");
        assert!(names.iter().all(|name| name.contains(' ') || name == "K'Brơi"));
        let marks = [
            '\u{300}', '\u{301}', '\u{302}', '\u{303}', '\u{306}', '\u{309}', '\u{31b}', '\u{323}',
        ];
        assert!(!names.iter().any(|name| name.contains(marks)), "the lists are written in NFC");
    }

    #[test]
    fn every_way_of_writing_occurs() {
        let mut dice = Dice::new(1, "names");
        let name = "Nguyễn Thị Hoa";
        let typed: Vec<String> = (0..400).map(|row| as_typed(&mut dice, row, name)).collect();
        for way in [
            "Nguyễn Thị Hoa",
            "NGUYỄN THỊ HOA",
            "nguyễn thị hoa",
            "Nguyen Thi Hoa",
            "Nguye\u{302}\u{303}n Thi\u{323} Hoa",
            "Nguyễn Thị Hoa  ",
            "Nguyễn\tThị\tHoa",
            "Nguyễn Thị Hoa\n",
            "Nguyễn Thị Hoa \\",
        ] {
            assert!(typed.iter().any(|typed| typed == way), "{way:?}");
        }
    }
}
