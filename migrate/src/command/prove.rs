//! `handover-migrate prove`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, print_lines, tell};
use handover_cli_kit::private_file;
use handover_cli_kit::shell::quote;
use handover_schemas::signing::tlog_proof::PROOF_SUFFIX;

use super::archive::{OpenedArchive, purges_of, target, wanted};
use crate::cli::ProveArgs;
use crate::restore::find::find;
use crate::restore::prove;

/// The usual end of a record file's name.
const RECORD_SUFFIX: &str = ".record.json";

/// Runs the command.
pub fn run(args: &ProveArgs, interrupt: &Interrupt) -> Result<Exit> {
    let wanted = wanted(&args.record)?.context(
        "say what to prove: --table with --record-key, --identity-number, --phone, or --name with \
         --birth-date",
    )?;
    let target = target(&args.archive, false)?;
    let purges = target.map(|target| purges_of(&target, interrupt)).transpose()?;
    let archive = OpenedArchive::open(&args.archive, &args.identity, purges.as_deref())?;
    let found = find(&archive.reader, &wanted, true)?;
    let row = match found.as_slice() {
        [row] => row,
        [] => {
            tell(&format!(
                "not found in this archive, {}; handover-migrate find searches all archives and \
                 names the one to give with --archive",
                archive.reader.identifier()
            ));
            return Ok(Exit::Findings);
        }
        rows => bail!(
            "{} rows were found, and a proof is for one; say which with --table and --record-key",
            rows.len()
        ),
    };
    let made = prove(&archive.reader, row, archive.checkpoint()?)?;
    let text = made.record.to_text().context("cannot write the record")?;
    let record = write(&args.out, RECORD_SUFFIX, text.as_bytes())?;
    let proof = write(&args.out, PROOF_SUFFIX, made.proof.to_text().as_bytes())?;
    let mut out = Lines::new();
    writeln!(out, "record  {} (it holds the row: for the person whose it is)", record.display());
    writeln!(out, "proof   {} (it holds nothing of any row)", proof.display());
    writeln!(
        out,
        "check   handover-verify record --proof {} --record {} --trust TRUST.toml",
        quote(&proof.display().to_string()),
        quote(&record.display().to_string())
    );
    print_lines(&out)?;
    Ok(Exit::Clean)
}

/// Writes a file beside the prefix, for its owner only.
fn write(prefix: &Path, suffix: &str, bytes: &[u8]) -> Result<PathBuf> {
    let name = prefix.file_name().context("--out names no file: give a folder and a prefix")?;
    let mut name = OsString::from(name);
    name.push(suffix);
    let path = prefix.with_file_name(name);
    private_file::replace(&path, bytes)?;
    Ok(path)
}
