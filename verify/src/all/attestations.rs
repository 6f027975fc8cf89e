//! The envelopes in the folder's `attestations/`.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use anyhow::{Context, Result};
use handover_cli_kit::handover_dir::attestations::{
    ATTESTATIONS_DIR, MADE_FROM_IT, closing_file, envelope_file, made_file,
};
use handover_schemas::attestation::{HandoverAttestation, Outcome};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;

use super::head::check_head;
use super::{All, AllRequest, Watch};
use crate::attestation::read_regular;
use crate::attestation::{AttestationRequest, ClosingRequest, verify_attestation, verify_closing};
use crate::package::Identities;
use crate::signing::{check_envelope, day_of};

/// The envelopes that are there.
pub(super) struct Attestations {
    /// By number; with what is stated, if a trusted key signed it.
    signed: BTreeMap<u64, Option<HandoverAttestation>>,
    /// Names in the folder that belong to none.
    others: Vec<String>,
}

impl Attestations {
    /// Looks through the folder.
    pub(super) fn read(request: &AllRequest) -> Result<Self> {
        let mut found = Self { signed: BTreeMap::new(), others: Vec::new() };
        let folder = request.handover.join(ATTESTATIONS_DIR);
        let place = || format!("cannot read {}", folder.display());
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(error).with_context(place),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry.with_context(place)?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        let mut belonging = Vec::new();
        for name in names {
            let number = name.split(['.', '-']).next().and_then(|digits| digits.parse().ok());
            let path = format!("{ATTESTATIONS_DIR}/{name}");
            match number {
                Some(number) if path == envelope_file(number) => {
                    found.signed.insert(number, stated(request, &path));
                }
                Some(number) if belongs(number, &path) => belonging.push((number, path)),
                _ => found.others.push(path),
            }
        }
        let alone = belonging.into_iter().filter(|(of, _)| !found.signed.contains_key(of));
        found.others.extend(alone.map(|(_, path)| path));
        Ok(found)
    }

    /// What the last attestation states, if a trusted key signed it.
    pub(super) fn last_signed(&self) -> Option<&HandoverAttestation> {
        self.signed.values().next_back()?.as_ref()
    }
}

fn belongs(number: u64, path: &str) -> bool {
    path == closing_file(number) || MADE_FROM_IT.iter().any(|what| path == made_file(number, what))
}

/// What an envelope states, if a key signed it that is trusted and counted on its day.
fn stated(request: &AllRequest, path: &str) -> Option<HandoverAttestation> {
    let envelope = Envelope::parse(&read_regular(&request.handover.join(path)).ok()?).ok()?;
    let claimed = Statement::<HandoverAttestation>::parse(envelope.body()).ok()?.predicate;
    let day = request.at.map_or_else(|| day_of(&claimed.stated_on), Ok).ok()?;
    let checked = check_envelope(&envelope, request.trust.as_ref()?, day).ok()?;
    checked.statement::<HandoverAttestation>().ok().map(|statement| statement.predicate)
}

pub(super) fn check_attestations(
    request: &AllRequest,
    attested: &Attestations,
    all: &mut All,
    watch: Watch<'_>,
) -> Result<()> {
    if !attested.others.is_empty() {
        let mut outcome = Outcome::default();
        for name in &attested.others {
            outcome.find(format!("{name} belongs to no attestation"));
        }
        all.push(ATTESTATIONS_DIR, outcome);
    }
    let Some(trust) = &request.trust else {
        all.run("attestations", |outcome| {
            outcome.unverified("signatures: say whose keys count (--trust, or handover.toml)");
            Ok(())
        })?;
        return Ok(());
    };
    let Some(last) = attested.signed.keys().next_back().copied() else {
        all.run("attestations", |outcome| {
            outcome.unverified("nothing was attested yet (handover-migrate attest)");
            Ok(())
        })?;
        return Ok(());
    };
    for number in attested.signed.keys().copied() {
        // What an earlier one states was true of an earlier state.
        let is_last = number == last;
        all.run(format!("attestation {number}"), |outcome| {
            let report = verify_attestation(
                &AttestationRequest {
                    file: request.handover.join(envelope_file(number)),
                    trust: trust.clone(),
                    at: request.at,
                    source: request.source.clone().filter(|_source| is_last),
                    target: request.target.clone().filter(|_target| is_last),
                    // Packages have checks of their own.
                    packages: None,
                    identities: Identities::default(),
                },
                watch.interrupt,
                watch.progress,
            )?;
            *outcome = report.outcome;
            if report.number.is_some_and(|stated| stated != number) {
                outcome.find(format!("{} states another number", envelope_file(number)));
            }
            if is_last && request.target.is_none() {
                check_head(request, number, outcome);
            }
            for name in [envelope_file(number), closing_file(number)] {
                check_text(request, &name, outcome);
            }
            let handover = &request.handover;
            verify_closing(&ClosingRequest { handover, number, is_last, trust }, outcome)
        })?;
    }
    Ok(())
}

/// No signature covers how an envelope is written; so there is one way only.
fn check_text(request: &AllRequest, name: &str, outcome: &mut Outcome) {
    let Ok(text) = read_regular(&request.handover.join(name)) else { return };
    let written = Envelope::parse(&text).ok().and_then(|envelope| envelope.to_text().ok());
    if written.is_some_and(|written| written.as_bytes() != text) {
        outcome.find(format!(
            "{name} is not written as it was made: somebody changed it, or signed it with another \
             program. handover-verify attestation says what its signatures are worth"
        ));
    }
}
