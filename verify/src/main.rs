//! `handover-verify`.

use std::process::ExitCode;

use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::manual;
use handover_cli_kit::output::tell_error;
use handover_cli_kit::start::start;
use handover_cli_kit::withheld;
use handover_verify::cli::{Cli, Command};
use handover_verify::command;

fn main() -> ExitCode {
    let cli: Cli = match start() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let done = Interrupt::on_signals().and_then(|interrupt| match cli.command {
        Command::Tables(args) => command::tables::run(args, &interrupt),
        Command::Package(args) => command::package::run(args, &interrupt),
        Command::Purge(args) => command::purge::run(args, &interrupt),
        Command::Record(args) => command::record::run(&args),
        Command::All(args) => command::all::run(args, &interrupt),
        Command::Ledger(args) => command::ledger::run(args, &interrupt),
        Command::Attestation(args) => command::attestation::run(args, &interrupt),
        Command::Envelope(args) => command::envelope::run(&args),
        Command::Figures(args) => command::figures::run(args, &interrupt),
        Command::Manual(args) => manual::write_manual::<Cli>(&args),
        Command::Completions(args) => manual::print_completions::<Cli>(&args),
    });
    let exit = done.unwrap_or_else(|error| {
        tell_error(&error);
        Exit::of_error(&error)
    });
    withheld::write();
    exit.into()
}
