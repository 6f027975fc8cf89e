//! Text of a statement as it may stand on a page: what cannot be seen is written out.
//!
//! Whoever wrote a statement may have put anything into a name: characters that turn the direction
//! of a line, that are invisible, or marks that pile up over other lines. Each stands in the report
//! as `[U+XXXX]`. What the statement really has is in the attestation, byte by byte.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;

/// Longest text that is shown. A longer one is cut, and its end says so.
const CHARS_MAX: usize = 2_000;

/// A letter has at most so many marks: Vietnamese needs two.
const MARKS_MAX: usize = 2;

/// A text with everything that cannot be seen written out.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && text.len() <= CHARS_MAX && !text.bytes().any(|b| b.is_ascii_control()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut marks = MARKS_MAX;
    let mut characters = text.chars();
    for c in characters.by_ref().take(CHARS_MAX) {
        let mark = is_combining_mark(c);
        // One without a letter before it stands on what is around the text.
        marks = if mark { marks + 1 } else { 0 };
        if cannot_be_seen(c) || (mark && marks > MARKS_MAX) {
            out.push_str(&format!("[U+{:04X}]", u32::from(c)));
            marks = MARKS_MAX;
        } else {
            out.push(c);
        }
    }
    let rest = characters.count();
    if rest > 0 {
        out.push_str(&format!(" [… +{rest}]"));
    }
    Cow::Owned(out)
}

/// Control and format characters, blanks other than the space, fillers, tags and private use.
fn cannot_be_seen(c: char) -> bool {
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        for (text, expected) in [
            ("Nguyễn Thị Đặng", "Nguyễn Thị Đặng"),
            ("Nguye\u{302}\u{303}n", "Nguye\u{302}\u{303}n"),
            ("a\u{0}b\u{1b}[2J\r\n", "a[U+0000]b[U+001B][2J[U+000D][U+000A]"),
            ("left\u{202e}thgir", "left[U+202E]thgir"),
            ("\u{2066}a\u{2069}", "[U+2066]a[U+2069]"),
            ("zero\u{200b}width\u{feff}\u{a0}", "zero[U+200B]width[U+FEFF][U+00A0]"),
            ("tag\u{e0041}", "tag[U+E0041]"),
            ("z\u{300}\u{301}\u{302}\u{303}", "z\u{300}\u{301}[U+0302][U+0303]"),
            ("\u{301}a", "[U+0301]a"),
            ("漢 א <b>", "漢 א <b>"),
        ] {
            assert_eq!(shown(text), expected);
        }
        assert!(shown(&"ễ".repeat(CHARS_MAX + 7)).ends_with("ễ [… +7]"));
        assert!(shown(&"a".repeat(CHARS_MAX + 7)).ends_with("a [… +7]"));
    }
}
