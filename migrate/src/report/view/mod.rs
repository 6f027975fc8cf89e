//! What the page shows, in the order in which it shows it.
//!
//! Here it is decided what comes first, how much of a long list is shown, and what states are called;
//! the templates only lay it out.

mod commands;
mod database;
mod deliverables;
mod figures;
mod findings;
mod purges;
mod signatures;
mod verdict;

use handover_schemas::attestation::{
    HandoverAttestation, NotChecked, StatedEvent, StatedEvidence, StatedKey, StatedLedgerTable,
    StatedPackage, StatedRestore, StatedTool,
};
use handover_schemas::digest::Digest;
use serde::Serialize;

use super::SignedAttestation;
use super::words::{self, Words};

pub(super) use purges::Purge;

/// Most entries of a list that are shown. The whole list is in the attestation.
const LIST_MAX: usize = 300;

/// The first entries of a list.
#[derive(Serialize)]
pub(super) struct Part<T> {
    /// Those that are shown.
    shown: Vec<T>,
    /// How many there are in all.
    total: usize,
    /// How many are not shown.
    left: usize,
}

impl<T> Part<T> {
    fn of(entries: impl IntoIterator<Item = T>) -> Self {
        Self::at_most(LIST_MAX, entries)
    }

    fn at_most(most: usize, entries: impl IntoIterator<Item = T>) -> Self {
        let mut entries = entries.into_iter();
        let shown: Vec<T> = entries.by_ref().take(most).collect();
        let left = entries.count();
        Self { total: shown.len() + left, left, shown }
    }
}

/// A sum of 64-bit numbers, which may have more than 64 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sum(pub(super) u128);

impl Serialize for Sum {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl std::iter::Sum<u64> for Sum {
    fn sum<I: Iterator<Item = u64>>(numbers: I) -> Self {
        Self(numbers.map(u128::from).sum())
    }
}

/// Everything on the page.
#[derive(Serialize)]
pub(super) struct View<'a> {
    /// The attestation itself, for what needs no words.
    attestation: &'a HandoverAttestation,
    /// SHA-256 of the statement.
    pub(super) statement: Digest,
    head: Head,
    file_name: &'a str,
    at: String,
    verdict: verdict::Verdict,
    signatures: signatures::Signatures,
    copy: Option<database::Copy<'a>>,
    evidence: Part<&'a StatedEvidence>,
    timeline: Timeline<'a>,
    deliverables: deliverables::Deliverables<'a>,
    pub(super) purges: Vec<Purge<'a>>,
    purges_left: usize,
    restores: Part<&'a StatedRestore>,
    figures: figures::Figures<'a>,
    findings: Vec<findings::Findings<'a>>,
    not_checked: Part<&'a NotChecked>,
    commands: commands::Commands,
    packages: Part<&'a StatedPackage>,
    keys: Part<Key<'a>>,
    tools: Part<&'a StatedTool>,
    ledger_tables: Part<&'a StatedLedgerTable>,
}

impl<'a> View<'a> {
    pub(super) fn of(signed: &'a SignedAttestation) -> Self {
        let attestation = &signed.attestation;
        let signatures = signatures::Signatures::of(signed);
        let (event, digest) = attestation.head(signed.statement);
        let purges = Part::at_most(purges::PURGES_MAX, &attestation.purges);
        Self {
            attestation,
            statement: signed.statement,
            head: Head { event, digest },
            file_name: &signed.file_name,
            at: signed.at.to_string(),
            verdict: verdict::Verdict::of(signed, &signatures),
            signatures,
            copy: attestation.copy.as_ref().map(database::Copy::of),
            evidence: Part::of(&attestation.evidence),
            timeline: Timeline::of(&attestation.timeline),
            deliverables: deliverables::Deliverables::of(&attestation.deliverables),
            purges: purges.shown.into_iter().map(Purge::of).collect(),
            purges_left: purges.left,
            restores: Part::of(&attestation.restores),
            figures: figures::Figures::of(&attestation.figures),
            findings: findings::by_kind(&attestation.findings),
            not_checked: Part::of(&attestation.not_checked),
            commands: commands::Commands::of(signed),
            packages: Part::of(&attestation.packages),
            keys: Part::of(attestation.trusted_keys.iter().map(Key::of)),
            tools: Part::of(&attestation.tools),
            ledger_tables: Part::of(&attestation.ledger.tables),
        }
    }
}

/// The head of the chain that binds the attestation, and the event that it is the digest of.
#[derive(Serialize)]
struct Head {
    event: u64,
    digest: Digest,
}

/// A key that counted when the attestation was made.
#[derive(Serialize)]
struct Key<'a> {
    stated: &'a StatedKey,
    roles: Vec<Words>,
}

impl<'a> Key<'a> {
    fn of(stated: &'a StatedKey) -> Self {
        Self { stated, roles: stated.roles.iter().map(|role| words::role(*role)).collect() }
    }
}

/// What was done: of a long list the beginning and the end.
#[derive(Serialize)]
struct Timeline<'a> {
    first: Vec<Event<'a>>,
    between: usize,
    last: Vec<Event<'a>>,
}

/// One event.
#[derive(Serialize)]
struct Event<'a> {
    kind: Words,
    stated: &'a StatedEvent,
}

impl<'a> Timeline<'a> {
    fn of(events: &'a [StatedEvent]) -> Self {
        let event = |stated: &'a StatedEvent| Event {
            kind: Words { vi: stated.kind.vi(), en: stated.kind.en() },
            stated,
        };
        let first = if events.len() > LIST_MAX { LIST_MAX / 3 } else { events.len() };
        let (first, rest) = events.split_at_checked(first).unwrap_or((events, &[]));
        let between = rest.len().saturating_sub(LIST_MAX - LIST_MAX / 3);
        Self {
            first: first.iter().map(event).collect(),
            between,
            last: rest.iter().skip(between).map(event).collect(),
        }
    }
}
