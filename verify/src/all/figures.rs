//! Figures: what the sets and the databases give now is what was attested.

use anyhow::Result;
use handover_schemas::attestation::Outcome;
use handover_schemas::figures::stated::{StatedFigure, StatedFigures};

use super::attestations::Attestations;
use super::{All, AllRequest, Watch};
use crate::figures::{DEFAULT_TIMEOUT, FiguresRequest, check_sets, configured_sets};

pub(super) fn check_figures(
    request: &AllRequest,
    attested: &Attestations,
    all: &mut All,
    watch: Watch<'_>,
) -> Result<()> {
    let stated = attested.last_signed().map(|one| one.figures.as_slice()).unwrap_or_default();
    if request.config.figures.is_empty() && stated.is_empty() {
        return Ok(());
    }
    all.run("figures", |outcome| {
        let sets = configured_sets(&request.config.figures, &request.handover)?;
        // Nothing is run that was not attested: a query runs with the auditor's rights.
        let attested_sets: Vec<_> = stated.iter().map(|set| (&set.id, set.sha256)).collect();
        let configured: Vec<_> = sets.iter().map(|one| (&one.set.id, one.sha256)).collect();
        if attested.last_signed().is_some() && attested_sets != configured {
            outcome.find("the figure sets are not those that were attested; none was run");
            return Ok(());
        }
        let figures = FiguresRequest {
            sets,
            source: request.source.clone(),
            target: request.target.clone(),
            timeout: DEFAULT_TIMEOUT,
        };
        let report = check_sets(&figures, watch.interrupt, watch.progress)?;
        let now: Vec<StatedFigures> = report.sets.iter().map(StatedFigures::from).collect();
        let Some(stated) = attested.last_signed() else {
            outcome.unverified("nothing signed states what the figures were");
            return Ok(());
        };
        compare(&stated.figures, &now, outcome);
        Ok(())
    })
}

/// A figure that fails as it was stated to fail is as it should be; the attestation has it among
/// its findings.
fn compare(stated: &[StatedFigures], now: &[StatedFigures], outcome: &mut Outcome) {
    for (then, now) in stated.iter().zip(now) {
        let mut differing = 0_u64;
        for (then, now) in then.figures.iter().zip(&now.figures) {
            if !is_as_stated(then, now) {
                differing += 1;
                outcome.find(format!("{}: the data give another number now", now.label_en));
            }
        }
        if then.relations != now.relations {
            outcome.find(format!("{}: its sums are not what was attested", now.id));
        } else if differing == 0 {
            outcome.checked(format!(
                "{}: {} figures and {} sums are as they were attested",
                now.id,
                now.figures.len(),
                now.relations.len()
            ));
        }
    }
}

/// An end that was not asked, then or now, cannot differ.
fn is_as_stated(then: &StatedFigure, now: &StatedFigure) -> bool {
    let ends = [(&then.source, &now.source), (&then.target, &now.target)];
    then.reported == now.reported
        && ends.into_iter().all(|(then, now)| then.is_none() || now.is_none() || then == now)
}
