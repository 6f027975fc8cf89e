//! Things people type into free fields, awkward ones included.

use super::dice::Dice;

const NOTES: [&str; 14] = [
    "Tiền sử dị ứng hải sản",
    "Không có giấy tờ tùy thân",
    "Mượn số điện thoại của con",
    "tiêm tại nhà",
    "Phụ nữ có thai > 13 tuần",
    "Đã từng mắc COVID-19\nKhỏi bệnh 12/2021",
    "Chuyển từ nơi khác đến\tchưa rõ mũi 1",
    "C:\\TiemChung\\2021\\danh sach.xlsx",
    "\\N",
    "\\.",
    "NULL",
    "Cột \"ghi chú\"; 'trích dẫn', dấu phẩy, | và %",
    "Ha\u{323} sốt \u{1f489}",
    "   ",
];
const REACTIONS: [&str; 9] = [
    "Đau tại chỗ tiêm",
    "Sốt nhẹ",
    "Sốt > 38,5°C",
    "Mệt mỏi, đau đầu",
    "Sưng, đỏ tại chỗ tiêm ",
    "Buồn nôn\r\nđã theo dõi 30 phút",
    "Khó thở – chuyển tuyến",
    "không",
    "Phản vệ độ I\\II",
];
const COMPLAINTS: [&str; 7] = [
    "Tôi đã tiêm 2 mũi nhưng trên Sổ Sức khỏe điện tử chỉ có 1 mũi.",
    "Sai ngày sinh, đề nghị sửa giúp.",
    "Tên tôi bị ghi nhầm thành tên người khác.\nTôi gửi kèm ảnh giấy xác nhận.",
    "Tra cứu hai lần ra hai kết quả khác nhau!!!",
    "Số CCCD đã đổi,\r\nsố cũ là CMND 9 số.",
    "Chưa được cấp \"hộ chiếu vắc xin\".",
    "Điểm tiêm không có mạng nên chưa nhập\tmũi 2.",
];
const ANSWERS: [&str; 4] = [
    "Đã cập nhật.",
    "Đề nghị liên hệ cơ sở tiêm chủng nơi tiêm.",
    "Đã chuyển cơ sở tiêm xác minh;\nsẽ trả lời trong 07 ngày.",
    "",
];

/// A note on a subject: usually none, sometimes an empty one.
pub(super) fn note(dice: &mut Dice) -> Option<&'static str> {
    match dice.below(40) {
        0..3 => Some(dice.text(&NOTES)),
        3 => Some(""),
        _ => None,
    }
}

/// What happened after an injection: usually nothing is said.
pub(super) fn reaction(dice: &mut Dice) -> Option<&'static str> {
    match dice.below(40) {
        0..5 => Some(dice.text(&REACTIONS)),
        5 => Some(""),
        _ => None,
    }
}

/// What a citizen complains of.
pub(super) fn complaint(dice: &mut Dice) -> &'static str {
    dice.text(&COMPLAINTS)
}

/// What is answered.
pub(super) fn answer(dice: &mut Dice) -> &'static str {
    dice.text(&ANSWERS)
}

/// A mobile number, without its leading 0.
pub(super) fn mobile(dice: &mut Dice) -> u32 {
    dice.pick(&[3, 5, 7, 8, 9]) * 100_000_000 + dice.below(100_000_000)
}

/// A mobile number as typed.
pub(super) fn phone_as_typed(dice: &mut Dice, mobile: u32) -> String {
    let local = format!("0{mobile:09}");
    match dice.below(50) {
        0 => format!("+84{mobile:09}"),
        1 => format!("84{mobile:09}"),
        2 => format!("{local} "),
        3 => format!("0{}.{:03}.{:03}", mobile / 1_000_000, mobile / 1000 % 1000, mobile % 1000),
        _ => local,
    }
}
