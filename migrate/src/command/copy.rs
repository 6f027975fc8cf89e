//! `handover-migrate copy`.

use anyhow::{Result, anyhow};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::{Interrupt, Interrupted};
use handover_cli_kit::output::{Lines, grouped, print_json, print_lines, tell};
use handover_cli_kit::progress::Progress;
use handover_cli_kit::withheld;
use handover_engine::sqlite::TypeOverride;
use handover_schemas::config::{CONFIG_FILE, End};
use handover_verify::config_file;

use crate::cli::CopyArgs;
use crate::copy::report::{CodeToRead, CopyOutcome, CopyReport};
use crate::copy::{CopyRequest, Owner, Reviewed, copy};

/// Runs the command.
pub fn run(args: CopyArgs, interrupt: &Interrupt) -> Result<Exit> {
    let json = args.json;
    let progress = Progress::on_stderr(args.quiet);
    let config = config_file::load(&args.handover)?.unwrap_or_default();
    let end = |name, given, configured: &Option<End>| {
        config_file::choose_end(name, given, configured.as_ref(), &args.handover)
    };
    let request = CopyRequest {
        source: end("source", args.source, &config.source)?,
        target: end("target", args.target, &config.target)?,
        leave_out: config.leave_out,
        rename: config.rename,
        handover: args.handover,
        jobs: usize::from(args.jobs),
        chunk_bytes: args.chunk_bytes,
        max_rate: args.max_rate,
        type_overrides: TypeOverride::all(&config.map_type, args.map_type)?,
        reviewed: match args.vendor_code {
            Some(reviewed) => Some(reviewed),
            None => config.vendor_code.reviewed.map(|text| reviewed(&text)).transpose()?,
        },
        owner: match args.owner {
            Some(owner) => Some(owner),
            None => config.target.and_then(|end| end.owner).map(|text| owner(&text)).transpose()?,
        },
        plan_only: args.plan_only,
        show_keys: args.show_keys,
    };
    let dir = HandoverDir::at(&request.handover);
    withheld::write_into(dir, "findings/copy-messages.jsonl", args.quiet);
    let done = copy(&request, interrupt, &progress);
    progress.finish();
    let report = match done {
        Ok(report) => report,
        Err(error) => {
            if error.chain().any(|cause| cause.is::<Interrupted>()) {
                tell(
                    "interrupted; every chunk recorded so far is kept: run the same command \
                     again to go on",
                );
            }
            return Err(error);
        }
    };
    progress.note_peak_memory();
    if json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(exit_of(&report))
}

/// What the copy found itself counts first, then the verifier's verdict.
fn exit_of(report: &CopyReport) -> Exit {
    if report.has_own_findings() {
        return Exit::Findings;
    }
    match Exit::from(report.compared_as()) {
        Exit::Clean if !report.outcome.is_settled() => Exit::Findings,
        exit => exit,
    }
}

fn reviewed(text: &str) -> Result<Reviewed> {
    text.parse().map_err(|reason| anyhow!("{CONFIG_FILE}: vendor_code.reviewed: {reason}"))
}

fn owner(text: &str) -> Result<Owner> {
    text.parse().map_err(|reason| anyhow!("{CONFIG_FILE}: target.owner: {reason}"))
}

/// The report for people.
fn text(report: &CopyReport) -> Lines {
    let mut out = Lines::new();
    let width = report.tables.iter().map(|table| table.table.chars().count()).max().unwrap_or(0);
    let made = if report.outcome == CopyOutcome::Planned { &[] } else { report.tables.as_slice() };
    for table in made {
        writeln!(
            out,
            "{:<width$}  {:>15} rows  {:>5}/{} chunks read back",
            table.table,
            grouped(table.rows),
            table.read_back,
            table.chunks
        );
    }
    for finding in report.findings.iter().chain(report.tables.iter().flat_map(|t| &t.findings)) {
        writeln!(out, "finding: {}", finding.message);
    }
    for table in &report.tables {
        for column in &table.written_another_way {
            writeln!(
                out,
                "note: {}: {} rows of column {} are written another way at the source; the target \
                 holds the same values",
                table.table,
                grouped(column.rows),
                column.column
            );
        }
    }
    for table in &report.left_out {
        writeln!(out, "left out: {}: {}", table.table, table.reason);
    }
    for name in &report.renamed {
        writeln!(out, "renamed: {} is {} in the target", name.source, name.target);
    }
    if let Some(CodeToRead { pieces, listed_in, sha256 }) = &report.vendor_code {
        writeln!(
            out,
            "to be read: {pieces} piece(s) of the vendor's code run in the target during the copy; once somebody has read \
             {listed_in}: --vendor-code {sha256}"
        );
    }
    of_verifier(&mut out, report);
    writeln!(out, "{}", in_short(report));
    out
}

/// What the verifier says besides.
fn of_verifier(out: &mut Lines, report: &CopyReport) {
    let Some(compared) = &report.compared else { return };
    for finding in &compared.findings {
        writeln!(out, "compared: {}", finding.message);
    }
    let rows = match report.outcome {
        CopyOutcome::Unchanged | CopyOutcome::Changed => {
            "rows, of which this run read the source's alone"
        }
        _ => "rows, which were read back when they were copied",
    };
    let verdict = compared.verdict.as_str();
    writeln!(out, "compared as handover-verify tables does, but for {rows}: {verdict}");
}

/// How it ended, in one line.
fn in_short(report: &CopyReport) -> String {
    let rows: u64 = report.tables.iter().map(|table| table.rows).sum();
    let tables = report.tables.len();
    match report.outcome {
        CopyOutcome::Copied => format!(
            "copied: {tables} tables, {} rows, every row read back from the target with the \
             digest it had at the source",
            grouped(rows)
        ),
        CopyOutcome::Unchanged => format!(
            "unchanged: the source still holds the {} rows of {tables} tables that were copied",
            grouped(rows)
        ),
        CopyOutcome::Changed => {
            "changed: the source holds something else than when it was copied".to_owned()
        }
        CopyOutcome::Incomplete => "incomplete: see the findings".to_owned(),
        CopyOutcome::Planned => format!(
            "planned: {tables} tables; nothing was made in the target; its SQL is in schema/pre-data.sql and \
             schema/post-data.sql"
        ),
    }
}
