//! Attesting a hand-over: the ledger is gathered into a statement, the statement and its event go
//! into the ledger in one transaction, and the envelope into the hand-over folder, where people
//! sign it.
//!
//! The ledger decides: if the program is killed behind the transaction, the same command writes the
//! envelope that the ledger already knows; if something else was done meanwhile, it writes it
//! unsigned, and then makes another attestation.

mod close;
mod figures;
mod sign;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::handover_dir::attestations::envelope_file;
use handover_engine::sql::literal;
use handover_schemas::attestation::{HandoverAttestation, NotChecked, OwnEvent};
use handover_schemas::chain::{EventDetail, EventKind};
use handover_schemas::config::MinutesConfig;
use handover_schemas::digest::Digest;
use handover_schemas::figures::stated::StatedFigures;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;
use handover_verify::attestation::{figure_findings, gather};
use handover_verify::ledger::events::{RecordedAttestation, attestations, events};
use handover_verify::signing::Trust;

pub use close::{CloseRequest, Closed, close};
pub use figures::stated_figures;
pub use sign::{SignRequest, add_signature};

use crate::keys::{Signer, sign_envelope};
use crate::ledger::{
    Store, append_event_at, end_transaction, lesser_lines, prepare_events, running_program,
};
use crate::moment;
use crate::purge::PurgeDatabase;

/// What to attest, and how.
pub struct AttestRequest<'a> {
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// What people agreed on.
    pub minutes: &'a MinutesConfig,
    /// Figures, and what of them was not looked at.
    pub figures: (Vec<StatedFigures>, Option<NotChecked>),
    /// Whose keys count.
    pub trust: Option<&'a Trust>,
    /// Who signs first; nobody, if the envelope is to be signed elsewhere.
    pub signer: Option<&'a dyn Signer>,
}

/// An attestation that was made.
pub struct Attested {
    /// What it states.
    pub statement: Statement<HandoverAttestation>,
    /// SHA-256 of the bytes that are signed.
    pub digest: Digest,
    /// The envelope.
    pub file: PathBuf,
    /// Whether the ledger had it already, and only the envelope was missing.
    pub was_recorded: bool,
}

/// Makes an attestation of the ledger as it is.
pub fn attest(database: &mut PurgeDatabase, request: &AttestRequest<'_>) -> Result<Attested> {
    if let Some(recorded) = without_envelope(database.store(), request.dir)? {
        let statement = Statement::parse(recorded.statement.as_bytes())
            .context("the ledger's last attestation is damaged")?;
        return finish(request, statement, recorded.statement.into_bytes(), true);
    }
    if events(database.store())?.is_empty() {
        bail!(
            "the ledger of this database has no event: nothing was done that could be stated. Is it \
             the right database (--target, or handover.toml)?"
        );
    }
    bring_back(database.store(), request.dir)?;
    let (statement, bytes) = at_one_moment(database, |store| record(store, request))?;
    finish(request, statement, bytes, false)
}

/// Runs work in a transaction in which everything is seen as it is at one moment.
fn at_one_moment<T>(
    database: &mut PurgeDatabase,
    work: impl FnOnce(&mut dyn Store) -> Result<T>,
) -> Result<T> {
    database.begin_at_one_moment()?;
    let done = work(database.store());
    end_transaction(database.store(), done)
}

/// The last attestation, if its envelope is not in the folder and nothing was done since.
fn without_envelope(
    store: &mut dyn Store,
    dir: &HandoverDir,
) -> Result<Option<RecordedAttestation>> {
    let Some(last) = attestations(store)?.pop() else { return Ok(None) };
    let nothing_since =
        events(store)?.last().is_some_and(|last| last.event.kind == EventKind::Attest);
    let file = dir.path().join(envelope_file(last.number));
    let is_there =
        file.try_exists().with_context(|| format!("cannot look at {}", file.display()))?;
    Ok((nothing_since && !is_there).then_some(last))
}

/// Writes the envelopes of earlier attestations that are not in the folder: a run was killed before
/// it wrote one, and something else was done meanwhile; or the folder was lost. Nobody has signed
/// them: they state what was then.
fn bring_back(store: &mut dyn Store, dir: &HandoverDir) -> Result<()> {
    for recorded in attestations(store)? {
        let name = envelope_file(recorded.number);
        let file = dir.path().join(&name);
        if !file.try_exists().with_context(|| format!("cannot look at {}", file.display()))? {
            let envelope = Envelope::new(recorded.statement.into_bytes());
            let text = envelope.to_text().context("cannot write the envelope")?;
            dir.write(&name, text.as_bytes())?;
        }
    }
    Ok(())
}

fn record(
    store: &mut dyn Store,
    request: &AttestRequest<'_>,
) -> Result<(Statement<HandoverAttestation>, Vec<u8>)> {
    prepare_events(store)?;
    let number = attestations(store)?.last().map_or(1, |last| last.number + 1);
    let lines = lesser_lines(store);
    let mut attestation = gather(store, &lines)?;
    attestation.number = number.into();
    attestation.stated_on = moment::now()?.to_string();
    attestation.minutes = request.minutes.clone();
    attestation.trusted_keys = request.trust.map(Trust::stated_keys).unwrap_or_default();
    let (figures, not_asked) = &request.figures;
    attestation.findings.extend(figure_findings(figures));
    attestation.figures.clone_from(figures);
    attestation.not_checked.extend(not_asked.clone());
    attestation.ledger.own_event = Some(own_event(store)?);
    let statement = Statement::new(attestation.subjects(), attestation);
    let bytes = statement.to_bytes().context("cannot write the attestation")?;
    let text = std::str::from_utf8(&bytes).context("cannot write the attestation")?;
    store.execute(&format!(
        "INSERT INTO {} (attestation_no, statement) VALUES ({number}, {})",
        store.table("attestation"),
        literal(text)
    ))?;
    let detail = EventDetail {
        number: Some(number),
        sha256: Some(Digest::of(&bytes)),
        ..EventDetail::default()
    };
    append_event_at(store, EventKind::Attest, &detail, &statement.predicate.stated_on)?;
    Ok((statement, bytes))
}

/// What the event of the attestation is going to say, but for the statement's digest.
fn own_event(store: &dyn Store) -> Result<OwnEvent> {
    let running = running_program()?;
    Ok(OwnEvent {
        operator: running.operator.clone(),
        host: running.host.clone(),
        program: running.program.clone(),
        program_sha256: running.sha256,
        lesser_lines: lesser_lines(store),
    })
}

fn finish(
    request: &AttestRequest<'_>,
    statement: Statement<HandoverAttestation>,
    bytes: Vec<u8>,
    was_recorded: bool,
) -> Result<Attested> {
    let digest = Digest::of(&bytes);
    let mut envelope = Envelope::new(bytes);
    if let Some(signer) = request.signer {
        sign_envelope(&mut envelope, signer)?;
    }
    let text = envelope.to_text().context("cannot write the envelope")?;
    let name = envelope_file(statement.predicate.number.0);
    let file = request.dir.write(&name, text.as_bytes())?;
    Ok(Attested { statement, digest, file, was_recorded })
}
