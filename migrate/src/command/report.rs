//! `handover-migrate report`.

use std::path::Path;

use anyhow::{Context, Result};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::output::{Lines, print_lines};
use handover_verify::config_file;

use super::purge::trust_of;
use crate::cli::ReportArgs;
use crate::report::{AttestationFile, SignedAttestation, csv_files, write_report};

/// Runs the command.
pub fn run(args: &ReportArgs) -> Result<Exit> {
    let file = match &args.attestation {
        Some(path) => AttestationFile::given(path.clone()),
        None => AttestationFile::last(&args.handover)?,
    };
    let config = config_file::load(&args.handover)?.unwrap_or_default();
    let trust = trust_of(&config, &HandoverDir::at(&args.handover), &args.trust)?;
    let text = file.read()?;
    let signed = SignedAttestation::read(&text, file.name()?, &trust, args.at)
        .with_context(|| format!("no report is made of {}", file.path().display()))?;
    file.check_number(signed.attestation.number.0)?;
    let out = args.out.clone().map_or_else(|| file.report(), Ok)?;
    write_report(&out, &signed.html()?)?;
    if let Some(folder) = &args.csv {
        let folder = HandoverDir::at(folder);
        for (name, content) in csv_files(&signed) {
            folder.write(name, content.as_bytes())?;
        }
    }
    print_lines(&told(&signed, &out))?;
    Ok(if signed.is_signed() { Exit::Clean } else { Exit::Findings })
}

/// What is printed.
fn told(signed: &SignedAttestation, out: &Path) -> Lines {
    let findings = match signed.attestation.findings.len() {
        0 => "nothing is outstanding".to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    let signatures = if signed.is_signed() { "as needed" } else { "not as needed; see the report" };
    let mut told = Lines::new();
    writeln!(told, "report     {}", out.display());
    writeln!(told, "states     {findings}");
    writeln!(told, "signatures {signatures}");
    told
}
