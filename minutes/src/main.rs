//! `handover-minutes`.

use std::process::ExitCode;

use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::output::tell_error;
use handover_cli_kit::start::start;
use handover_minutes::cli::{Cli, run};

fn main() -> ExitCode {
    let cli: Cli = match start() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let exit = run(&cli).unwrap_or_else(|error| {
        tell_error(&error);
        Exit::of_error(&error)
    });
    exit.into()
}
