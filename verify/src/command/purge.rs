//! `handover-verify purge`.

use anyhow::Result;
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, print_json, print_lines};
use handover_cli_kit::passphrase::{ARCHIVE_VARIABLE, PassphraseSource};
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::not_checked_of_lines;
use handover_schemas::purge::verdict::{PurgeVerdict, PurgeVerdictEntry, PurgeVerdictReport};

use crate::cli::PurgeArgs;
use crate::config_file;
use crate::package::Identities;
use crate::purge::check::{PurgeRequest, verify_purges};
use crate::signing::Trust;

/// What is known only where this is held against the other parts of a hand-over.
const LEFT_TO_ALL: &str = "the chain of events and the order of their times, packages and attestations that speak of this \
                           purge: handover-verify all holds them against each other";

/// Runs the command.
pub fn run(args: PurgeArgs, interrupt: &Interrupt) -> Result<Exit> {
    let config = config_file::load(&args.handover)?.unwrap_or_default();
    let target =
        config_file::choose_end("target", args.target, config.target.as_ref(), &args.handover)?;
    let configured = config.purge.trust.as_ref().map(|path| args.handover.join(path));
    let trust = args.trust.or(configured);
    let passphrase = PassphraseSource::new(args.passphrase_file, ARCHIVE_VARIABLE);
    let request = PurgeRequest {
        target,
        trust: trust.map(|path| Trust::load(&path, Some(&args.handover))).transpose()?,
        handover: args.handover,
        rule: args.rule,
        identities: Identities::open(&args.identity, &passphrase)?,
    };
    let progress = Progress::on_stderr(args.quiet);
    let done = verify_purges(&request, interrupt, &progress);
    progress.finish();
    let mut report = done?;
    for purge in &mut report.purges {
        purge.not_checked.push(LEFT_TO_ALL.to_owned());
        purge.not_checked.extend(not_checked_of_lines());
    }
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(match report.verdict {
        PurgeVerdict::Holds => Exit::Clean,
        PurgeVerdict::Unverified => Exit::CannotBeDone,
        PurgeVerdict::Differs => Exit::Findings,
    })
}

fn text(report: &PurgeVerdictReport) -> Lines {
    let mut out = Lines::new();
    for purge in &report.purges {
        purge_text(&mut out, purge);
    }
    writeln!(out, "verdict: {}", word(report.verdict));
    out
}

fn purge_text(out: &mut Lines, purge: &PurgeVerdictEntry) {
    writeln!(
        out,
        "purge {} by rule {}, {}: {}",
        purge.number,
        purge.rule,
        purge.state,
        word(purge.verdict)
    );
    for what in &purge.checked {
        writeln!(out, "  holds        {what}");
    }
    for finding in &purge.findings {
        writeln!(out, "  FINDING      {}", finding.message);
    }
    for what in &purge.later {
        writeln!(out, "  later        {what}");
    }
    for what in &purge.not_checked {
        writeln!(out, "  not checked  {what}");
    }
}

fn word(verdict: PurgeVerdict) -> &'static str {
    match verdict {
        PurgeVerdict::Holds => "holds",
        PurgeVerdict::Unverified => "unverified",
        PurgeVerdict::Differs => "does not hold",
    }
}
