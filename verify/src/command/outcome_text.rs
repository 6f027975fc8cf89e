//! What was looked at, in lines for people.

use std::fmt::Write;

use handover_schemas::attestation::Outcome;

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
            let _infallible = writeln!(out, "  {label:<12} {line}");
        }
    }
    out
}
