//! `handover-verify tables`.

use anyhow::Result;
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, grouped, print_json, print_lines};
use handover_cli_kit::progress::Progress;
use handover_cli_kit::withheld;
use handover_engine::endpoint::not_checked_of_lines;
use handover_engine::sqlite::TypeOverride;
use handover_schemas::chunk::CHUNK_BYTES_MAX;
use handover_schemas::config::{End, LeaveOut};
use handover_schemas::report::{EndReport, TableReport, TablesReport, Verdict, WrittenAnotherWay};

use crate::cli::TablesArgs;
use crate::config_file;
use crate::tables::{FINDINGS_FILE, TablesRequest, compare};

/// Runs the command.
pub fn run(args: TablesArgs, interrupt: &Interrupt) -> Result<Exit> {
    let progress = Progress::on_stderr(args.quiet);
    let one_table = args.explain.as_deref().filter(|table| !table.is_empty()).map(str::to_owned);
    let config = config_file::load(&args.handover)?.unwrap_or_default();
    let end = |name, given, configured: &Option<End>| {
        config_file::choose_end(name, given, configured.as_ref(), &args.handover)
    };
    let request = TablesRequest {
        source: end("source", args.source, &config.source)?,
        target: end("target", args.target, &config.target)?,
        leave_out: leave_out(config.leave_out, args.leave_out),
        rename: config.rename,
        rows_elsewhere: Vec::new(),
        handover: args.handover,
        jobs: usize::from(args.jobs),
        chunk_bytes: CHUNK_BYTES_MAX,
        sample_percent: args.sample,
        type_overrides: TypeOverride::all(&config.map_type, args.map_type)?,
        chunks: one_table.clone(),
        findings_in: FINDINGS_FILE,
        show_keys: args.show_keys,
    };
    let dir = HandoverDir::at(&request.handover);
    withheld::write_into(dir, "findings/verify-tables-messages.jsonl", args.quiet);
    let done = compare(&request, interrupt, &progress);
    progress.finish();
    let mut report = done?;
    report.not_checked.extend(not_checked_of_lines());
    progress.note_peak_memory();
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report, args.explain.is_some(), one_table.as_deref()))?;
    }
    Ok(report.verdict.into())
}

/// The config's tables, and those of the command line that are not among them.
fn leave_out(mut configured: Vec<LeaveOut>, given: Vec<String>) -> Vec<LeaveOut> {
    for table in given {
        if !configured.iter().any(|known| known.table == table) {
            configured.push(LeaveOut { table, reason: "left out by --leave-out".to_owned() });
        }
    }
    configured
}

/// The report for people.
fn text(report: &TablesReport, explain: bool, only: Option<&str>) -> Lines {
    let mut out = Lines::new();
    let width = report.tables.iter().map(|table| table.table.chars().count()).max().unwrap_or(0);
    let shown = || report.tables.iter().filter(|t| only.is_none_or(|name| name == t.table));
    for table in shown() {
        let rows = |end: &Option<EndReport>| {
            end.as_ref().map_or_else(|| "-".to_owned(), |end| grouped(end.rows))
        };
        let digest = table.source.as_ref().and_then(|end| end.digest);
        let digest = digest.map_or_else(String::new, |digest| digest.to_string());
        writeln!(
            out,
            "{:<width$}  {:<10}  {:>13} rows : {:>13}  {digest}",
            table.table,
            table.verdict.as_str(),
            rows(&table.source),
            rows(&table.target),
        );
        if explain {
            commands(&mut out, table);
        }
    }
    let findings = shown().flat_map(|table| &table.findings).chain(&report.findings);
    for finding in findings {
        writeln!(out, "finding: {}", finding.message);
    }
    for table in shown() {
        for (end, at) in [("source", &table.source), ("target", &table.target)] {
            let columns = at.iter().flat_map(|end| &end.written_another_way);
            for column in columns {
                writeln!(out, "note: {}", another_way(&table.table, end, column));
            }
        }
    }
    for table in &report.left_out {
        writeln!(out, "left out: {}: {}", table.table, table.reason);
    }
    for name in &report.renamed {
        writeln!(out, "renamed: {} is {} at the target", name.source, name.target);
    }
    for what in &report.not_checked {
        writeln!(out, "not checked: {what}");
    }
    let count = |verdict| report.tables.iter().filter(|t| t.verdict == verdict).count();
    let left_out = match report.left_out.len() {
        0 => String::new(),
        tables => format!(", {tables} left out"),
    };
    writeln!(
        out,
        "verdict: {} ({} tables equal, {} different, {} unverified{left_out})",
        report.verdict.as_str(),
        count(Verdict::Equal),
        count(Verdict::Different),
        count(Verdict::Unverified)
    );
    out
}

/// What is said of a column with values that are written another way.
fn another_way(table: &str, end: &str, of: &WrittenAnotherWay) -> String {
    format!(
        "{table}: {} rows of column {} are written another way at the {end}, and are the same values",
        grouped(of.rows),
        of.column
    )
}

fn commands(out: &mut Lines, table: &TableReport) {
    for (name, end) in [("source", &table.source), ("target", &table.target)] {
        let Some(end) = end else { continue };
        let command = end.command.as_ref().or(end.command_reason.as_ref());
        let digest = end.digest.map_or_else(String::new, |digest| digest.to_string());
        writeln!(out, "  {name} {digest}");
        writeln!(out, "    {}", command.map_or("", String::as_str));
        for chunk in &end.chunks {
            writeln!(
                out,
                "  {name} chunk {} ({} rows) {}",
                chunk.chunk,
                grouped(chunk.rows),
                chunk.digest
            );
            writeln!(out, "    {}", chunk.command.as_deref().unwrap_or(""));
        }
    }
}
