//! `handover-migrate`.

use std::process::ExitCode;

use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::manual;
use handover_cli_kit::output::tell_error;
use handover_cli_kit::start::start;
use handover_cli_kit::withheld;
use handover_migrate::cli::{Cli, Command};
use handover_migrate::command;

fn main() -> ExitCode {
    let cli: Cli = match start() {
        Ok(cli) => cli,
        Err(exit) => return exit,
    };
    let done = Interrupt::on_signals().and_then(|interrupt| match cli.command {
        Command::Copy(args) => command::copy::run(args, &interrupt),
        Command::Artifacts(args) => command::artifacts::run(args, &interrupt),
        Command::Evidence(args) => command::evidence::run(args, &interrupt),
        Command::Purge(command) => command::purge::run(command, &interrupt),
        Command::Find(args) => command::find::run(&args, &interrupt),
        Command::Restore(args) => command::restore::run(&args, &interrupt),
        Command::Moved(args) => command::moved::run(&args, &interrupt),
        Command::Prove(args) => command::prove::run(&args, &interrupt),
        Command::Attest(args) => command::attest::run(&args, &interrupt),
        Command::Report(args) => command::report::run(&args),
        Command::Status(args) => command::status::run(args, &interrupt),
        Command::Keygen(args) => command::keygen::run(args),
        Command::Init(args) => command::init::run(&args),
        Command::Rehearse(args) => command::rehearse::run(args, &interrupt),
        Command::Manual(args) => manual::write_manual::<Cli>(&args),
        Command::Completions(args) => manual::print_completions::<Cli>(&args),
    });
    let exit = done.unwrap_or_else(|error| {
        let exit = Exit::of_error(&error);
        if exit != Exit::Interrupted {
            tell_error(&error);
        }
        exit
    });
    withheld::write();
    exit.into()
}
