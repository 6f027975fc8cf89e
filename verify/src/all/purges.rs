//! Purges: against the database, or, without one, the signed statements in the folder.

use anyhow::{Context, Result};
use handover_engine::endpoint::Endpoint;
use handover_schemas::attestation::Outcome;
use handover_schemas::digest::Digest;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::verdict::{PurgeVerdict, PurgeVerdictEntry};

use super::attestations::Attestations;
use super::{All, AllRequest, Watch};
use crate::attestation::read_regular;
use crate::purge::check::{PurgeRequest, verify_purges};
use crate::purge::ledger::PurgeEntry;

pub(super) fn check_purges(
    request: &AllRequest,
    target: &Endpoint,
    purges: &[PurgeEntry],
    all: &mut All,
    watch: Watch<'_>,
) -> Result<()> {
    if purges.iter().all(|purge| purge.state == PurgeState::Abandoned) {
        return Ok(());
    }
    let purge_request = PurgeRequest {
        target: target.clone(),
        handover: request.handover.clone(),
        rule: None,
        trust: request.trust.clone(),
        identities: request.identities.clone(),
    };
    let mut entries = Vec::new();
    all.run("purges", |outcome| {
        entries = verify_purges(&purge_request, watch.interrupt, watch.progress)?.purges;
        outcome.checked(format!("{} purges were looked at", entries.len()));
        Ok(())
    })?;
    for entry in entries {
        all.push(format!("purge {}", entry.number), outcome(entry));
    }
    Ok(())
}

fn outcome(entry: PurgeVerdictEntry) -> Outcome {
    let findings = entry.findings.into_iter().map(|finding| finding.message).chain(entry.later);
    let mut outcome =
        Outcome { checked: entry.checked, findings: findings.collect(), ..Outcome::default() };
    if entry.verdict == PurgeVerdict::Unverified {
        outcome.unverified = entry.not_checked;
    } else {
        outcome.not_checked.extend(entry.not_checked);
    }
    outcome
}

/// Without a database: the certificates in the folder are those that the signed attestation states.
pub(super) fn check_statements(
    request: &AllRequest,
    attested: &Attestations,
    all: &mut All,
) -> Result<()> {
    let Some(stated) = attested.last_signed() else { return Ok(()) };
    for purge in &stated.purges {
        let (Some(package), Some(certificate)) = (&purge.package, purge.certificate) else {
            continue;
        };
        all.run(format!("purge {}", purge.number), |outcome| {
            let path = request.handover.join(format!("purges/{package}/certificate.dsse.json"));
            let text = read_regular(&path)
                .with_context(|| format!("cannot read the certificate {}", path.display()))?;
            if Digest::of(&text) == certificate {
                outcome.checked("its certificate is the one that the attestation states");
            } else {
                outcome.find(format!(
                    "{} is not the certificate that the attestation states",
                    path.display()
                ));
            }
            outcome.not_checked("rows and list: give the target (--target)");
            Ok(())
        })?;
    }
    Ok(())
}
