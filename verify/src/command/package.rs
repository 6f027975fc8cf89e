//! `handover-verify package`.

use std::path::Path;

use anyhow::Result;
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, grouped, print_json, print_lines};
use handover_cli_kit::passphrase::{ARCHIVE_VARIABLE, PassphraseSource};
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::{Endpoint, not_checked_of_lines};
use handover_schemas::package::report::{PackageReport, PackageVerdict, SealOrigin};

use crate::cli::PackageArgs;
use crate::config_file;
use crate::package::{Identities, PackageRequest, verify_package};

/// What is known only where this is held against the other parts of a hand-over.
const LEFT_TO_ALL: &str = "events, purges and attestations that speak of this package, and whether the hand-over has others: \
                           handover-verify all holds them against each other";

/// Runs the command.
pub fn run(args: PackageArgs, interrupt: &Interrupt) -> Result<Exit> {
    let progress = Progress::on_stderr(args.quiet);
    let passphrase = PassphraseSource::new(args.passphrase_file, ARCHIVE_VARIABLE);
    let request = PackageRequest {
        identities: Identities::open(&args.identity, &passphrase)?,
        dir: args.dir,
        seal: args.seal,
        ledger: ledger(args.target, args.handover.as_deref())?,
        jobs: usize::from(args.jobs),
    };
    let done = verify_package(&request, interrupt, &progress);
    progress.finish();
    let mut report = done?;
    report.not_checked.push(LEFT_TO_ALL.to_owned());
    report.not_checked.extend(not_checked_of_lines());
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(match report.verdict {
        PackageVerdict::Intact => Exit::Clean,
        PackageVerdict::Unverified | PackageVerdict::NotOfProfile => Exit::CannotBeDone,
        PackageVerdict::Damaged => Exit::Findings,
    })
}

/// The database whose ledger knows the seal.
fn ledger(target: Option<Endpoint>, handover: Option<&Path>) -> Result<Option<Endpoint>> {
    let Some(handover) = handover else { return Ok(target) };
    let config = config_file::load(handover)?.unwrap_or_default();
    config_file::choose_end("target", None, config.target.as_ref(), handover).map(Some)
}

/// The report for people.
fn text(report: &PackageReport) -> Lines {
    let mut out = Lines::new();
    let seal = report.seal.map_or_else(|| "none".to_owned(), |seal| seal.to_string());
    let compared = match report.seal_compared_with {
        Some(SealOrigin::Given) => "compared with the one given",
        Some(SealOrigin::Ledger) => "compared with the ledger",
        None => "not compared with anything",
    };
    writeln!(out, "package  {}", report.identifier.as_deref().unwrap_or("unknown"));
    writeln!(out, "seal     {seal} ({compared})");
    writeln!(out, "files    {} with {} bytes", grouped(report.files), grouped(report.bytes));
    for finding in &report.findings {
        writeln!(out, "finding: {}", finding.message);
    }
    for what in &report.not_checked {
        writeln!(out, "not checked: {what}");
    }
    let verdict = match report.verdict {
        PackageVerdict::Intact => "intact",
        PackageVerdict::Unverified => "unverified",
        PackageVerdict::NotOfProfile => "not of our profile",
        PackageVerdict::Damaged => "damaged",
    };
    let findings = match report.findings.len() {
        0 => String::new(),
        1 => " (1 finding)".to_owned(),
        count => format!(" ({count} findings)"),
    };
    writeln!(out, "verdict: {verdict}{findings}");
    out
}
