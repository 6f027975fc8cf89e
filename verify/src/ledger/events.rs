//! What the ledger says was done: the chain of events, and the attestations.

use anyhow::{Context, Result};
use handover_engine::postgres::TextRow;
use handover_schemas::chain::{Event, EventKind};
use handover_schemas::digest::Digest;

use super::LedgerQuery;

/// An event with the digest that was recorded for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// The event.
    pub event: Event,
    /// What the ledger says its digest is.
    pub digest: Digest,
}

/// A row of the ledger's events that is no event: somebody changed it.
#[derive(Debug, thiserror::Error)]
#[error("the ledger's event {number} cannot be read: its {column} is damaged")]
pub struct DamagedEvent {
    number: String,
    column: &'static str,
}

/// All events, in the order of their numbers. [`DamagedEvent`] among the causes of an error says
/// that one was changed.
pub fn events(ledger: &mut dyn LedgerQuery) -> Result<Vec<RecordedEvent>> {
    if !ledger.has_table("event")? {
        return Ok(Vec::new());
    }
    let table = ledger.table("event");
    let rows = ledger.query(&format!(
        "SELECT event_no, kind, at, operator, host, program, program_sha256, detail, previous, \
                digest FROM {table} ORDER BY event_no"
    ))?;
    rows.into_iter().map(|row| Ok(recorded_event(row)?)).collect()
}

fn recorded_event(row: TextRow) -> Result<RecordedEvent, DamagedEvent> {
    let mut values = row.into_iter();
    let number = values.next().flatten().unwrap_or_default();
    let damaged = |column| DamagedEvent { number: number.clone(), column };
    let mut text = |column: &'static str| values.next().flatten().ok_or_else(|| damaged(column));
    let kind = text("kind")?;
    let (at, operator, host) = (text("at")?, text("operator")?, text("host")?);
    let (program, program_sha256) = (text("program")?, text("program_sha256")?);
    let (detail, previous, digest) = (text("detail")?, text("previous")?, text("digest")?);
    let sha256 = |text: String, column| text.parse().ok().ok_or_else(|| damaged(column));
    Ok(RecordedEvent {
        event: Event {
            number: number.parse().ok().ok_or_else(|| damaged("event_no"))?,
            kind: EventKind::parse(&kind).ok_or_else(|| damaged("kind"))?,
            at,
            operator,
            host,
            program,
            program_sha256: sha256(program_sha256, "program_sha256")?,
            detail,
            previous: sha256(previous, "previous")?,
        },
        digest: sha256(digest, "digest")?,
    })
}

/// An attestation in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedAttestation {
    /// Its number.
    pub number: u64,
    /// The statement: the bytes that are signed.
    pub statement: String,
    /// The closing statement, once it was made.
    pub closing: Option<String>,
}

/// All attestations, in the order of their numbers.
pub fn attestations(ledger: &mut dyn LedgerQuery) -> Result<Vec<RecordedAttestation>> {
    if !ledger.has_table("attestation")? {
        return Ok(Vec::new());
    }
    let table = ledger.table("attestation");
    let rows = ledger.query(&format!(
        "SELECT attestation_no, statement, closing FROM {table} ORDER BY attestation_no"
    ))?;
    rows.into_iter()
        .map(|row| {
            let mut values = row.into_iter();
            let number = values.next().flatten().and_then(|number| number.parse().ok());
            let statement = values.next().flatten();
            let (number, statement) =
                number.zip(statement).context("the ledger's row of an attestation is damaged")?;
            Ok(RecordedAttestation { number, statement, closing: values.next().flatten() })
        })
        .collect()
}
