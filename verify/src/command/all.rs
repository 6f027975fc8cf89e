//! `handover-verify all`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, print_json, print_lines, tell};
use handover_cli_kit::passphrase::{ARCHIVE_VARIABLE, PassphraseSource};
use handover_cli_kit::private_file;
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::{Endpoint, not_checked_of_lines};
use handover_schemas::attestation::{AllReport, CheckVerdict};
use handover_schemas::config::End;

use crate::all::{AllRequest, audit_envelope, verify_all};
use crate::cli::AllArgs;
use crate::config_file;
use crate::package::Identities;
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
    if args.offline && args.trust.is_none() {
        bail!(
            "whose keys count? A folder that somebody gives away could bring its own: give the \
             trust file that you got from the parties (--trust)"
        );
    }
    let trust_is_given = args.trust.is_some();
    let trust = args.trust.clone().or(configured);
    if let Some(file) = &args.statement {
        refuse_statement_file(file, &args.handover)?;
    }
    let passphrase = PassphraseSource::new(args.passphrase_file, ARCHIVE_VARIABLE);
    let request = AllRequest {
        source: end(args.source, config.source.as_ref())?,
        target: end(args.target, config.target.as_ref())?,
        trust: trust.map(|path| Trust::load(&path, Some(&args.handover))).transpose()?,
        identities: Identities::open(&args.identity, &passphrase)?,
        head: args.head,
        at: args.at,
        jobs: usize::from(args.jobs),
        trust_is_given,
        config,
        handover: args.handover,
    };
    let progress = Progress::on_stderr(args.quiet);
    let done = verify_all(&request, interrupt, &progress);
    progress.finish();
    let mut report = done?;
    report.not_checked.extend(not_checked_of_lines());
    if let Some(file) = &args.statement {
        file.file_name().context("--statement names no file")?;
        private_file::replace(file, audit_envelope(&report, args.head)?.as_bytes())?;
        tell(&format!(
            "{} is not signed: handover-migrate attest --sign, or sign it elsewhere",
            file.display()
        ));
    }
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(report.verdict.into())
}

/// The auditor's statement is a new file, outside of what is audited.
fn refuse_statement_file(file: &Path, handover: &Path) -> Result<()> {
    if file.symlink_metadata().is_ok() {
        bail!("{} is there already; name another file with --statement", file.display());
    }
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = std::fs::canonicalize(parent.unwrap_or(Path::new("."))).ok();
    let handover = std::fs::canonicalize(handover).ok();
    if parent.zip(handover).is_some_and(|(parent, handover)| parent.starts_with(handover)) {
        bail!("{} is in the hand-over folder, which is what is audited", file.display());
    }
    Ok(())
}

fn text(report: &AllReport) -> Lines {
    let mut out = Lines::new();
    for check in &report.checks {
        if check.verdict == CheckVerdict::Holds {
            continue;
        }
        writeln!(out, "{}", check.name);
        for finding in &check.outcome.findings {
            writeln!(out, "  FINDING      {finding}");
        }
        for what in &check.outcome.unverified {
            writeln!(out, "  unverified   {what}");
        }
    }
    let not_checked = report.checks.iter().flat_map(|check| {
        check.outcome.not_checked.iter().map(move |what| format!("{}: {what}", check.name))
    });
    let not_checked: Vec<String> = not_checked.chain(report.not_checked.iter().cloned()).collect();
    if !not_checked.is_empty() {
        writeln!(out, "not checked");
    }
    for what in not_checked {
        writeln!(out, "  {what}");
    }
    if !out.is_empty() {
        writeln!(out);
    }
    let width = report.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
    for check in &report.checks {
        let findings = match check.outcome.findings.len() {
            0 => String::new(),
            1 => "  1 finding".to_owned(),
            count => format!("  {count} findings"),
        };
        writeln!(out, "{:<width$}  {:<13}{findings}", check.name, check.verdict.as_str());
    }
    writeln!(out, "verdict: {}", report.verdict.as_str());
    out
}
