//! `handover-verify attestation`.

use anyhow::Result;
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, print_json, print_lines};
use handover_cli_kit::passphrase::{ARCHIVE_VARIABLE, PassphraseSource};
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::not_checked_of_lines;
use handover_schemas::attestation::AttestationReport;
use handover_schemas::package::PACKAGES_DIR;

use super::outcome_text::outcome_text;
use crate::attestation::{AttestationRequest, verify_attestation};
use crate::cli::AttestationArgs;
use crate::config_file;
use crate::package::Identities;
use crate::signing::Trust;

/// What is known only where this is held against the other parts of a hand-over.
const LEFT_TO_ALL: &str = "its closing, the order of the events' times, and the purges that it states: handover-verify all \
                           holds them against each other";

/// Runs the command.
pub fn run(args: AttestationArgs, interrupt: &Interrupt) -> Result<Exit> {
    let passphrase = PassphraseSource::new(args.passphrase_file, ARCHIVE_VARIABLE);
    // With a folder, its config says what was not given.
    let config = args.handover.as_deref().map(config_file::load).transpose()?.flatten();
    let configured = |end: Option<&handover_schemas::config::End>| {
        let (Some(end), Some(folder)) = (end, &args.handover) else { return Ok(None) };
        config_file::endpoint(end, folder).map(Some)
    };
    let config = config.unwrap_or_default();
    let target = match args.target {
        Some(target) => Some(target),
        None => configured(config.target.as_ref())?,
    };
    let request = AttestationRequest {
        trust: Trust::load(&args.trust, args.handover.as_deref())?,
        at: args.at,
        source: args.source,
        target,
        packages: args.handover.as_deref().map(|folder| folder.join(PACKAGES_DIR)),
        identities: Identities::open(&args.identity, &passphrase)?,
        file: args.file,
    };
    let progress = Progress::on_stderr(args.quiet);
    let done = verify_attestation(&request, interrupt, &progress);
    progress.finish();
    let mut report = done?;
    report.outcome.not_checked(LEFT_TO_ALL);
    report.outcome.not_checked.extend(not_checked_of_lines());
    if request.packages.is_none() {
        report.outcome.not_checked("packages: give the hand-over folder (--handover)");
    }
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(report.verdict.into())
}

fn text(report: &AttestationReport) -> Lines {
    let mut out = Lines::new();
    if let Some(number) = report.number {
        writeln!(out, "attestation {number}");
    }
    if let Some(statement) = report.statement {
        writeln!(out, "statement   {statement}");
    }
    if let Some(head) = report.head {
        writeln!(out, "head        {head}");
    }
    if report.stated_findings > 0 {
        writeln!(out, "states      {} findings of its own", report.stated_findings);
    }
    outcome_text(&mut out, &report.outcome);
    writeln!(out, "verdict: {}", report.verdict.as_str());
    out
}
