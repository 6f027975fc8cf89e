//! The command line.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::manual::{CompletionsArgs, ManualArgs, print_completions, write_manual};
use handover_cli_kit::output::tell;
use handover_schemas::date::Date;
use handover_verify::signing::Trust;

use crate::{Attested, Fonts, Input, Kept, keep, set_minutes};

/// What stands below the options.
const EXAMPLES: &str = "\
Examples:
  Minutes to be printed and signed, where handover-migrate attest --close looks for them:
    handover-minutes --attestation attestations/0001.dsse.json --trust trust.toml \\
      --out attestations/0001-minutes.pdf --english
  The fonts are not installed, but in a folder:
    handover-minutes --attestation 0001.dsse.json --trust trust.toml --out m.pdf --font-dir fonts
";

/// Sets the minutes of a hand-over (biên bản bàn giao) from a signed attestation, as a PDF/A-3b
/// file with the attestation attached.
///
/// One trusted signature is enough: minutes are printed before everybody has signed, and say who
/// has. They say nothing that the attestation does not say.
///
/// Exit codes: 0 made, and giving and receiving side signed; 1 made, but signatures are missing or
/// do not hold; 2 it could not be done.
#[derive(Debug, Parser)]
#[command(
    name = "handover-minutes",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
pub struct Cli {
    /// What minutes are made of.
    #[command(flatten)]
    pub minutes: Option<MinutesArgs>,
    /// What else the program does.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program does besides making minutes.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write manual pages: one for this program, one for each of its commands.
    Manual(ManualArgs),
    /// Print what completes these commands in bash, zsh or fish.
    Completions(CompletionsArgs),
}

/// What minutes are made of.
#[derive(Debug, Args)]
pub struct MinutesArgs {
    /// The attestation, a .dsse.json file that handover-migrate attest made.
    #[arg(long, value_name = "FILE")]
    pub attestation: PathBuf,
    /// The keys that are trusted. Keep the file apart from what is verified.
    #[arg(long, value_name = "TRUST.toml")]
    pub trust: PathBuf,
    /// Where the minutes go. A file that is there already is not overwritten.
    #[arg(long, value_name = "FILE.pdf")]
    pub out: PathBuf,
    /// Add an annex in English.
    #[arg(long)]
    pub english: bool,
    /// A folder with the fonts; otherwise those of the system are searched. Liberation Serif is
    /// taken, or else Noto Serif.
    #[arg(long, value_name = "DIR")]
    pub font_dir: Option<PathBuf>,
    /// Judge keys as of this day (UTC, YYYY-MM-DD), not that of the statement.
    #[arg(long, value_name = "DATE")]
    pub at: Option<Date>,
    /// Say only what is wrong.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Runs the program.
pub fn run(cli: &Cli) -> Result<Exit> {
    match (&cli.command, &cli.minutes) {
        (Some(Command::Manual(args)), _) => write_manual::<Cli>(args),
        (Some(Command::Completions(args)), _) => print_completions::<Cli>(args),
        (None, Some(args)) => make(args),
        (None, None) => bail!("name an attestation with --attestation; see --help"),
    }
}

/// Makes the minutes.
fn make(args: &MinutesArgs) -> Result<Exit> {
    let trust = Trust::load(&args.trust, None)?;
    let attested = Attested::load(&args.attestation, &trust, args.at)?;
    let fonts = Fonts::find(args.font_dir.as_deref())?;
    let input = Input { attested: &attested, fonts: &fonts, english: args.english };
    let kept = keep(&args.out, &set_minutes(input)?)?;
    if !args.quiet {
        let how = match kept {
            Kept::Written => "minutes of attestation",
            Kept::WasThere => "already there, the same minutes of attestation",
        };
        tell(&format!(
            "{}: {how} {}, set in {}",
            args.out.display(),
            attested.predicate().number,
            fonts.family()
        ));
    }
    for other in attested.beside_enough() {
        tell(&format!("note: {other}"));
    }
    let findings = attested.findings();
    for finding in &findings {
        tell(&format!("finding: {finding}"));
    }
    Ok(if findings.is_empty() { Exit::Clean } else { Exit::Findings })
}
