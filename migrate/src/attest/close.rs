//! Closing: report and minutes are bound to the attestation that they were made from.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::handover_dir::attestations::{
    MADE_FROM_IT, closing_file, envelope_file, made_file,
};
use handover_engine::sql::literal;
use handover_schemas::attestation::{ClosedFile, Closing, HandoverAttestation};
use handover_schemas::chain::{EventDetail, EventKind};
use handover_schemas::digest::Digest;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;
use handover_verify::attestation::bound_files;
use handover_verify::ledger::events::{RecordedAttestation, attestations, events};

use super::at_one_moment;
use crate::keys::{Signer, sign_envelope};
use crate::ledger::{Store, append_event_at, lesser_lines, running_program};
use crate::moment;
use crate::purge::PurgeDatabase;

/// What to close, and how.
pub struct CloseRequest<'a> {
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// Who signs first; nobody, if the envelope is to be signed elsewhere.
    pub signer: Option<&'a dyn Signer>,
}

/// What was closed.
pub struct Closed {
    /// What is stated.
    pub closing: Closing,
    /// The envelope.
    pub file: PathBuf,
    /// Whether the ledger had it already, and only the envelope was missing.
    pub was_recorded: bool,
}

/// Closes the last attestation: states the digests of the report and the minutes made from it. A
/// closing that the ledger has and the folder has not is written first.
pub fn close(database: &mut PurgeDatabase, request: &CloseRequest<'_>) -> Result<Closed> {
    for recorded in attestations(database.store())? {
        let file = request.dir.path().join(closing_file(recorded.number));
        if let Some(closing) = recorded.closing.filter(|_closing| !file.exists()) {
            let statement =
                Statement::parse(closing.as_bytes()).context("the ledger's closing is damaged")?;
            return finish(request, statement, closing.into_bytes(), true);
        }
    }
    let (statement, bytes) = at_one_moment(database, |store| record(store, request))?;
    finish(request, statement, bytes, false)
}

fn record(
    store: &mut dyn Store,
    request: &CloseRequest<'_>,
) -> Result<(Statement<Closing>, Vec<u8>)> {
    let last = attestations(store)?.pop();
    let last = last
        .context("the ledger knows of no attestation; make one first (handover-migrate attest)")?;
    if last.closing.is_some() {
        bail!(
            "attestation {} is closed already: {}. What changed since needs an attestation of its \
             own",
            last.number,
            request.dir.path().join(closing_file(last.number)).display()
        );
    }
    let statement = statement(store, request, &last)?;
    let bytes = statement.to_bytes().context("cannot write the closing")?;
    let text = std::str::from_utf8(&bytes).context("cannot write the closing")?;
    let updated = store.query(&format!(
        "UPDATE {} SET closing = {} WHERE attestation_no = {} AND closing IS NULL RETURNING 1",
        store.table("attestation"),
        literal(text),
        last.number
    ))?;
    if updated.len() != 1 {
        bail!("attestation {} was closed by somebody else meanwhile", last.number);
    }
    let detail = EventDetail {
        number: Some(last.number),
        sha256: Some(Digest::of(&bytes)),
        count: Some(statement.predicate.files.len() as u64),
        ..EventDetail::default()
    };
    append_event_at(store, EventKind::Close, &detail, &statement.predicate.closed_on)?;
    Ok((statement, bytes))
}

fn statement(
    store: &mut dyn Store,
    request: &CloseRequest<'_>,
    last: &RecordedAttestation,
) -> Result<Statement<Closing>> {
    let dir = request.dir;
    let events = events(store)?;
    let head = events.last().filter(|last| last.event.kind == EventKind::Attest);
    let head = head.with_context(|| {
        format!(
            "something was done since attestation {} was made, and is not attested; attest again, \
             make report and minutes, and close that",
            last.number
        )
    })?;
    let attested = Statement::<HandoverAttestation>::parse(last.statement.as_bytes())
        .context("the ledger's last attestation is damaged")?;
    refuse_open_purges(&attested.predicate)?;
    let mut files = Vec::new();
    for what in MADE_FROM_IT {
        files.extend(closed_file(dir, &made_file(last.number, what))?);
    }
    if files.is_empty() {
        bail!(
            "there is neither a report nor minutes of attestation {} in the hand-over folder: make \
             them first (handover-migrate report, handover-minutes)",
            last.number
        );
    }
    for name in bound_files(dir.path())? {
        files.extend(closed_file(dir, &name)?);
    }
    let running = running_program()?;
    let closing = Closing {
        database: attested.predicate.target.identity,
        attestation: last.number.into(),
        statement: Digest::of(last.statement.as_bytes()),
        head: head.digest,
        signatures: signatures(dir, last)?,
        files,
        closed_on: moment::now()?.to_string(),
        operator: running.operator.clone(),
        host: running.host.clone(),
        program: running.program.clone(),
        program_sha256: running.sha256,
        event: Some(head.event.number.saturating_add(1).into()),
        lesser_lines: lesser_lines(store),
        closed_by: request.signer.map(|signer| signer.key().keyid()),
    };
    Ok(Statement::new(closing.subjects(), closing))
}

/// The approvals of a purge that is not finished change without an event; a closing would bind what
/// is about to be signed.
fn refuse_open_purges(attested: &HandoverAttestation) -> Result<()> {
    let open = attested.purges.iter().find(|purge| match purge.state {
        PurgeState::Certified | PurgeState::Abandoned | PurgeState::Closed => false,
        PurgeState::Selected
        | PurgeState::BackedUp
        | PurgeState::Executing
        | PurgeState::Executed => true,
    });
    match open {
        Some(purge) => bail!(
            "purge {} is {}: carry it on to its certificate, attest again, and close that",
            purge.number,
            purge.state
        ),
        None => Ok(()),
    }
}

/// The signatures under the attestation, which no statement but this one can bind.
fn signatures(dir: &HandoverDir, last: &RecordedAttestation) -> Result<Vec<Digest>> {
    let path = dir.path().join(envelope_file(last.number));
    let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let envelope = Envelope::parse(&text).with_context(|| path.display().to_string())?;
    if envelope.body() != last.statement.as_bytes() {
        bail!(
            "{} holds another statement than the ledger: one of them was changed. Nothing was \
             closed",
            path.display()
        );
    }
    Ok(envelope.signature_digests())
}

/// A file of the hand-over folder as it is now; nothing if it is not there.
fn closed_file(dir: &HandoverDir, name: &str) -> Result<Option<ClosedFile>> {
    let path = dir.path().join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Some(ClosedFile {
            name: name.to_owned(),
            bytes: (bytes.len() as u64).into(),
            sha256: Digest::of(&bytes),
        })),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn finish(
    request: &CloseRequest<'_>,
    statement: Statement<Closing>,
    bytes: Vec<u8>,
    was_recorded: bool,
) -> Result<Closed> {
    let mut envelope = Envelope::new(bytes);
    let closed_by = statement.predicate.closed_by;
    if let (Some(signer), Some(first)) = (request.signer, closed_by)
        && signer.key().keyid() != first
    {
        bail!("the closing was begun with the key {first}: sign it with that one (--key)");
    }
    if let Some(signer) = request.signer {
        sign_envelope(&mut envelope, signer)?;
    }
    let text = envelope.to_text().context("cannot write the envelope")?;
    let closing = statement.predicate;
    let file = request.dir.write(&closing_file(closing.attestation.0), text.as_bytes())?;
    Ok(Closed { closing, file, was_recorded })
}
