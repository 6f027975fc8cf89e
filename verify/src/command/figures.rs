//! `handover-verify figures`.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, print_json, print_lines};
use handover_cli_kit::progress::Progress;
use handover_engine::endpoint::{Endpoint, not_checked_of_lines};
use handover_schemas::config::{Config, End};
use handover_schemas::figures::report::FiguresVerdict;
use handover_schemas::figures::shipped;

use super::figures_text::text;
use crate::cli::{FiguresArgs, LabelLanguage};
use crate::config_file;
use crate::figures::{
    FiguresRequest, LoadedSet, all_shipped, check_sets, configured_sets, load_set, shipped_set,
};

/// Runs the command.
pub fn run(args: FiguresArgs, interrupt: &Interrupt) -> Result<Exit> {
    let config = config_file::load(&args.handover)?.unwrap_or_default();
    if args.list {
        print_lines(&list(&config, &args)?)?;
        return Ok(Exit::Clean);
    }
    let progress = Progress::on_stderr(args.quiet);
    let (json, language) = (args.json, args.lang);
    let request = request(args, &config)?;
    let done = check_sets(&request, interrupt, &progress);
    progress.finish();
    let mut report = done?;
    report.not_checked.extend(not_checked_of_lines());
    if json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report, language))?;
    }
    Ok(match report.verdict {
        FiguresVerdict::Holds => Exit::Clean,
        FiguresVerdict::Differs => Exit::Findings,
        FiguresVerdict::Unverified => Exit::CannotBeDone,
    })
}

fn request(args: FiguresArgs, config: &Config) -> Result<FiguresRequest> {
    // The national figures are not those of any platform at hand: shipped sets are held against a
    // database only where somebody asked for it.
    let asked_for = !args.set.is_empty() || !config.figures.is_empty();
    let sets = if !args.set.is_empty() {
        args.set.iter().map(|name| given_set(name)).collect::<Result<_>>()?
    } else if config.figures.is_empty() {
        all_shipped()?
    } else {
        configured_sets(&config.figures, &args.handover)?
    };
    let end = |given: Option<Endpoint>, configured: &Option<End>| match (given, configured) {
        (Some(given), _) => Ok(Some(given)),
        (None, Some(end)) if asked_for && !args.itself => {
            config_file::endpoint(end, &args.handover).map(Some)
        }
        (None, _) => Ok(None),
    };
    Ok(FiguresRequest {
        sets,
        source: end(args.source, &config.source)?,
        target: end(args.target, &config.target)?,
        timeout: Duration::from_secs(u64::from(args.timeout)),
    })
}

/// A shipped set by its name, or a file.
fn given_set(name: &str) -> Result<LoadedSet> {
    if shipped(name).is_some() { shipped_set(name) } else { load_set(Path::new(name)) }
}

fn list(config: &Config, args: &FiguresArgs) -> Result<Lines> {
    let mut out = Lines::new();
    let configured = configured_sets(&config.figures, &args.handover)?;
    let mut lines = |title: &str, sets: &[LoadedSet]| {
        writeln!(out, "{title}:");
        let width = sets.iter().map(|one| one.set.id.chars().count()).max().unwrap_or(0);
        for LoadedSet { set, .. } in sets {
            let title = match args.lang {
                LabelLanguage::En => &set.document.title_en,
                LabelLanguage::Vi => &set.document.title_vi,
            };
            writeln!(
                out,
                "  {:<width$}  figures: {:>2}, sums: {}; {title}",
                set.id,
                set.figures.len(),
                set.relations.len(),
            );
        }
    };
    lines("shipped", &all_shipped()?);
    if !configured.is_empty() {
        lines("of handover.toml", &configured);
    }
    Ok(out)
}
