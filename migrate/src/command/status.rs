//! `handover-migrate status`.

use anyhow::{Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, grouped, print_json, print_lines};
use handover_engine::endpoint::Endpoint;
use handover_engine::postgres::{Access, Session};
use handover_schemas::ledger::{LeftOutBy, Stage};
use handover_schemas::package::inventory::Inventory;
use handover_schemas::report::Finding;
use handover_verify::config_file;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inventory_text::inventory_text;
use crate::cli::StatusArgs;
use crate::copy::copied_tables;
use crate::ledger::{self, Store};
use crate::target::sqlite::open_ledger;

/// What the ledger says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusReport {
    /// How far the copy is; absent if none was begun.
    #[serde(flatten)]
    pub copy: Option<CopyStatus>,
    /// What was received besides; absent if nothing was asked for yet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inventory: Option<Inventory>,
}

/// What the ledger says of the copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CopyStatus {
    /// The source's URL, without a password.
    pub source: String,
    /// How far the hand-over has come.
    pub stage: Stage,
    /// Runs of `copy` so far.
    pub runs: u64,
    /// Runs that were killed, interrupted or failed; one that is going on counts until it ends.
    pub interruptions: u64,
    /// Tables of the plan, sorted by name.
    pub tables: Vec<TableStatus>,
    /// Tables that are not copied.
    pub left_out: Vec<NotCopied>,
    /// Objects that the target refused to make.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Finding>,
}

/// One table of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TableStatus {
    /// `schema.name` at the source.
    pub table: String,
    /// Chunks of the plan.
    pub planned: u64,
    /// Chunks whose rows are in the target.
    pub copied: u64,
    /// Chunks whose rows were read back from the target.
    pub read_back: u64,
    /// Rows in the target.
    pub rows: u64,
    /// Bytes of their canonical text.
    pub bytes: u64,
}

/// A table that is not copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotCopied {
    /// `schema.name` at the source.
    pub table: String,
    /// Why.
    pub reason: String,
    /// Whether the source cannot give it, or `handover.toml` leaves it out.
    pub by: LeftOutBy,
}

/// Runs the command.
pub fn run(args: StatusArgs, interrupt: &Interrupt) -> Result<Exit> {
    let target = if let Some(target) = args.target {
        target
    } else {
        let config = config_file::load(&args.handover)?.unwrap_or_default();
        config_file::choose_end("target", None, config.target.as_ref(), &args.handover)?
    };
    let report = read_status(&target, interrupt)?;
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(Exit::Clean)
}

/// Reads a target's ledger.
pub fn read_status(target: &Endpoint, interrupt: &Interrupt) -> Result<StatusReport> {
    match target {
        Endpoint::Postgres(postgres) => {
            let mut session = Session::open(postgres, Access::ReadOnly, interrupt)?;
            status(&mut session, target)
        }
        Endpoint::Sqlite(path) => status(&mut open_ledger(path)?, target),
    }
}

fn status(store: &mut dyn Store, target: &Endpoint) -> Result<StatusReport> {
    let inventory = ledger::inventory(store)?;
    let copy = if ledger::exists(store)? { Some(copy_status(store)?) } else { None };
    if copy.is_none() && inventory.is_none() {
        bail!("{target} has no ledger: no copy was begun there, and nothing else was received");
    }
    Ok(StatusReport { copy, inventory })
}

fn copy_status(store: &mut dyn Store) -> Result<CopyStatus> {
    let head = ledger::head(store)?;
    let plan = ledger::plan(store)?;
    let tables = copied_tables(&plan, &ledger::chunks(store)?);
    let (runs, interruptions) = ledger::runs(store)?;
    let refused = ledger::refused(store)?.into_iter().map(|(_, finding)| finding).collect();
    Ok(CopyStatus {
        source: head.source,
        stage: head.stage,
        runs,
        interruptions,
        tables: tables
            .into_iter()
            .map(|table| TableStatus {
                table: table.table,
                planned: table.chunks,
                copied: table.copied,
                read_back: table.read_back,
                rows: table.rows,
                bytes: table.bytes,
            })
            .collect(),
        left_out: plan
            .left_out
            .into_iter()
            .map(|table| NotCopied {
                table: table.name.to_string(),
                reason: table.reason,
                by: table.by,
            })
            .collect(),
        refused,
    })
}

fn text(report: &StatusReport) -> Lines {
    let mut out = report.copy.as_ref().map(copy_text).unwrap_or_default();
    if let Some(inventory) = &report.inventory {
        if !out.is_empty() {
            writeln!(out);
        }
        out.append(&inventory_text(inventory));
    }
    out
}

fn copy_text(report: &CopyStatus) -> Lines {
    let mut out = Lines::new();
    let stage = match report.stage {
        Stage::Rows => "rows are being copied",
        Stage::Structure => "all rows are there; indexes and constraints are being made",
        Stage::Done => "done",
    };
    writeln!(out, "source         {}", report.source);
    writeln!(out, "stage          {stage}");
    writeln!(out, "runs           {} ({} cut off or going on)", report.runs, report.interruptions);
    let width = report.tables.iter().map(|t| t.table.chars().count()).max().unwrap_or(0).max(5);
    writeln!(out);
    writeln!(
        out,
        "{:<width$}  {:>8}  {:>8}  {:>9}  {:>15}  {:>17}",
        "table", "planned", "copied", "read back", "rows", "bytes"
    );
    for table in &report.tables {
        writeln!(
            out,
            "{:<width$}  {:>8}  {:>8}  {:>9}  {:>15}  {:>17}",
            table.table,
            table.planned,
            table.copied,
            table.read_back,
            grouped(table.rows),
            grouped(table.bytes)
        );
    }
    for table in &report.left_out {
        let what = match table.by {
            LeftOutBy::Source => "cannot be copied",
            LeftOutBy::Config => "left out",
        };
        writeln!(out, "{what}: {}: {}", table.table, table.reason);
    }
    for finding in &report.refused {
        writeln!(out, "finding: {}", finding.message);
    }
    out
}
