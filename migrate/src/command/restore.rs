//! `handover-migrate restore`.

use anyhow::{Context, Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, grouped, print_json, print_lines};
use handover_cli_kit::progress::Progress;
use handover_schemas::purge::restore::RestoreReport;

use super::archive::{OpenedArchive, given_or_read, handover_folder, wanted};
use super::purge::{Opened, open_key};
use crate::cli::RestoreArgs;
use crate::ledger;
use crate::restore::{Applying, CHOSEN, Choice, FINDINGS, RestoreRequest, purge_of, restore};

/// Runs the command.
pub fn run(args: &RestoreArgs, interrupt: &Interrupt) -> Result<Exit> {
    let choice = choice(args)?;
    let handover = handover_folder(&args.archive);
    let mut opened = Opened::new(&handover, args.archive.target.as_ref(), args.quiet, interrupt)?;
    let purges = ledger::purges(opened.database.store())?;
    let archive = OpenedArchive::open(&args.archive, &args.identity, Some(&purges))?;
    let purge = purge_of(archive.purge.as_ref(), &archive.reader)?;
    let key = args.key.as_ref().filter(|_key| args.apply);
    let key = key.map(|key| open_key(key, args.passphrase_file.as_ref())).transpose()?;
    let trust = if args.apply { Some(opened.trust(&args.trust)?) } else { None };
    let applying = match (&key, &trust, &args.reason) {
        (Some(key), Some(trust), Some(reason)) => Some(Applying {
            trust,
            operator: key,
            reason,
            config: &opened.config.purge,
            jobs: usize::from(args.jobs),
        }),
        _ => None,
    };
    if applying.as_ref().is_some_and(|applying| applying.reason.trim().is_empty()) {
        bail!("--reason is empty; it is what the signed statement says");
    }
    let request = RestoreRequest {
        archive: &archive.reader,
        purge,
        dir: &opened.dir,
        choice: &choice,
        changed: &opened.config.purge.changed_column,
        overwrite: args.overwrite.as_deref(),
        applying,
    };
    let progress = Progress::on_stderr(args.quiet);
    let done = restore(&mut opened.database, &request, interrupt, &progress);
    progress.finish();
    let report = done?;
    progress.note_peak_memory();
    if args.json {
        print_json(&report)?;
    } else {
        let place = |name: &str| opened.dir.path().join(name).display().to_string();
        print_lines(&text(&report, &place(FINDINGS), &place(CHOSEN)))?;
    }
    let whole = report.is_whole() && !report.tables.is_empty();
    Ok(if whole { Exit::Clean } else { Exit::Findings })
}

fn choice(args: &RestoreArgs) -> Result<Choice> {
    if args.all {
        return Ok(Choice::All);
    }
    if let Some((filter, table)) = args.filter.as_ref().zip(args.record.table.as_ref()) {
        let (column, value) =
            filter.split_once('=').context("--where is COLUMN=VALUE, with one =")?;
        return Ok(Choice::Where {
            table: table.clone(),
            column: column.to_owned(),
            value: given_or_read(value, "value")?,
        });
    }
    let wanted = wanted(&args.record)?.context(
        "say what to put back: --table with --record-key, --identity-number, --phone, --name with \
         --birth-date, --table with --where, or --all",
    )?;
    Ok(if args.person { Choice::Person(wanted) } else { Choice::Found(wanted) })
}

fn text(report: &RestoreReport, findings: &str, chosen: &str) -> Lines {
    let mut out = Lines::new();
    if report.tables.is_empty() {
        writeln!(out, "not found in this archive, {}; nothing to put back", report.archive);
        writeln!(
            out,
            "handover-migrate find searches all archives and names the one to give with --archive"
        );
        return out;
    }
    let inserted = if report.written.is_some() { "put back" } else { "to put back" };
    writeln!(
        out,
        "{:<28} {:>11} {inserted:>11} {:>11} {:>11} {:>11} {:>14} {:>11}",
        "table", "chosen", "identical", "replaced", "conflict", "parent missing", "held back"
    );
    for table in &report.tables {
        writeln!(
            out,
            "{:<28} {:>11} {:>11} {:>11} {:>11} {:>11} {:>14} {:>11}",
            table.name.to_string(),
            grouped(table.chosen),
            grouped(table.insert),
            grouped(table.identical),
            grouped(table.replace),
            grouped(table.conflict),
            grouped(table.parent_missing),
            grouped(table.held_back)
        );
    }
    for (table, change) in
        report.tables.iter().flat_map(|one| one.columns.iter().map(move |change| (one, change)))
    {
        writeln!(out, "{}: {change}", table.name);
    }
    people_text(&mut out, report, chosen);
    if !report.is_whole() {
        writeln!(out);
        writeln!(out, "rows that cannot be put back, with their keys: {findings}");
        writeln!(
            out,
            "Nothing of the people they belong to is put back. Where the archived row is the right \
             one, give its line of that file with --overwrite FILE; never where rows that were not \
             chosen refer to the row that would give way: it may be another person by now"
        );
    }
    writeln!(out);
    writeln!(out, "archive  {}", report.archive);
    writeln!(out, "seal     {}", report.seal);
    match &report.written {
        Some(written) => {
            writeln!(
                out,
                "restore {}: read back, and every row is what was archived",
                written.number
            );
            writeln!(out, "signed   {}", written.statement);
            if let Some(replaced) = &written.replaced {
                writeln!(out, "rows that were replaced are in the archive {}", replaced.archive);
                writeln!(out, "seal     {}", replaced.seal);
            }
        }
        None if report.apply => writeln!(out, "nothing had to be written"),
        None => writeln!(
            out,
            "nothing was changed; --apply --key OPERATOR_KEY --reason TEXT puts the rows back"
        ),
    }
    out
}

/// How many people were chosen, and who of them may have been registered anew.
fn people_text(out: &mut Lines, report: &RestoreReport, chosen: &str) {
    if let Some(people) = report.people {
        writeln!(out);
        writeln!(
            out,
            "people   {} (all rows that were chosen, with their keys: {chosen})",
            grouped(people)
        );
    }
    for (table, taken) in
        report.tables.iter().flat_map(|one| one.taken.iter().map(move |t| (one, t)))
    {
        writeln!(out);
        writeln!(
            out,
            "{}: {} rows have a value of {} that another row has by now",
            table.name,
            grouped(taken.rows),
            taken.columns.join(", ")
        );
        writeln!(
            out,
            "Whoever it is may have been registered anew. The file below names both rows. If they are \
             one person, let the platform put the two together, or take the value from the row that \
             is to go; if they are two, correct the value of the wrong one. Then restore again"
        );
    }
}
