//! `handover-verify ledger`.

use anyhow::Result;
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, print_json, print_lines};
use handover_engine::endpoint::not_checked_of_lines;

use super::outcome_text::outcome_text;
use crate::cli::LedgerArgs;
use crate::config_file;
use crate::ledger::check::{LedgerRequest, verify_ledger};

/// What is known only where this is held against the other parts of a hand-over.
const LEFT_TO_ALL: &str = "rows, packages and archives that the ledger speaks of: handover-verify all holds them against it";

/// Runs the command.
pub fn run(args: LedgerArgs, interrupt: &Interrupt) -> Result<Exit> {
    let config = config_file::load(&args.handover)?.unwrap_or_default();
    let target =
        config_file::choose_end("target", args.target, config.target.as_ref(), &args.handover)?;
    let request = LedgerRequest { target, handover: args.handover, head: args.head };
    let mut report = verify_ledger(&request, interrupt)?;
    report
        .outcome
        .not_checked("who signed the attestations: handover-verify attestation, or all, says that");
    report.outcome.not_checked(LEFT_TO_ALL);
    report.outcome.not_checked.extend(not_checked_of_lines());
    if args.json {
        print_json(&report)?;
    } else {
        let head = report.head.map_or_else(|| "none".to_owned(), |head| head.to_string());
        let mut out = Lines::new();
        writeln!(out, "ledger of {}", request.target);
        writeln!(out, "events   {}", report.events);
        writeln!(out, "head     {head}");
        outcome_text(&mut out, &report.outcome);
        writeln!(out, "verdict: {}", report.verdict.as_str());
        print_lines(&out)?;
    }
    Ok(report.verdict.into())
}
