//! `handover-migrate moved`.

use anyhow::{Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, print_json, print_lines};
use handover_engine::endpoint::Endpoint;
use handover_schemas::moved::{MovedEnd, MovedReport};
use handover_verify::config_file;

use super::purge::{open_key, trust_of};
use crate::cli::MovedArgs;
use crate::copy::source_place;
use crate::moved::{MoveRequest, record_move};
use crate::purge::PurgeDatabase;

/// Runs the command.
pub fn run(args: &MovedArgs, interrupt: &Interrupt) -> Result<Exit> {
    if args.reason.trim().is_empty() {
        bail!("--reason is empty; it is what the signed statement says");
    }
    let config = config_file::load(&args.handover)?.unwrap_or_default();
    let end = |name: &str, given: &Option<Endpoint>, configured| {
        config_file::choose_end(name, given.clone(), configured, &args.handover)
    };
    let target = end("target", &args.target, config.target.as_ref())?;
    let dir = HandoverDir::open(&args.handover)?;
    let trust = trust_of(&config, &dir, &args.trust)?;
    let key = open_key(&args.key.key, args.key.passphrase_file.as_ref())?;
    let mut database = PurgeDatabase::open(&target, interrupt)?;
    let _alone = dir.lock()?;
    let to = match args.end {
        MovedEnd::Target => database.place()?,
        MovedEnd::Source => {
            source_place(&end("source", &args.source, config.source.as_ref())?, interrupt)?
        }
    };
    let request = MoveRequest {
        dir: &dir,
        end: args.end,
        to,
        reason: &args.reason,
        trust: &trust,
        operator: &key,
    };
    let report = record_move(&mut database, &request)?;
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(Exit::Clean)
}

fn text(report: &MovedReport) -> Lines {
    let mut out = Lines::new();
    match (&report.from, &report.recorded) {
        (Some(from), Some(recorded)) => {
            writeln!(out, "{:<7} {from}", report.end.as_str());
            writeln!(out, "is now  {}", report.to);
            writeln!(out, "signed  {} (move {})", recorded.signed_by, recorded.number);
            writeln!(out, "file    {}", recorded.statement);
            writeln!(out, "head    {}", recorded.head);
            writeln!(
                out,
                "{}",
                match report.end {
                    MovedEnd::Source => "next: handover-migrate copy reads it again and compares",
                    MovedEnd::Target => {
                        "next: write it into handover.toml; keep the other one out of use"
                    }
                }
            );
        }
        (Some(_), None) => writeln!(
            out,
            "nothing to record: the {} is where the ledger knows it: {}",
            report.end, report.to
        ),
        (None, _) => writeln!(
            out,
            "nothing to record: nothing in the ledger is bound to a place of the {}",
            report.end
        ),
    }
    out
}
