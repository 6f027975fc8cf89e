//! `handover-migrate rehearse`.

use anyhow::{Result, bail};
use handover_verify::exit_code::Exit;
use handover_verify::interrupt::Interrupt;

use crate::cli::RehearseArgs;

/// Runs the command.
pub fn run(args: &RehearseArgs, _interrupt: &Interrupt) -> Result<Exit> {
    bail!("{args:?}")
}
