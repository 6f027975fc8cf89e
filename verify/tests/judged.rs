//! One run of `handover-verify tables --json`, and what it found in few words.

use std::fs;

use handover_schemas::report::{
    EndReport, Finding, FindingKind, TableReport, TablesReport, Verdict,
};
use handover_testkit::{Outcome, Run};
use serde_json::Value;
use tempfile::TempDir;

/// A run that ended with a report.
pub(crate) struct Judged {
    pub(crate) outcome: Outcome,
    pub(crate) report: TablesReport,
    pub(crate) dir: TempDir,
}

/// The verifier with both ends, its own hand-over folder still missing.
pub(crate) fn verifier(source: &str, target: &str) -> Run {
    Run::new("handover-verify").args(["tables", "--source", source, "--target", target, "--quiet"])
}

/// Compares two ends.
#[track_caller]
pub(crate) fn judge(source: &str, target: &str) -> Judged {
    judge_with(source, target, &[])
}

/// Compares two ends, with further arguments.
#[track_caller]
pub(crate) fn judge_with(source: &str, target: &str, arguments: &[&str]) -> Judged {
    judge_run(verifier(source, target).args(arguments))
}

/// Compares as this program says.
#[track_caller]
pub(crate) fn judge_run(run: Run) -> Judged {
    let dir = tempfile::tempdir().unwrap();
    let outcome = run.arg("--json").arg("--handover").arg(dir.path()).go();
    let Ok(report) = serde_json::from_str::<TablesReport>(&outcome.stdout) else {
        panic!("no report\n--- stdout\n{}\n--- stderr\n{}", outcome.stdout, outcome.stderr);
    };
    let again = serde_json::to_string_pretty(&report).unwrap();
    assert_eq!(outcome.stdout, format!("{again}\n"), "the report has something more or less");
    let judged = Judged { outcome, report, dir };
    judged.check_sense();
    judged
}

impl Judged {
    /// Every finding as a line, in the report's order:
    /// `table: kind (columns) sort-of-object object cause count [keys]`.
    pub(crate) fn brief(&self) -> Vec<String> {
        let of_tables =
            self.report.tables.iter().flat_map(|table| {
                table.findings.iter().map(|finding| (table.table.as_str(), finding))
            });
        let others = self.report.findings.iter().map(|finding| ("-", finding));
        of_tables.chain(others).map(|(table, finding)| self.line(table, finding)).collect()
    }

    fn line(&self, table: &str, finding: &Finding) -> String {
        let mut line = format!("{table}: {}", word(finding.kind));
        if !finding.columns.is_empty() {
            line.push_str(&format!(" ({})", finding.columns.join(", ")));
        }
        for part in [&finding.object_kind, &finding.object, &finding.cause] {
            line.extend(part.iter().flat_map(|part| [" ", part.as_str()]));
        }
        line.extend(finding.count.map(|count| format!(" {count}")));
        if let Some(keys) = &finding.keys {
            line.extend(keys.iter().map(|key| format!(" [{}]", key.join(", "))));
        } else if finding.keys_in.is_some() {
            let keys = self.keys_in_file(table, finding);
            line.push_str(" file");
            line.extend(keys.iter().map(|key| format!(" [{key}]")));
        }
        line
    }

    /// The keys that the findings file has for a finding.
    pub(crate) fn keys_in_file(&self, table: &str, finding: &Finding) -> Vec<String> {
        let path = self.dir.path().join("findings/verify-tables.jsonl");
        assert_eq!(finding.keys_in.as_deref(), path.to_str());
        let columns = match finding.columns.join(", ") {
            none if none.is_empty() => Value::Null,
            some => Value::from(some),
        };
        let text = fs::read_to_string(path).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter(|line| line["table"] == table && line["kind"] == word(finding.kind))
            .filter(|line| line["column"] == columns)
            .map(|line| {
                let parts = line["key"].as_array().unwrap().iter();
                parts.map(|part| part.as_str().unwrap()).collect::<Vec<_>>().join(", ")
            })
            .collect()
    }

    /// The report on one table.
    #[track_caller]
    pub(crate) fn table(&self, name: &str) -> &TableReport {
        let found = self.report.tables.iter().find(|table| table.table == name);
        found.unwrap_or_else(|| panic!("no table {name} in {}", self.outcome.stdout))
    }

    /// What any report has to make sense in.
    #[track_caller]
    fn check_sense(&self) {
        let Self { outcome, report, .. } = self;
        let code = match report.verdict {
            Verdict::Equal => 0,
            Verdict::Different => 1,
            Verdict::Unverified => 2,
        };
        outcome.expect(code);
        assert_eq!(outcome.stderr, "", "--quiet says nothing");
        let all = report.tables.iter().map(|table| table.verdict);
        assert!(all.max().unwrap_or(Verdict::Equal) <= report.verdict, "{}", outcome.stdout);
        assert!(report.tables.is_sorted_by(|a, b| a.table < b.table));
        for table in &report.tables {
            let same = |a: &EndReport, b: &EndReport| {
                (a.rows, a.bytes, a.digest, a.root) == (b.rows, b.bytes, b.digest, b.root)
            };
            let same = table.source.as_ref().zip(table.target.as_ref()).map(|(a, b)| same(a, b));
            match table.verdict {
                Verdict::Equal => {
                    assert_eq!(same, Some(true), "{} is not equal", table.table);
                    assert_eq!(table.findings, [], "{} is equal", table.table);
                }
                // Whoever says so says why.
                Verdict::Different | Verdict::Unverified => {
                    assert_ne!(table.findings, [], "{}: no finding", table.table);
                }
            }
        }
        let has_finding = report.tables.iter().any(|table| !table.findings.is_empty())
            || !report.findings.is_empty();
        assert_eq!(has_finding, report.verdict != Verdict::Equal, "{}", outcome.stdout);
    }
}

/// The kind as JSON writes it.
fn word(kind: FindingKind) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
}
