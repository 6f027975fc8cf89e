//! Vietnamese letters: taken apart as Unicode NFD does, or stripped of their marks.

/// Vowels by tone: none, huyền, hỏi, ngã, sắc, nặng.
const VOWELS: [&str; 12] = [
    "aàảãáạ",
    "ăằẳẵắặ",
    "âầẩẫấậ",
    "eèẻẽéẹ",
    "êềểễếệ",
    "iìỉĩíị",
    "oòỏõóọ",
    "ôồổỗốộ",
    "ơờởỡớợ",
    "uùủũúụ",
    "ưừửữứự",
    "yỳỷỹýỵ",
];
/// The combining marks of the tones, in the same order.
const TONES: [Option<char>; 6] =
    [None, Some('\u{300}'), Some('\u{309}'), Some('\u{303}'), Some('\u{301}'), Some('\u{323}')];

/// A letter without marks, and the mark that makes it another vowel (breve, circumflex, horn).
fn plain(vowel: char) -> (char, Option<char>) {
    match vowel {
        'ă' => ('a', Some('\u{306}')),
        'â' => ('a', Some('\u{302}')),
        'ê' => ('e', Some('\u{302}')),
        'ô' => ('o', Some('\u{302}')),
        'ơ' => ('o', Some('\u{31b}')),
        'ư' => ('u', Some('\u{31b}')),
        other => (other, None),
    }
}

/// A letter without marks, and its marks in canonical order.
fn take_apart(letter: char) -> (char, [Option<char>; 2]) {
    let lower = letter.to_lowercase().next().unwrap_or(letter);
    let found = VOWELS.iter().find_map(|row| {
        let tone = row.chars().position(|vowel| vowel == lower)?;
        Some((plain(row.chars().next()?), *TONES.get(tone)?))
    });
    let Some(((base, shape), tone)) = found else { return (letter, [None, None]) };
    let base = if letter == lower { base } else { base.to_ascii_uppercase() };
    // Canonical order is by combining class: horn 216, dot below 220, what is above 230.
    if tone == Some('\u{323}') && shape != Some('\u{31b}') {
        (base, [tone, shape])
    } else {
        (base, [shape, tone])
    }
}

/// The text with its Vietnamese letters taken apart (NFD).
pub(super) fn decomposed(text: &str) -> String {
    let mut result = String::with_capacity(text.len() * 2);
    for letter in text.chars() {
        let (base, marks) = take_apart(letter);
        result.push(base);
        result.extend(marks.into_iter().flatten());
    }
    result
}

/// The text with plain Latin letters, as people type who have no Vietnamese keyboard.
pub(super) fn without_marks(text: &str) -> String {
    text.chars()
        .map(|letter| match take_apart(letter).0 {
            'đ' => 'd',
            'Đ' => 'D',
            base => base,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_in_canonical_order() {
        assert_eq!(decomposed("Ậ"), "A\u{323}\u{302}");
        assert_eq!(decomposed("ặ"), "a\u{323}\u{306}");
        assert_eq!(decomposed("ợ"), "o\u{31b}\u{323}");
        assert_eq!(decomposed("Ế"), "E\u{302}\u{301}");
        assert_eq!(decomposed("Ữ"), "U\u{31b}\u{303}");
        assert_eq!(decomposed("đĐ x\u{a0}'"), "đĐ x\u{a0}'");
    }

    #[test]
    fn marks_are_stripped() {
        assert_eq!(
            without_marks("Nguyễn Thị Ánh Tuyết, Đặng Hữu Lượng"),
            "Nguyen Thi Anh Tuyet, Dang Huu Luong"
        );
    }
}
