//! `handover-minutes`.

use std::process::ExitCode;

use handover_minutes::cli::{Cli, run};
use handover_verify::arguments;
use handover_verify::exit_code::Exit;
use handover_verify::output::tell_error;

fn main() -> ExitCode {
    let cli: Cli = match arguments::parse() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let exit = run(&cli).unwrap_or_else(|error| {
        tell_error(&error);
        Exit::of_error(&error)
    });
    exit.into()
}
