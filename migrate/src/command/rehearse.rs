//! `handover-migrate rehearse`.

use anyhow::Result;
use handover_verify::exit_code::Exit;
use handover_verify::interrupt::Interrupt;

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
