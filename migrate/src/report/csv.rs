//! The report's tables as CSV (RFC 4180), whole, for people who count on.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` or a tab for a formula. Names are
//! somebody else's text: such a cell begins with an apostrophe here, which makes it a text.

use handover_schemas::attestation::{
    StatedCopy, StatedDeliverable, StatedEvent, StatedFinding, StatedPurge,
};
use handover_schemas::config::Letter;

use super::SignedAttestation;
use super::shown::shown;
use super::words;

/// The files, by name.
pub fn csv_files(signed: &SignedAttestation) -> Vec<(&'static str, String)> {
    let attestation = &signed.attestation;
    vec![
        ("tables.csv", tables(attestation.copy.as_ref())),
        ("deliverables.csv", deliverables(&attestation.deliverables)),
        ("purges.csv", purges(&attestation.purges)),
        ("findings.csv", findings(&attestation.findings)),
        ("events.csv", events(&attestation.timeline)),
    ]
}

fn tables(copy: Option<&StatedCopy>) -> String {
    let mut out =
        Lines::new(&["schema", "table", "state", "rows", "bytes", "source_root", "target_root"]);
    for table in copy.map_or(&[][..], |copy| &copy.tables) {
        let root = |root: Option<handover_schemas::digest::Digest>| {
            root.map(|root| root.to_string()).unwrap_or_default()
        };
        out.line(&[
            &table.name.schema,
            &table.name.name,
            words::table_state(table.state).words.en,
            &table.rows.to_string(),
            &table.bytes.to_string(),
            &root(table.source_root),
            &root(table.target_root),
        ]);
    }
    out.0
}

fn deliverables(deliverables: &[StatedDeliverable]) -> String {
    let letter = |letter: &Letter| format!("{} ({})", letter.number, letter.date);
    let mut out = Lines::new(&[
        "component",
        "id",
        "state",
        "requested",
        "promised",
        "files",
        "bytes",
        "rows",
        "commit",
        "findings",
    ]);
    for one in deliverables {
        let requested: Vec<String> = one.requested.iter().map(letter).collect();
        out.line(&[
            &one.component,
            &one.id,
            one.state.as_str(),
            &requested.join("; "),
            &one.promised.as_ref().map(letter).unwrap_or_default(),
            &one.files.to_string(),
            &one.bytes.to_string(),
            &one.rows.map(|rows| rows.to_string()).unwrap_or_default(),
            one.commit.as_deref().unwrap_or_default(),
            &one.findings.to_string(),
        ]);
    }
    out.0
}

fn purges(purges: &[StatedPurge]) -> String {
    let mut out = Lines::new(&["purge", "rule", "table", "by", "group", "rows"]);
    for purge in purges {
        for summary in &purge.summary {
            for group in &summary.groups {
                out.line(&[
                    &purge.number.to_string(),
                    &purge.rule,
                    &summary.table.to_string(),
                    &summary.by,
                    group.group.as_deref().unwrap_or_default(),
                    &group.rows.to_string(),
                ]);
            }
        }
    }
    out.0
}

fn findings(findings: &[StatedFinding]) -> String {
    let mut out = Lines::new(&["vi", "en", "subject", "count", "detail", "next_vi", "next_en"]);
    for one in findings {
        out.line(&[
            one.kind.vi(),
            one.kind.en(),
            &one.subject,
            &one.count.map(|count| count.to_string()).unwrap_or_default(),
            one.detail.as_deref().unwrap_or_default(),
            one.kind.next_vi(),
            one.kind.next_en(),
        ]);
    }
    out.0
}

fn events(events: &[StatedEvent]) -> String {
    let mut out = Lines::new(&["number", "kind", "subject", "at", "operator", "host", "digest"]);
    for one in events {
        out.line(&[
            &one.number.to_string(),
            one.kind.as_str(),
            one.subject.as_deref().unwrap_or_default(),
            &one.at,
            &one.operator,
            &one.host,
            &one.digest.to_string(),
        ]);
    }
    out.0
}

/// Lines of a file, begun with a byte order mark: without it spreadsheets do not take it for UTF-8.
struct Lines(String);

impl Lines {
    fn new(columns: &[&str]) -> Self {
        let mut lines = Self("\u{feff}".to_owned());
        lines.line(columns);
        lines
    }

    fn line(&mut self, cells: &[&str]) {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.0.push(',');
            }
            self.0.push_str(&written(cell));
        }
        self.0.push_str("\r\n");
    }
}

/// One cell.
fn written(cell: &str) -> String {
    let formula = cell.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    let text = shown(cell);
    let text = if formula { format!("'{text}") } else { text.into_owned() };
    if text.contains([',', '"', ';', '\'']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "a[U+000D][U+000A]b"),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'[U+0009]=1\""),
            (" =1", " =1"),
            ("\u{202e}x", "[U+202E]x"),
        ] {
            assert_eq!(written(cell), expected);
        }
    }
}
