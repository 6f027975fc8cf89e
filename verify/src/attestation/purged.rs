//! What the ledger says of purges and restores, as a statement has it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use handover_schemas::attestation::{
    StatedGroup, StatedPurge, StatedPurgeTable, StatedRestore, StatedSummary,
};
use handover_schemas::config::ResidualCopy;
use handover_schemas::digest::Digest;
use handover_schemas::purge::record::SummaryCounts;
use handover_schemas::purge::statement::{Certificate, PurgeClosing};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;

use crate::ledger::LedgerQuery;
use crate::purge::ledger::{PurgeEntry, purges, restore_statements, restored};

/// Every purge, in the order of their numbers.
pub(super) fn stated_purges(ledger: &mut dyn LedgerQuery) -> Result<Vec<StatedPurge>> {
    purges(ledger)?.iter().map(stated_purge).collect()
}

fn stated_purge(purge: &PurgeEntry) -> Result<StatedPurge> {
    let (selection, rule) = (&purge.selection, &purge.selection.rule);
    let frozen = serde_json::to_vec(selection).context("cannot write down a selection")?;
    let tables = selection.tables.iter().enumerate().map(|(number, table)| StatedPurgeTable {
        name: table.name().clone(),
        selected: table.listed.rows.into(),
        counts: purge
            .outcome
            .as_ref()
            .and_then(|outcome| outcome.tables.get(number))
            .map(|outcome| outcome.counts.into()),
    });
    let approvals = purge.authorities.iter();
    Ok(StatedPurge {
        number: number(purge.number)?.into(),
        rule: rule.name.clone(),
        state: purge.state,
        reason_vi: rule.reason_vi.clone(),
        reason_en: rule.reason_en.clone(),
        legal_basis: rule.legal_basis.clone(),
        retain_until: rule.retain_until.clone(),
        origin: selection.origin.clone(),
        root: selection.root,
        rows: selection.rows.into(),
        selection: Digest::of(&frozen),
        package: purge.backup.as_ref().map(|backup| backup.package.clone()),
        seal: purge.backup.as_ref().map(|backup| backup.seal),
        tables: tables.collect(),
        summary: selection.summary.iter().map(stated_summary).collect(),
        approvals: approvals.map(|one| Digest::of(one.approval.as_bytes())).collect(),
        certificate: purge.certificate.as_ref().map(|text| Digest::of(text.as_bytes())),
        closing: purge.closing.as_ref().map(|text| Digest::of(text.as_bytes())),
        residual_copies: residual_copies(purge)?,
    })
}

fn stated_summary(summary: &SummaryCounts) -> StatedSummary {
    let groups = summary.groups.iter();
    StatedSummary {
        by: summary.by.clone(),
        table: summary.table.clone(),
        groups: groups
            .map(|(group, rows)| StatedGroup { group: group.clone(), rows: (*rows).into() })
            .collect(),
    }
}

/// Copies that the certificate, or the closing, names. Whether its signatures hold is for others to say.
fn residual_copies(purge: &PurgeEntry) -> Result<Vec<ResidualCopy>> {
    if let Some(text) = &purge.closing {
        let damaged = || format!("the closing of purge {} is damaged", purge.number);
        let envelope = Envelope::parse(text.as_bytes()).with_context(damaged)?;
        let statement = Statement::<PurgeClosing>::parse(envelope.body()).with_context(damaged)?;
        return Ok(statement.predicate.residual_copies);
    }
    let Some(text) = &purge.certificate else { return Ok(Vec::new()) };
    let envelope = Envelope::parse(text.as_bytes())
        .with_context(|| format!("the certificate of purge {} is damaged", purge.number))?;
    let statement = Statement::<Certificate>::parse(envelope.body())
        .with_context(|| format!("the certificate of purge {} is damaged", purge.number))?;
    Ok(statement.predicate.residual_copies)
}

/// Every restore, in the order of their numbers.
pub(super) fn stated_restores(
    ledger: &mut dyn LedgerQuery,
    purges: &[StatedPurge],
) -> Result<Vec<StatedRestore>> {
    let mut all = Vec::new();
    for purge in purges {
        let purge_no = i64::try_from(purge.number.0).context("the ledger has a damaged number")?;
        let mut rows: BTreeMap<i64, u64> = BTreeMap::new();
        for run in restored(ledger, purge_no)? {
            let sum = rows.entry(run.restore).or_default();
            *sum = sum.saturating_add(run.rows);
        }
        for (restore, statement) in restore_statements(ledger, purge_no)? {
            let rows = rows.get(&restore).copied().unwrap_or_default();
            all.push(StatedRestore {
                number: number(restore)?.into(),
                purge: purge.number,
                rows: rows.into(),
                statement: Digest::of(statement.as_bytes()),
            });
        }
    }
    all.sort_by_key(|restore| restore.number);
    Ok(all)
}

fn number(number: i64) -> Result<u64> {
    u64::try_from(number).context("the ledger has a damaged number")
}
