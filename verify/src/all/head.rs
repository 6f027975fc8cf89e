//! The head from paper, where no ledger is at hand: held against the last attestation and its closing.

use handover_cli_kit::handover_dir::attestations::{closing_file, envelope_file};
use handover_schemas::attestation::{Closing, HandoverAttestation, Outcome};
use handover_schemas::digest::Digest;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Predicate, Statement};

use super::AllRequest;
use crate::attestation::read_regular;

/// Heads that stand on paper about one attestation: each follows from what was signed.
struct Heads {
    /// The last event that the statement tells.
    stated: Digest,
    /// The event of the statement itself; in statements of earlier versions the same.
    attested: Digest,
    /// The event of the closing, if there is one that tells it.
    closed: Option<Digest>,
}

/// Holds the head that was given against the last attestation.
pub(super) fn check_head(request: &AllRequest, number: u64, outcome: &mut Outcome) {
    let Some(head) = request.head else {
        outcome.unverified("no head known from elsewhere was given (--head)");
        return;
    };
    let Some(heads) = heads(request, number) else {
        // That it cannot be read is a finding already.
        return;
    };
    match heads.closed {
        Some(closed) if head == closed => {
            outcome.checked("the head that was given is that of its closing");
        }
        Some(_) if head == heads.attested || head == heads.stated => {
            outcome.unverified(BEFORE_THE_LAST);
        }
        None if head == heads.attested => outcome.checked("the head that was given is its own"),
        None if head == heads.stated => outcome.unverified(BEFORE_THE_LAST),
        _ => outcome.find("the head that was given is not the one that follows from it"),
    }
}

const BEFORE_THE_LAST: &str = "what was signed after the head that was given, which nothing on paper binds: give the head \
                               that was printed last (handover-migrate attest prints one, attest --close the next)";

fn heads(request: &AllRequest, number: u64) -> Option<Heads> {
    let (attestation, statement) = read::<HandoverAttestation>(request, &envelope_file(number))?;
    let closing = read::<Closing>(request, &closing_file(number));
    Some(Heads {
        stated: attestation.ledger.head,
        attested: attestation.head(statement).1,
        closed: closing.and_then(|(closing, statement)| closing.head_with_it(statement)),
    })
}

/// What an envelope of the folder states, whoever signed it, with its SHA-256.
fn read<P: Predicate>(request: &AllRequest, name: &str) -> Option<(P, Digest)> {
    let envelope = Envelope::parse(&read_regular(&request.handover.join(name)).ok()?).ok()?;
    let statement = Statement::<P>::parse(envelope.body()).ok()?;
    Some((statement.predicate, Digest::of(envelope.body())))
}
