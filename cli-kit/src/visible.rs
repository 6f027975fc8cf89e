//! Text that somebody else wrote, on its way to people: what would steer a terminal, turn a line
//! round or hide in it is written as an escape.
//!
//! The escapes are for reading; a name that holds a backslash looks the same as one that needed an
//! escape. Reports as JSON are exact.

use std::borrow::Cow;
use std::fmt::Write;

pub use handover_schemas::hidden::is_hidden;

/// One line: its control characters (line feeds and tabs too) and hidden characters as `\n`, `\t`
/// or `\u{1b}`.
pub fn visible(line: &str) -> Cow<'_, str> {
    if !line.contains(is_hidden) {
        return Cow::Borrowed(line);
    }
    let mut shown = String::with_capacity(line.len() + 8);
    for character in line.chars() {
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// The same JSON document, with hidden characters as escapes (RFC 8259, section 7). A serialiser
/// escapes those below U+0020; they are within strings, as everything that is hidden is.
pub fn as_json(document: &str) -> Cow<'_, str> {
    let is_raw = |character: char| is_hidden(character) && character != '\n';
    if !document.contains(is_raw) {
        return Cow::Borrowed(document);
    }
    let mut out = String::with_capacity(document.len() + 8);
    for character in document.chars() {
        if is_raw(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing into a String cannot fail.
                let _infallible = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_line_turns_it_round_or_hides_in_it() {
        for (text, shown) in [
            ("Báo cáo \"Ngày\" 'x' \\n 日本 🙂", "Báo cáo \"Ngày\" 'x' \\n 日本 🙂"),
            ("a\x1b[31mred\nfinding: x\r", "a\\u{1b}[31mred\\nfinding: x\\r"),
            ("\u{9b}31m \u{7f}\t\0", "\\u{9b}31m \\u{7f}\\t\\u{0}"),
            ("a\u{202e}txt.exe\u{2066}", "a\\u{202e}txt.exe\\u{2066}"),
            ("a\u{200b}b\u{feff}c\u{2028}d\u{e0041}", "a\\u{200b}b\\u{feff}c\\u{2028}d\\u{e0041}"),
            ("a\u{34f}b\u{3164}c\u{fe0f}", "a\\u{34f}b\\u{3164}c\\u{fe0f}"),
            ("Nguye\u{302}\u{303}n", "Nguye\u{302}\u{303}n"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn json_keeps_its_values() {
        let values = ["a\u{9b}31m", "\u{202e}\u{7f}", "\u{e0041}ă🙂", "\x1b\n"];
        let text = serde_json::to_string_pretty(&values).unwrap();
        let shown = as_json(&text);
        assert!(!shown.replace('\n', "").contains(is_hidden), "{shown}");
        assert!(shown.contains("\\udb40\\udc41ă🙂"), "{shown}");
        let again: Vec<String> = serde_json::from_str(&shown).unwrap();
        assert_eq!(again, values);
        assert_eq!(as_json("{\n  \"a\": 1\n}"), "{\n  \"a\": 1\n}");
    }
}
