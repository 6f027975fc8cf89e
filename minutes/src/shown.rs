//! Text of a statement as it may be printed: what cannot be seen is written out.
//!
//! Whoever wrote a statement may have put anything into a name: letters that the font lacks,
//! characters that steer a terminal or turn the direction of a line, marks that pile up over other
//! lines. Each of them stands in the minutes as `[U+XXXX]`. What the statement has is in the
//! attachment, byte by byte.

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use crate::fonts::Fonts;

/// Longest text that is printed. A longer one is cut, and its end says so.
const CHARS_MAX: usize = 2_000;

/// Every text in a document, in the form in which it may be printed.
pub(crate) fn shown_all(value: &mut Value, fonts: &Fonts) {
    match value {
        Value::String(text) => *text = shown(text, fonts),
        Value::Array(items) => items.iter_mut().for_each(|item| shown_all(item, fonts)),
        Value::Object(members) => members.values_mut().for_each(|item| shown_all(item, fonts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// One text: composed (NFC), everything that cannot be seen written out.
fn shown(text: &str, fonts: &Fonts) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.nfc();
    for c in characters.by_ref().take(CHARS_MAX) {
        if may_stand(c) && fonts.has(c) {
            out.push(c);
        } else {
            out.push_str(&format!("[U+{:04X}]", u32::from(c)));
        }
    }
    let rest = characters.count();
    if rest > 0 {
        out.push_str(&format!(" [… +{rest}]"));
    }
    out
}

/// Whether a character, if the font has it, looks like itself wherever it stands: written from left
/// to right, not on top of another one, and neither invisible nor blank.
fn may_stand(c: char) -> bool {
    let marks =
        matches!(c, '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{20D0}'..='\u{20FF}');
    let blanks = matches!(c, '\u{A0}' | '\u{AD}' | '\u{34F}');
    let ranges = matches!(
        c,
        ' '..='~'                     // ASCII
        | '\u{A1}'..='\u{52F}'        // Latin, Greek, Cyrillic
        | '\u{1E00}'..='\u{1FFF}'     // Vietnamese letters, old Greek
        | '\u{2010}'..='\u{2027}'     // dashes, quotation marks
        | '\u{2030}'..='\u{205E}'
        | '\u{2070}'..='\u{23FF}'     // superscripts, currencies, arrows, mathematics
        | '\u{2500}'..='\u{27BF}'     // boxes, shapes, symbols
    );
    ranges && !marks && !blanks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        let fonts = Fonts::find(None).unwrap();
        for (text, printed) in [
            ("Nguyễn Thị Đặng", "Nguyễn Thị Đặng"),
            ("Nguye\u{302}\u{303}n", "Nguyễn"),
            ("a\u{0}b\u{1b}[2J\r\n", "a[U+0000]b[U+001B][2J[U+000D][U+000A]"),
            ("left\u{202e}thgir", "left[U+202E]thgir"),
            ("zero\u{200b}width\u{feff}", "zero[U+200B]width[U+FEFF]"),
            ("x\u{323}\u{302}", "x[U+0323][U+0302]"),
            ("𝓪 💉 漢 א", "[U+1D4EA] [U+1F489] [U+6F22] [U+05D0]"),
            ("#read(\"/etc/passwd\") $x$ \\n *b* <i>", "#read(\"/etc/passwd\") $x$ \\n *b* <i>"),
        ] {
            assert_eq!(shown(text, &fonts), printed);
        }
        let long = shown(&"ễ".repeat(CHARS_MAX + 7), &fonts);
        assert!(long.ends_with("ễ [… +7]"), "{long}");
    }

    #[test]
    fn every_text_of_a_document_is_reached() {
        let fonts = Fonts::find(None).unwrap();
        let mut value = serde_json::json!({ "a": ["\u{7}", { "b": "\u{7}" }], "c": 7 });
        shown_all(&mut value, &fonts);
        let printed = serde_json::json!({ "a": ["[U+0007]", { "b": "[U+0007]" }], "c": 7 });
        assert_eq!(value, printed);
    }
}
