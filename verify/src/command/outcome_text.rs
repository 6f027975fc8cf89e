//! What was looked at, in lines for people.

use handover_cli_kit::output::Lines;
use handover_schemas::attestation::Outcome;

/// One line for each thing, findings behind what holds.
pub(super) fn outcome_text(out: &mut Lines, outcome: &Outcome) {
    let parts = [
        ("holds", &outcome.checked),
        ("FINDING", &outcome.findings),
        ("unverified", &outcome.unverified),
        ("not checked", &outcome.not_checked),
    ];
    for (label, lines) in parts {
        for line in lines {
            writeln!(out, "  {label:<12} {line}");
        }
    }
}
