//! Whether the moments that a ledger tells of follow one another: a clock that was set back makes a key count that had
//! run out, and an approval older than what it approves.

use anyhow::{Context, Result};
use handover_schemas::attestation::Outcome;
use handover_schemas::chain::EventKind;
use handover_schemas::digest::Digest;
use handover_schemas::purge::statement::{Approval, Certificate, Execution};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Predicate, Statement};
use jiff::SignedDuration;

use super::LedgerQuery;
use super::events::RecordedEvent;
use crate::attestation::detail_of;
use crate::purge::ledger::{PurgeEntry, purges};
use crate::signing::parse_moment;

/// How far clocks of several machines may be apart, and a clock may be set right.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// Whether a moment lies before another, by more than clocks may be apart.
///
/// # Errors
///
/// If one of them is no moment.
pub fn is_before(moment: &str, other: &str) -> Result<bool> {
    Ok(parse_moment(moment)?.saturating_add(SKEW)? < parse_moment(other)?)
}

/// Holds the events' moments against each other, and those of the statements about purges against the events' order.
pub(super) fn check_times(
    ledger: &mut dyn LedgerQuery,
    events: &[RecordedEvent],
    outcome: &mut Outcome,
) {
    match back_in_time(events) {
        Ok(None) => outcome.checked("the events' times follow one another"),
        Ok(Some(found)) => outcome.find(found),
        Err(error) => outcome.find(format!("{error:#}")),
    }
    let purges = purges(ledger).unwrap_or_default();
    for purge in &purges {
        match of_purge(purge, events) {
            Ok(found) => found.into_iter().for_each(|what| outcome.find(what)),
            Err(error) => outcome.find(format!("purge {}: {error:#}", purge.number)),
        }
    }
}

/// The first event that says an earlier moment than one before it.
fn back_in_time(events: &[RecordedEvent]) -> Result<Option<String>> {
    for (before, after) in events.iter().zip(events.iter().skip(1)) {
        let (before, after) = (&before.event, &after.event);
        let damaged = || format!("event {}: its time", after.number);
        if is_before(&after.at, &before.at).with_context(damaged)? {
            return Ok(Some(format!(
                "event {} says {}, and event {} before it {}: a clock was set back, and keys may have counted that had \
                 run out",
                after.number, after.at, before.number, before.at
            )));
        }
    }
    Ok(None)
}

/// Statements about a purge, each of which has to be from between the events that come before and after it. The days
/// that they say decide which keys count.
fn of_purge(purge: &PurgeEntry, events: &[RecordedEvent]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let number = purge.number;
    let Some(backup) = moment(purge, EventKind::Backup, None, events)? else { return Ok(found) };
    for authority in &purge.authorities {
        let approval = said::<Approval>(&authority.approval)?.not_before;
        let started = said::<Execution>(&authority.execution)?.started_on;
        if is_before(&approval, &backup)? {
            found.push(format!(
                "purge {number} was approved at {approval}, before its backup, which was at {backup}"
            ));
        }
        if is_before(&started, &backup)? {
            found.push(format!(
                "the operator of purge {number} says to have begun at {started}, before its backup at {backup}"
            ));
        }
        let digest = Digest::of(authority.approval.as_bytes());
        if let Some(used) = moment(purge, EventKind::Approve, Some(digest), events)?
            && is_before(&used, &started)?
        {
            found.push(format!(
                "the operator of purge {number} says to have begun at {started}, after the event of it, at {used}"
            ));
        }
    }
    let Some(certificate) = &purge.certificate else { return Ok(found) };
    let issued = said::<Certificate>(certificate)?.issued_on;
    let executed = moment(purge, EventKind::Execute, None, events)?;
    let certified = moment(purge, EventKind::Certify, None, events)?;
    if let Some(executed) = executed
        && is_before(&issued, &executed)?
    {
        found.push(format!(
            "the certificate of purge {number} says {issued}, before the deletion that it is about, at {executed}"
        ));
    }
    if let Some(certified) = certified
        && is_before(&certified, &issued)?
    {
        found.push(format!(
            "the certificate of purge {number} says {issued}, after the event of it, at {certified}"
        ));
    }
    Ok(found)
}

/// When the last event of a kind about a purge was, of the thing with this digest if one is given.
fn moment(
    purge: &PurgeEntry,
    kind: EventKind,
    of: Option<Digest>,
    events: &[RecordedEvent],
) -> Result<Option<String>> {
    let purge_no = u64::try_from(purge.number).ok();
    for recorded in events.iter().rev().filter(|one| one.event.kind == kind) {
        let detail = detail_of(recorded)?;
        if detail.number == purge_no && of.is_none_or(|of| detail.sha256 == Some(of)) {
            return Ok(Some(recorded.event.at.clone()));
        }
    }
    Ok(None)
}

fn said<P: Predicate>(envelope: &str) -> Result<P> {
    let envelope = Envelope::parse(envelope.as_bytes())?;
    Ok(Statement::<P>::parse(envelope.body())?.predicate)
}
