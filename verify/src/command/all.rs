//! `handover-verify all`.

use std::fmt::Write;

use anyhow::{Context, Result};
use handover_schemas::attestation::{AllReport, CheckVerdict};
use handover_schemas::config::End;

use crate::all::{AllRequest, audit_envelope, verify_all};
use crate::cli::AllArgs;
use crate::config_file;
use crate::endpoint::Endpoint;
use crate::exit_code::Exit;
use crate::handover_dir::HandoverDir;
use crate::interrupt::Interrupt;
use crate::output::{print_json, print_text, tell};
use crate::package::Identities;
use crate::passphrase::{ARCHIVE_VARIABLE, PassphraseSource};
use crate::progress::Progress;
use crate::signing::Trust;

/// Runs the command.
pub fn run(args: AllArgs, interrupt: &Interrupt) -> Result<Exit> {
    let config = config_file::load(&args.handover)?.unwrap_or_default();
    let end = |given: Option<Endpoint>, configured: Option<&End>| match (given, configured) {
        (Some(given), _) => Ok(Some(given)),
        (None, Some(end)) if !args.offline => config_file::endpoint(end, &args.handover).map(Some),
        (None, _) => Ok(None),
    };
    let configured = config.purge.trust.as_ref().map(|path| args.handover.join(path));
    let trust = args.trust.clone().or(configured);
    let passphrase = PassphraseSource::new(args.passphrase_file, ARCHIVE_VARIABLE);
    let request = AllRequest {
        source: end(args.source, config.source.as_ref())?,
        target: end(args.target, config.target.as_ref())?,
        trust: trust.map(|path| Trust::load(&path, Some(&args.handover))).transpose()?,
        identities: Identities::open(&args.identity, &passphrase)?,
        head: args.head,
        at: args.at,
        jobs: usize::from(args.jobs),
        config,
        handover: args.handover,
    };
    let progress = Progress::on_stderr(args.quiet);
    let done = verify_all(&request, interrupt, &progress);
    progress.finish();
    let report = done?;
    if let Some(file) = &args.statement {
        let name = file.file_name().and_then(|name| name.to_str());
        let name = name.context("--statement names no file")?;
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = HandoverDir::at(parent.unwrap_or(std::path::Path::new(".")));
        let written = folder.write(name, audit_envelope(&report)?.as_bytes())?;
        tell(&format!(
            "{} is not signed: handover-migrate attest --sign, or sign it elsewhere",
            written.display()
        ));
    }
    if args.json {
        print_json(&report)?;
    } else {
        print_text(&text(&report))?;
    }
    Ok(report.verdict.into())
}

fn text(report: &AllReport) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    for check in &report.checks {
        if check.verdict == CheckVerdict::Holds {
            continue;
        }
        let _infallible = writeln!(out, "{}", check.name);
        for finding in &check.outcome.findings {
            let _infallible = writeln!(out, "  FINDING      {finding}");
        }
        for what in &check.outcome.unverified {
            let _infallible = writeln!(out, "  unverified   {what}");
        }
    }
    let not_checked = report.checks.iter().flat_map(|check| {
        check.outcome.not_checked.iter().map(move |what| format!("{}: {what}", check.name))
    });
    let not_checked: Vec<String> = not_checked.chain(report.not_checked.iter().cloned()).collect();
    if !not_checked.is_empty() {
        out.push_str("not checked\n");
    }
    for what in not_checked {
        let _infallible = writeln!(out, "  {what}");
    }
    if !out.is_empty() {
        out.push('\n');
    }
    let width = report.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    for check in &report.checks {
        let findings = match check.outcome.findings.len() {
            0 => String::new(),
            1 => "  1 finding".to_owned(),
            count => format!("  {count} findings"),
        };
        let _infallible =
            writeln!(out, "{:<width$}  {:<13}{findings}", check.name, check.verdict.as_str());
    }
    let _infallible = writeln!(out, "verdict: {}", report.verdict.as_str());
    out
}
