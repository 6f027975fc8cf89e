//! `handover-verify ledger`: whether the chain of events is whole, is the one that was attested, and
//! whether the ledger's tables are what was attested.

use std::path::PathBuf;

use anyhow::Result;
use handover_cli_kit::handover_dir::attestations::{
    closing_file, envelope_file, numbers_in_folder,
};
use handover_cli_kit::interrupt::Interrupt;
use handover_engine::endpoint::Endpoint;
use handover_schemas::attestation::{Closing, HandoverAttestation, LedgerReport, Outcome};
use handover_schemas::chain::{EventKind, NO_EVENT, check_chain};
use handover_schemas::digest::Digest;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;

use super::agree::agree;
use super::events::{DamagedEvent, RecordedAttestation, RecordedEvent, attestations, events};
use super::tables::{strangers, table_digests};
use super::times::check_times;
use super::{LedgerQuery, ledger_of, open};
use crate::attestation::detail_of;
use crate::attestation::read_regular;

/// Which ledger to check, and against what.
pub struct LedgerRequest {
    /// The database in which it stands.
    pub target: Endpoint,
    /// The hand-over folder, with the envelopes of attestations.
    pub handover: PathBuf,
    /// The head that somebody knows from paper.
    pub head: Option<Digest>,
}

/// Checks a ledger.
pub fn verify_ledger(request: &LedgerRequest, interrupt: &Interrupt) -> Result<LedgerReport> {
    let mut end = open(&request.target, interrupt)?;
    let mut check = Check { request, ledger: ledger_of(&mut end), outcome: Outcome::default() };
    let (events, head) = check.run()?;
    let outcome = check.outcome;
    Ok(LedgerReport { verdict: outcome.verdict(), events, head, outcome })
}

struct Check<'a> {
    request: &'a LedgerRequest,
    ledger: &'a mut dyn LedgerQuery,
    outcome: Outcome,
}

/// An attestation of the ledger, with what it states.
struct Attested {
    recorded: RecordedAttestation,
    states: HandoverAttestation,
}

