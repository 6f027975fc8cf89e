//! What was looked at, in lines for people.

use std::fmt::Write;

use handover_schemas::attestation::Outcome;

/// A text that somebody else may have written, as one line that moves no cursor and hides nothing.
pub(super) fn one_line(text: &str) -> String {
    let shown = |c: char| if hides(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// Control characters, and those that turn the direction of a line round.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line for each thing, findings behind what holds.
pub(super) fn outcome_text(outcome: &Outcome) -> String {
    let mut out = String::new();
    let parts = [
        ("holds", &outcome.checked),
        ("FINDING", &outcome.findings),
        ("unverified", &outcome.unverified),
        ("not checked", &outcome.not_checked),
    ];
    for (label, lines) in parts {
        for line in lines {
            // Writing into a String cannot fail.
            let _infallible = writeln!(out, "  {label:<12} {}", one_line(line));
        }
    }
    out
}
