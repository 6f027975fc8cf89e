//! The command line.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use handover_schemas::date::Date;
use handover_verify::exit_code::Exit;
use handover_verify::output::tell;
use handover_verify::signing::{Trust, today};

use crate::{Attested, Fonts, Input, Kept, keep, set_minutes};

/// Sets the minutes of a hand-over (biên bản bàn giao) from a signed attestation, as a PDF/A-3b
/// file with the attestation attached.
///
/// One trusted signature is enough: minutes are printed before everybody has signed, and say who
/// has. They say nothing that the attestation does not say.
///
/// Exit codes: 0 made, and giving and receiving side signed; 1 made, but signatures are missing or
/// do not hold; 2 it could not be done.
#[derive(Debug, Parser)]
#[command(name = "handover-minutes", version)]
pub struct Cli {
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
    /// Judge keys as of this day (UTC, YYYY-MM-DD), not today.
    #[arg(long, value_name = "DATE")]
    pub at: Option<Date>,
    /// Say only what is wrong.
    #[arg(long, short)]
    pub quiet: bool,
}

/// Runs the program.
pub fn run(cli: &Cli) -> Result<Exit> {
    let trust = Trust::load(&cli.trust, None)?;
    let at = cli.at.map_or_else(today, Ok)?;
    let attested = Attested::load(&cli.attestation, &trust, at)?;
    let fonts = Fonts::find(cli.font_dir.as_deref())?;
    let input = Input { attested: &attested, fonts: &fonts, english: cli.english };
    let kept = keep(&cli.out, &set_minutes(input)?)?;
    if !cli.quiet {
        let how = match kept {
            Kept::Written => "minutes of attestation",
            Kept::WasThere => "already there, the same minutes of attestation",
        };
        tell(&format!(
            "{}: {how} {}, set in {}",
            cli.out.display(),
            attested.predicate().number,
            fonts.family()
        ));
    }
    let findings = attested.findings();
    for finding in &findings {
        tell(&format!("finding: {finding}"));
    }
    Ok(if findings.is_empty() { Exit::Clean } else { Exit::Findings })
}
