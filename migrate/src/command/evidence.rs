//! `handover-migrate evidence`.

use anyhow::{Context, Result};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, grouped, print_json, print_lines, print_text};
use handover_cli_kit::progress::Progress;
use handover_schemas::config::Config;
use handover_schemas::digest::Digest;
use handover_schemas::evidence::EvidenceSignature;
use handover_verify::config_file;
use handover_verify::signing::Trust;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cli::EvidenceArgs;
use crate::evidence::{EvidenceRequest, Loaded, list, load};
use crate::ledger::Evidence;

/// A file whose rows are in the target's ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceFile {
    /// What the operator called it.
    pub name: String,
    /// The file's name, without its folder.
    pub file: String,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Rows, the header not counted.
    pub rows: u64,
    /// Number of columns. Their names are in the ledger.
    pub columns: u64,
    /// Who signed the file, as the operator said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signer: Option<String>,
    /// Its signature, which held when the file was loaded; absent if it was loaded without one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signature: Option<EvidenceSignature>,
}

/// What became of a file that was to be loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceReport {
    /// The file.
    pub evidence: EvidenceFile,
    /// It had been loaded before, and nothing was done.
    pub already_loaded: bool,
}

/// The files that were loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceList {
    /// Sorted by name.
    pub evidence: Vec<EvidenceFile>,
}

/// Runs the command.
pub fn run(args: EvidenceArgs, interrupt: &Interrupt) -> Result<Exit> {
    let config = config_file::load(&args.handover)?.unwrap_or_default();
    let trust = trust(&args, &config)?;
    let target = match args.target {
        Some(target) => target,
        None => config_file::choose_end("target", None, config.target.as_ref(), &args.handover)?,
    };
    if args.list {
        let evidence = list(&target, interrupt)?.into_iter().map(shown).collect();
        print_list(&EvidenceList { evidence }, args.json)?;
        return Ok(Exit::Clean);
    }
    let request = EvidenceRequest {
        file: args.file.context("which file? Give --file FILE.csv")?,
        name: args.name.context("what is it called from now on? Give --name NAME")?,
        signer: args.signer,
        signature: args.signature,
        sender: args.sender,
        trust,
        target,
    };
    let progress = Progress::on_stderr(args.quiet);
    let loaded = load(&request, interrupt, &progress);
    progress.finish();
    let report = match loaded? {
        Loaded::Now(evidence) => {
            EvidenceReport { evidence: shown(evidence), already_loaded: false }
        }
        Loaded::Before(evidence) => {
            EvidenceReport { evidence: shown(evidence), already_loaded: true }
        }
    };
    if args.json {
        print_json(&report)?;
    } else {
        let outcome = if report.already_loaded { "already loaded: " } else { "loaded: " };
        let mut out = Lines::new();
        text(&mut out, outcome, &report.evidence);
        print_lines(&out)?;
    }
    Ok(Exit::Clean)
}

/// Whose keys count, if a signature may be of one of them.
fn trust(args: &EvidenceArgs, config: &Config) -> Result<Option<Trust>> {
    if args.signature.is_none() || args.sender.is_some() {
        return Ok(None);
    }
    let configured = config.purge.trust.as_ref().map(|path| args.handover.join(path));
    let path = args.trust.clone().or(configured);
    path.map(|path| Trust::load(&path, Some(&args.handover))).transpose()
}

fn print_list(list: &EvidenceList, json: bool) -> Result<()> {
    if json {
        return print_json(list);
    }
    if list.evidence.is_empty() {
        return print_text("no evidence file is loaded");
    }
    let mut out = Lines::new();
    for file in &list.evidence {
        text(&mut out, "", file);
    }
    print_lines(&out)
}

fn shown(evidence: Evidence) -> EvidenceFile {
    EvidenceFile {
        name: evidence.name,
        file: evidence.file_name,
        bytes: evidence.bytes,
        sha256: evidence.sha256,
        rows: evidence.rows,
        columns: evidence.columns.len() as u64,
        signer: evidence.signer,
        signature: evidence.signature.map(|signed| signed.found),
    }
}

fn text(out: &mut Lines, outcome: &str, file: &EvidenceFile) {
    let (rows, columns) = (counted(file.rows, "row"), counted(file.columns, "column"));
    writeln!(out, "{outcome}{}: {rows}, {columns}", file.name);
    writeln!(out, "  file    {}, {} bytes", file.file, grouped(file.bytes));
    writeln!(out, "  sha256  {}", file.sha256);
    writeln!(out, "  signer  {}", file.signer.as_deref().unwrap_or("nobody was named"));
    let Some(signature) = &file.signature else {
        writeln!(
            out,
            "  signed  it carries no signature: compare SHA-256 {} with the sender's letter",
            file.sha256
        );
        return;
    };
    for line in signature.lines() {
        writeln!(out, "  signed  {line}, checked as of {}", signature.checked_on);
    }
}

fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}
