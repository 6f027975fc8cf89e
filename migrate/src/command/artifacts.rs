//! `handover-migrate artifacts`.

use anyhow::{Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::{Interrupt, Interrupted};
use handover_cli_kit::output::{Lines, grouped, print_json, print_lines, tell};
use handover_cli_kit::progress::Progress;
use handover_cli_kit::withheld;
use handover_schemas::config::CONFIG_FILE;
use handover_verify::config_file;

use super::inventory_text::inventory_text;
use crate::artifacts::report::{ArtifactsReport, PackageOutcome, PackageState};
use crate::artifacts::{ArtifactsRequest, receive};
use crate::cli::ArtifactsArgs;

/// Runs the command.
pub fn run(args: ArtifactsArgs, interrupt: &Interrupt) -> Result<Exit> {
    let json = args.json;
    let Some(config) = config_file::load(&args.handover)? else {
        bail!(
            "{} has no {CONFIG_FILE}, which says what was delivered; handover-migrate init \
             writes one to fill in",
            args.handover.display()
        );
    };
    let target =
        config_file::choose_end("target", args.target, config.target.as_ref(), &args.handover)?;
    let source = config.source.as_ref();
    let source = source.map(|end| config_file::endpoint(end, &args.handover)).transpose()?;
    let request = ArtifactsRequest {
        config,
        dir: HandoverDir::open(&args.handover)?,
        source,
        target,
        only: args.component,
        renew: args.renew,
        jobs: usize::from(args.jobs),
        archive_bytes: args.archive_bytes,
    };
    withheld::write_into(request.dir.clone(), "findings/artifacts-messages.jsonl", args.quiet);
    let progress = Progress::on_stderr(args.quiet);
    let done = receive(&request, interrupt, &progress);
    progress.finish();
    let report = match done {
        Ok(report) => report,
        Err(error) => {
            if error.chain().any(|cause| cause.is::<Interrupted>()) {
                tell("interrupted; what was received is kept: run the same command again to go on");
            }
            return Err(error);
        }
    };
    progress.note_peak_memory();
    if json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(if report.findings.is_empty() { Exit::Clean } else { Exit::Findings })
}

/// The report for people.
fn text(report: &ArtifactsReport) -> Lines {
    let mut out = inventory_text(&report.inventory);
    writeln!(out);
    for package in &report.packages {
        writeln!(out, "{}", package_text(package));
    }
    for finding in &report.findings {
        writeln!(out, "finding: {}", finding.message);
    }
    if let Some(file) = &report.findings_in {
        writeln!(out, "each finding with its place: {file}");
    }
    for what in &report.not_checked {
        writeln!(out, "not checked: {what}");
    }
    out
}

fn package_text(package: &PackageState) -> String {
    let sums = format!("{} files, {} bytes", grouped(package.files), grouped(package.bytes));
    let outcome = match package.outcome {
        PackageOutcome::Sealed => format!("sealed: {sums}, every file read back"),
        PackageOutcome::Unchanged => {
            format!("unchanged: {sums}; what was delivered is still what was sealed")
        }
        PackageOutcome::Changed => {
            "changed: what was delivered is not what was sealed any more; --renew seals it anew \
             and keeps the old package"
                .to_owned()
        }
        PackageOutcome::NotCompared => {
            "not compared: the package is damaged, or not the one that the ledger knows; \
             handover-verify package says where. Restore it, or move it away and run this again"
                .to_owned()
        }
        PackageOutcome::Replaced => format!("sealed anew: {sums}; the old package is kept"),
        PackageOutcome::NothingDelivered => {
            return format!("{}: nothing was delivered", package.component);
        }
    };
    format!("{}: {outcome}: {}", package.component, package.path)
}
