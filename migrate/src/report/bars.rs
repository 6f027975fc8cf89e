//! Bar charts as SVG.
//!
//! Widths are in percent and letters in pixels: a chart is as wide as its page, on paper and on a
//! phone, and its letters stay as large as those around it. Names are cut in a chart; the table
//! beside it has all of them.

use minijinja::HtmlEscape;

use super::language::Language;
use super::shown::shown;

/// Most bars; what is left is one more.
pub(super) const BARS_MAX: usize = 20;

/// Longest name in a chart, so that it and its number are beside each other on a phone.
const NAME_MAX: usize = 26;

/// Height of one bar with the line above it, in pixels.
const STEP: usize = 36;

/// One bar.
pub(super) struct Bar {
    /// What it stands for.
    pub(super) name: String,
    /// How long it is.
    pub(super) value: u128,
    /// It stands for everything that has no bar of its own, and has none either.
    pub(super) rest: bool,
}

/// A chart. `id` tells it from others on the page; `title` and `description` are for those who do
/// not see it.
pub(super) fn chart(
    bars: &[Bar],
    id: &str,
    (title, description): (&str, &str),
    language: Language,
) -> String {
    // What stands for many groups is a number without a bar: it would dwarf the others.
    let named = bars.iter().filter(|bar| !bar.rest);
    let most = named.map(|bar| bar.value).max().unwrap_or(0).max(1);
    let mut out = format!(
        "<svg class=\"bars\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" width=\"100%\" \
         height=\"{}\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
        bars.len() * STEP,
        text(title),
        text(description),
    );
    for (number, bar) in bars.iter().enumerate() {
        let (line, top) = (number * STEP + 16, number * STEP + 22);
        let number = language.number(&bar.value.to_string());
        out.push_str(&format!(
            "<text x=\"0\" y=\"{line}\">{}</text><text class=\"value\" x=\"100%\" y=\"{line}\" \
             text-anchor=\"end\">{number}</text>",
            text(&cut(&bar.name)),
        ));
        if !bar.rest {
            out.push_str(&format!(
                "<rect class=\"track\" x=\"0\" y=\"{top}\" width=\"100%\" height=\"8\"/><rect \
                 class=\"bar\" x=\"0\" y=\"{top}\" width=\"{}%\" height=\"8\"/>",
                percent(bar.value, most),
            ));
        }
    }
    out.push_str("</svg>");
    out
}

/// How much of the most, with two decimals. Something is never nothing.
fn percent(value: u128, most: u128) -> String {
    // Sums of many 64-bit numbers are far below 2^110.
    let hundredths = value.saturating_mul(10_000) / most;
    let hundredths = if value > 0 { hundredths.max(20) } else { 0 };
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn cut(name: &str) -> String {
    if name.chars().count() <= NAME_MAX {
        return name.to_owned();
    }
    let kept: String = name.chars().take(NAME_MAX - 1).collect();
    format!("{kept}…")
}

fn text(text: &str) -> String {
    HtmlEscape(&shown(text)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_numbers() {
        for (value, most, expected) in
            [(0, 7, "0.00"), (7, 7, "100.00"), (1, 3, "33.33"), (1, u128::from(u64::MAX), "0.20")]
        {
            assert_eq!(percent(value, most), expected);
        }
        let bars = [
            Bar { name: "</text><script>\u{202e}".to_owned(), value: 1_234, rest: false },
            Bar { name: "ễ".repeat(63), value: 617, rest: false },
            Bar { name: "others".to_owned(), value: 9_000, rest: true },
        ];
        let svg = chart(&bars, "x", ("<t>", "d"), Language::Vietnamese);
        assert!(svg.contains("&lt;script&gt;[U+202E]"), "{svg}");
        assert!(!svg.contains("<script"), "{svg}");
        assert!(svg.contains(">1.234<") && svg.contains("width=\"50.00%\""), "{svg}");
        assert!(svg.contains(">9.000<") && svg.matches("class=\"bar\"").count() == 2, "{svg}");
        assert!(svg.contains(&format!(">{}…<", "ễ".repeat(25))), "{svg}");
    }
}
