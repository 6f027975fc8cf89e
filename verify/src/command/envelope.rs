//! `handover-verify envelope`.

use std::fs::File;
use std::io::Read;

use anyhow::{Context, Result};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::output::{Lines, print_json, print_lines};
use handover_schemas::signing::dsse::{ENVELOPE_MAX, Envelope};
use handover_schemas::signing::statement::{StatementHeader, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::signed_by;
use crate::cli::EnvelopeArgs;
use crate::signing::{Checked, Signatory, Trust, check_envelope, openssl_commands, today};

/// Who signed what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeReport {
    /// Whether every signature of a trusted key holds, and there is one.
    pub verdict: EnvelopeVerdict,
    /// What sort of statement it is; absent if no trusted person signed it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub predicate_type: Option<String>,
    /// What it is about; nothing if no trusted person signed it.
    pub subjects: Vec<EnvelopeSubject>,
    /// Signatures that hold, one for each key.
    pub signers: Vec<Signatory>,
    /// What is wrong.
    pub findings: Vec<String>,
    /// Signatures that cannot be checked.
    pub not_checked: Vec<String>,
    /// For each signature of a trusted key, shell commands that verify it with OpenSSL; only with
    /// `--explain`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub commands: Vec<SignatureCommands>,
}

/// Something that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeSubject {
    /// What it is called.
    pub name: String,
    /// Its SHA-256.
    pub sha256: handover_schemas::digest::Digest,
}

/// How to verify one signature without our programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureCommands {
    /// Whose key it is.
    pub signatory: Signatory,
    /// The commands; they end with 0 if the signature holds.
    pub commands: String,
}

/// Whether the signatures hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnvelopeVerdict {
    /// Every signature of a trusted key holds, and there is one.
    Holds,
    /// There is none, or one that does not hold or does not count.
    DoesNotHold,
}

/// Runs the command.
pub fn run(args: &EnvelopeArgs) -> Result<Exit> {
    let trust = Trust::load(&args.trust, None)?;
    let at = args.at.map_or_else(today, Ok)?;
    let place = || format!("the envelope {}", args.file.display());
    let mut content = Vec::new();
    File::open(&args.file)
        .and_then(|file| file.take(ENVELOPE_MAX as u64 + 1).read_to_end(&mut content))
        .with_context(|| format!("cannot read {}", place()))?;
    let envelope = Envelope::parse(&content).with_context(place)?;
    let checked = check_envelope(&envelope, &trust, at).with_context(place)?;
    let mut report = report(&checked);
    if args.explain {
        let commands = openssl_commands(&args.file, &envelope, &trust);
        report.commands = commands
            .into_iter()
            .map(|(signatory, commands)| SignatureCommands { signatory, commands })
            .collect();
    }
    if args.json {
        print_json(&report)?;
    } else {
        print_lines(&text(&report))?;
    }
    Ok(match report.verdict {
        EnvelopeVerdict::Holds => Exit::Clean,
        EnvelopeVerdict::DoesNotHold => Exit::Findings,
    })
}

/// Only what a trusted person signed is looked into.
fn report(checked: &Checked) -> EnvelopeReport {
    let mut findings = checked.wrong();
    let header = checked.body().and_then(|body| Ok(StatementHeader::parse(body)?));
    let (predicate_type, subjects) = match header {
        Ok(header) => (Some(header.predicate_type), header.subject),
        Err(error) => {
            findings.push(error.to_string());
            (None, Vec::new())
        }
    };
    let verdict =
        if findings.is_empty() { EnvelopeVerdict::Holds } else { EnvelopeVerdict::DoesNotHold };
    let subjects = subjects.into_iter().map(|subject: Subject| EnvelopeSubject {
        name: subject.name,
        sha256: subject.digest.sha256,
    });
    let not_checked = checked
        .unknown
        .iter()
        .map(|keyid| format!("a signature of a key that is not in the trust file ({keyid})"));
    EnvelopeReport {
        verdict,
        predicate_type,
        subjects: subjects.collect(),
        signers: checked.signers.clone(),
        findings,
        not_checked: not_checked.collect(),
        commands: Vec::new(),
    }
}

/// The report for people.
fn text(report: &EnvelopeReport) -> Lines {
    let mut out = Lines::new();
    if let Some(predicate_type) = &report.predicate_type {
        writeln!(out, "states   {predicate_type:?}");
    }
    for subject in &report.subjects {
        writeln!(out, "about    {:?} {}", subject.name, subject.sha256);
    }
    for signatory in &report.signers {
        writeln!(out, "signed   by {}", signed_by(signatory));
    }
    for finding in &report.findings {
        writeln!(out, "finding: {finding}");
    }
    for what in &report.not_checked {
        writeln!(out, "not checked: {what}");
    }
    for signature in &report.commands {
        writeln!(out);
        writeln!(out, "# the signature of {} with OpenSSL 3 and Python:", signature.signatory.name);
        for line in signature.commands.split('\n') {
            writeln!(out, "{line}");
        }
    }
    let verdict = match report.verdict {
        EnvelopeVerdict::Holds => "holds",
        EnvelopeVerdict::DoesNotHold => "does not hold",
    };
    writeln!(out, "verdict: {verdict}");
    out
}
