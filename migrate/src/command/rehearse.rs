//! `handover-migrate rehearse`.

use anyhow::Result;
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;

use crate::cli::RehearseArgs;
use crate::rehearse::{RehearsalRequest, rehearse};

/// Runs the command.
pub fn run(args: RehearseArgs, interrupt: &Interrupt) -> Result<Exit> {
    let request = RehearsalRequest {
        dir: args.dir,
        doses: args.doses,
        seed: args.seed,
        source: args.source,
        target: args.target,
        owner: args.owner,
    };
    rehearse(&request, interrupt)
}
