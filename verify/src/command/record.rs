//! `handover-verify record`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::output::{Lines, grouped, print_json, print_lines};
use handover_schemas::archive::record::RecordFile;
use handover_schemas::signing::tlog_proof::TlogProof;

use super::signed_by;
use crate::cli::RecordArgs;
use crate::record::{RecordReport, RecordVerdict, check_record};
use crate::signing::{Trust, today};

/// Longest file that is read: a row of 1 GiB would be longer than any proof is asked for.
const FILE_MAX: u64 = 1 << 30;

/// Runs the command.
pub fn run(args: &RecordArgs) -> Result<Exit> {
    let trust = Trust::load(&args.trust, None)?;
    let at = args.at.map_or_else(today, Ok)?;
    let record = RecordFile::parse(&content(&args.record)?)
        .with_context(|| format!("the record {}", args.record.display()))?;
    let proof = String::from_utf8(content(&args.proof)?)
        .context("it is not UTF-8")
        .and_then(|text| Ok(TlogProof::parse(&text)?))
        .with_context(|| format!("the proof {}", args.proof.display()))?;
    let report = check_record(&record, &proof, &trust, at);
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(match report.verdict {
        RecordVerdict::Holds => Exit::Clean,
        RecordVerdict::DoesNotHold => Exit::Findings,
    })
}

fn content(path: &Path) -> Result<Vec<u8>> {
    let place = || format!("cannot read {}", path.display());
    let mut content = Vec::new();
    let file = File::open(path).with_context(place)?;
    file.take(FILE_MAX + 1).read_to_end(&mut content).with_context(place)?;
    if content.len() as u64 > FILE_MAX {
        bail!("{}: it is longer than {FILE_MAX} bytes", path.display());
    }
    Ok(content)
}

/// The report for people.
fn text(report: &RecordReport) -> Lines {
    let mut out = Lines::new();
    writeln!(
        out,
        "table    {} ({} columns: {})",
        report.table,
        report.columns.len(),
        report.columns.join(", ")
    );
    writeln!(out, "archive  {}", report.origin);
    writeln!(
        out,
        "place    {} of {} rows, counted from 0",
        grouped(report.index),
        grouped(report.rows)
    );
    writeln!(out, "leaf     {}", report.leaf);
    writeln!(out, "root     {}", report.root);
    for signatory in &report.signers {
        writeln!(out, "signed   by {}", signed_by(signatory));
    }
    for finding in &report.findings {
        writeln!(out, "finding: {finding}");
    }
    for what in &report.not_checked {
        writeln!(out, "not checked: {what}");
    }
    let names: Vec<&str> = report.signers.iter().map(|one| one.name.as_str()).collect();
    match report.verdict {
        RecordVerdict::Holds => writeln!(
            out,
            "verdict: holds: exactly this row (of {}, as the record says) is among the {} rows under \
             root {}, signed by {}",
            report.table,
            grouped(report.rows),
            report.root,
            names.join(", ")
        ),
        RecordVerdict::DoesNotHold => {
            writeln!(out, "verdict: does not hold ({} findings)", report.findings.len());
        }
    }
    out
}