impl Check<'_> {
    /// Gives the number of events and the head.
    fn run(&mut self) -> Result<(u64, Option<Digest>)> {
        let events = match events(self.ledger) {
            Ok(events) => events,
            Err(error) => match error.downcast::<DamagedEvent>() {
                Ok(damaged) => {
                    self.outcome.find(damaged.to_string());
                    return Ok((0, None));
                }
                Err(error) => return Err(error),
            },
        };
        let count = events.len() as u64;
        if events.is_empty() {
            self.outcome.unverified(format!("the ledger of {} has no event", self.request.target));
            return Ok((0, None));
        }
        let head = match check_chain(events.iter().map(|one| (&one.event, one.digest))) {
            Ok(head) => head,
            Err(broken) => {
                self.outcome.find(broken.to_string());
                return Ok((count, None));
            }
        };
        self.outcome.checked(format!("{count} events follow one another up to {head}"));
        agree(self.ledger, &events, &mut self.outcome);
        check_times(self.ledger, &events, &mut self.outcome);
        let attested = self.check_attestations(&events)?;
        self.check_files(&attested);
        for name in strangers(self.ledger)? {
            self.outcome.find(format!("{name} stands in the ledger, and is none of its tables"));
        }
        self.check_unknown_files(&attested)?;
        self.check_last(&events, attested.last())?;
        self.check_head(&events, attested.last());
        Ok((count, Some(head)))
    }

    /// Every attestation has its event, states the head before it, and the other way round.
    fn check_attestations(&mut self, events: &[RecordedEvent]) -> Result<Vec<Attested>> {
        let recorded = attestations(self.ledger)?;
        let mut attested = Vec::new();
        let (mut attests, mut closes) = (0_usize, 0_usize);
        for event in events {
            match event.event.kind {
                EventKind::Attest => attests += 1,
                EventKind::Close => closes += 1,
                _ => continue,
            }
            let detail = detail_of(event)?;
            let number = detail.number.unwrap_or_default();
            let of = recorded.iter().find(|one| one.number == number);
            let text = of.and_then(|one| match event.event.kind {
                EventKind::Close => one.closing.as_deref(),
                _ => Some(one.statement.as_str()),
            });
            if detail.sha256.is_none()
                || text.map(|text| Digest::of(text.as_bytes())) != detail.sha256
            {
                self.outcome.find(format!(
                    "event {} is about attestation {number}, which is not in the ledger, or not as \
                     it was then",
                    event.event.number
                ));
            }
        }
        let closings = recorded.iter().filter(|one| one.closing.is_some()).count();
        if (attests, closes) != (recorded.len(), closings) {
            self.outcome.find("the ledger's attestations are not those of its events");
        }
        for one in recorded {
            let states = Statement::<HandoverAttestation>::parse(one.statement.as_bytes());
            let Ok(states) = states else {
                self.outcome.find(format!("attestation {} of the ledger is damaged", one.number));
                continue;
            };
            let states = states.predicate;
            self.check_stated_head(events, &states, "the ledger's attestation");
            self.check_own_event(events, &states, Digest::of(one.statement.as_bytes()));
            attested.push(Attested { recorded: one, states });
        }
        Ok(attested)
    }

    /// The head that an attestation states is the digest of the event that it was then.
    fn check_stated_head(
        &mut self,
        events: &[RecordedEvent],
        states: &HandoverAttestation,
        what: &str,
    ) {
        let number = states.number;
        let at = events.iter().find(|one| one.event.number == states.ledger.events.0);
        let is_first = states.ledger.events.0 == 0;
        let begins = is_first && states.ledger.head == NO_EVENT;
        if begins || at.is_some_and(|event| event.digest == states.ledger.head) {
            self.outcome.checked(format!(
                "the chain leads through the head that {what} {number} states ({} events)",
                states.ledger.events
            ));
        } else {
            self.outcome.find(format!(
                "the head that {what} {number} states is not in the chain: the ledger was \
                 rewritten, or is another one"
            ));
        }
    }

    /// The event of an attestation is the one that follows from what it states.
    fn check_own_event(
        &mut self,
        events: &[RecordedEvent],
        states: &HandoverAttestation,
        statement: Digest,
    ) {
        if states.ledger.own_event.is_none() {
            return;
        }
        let (number, digest) = states.head(statement);
        let recorded = events.iter().find(|one| one.event.number == number);
        if recorded.is_none_or(|recorded| recorded.digest != digest) {
            self.outcome.find(format!(
                "event {number} is not the one that attestation {} states of itself",
                states.number
            ));
        }
    }

    /// The envelopes in the folder hold the ledger's statements.
    fn check_files(&mut self, attested: &[Attested]) {
        for one in attested {
            let number = one.recorded.number;
            let statement = Some(one.recorded.statement.as_str());
            self.check_file(&envelope_file(number), statement, &format!("attestation {number}"));
            let closing = one.recorded.closing.as_deref();
            let what = format!("the closing of attestation {number}");
            self.check_file(&closing_file(number), closing, &what);
        }
    }

    /// Every envelope in the folder is one of the ledger's: whoever takes attestations out of the
    /// ledger leaves their files behind.
    fn check_unknown_files(&mut self, attested: &[Attested]) -> Result<()> {
        for number in numbers_in_folder(&self.request.handover)? {
            if attested.iter().all(|one| one.recorded.number != number) {
                for name in [envelope_file(number), closing_file(number)] {
                    self.check_file(&name, None, "");
                }
            }
        }
        Ok(())
    }

    fn check_file(&mut self, name: &str, statement: Option<&str>, what: &str) {
        let path = self.request.handover.join(name);
        let envelope = match read_regular(&path) {
            Ok(text) => Envelope::parse(&text).map_err(|error| error.to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if statement.is_some() {
                    self.outcome.find(format!(
                        "{what} is in the ledger, and {} is not there",
                        path.display()
                    ));
                }
                return;
            }
            Err(error) => Err(error.to_string()),
        };
        match (envelope, statement) {
            (Ok(envelope), Some(statement)) if envelope.body() == statement.as_bytes() => {
                self.outcome.checked(format!("{name} holds the ledger's statement"));
            }
            (Ok(_), Some(_)) => self.outcome.find(format!(
                "{} holds another statement than the ledger: one of them was changed",
                path.display()
            )),
            (Ok(_), None) => {
                self.outcome
                    .find(format!("{} is there, and the ledger knows no such", path.display()));
            }
            (Err(why), _) => self.outcome.find(format!("{}: {why}", path.display())),
        }
    }

    /// Nothing follows the last attestation but its closing, and the tables are what it states.
    fn check_last(&mut self, events: &[RecordedEvent], last: Option<&Attested>) -> Result<()> {
        let Some(last) = last else {
            self.outcome.not_checked(
                "whether the ledger's tables are what they were: nothing was attested yet \
                 (handover-migrate attest)",
            );
            return Ok(());
        };
        let number = last.recorded.number;
        if let Some(closing) = &last.recorded.closing {
            self.check_closing(events, closing, number);
        }
        let since: Vec<&RecordedEvent> =
            events.iter().filter(|one| one.event.number > last.states.ledger.events.0).collect();
        let own =
            |one: &&&RecordedEvent| matches!(one.event.kind, EventKind::Attest | EventKind::Close);
        let unattested: Vec<String> = since
            .iter()
            .filter(|one| !own(one))
            .map(|one| format!("{} {}", one.event.number, one.event.kind))
            .collect();
        if !unattested.is_empty() {
            self.outcome.find(format!(
                "{} events since attestation {number} are not attested ({}): attest again",
                unattested.len(),
                unattested.join(", ")
            ));
            return Ok(());
        }
        let now = table_digests(self.ledger)?;
        if now == last.states.ledger.tables {
            let count = now.len();
            self.outcome.checked(format!(
                "all {count} tables of the ledger are what the recorded attestation states"
            ));
            return Ok(());
        }
        let stated = &last.states.ledger.tables;
        let names = now.iter().filter(|table| !stated.contains(table)).map(|table| &table.name);
        let gone = stated
            .iter()
            .filter(|table| now.iter().all(|known| known.name != table.name))
            .map(|table| &table.name);
        for name in names.chain(gone) {
            self.outcome.find(format!(
                "the ledger's table {name} is not what attestation {number} states, and no event \
                 says why. If a command was interrupted, run it again, and attest anew; otherwise \
                 somebody changed it"
            ));
        }
        Ok(())
    }

    fn check_closing(&mut self, events: &[RecordedEvent], closing: &str, number: u64) {
        let statement = Digest::of(closing.as_bytes());
        let Ok(closing) = Statement::<Closing>::parse(closing.as_bytes()) else {
            self.outcome.find(format!("the ledger's closing of attestation {number} is damaged"));
            return;
        };
        let closing = closing.predicate;
        let known = events
            .iter()
            .any(|one| one.event.kind == EventKind::Attest && one.digest == closing.head);
        if !known || closing.attestation.0 != number {
            self.outcome.find(format!(
                "the closing of attestation {number} is bound to another chain of events"
            ));
        }
        // Nothing follows the last event that could bind it: the closing says the same.
        let own = events.iter().rev().find(|one| one.event.kind == EventKind::Close);
        let same = own.is_some_and(|RecordedEvent { event, .. }| {
            event.at == closing.closed_on
                && event.operator == closing.operator
                && event.host == closing.host
                && event.program == closing.program
                && event.program_sha256 == closing.program_sha256
                && event.previous == closing.head
        });
        let follows = closing.head_with_it(statement);
        let same = same && follows.is_none_or(|digest| own.is_some_and(|own| own.digest == digest));
        if !same {
            self.outcome.find(format!(
                "the event of the closing of attestation {number} is not what the closing says of it"
            ));
        }
    }

    /// The head from paper is in the chain, and nothing follows it that no paper binds.
    fn check_head(&mut self, events: &[RecordedEvent], last: Option<&Attested>) {
        let Some(head) = self.request.head else {
            self.outcome.not_checked(
                "whether this is the chain that the minutes name: give the head that is printed \
                 there (--head)",
            );
            return;
        };
        let Some(at) = events.iter().position(|one| one.digest == head) else {
            self.outcome.find(
                "the head that was given is not in the chain: the ledger was rewritten, or is \
                 another one",
            );
            return;
        };
        self.outcome.checked(format!("the head that was given is that of event {}", at + 1));
        let later = events.get(at + 1..).unwrap_or_default();
        let Some(first) = later.first() else { return };
        let what = format!(
            "events {} to {}: they follow the head that was given, and nothing on paper binds them. \
             Give the head that was printed last (handover-migrate attest prints one, attest --close \
             the next)",
            first.event.number,
            events.len()
        );
        if is_all_that_old_paper_has(later, last) {
            self.outcome.not_checked(what);
        } else {
            self.outcome.unverified(what);
        }
    }
}

/// Whether these are an attestation and its closing of an earlier version, whose minutes name the head before them.
fn is_all_that_old_paper_has(later: &[RecordedEvent], last: Option<&Attested>) -> bool {
    let is_own =
        |event: &RecordedEvent| matches!(event.event.kind, EventKind::Attest | EventKind::Close);
    last.is_some_and(|last| last.states.ledger.own_event.is_none())
        && later.len() <= 2
        && later.iter().all(is_own)
}
