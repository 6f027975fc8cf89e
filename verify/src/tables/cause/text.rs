//! Texts that are nearly the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{Cause, encoding};

/// The cause; both texts are not empty, and not the same.
pub(super) fn cause(source: &str, target: &str) -> Cause {
    layout_cause(source, target)
        .or_else(|| letters_cause(source, target))
        .or_else(|| encoding::is_damaged(source, target).then_some(Cause::EncodingDamage))
        .or_else(|| source.starts_with(target).then_some(Cause::Truncated))
        .or_else(|| spelling_cause(source, target))
        .unwrap_or(Cause::ValueChanged)
}

/// What a reader of print would not see.
fn layout_cause(source: &str, target: &str) -> Option<Cause> {
    let has = |found: fn(char) -> bool| source.contains(found) || target.contains(found);
    if has(|c| c == '\r') && unix_lines(source) == unix_lines(target) {
        return Some(Cause::LineEndings);
    }
    if has(|c| is_invisible(c) || is_odd_space(c)) && visible(source).eq(visible(target)) {
        return Some(Cause::InvisibleCharacters);
    }
    if !source.split_whitespace().eq(target.split_whitespace()) {
        return None;
    }
    Some(if source.trim_end() == target.trim_end() {
        Cause::TrailingBlanks
    } else if source.trim_start() == target.trim_start() {
        Cause::LeadingBlanks
    } else {
        Cause::Blanks
    })
}

/// The same letters, differently.
fn letters_cause(source: &str, target: &str) -> Option<Cause> {
    if source.is_ascii() && target.is_ascii() {
        return source.eq_ignore_ascii_case(target).then_some(Cause::LetterCase);
    }
    if source.nfc().eq(target.nfc()) {
        return Some(Cause::NormalisationForm);
    }
    if source.to_lowercase() == target.to_lowercase() {
        return Some(Cause::LetterCase);
    }
    if without_accents(source).eq(without_accents(target)) {
        let lost = without_accents(target).eq(target.nfd());
        return Some(if lost { Cause::AccentsLost } else { Cause::AccentsChanged });
    }
    None
}

/// A slip of one place.
fn spelling_cause(source: &str, target: &str) -> Option<Cause> {
    let (from, to): (Vec<char>, Vec<char>) = (source.chars().collect(), target.chars().collect());
    let longest = from.len().max(to.len());
    if longest < 2 || from.len().abs_diff(to.len()) > 1 {
        return None;
    }
    let before = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let after = from
        .iter()
        .rev()
        .zip(to.iter().rev())
        .take_while(|(a, b)| a == b)
        .count()
        .min(from.len().min(to.len()) - before);
    if before + after + 1 == longest {
        return Some(Cause::OneCharacter);
    }
    let middle = |text: &[char]| -> Option<[char; 2]> {
        text.get(before..text.len() - after)?.try_into().ok()
    };
    match (middle(&from), middle(&to)) {
        (Some([a, b]), Some([c, d]))
            if (a, b) == (d, c) && a.is_ascii_digit() && b.is_ascii_digit() =>
        {
            Some(Cause::DigitsSwapped)
        }
        _ => None,
    }
}

fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn visible(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !is_invisible(*c)).map(|c| if is_odd_space(c) { ' ' } else { c })
}

fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
        )
}

/// Spaces that look like U+0020.
fn is_odd_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}')
}

fn without_accents(text: &str) -> impl Iterator<Item = char> {
    text.nfd().filter(|c| !is_combining_mark(*c)).map(|c| match c {
        'đ' => 'd',
        'Đ' => 'D',
        c => c,
    })
}
