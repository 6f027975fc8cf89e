//! `handover-migrate attest`.

use std::path::Path;

use anyhow::{Context, Result};
use handover_cli_kit::exit_code::Exit;
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::output::{Lines, print_json, print_lines};
use handover_cli_kit::progress::Progress;
use handover_schemas::attestation::{AttestReport, Closing, HandoverAttestation};
use handover_schemas::digest::Digest;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Predicate, Statement, StatementHeader};
use handover_schemas::signing::trust::Role;
use handover_verify::config_file;
use handover_verify::signing::{Checked, Demand, Trust, check_envelope, meets, today};

use super::purge::{open_key, trust_of};
use crate::attest::{
    AttestRequest, CloseRequest, SignRequest, add_signature, attest, close, stated_figures,
};
use crate::cli::AttestArgs;
use crate::keys::{FileKey, Signer};
use crate::moved::refuse_elsewhere;
use crate::purge::PurgeDatabase;

/// Runs the command.
pub fn run(args: &AttestArgs, interrupt: &Interrupt) -> Result<Exit> {
    let config = config_file::load(&args.handover)?.unwrap_or_default();
    let key = args.key.as_ref();
    let key = key.map(|path| open_key(path, args.passphrase_file.as_ref())).transpose()?;
    let dir = HandoverDir::at(&args.handover);
    let trust = || trust_of(&config, &dir, &args.trust);
    let report = if let Some(file) = &args.sign {
        let key = key.context("say with which key: --key FILE")?;
        let trust = trust()?;
        add_signature(&SignRequest { file, trust: &trust, signer: &key, today: today()? })?;
        report(file, Some(&trust))?
    } else {
        let trust = match &key {
            // Whoever signs has to be somebody whom the others believe.
            Some(key) => Some(known_to(trust()?, key)?),
            None => trust().ok(),
        };
        let target = config_file::choose_end(
            "target",
            args.target.clone(),
            config.target.as_ref(),
            &args.handover,
        )?;
        let mut database = PurgeDatabase::open(&target, interrupt)?;
        let dir = HandoverDir::open(&args.handover)?;
        // A SQLite file has no lock that outlives a transaction; two would write one envelope.
        let _alone = dir.lock()?;
        refuse_elsewhere(&mut database, &dir)?;
        let signer = key.as_ref().map(|key| key as &dyn Signer);
        let file = if args.close {
            close(&mut database, &CloseRequest { dir: &dir, signer })?.file
        } else {
            let progress = Progress::on_stderr(args.quiet);
            let source = config.source.as_ref();
            let source =
                source.map(|end| config_file::endpoint(end, &args.handover)).transpose()?;
            let sets = (&config.figures, args.handover.as_path());
            let figures = stated_figures(sets, (source, &target), interrupt, &progress);
            progress.finish();
            let request = AttestRequest {
                dir: &dir,
                minutes: &config.minutes,
                figures: figures?,
                trust: trust.as_ref(),
                signer,
            };
            attest(&mut database, &request)?.file
        };
        report(&file, trust.as_ref())?
    };
    if args.json {
        print_json(&report)?;
    } else {
        // Whoever adds a signature has read them.
        print_lines(&text(&report, args.sign.is_none()))?;
    }
    Ok(if report.findings.is_empty() { Exit::Clean } else { Exit::Findings })
}

fn known_to(trust: Trust, key: &FileKey) -> Result<Trust> {
    trust.owner(&key.key()).context(
        "the key is not in the trust file: nobody would believe its signature. Have its entry \
         added there by those who keep it",
    )?;
    Ok(trust)
}

/// An envelope as it stands.
fn report(file: &Path, trust: Option<&Trust>) -> Result<AttestReport> {
    let place = || format!("{}", file.display());
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", place()))?;
    let envelope = Envelope::parse(&bytes).with_context(place)?;
    let header = StatementHeader::parse(envelope.body()).with_context(place)?;
    let attestation = (header.predicate_type == HandoverAttestation::TYPE)
        .then(|| Statement::<HandoverAttestation>::parse(envelope.body()))
        .transpose()
        .with_context(place)?
        .map(|statement| statement.predicate);
    let checked = trust.map(|trust| check_envelope(&envelope, trust, today()?)).transpose()?;
    let demand = Demand { roles: HandoverAttestation::ROLES.to_vec(), not: Vec::new() };
    let missing = |checked: &Checked| meets(checked, &demand).err().map(|why| format!("{why:#}"));
    let statement = Digest::of(envelope.body());
    let head = match &attestation {
        Some(attestation) => Some(attestation.head(statement).1),
        None => Statement::<Closing>::parse(envelope.body())
            .ok()
            .and_then(|closing| closing.predicate.head_with_it(statement)),
    };
    Ok(AttestReport {
        file: file.display().to_string(),
        predicate_type: header.predicate_type,
        statement,
        number: attestation.as_ref().map(|one| one.number.0),
        head,
        root: attestation.as_ref().and_then(|one| one.copy.as_ref()?.root),
        signed_by: checked.as_ref().map(names).unwrap_or_default(),
        // Only an attestation needs both sides.
        missing: attestation.as_ref().and(checked.as_ref()).and_then(missing),
        findings: attestation.map(|one| one.findings).unwrap_or_default(),
    })
}

fn names(checked: &Checked) -> Vec<String> {
    let signed = checked.signers.iter();
    signed
        .map(|one| {
            let roles: Vec<&str> = one.roles.iter().map(|role: &Role| role.word()).collect();
            format!("{} ({}), {}", one.name, one.organisation, roles.join(", "))
        })
        .collect()
}

fn text(report: &AttestReport, with_findings: bool) -> Lines {
    let mut out = Lines::new();
    writeln!(out, "envelope   {}", report.file);
    writeln!(out, "states     {}", report.predicate_type);
    writeln!(out, "statement  {}", report.statement);
    if let Some(root) = report.root {
        writeln!(out, "root       {root}");
    }
    if let Some(head) = report.head {
        writeln!(out, "head       {head} (write it down: --head)");
    }
    if !with_findings && !report.findings.is_empty() {
        writeln!(out, "findings   {}", report.findings.len());
    }
    for finding in report.findings.iter().filter(|_finding| with_findings) {
        let count = finding.count.map(|count| format!(", {count}")).unwrap_or_default();
        writeln!(out, "finding    {}: {}{count}", finding.kind.en(), finding.subject);
    }
    for name in &report.signed_by {
        writeln!(out, "signed     {name}");
    }
    if let Some(missing) = &report.missing {
        writeln!(out, "missing    {missing}");
    }
    out
}
