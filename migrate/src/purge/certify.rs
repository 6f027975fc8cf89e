//! `purge certify`: what was done, signed, once it adds up; then keys and salts are erased from the
//! list.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_schemas::config::{PurgeConfig, ResidualCopyKind};
use handover_schemas::digest::Digest;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::statement::{
    Binding, Certificate, CertifiedAuthority, CertifiedTable,
};
use handover_schemas::signing::checkpoint::Checkpoint;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Statement, Subject};
use handover_verify::purge::ledger::{Authority, BatchEntry, PurgeEntry, batches, counts_of};
use handover_verify::signing::Trust;

use super::PurgeDatabase;
use super::approve::statements_dir;
use super::backup::archive_name;
use super::execute::{note_finished, operator};
use crate::keys::{Signer, sign_checkpoint, sign_envelope};
use crate::ledger;
use crate::moment;

/// What to certify.
pub struct CertifyRequest<'a> {
    /// Copies that remain.
    pub config: &'a PurgeConfig,
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// The purge.
    pub purge: &'a PurgeEntry,
    /// Whose keys count.
    pub trust: &'a Trust,
    /// The operator's key.
    pub operator: &'a dyn Signer,
}

/// Issues the certificate; gives what it says. Of a purge that is certified, the files are written
/// again if they are gone.
pub fn certify(database: &mut PurgeDatabase, request: &CertifyRequest<'_>) -> Result<Certificate> {
    let purge = request.purge;
    if purge.state == PurgeState::Certified {
        return finish(database, request, purge);
    }
    if purge.state != PurgeState::Executed {
        bail!("purge {} is {}; what is certified is executed", purge.number, purge.state);
    }
    operator(request.trust, request.operator)?;
    note_finished(request.dir, purge)?;
    refuse_unspoken_copies(request.config)?;
    let certificate = certificate(database, request)?;
    let subject = Subject::new(archive_name(purge), certificate.binding.seal);
    let statement = Statement::new(vec![subject], certificate.clone());
    let mut envelope = Envelope::new(statement.to_bytes().context("cannot write the certificate")?);
    sign_envelope(&mut envelope, request.operator)?;
    let selection = &purge.selection;
    let checkpoint = Checkpoint::new(&selection.origin, selection.rows, selection.root)?;
    let checkpoint = sign_checkpoint(checkpoint, request.operator)?.to_text();
    let text = envelope.to_text().context("cannot write the certificate")?;
    ledger::record_certificate(database.store(), purge, &text, &checkpoint)?;
    let purge = ledger::purge(database.store(), purge.number)?;
    finish(database, request, &purge)
}

/// What is left to do once the ledger has the certificate; the same command does it again.
fn finish(
    database: &mut PurgeDatabase,
    request: &CertifyRequest<'_>,
    purge: &PurgeEntry,
) -> Result<Certificate> {
    let certificate = write_files(request, purge)?;
    database.sweep().context(
        "the certificate is issued; what was erased could not be swept from the ledger: run the \
         same command again, or VACUUM handover.purge as the owner of that table",
    )?;
    Ok(certificate)
}

/// A certificate that is silent about copies would say more than was done.
pub(super) fn refuse_unspoken_copies(config: &PurgeConfig) -> Result<()> {
    let spoken: BTreeSet<ResidualCopyKind> =
        config.residual_copy.iter().map(|copy| copy.kind).collect();
    let missing: Vec<&str> = ResidualCopyKind::DUE
        .into_iter()
        .filter(|kind| !spoken.contains(kind))
        .map(ResidualCopyKind::as_str)
        .collect();
    if !missing.is_empty() {
        bail!(
            "handover.toml says nothing about these copies of what was deleted: {}. Write a \
             [[purge.residual_copy]] for each: where it is, or that there is none, and what is to \
             happen to it",
            missing.join(", ")
        );
    }
    Ok(())
}

fn certificate(database: &mut PurgeDatabase, request: &CertifyRequest<'_>) -> Result<Certificate> {
    let purge = request.purge;
    let outcome = purge.outcome.as_ref().context("the ledger lacks what this purge came to")?;
    let backup = purge.backup.as_ref().context("the ledger lacks the backup of this purge")?;
    let done = batches(database.store(), purge.number)?;
    if outcome.tables.len() != purge.selection.tables.len() {
        bail!("the ledger lacks what some tables of this purge came to");
    }
    let mut tables = Vec::new();
    for (number, (selected, came_to)) in
        purge.selection.tables.iter().zip(&outcome.tables).enumerate()
    {
        let counts = counts_of(&done, number);
        let selected_rows = selected.listed.rows;
        let there = came_to.outside.rows + counts.changed + counts.referenced;
        if came_to.name != *selected.name() || came_to.after.rows > there {
            bail!(
                "{} had {} rows afterwards, and {there} follow from what was deleted; there is no \
                 certificate while that does not add up",
                selected.name(),
                came_to.after.rows
            );
        }
        if counts != came_to.counts || counts.total() != selected_rows {
            bail!(
                "{}: {selected_rows} rows were selected; {} deleted, {} changed, {} referenced and \
                 {} absent are {}. There is no certificate while that does not add up",
                selected.name(),
                counts.deleted,
                counts.changed,
                counts.referenced,
                counts.absent,
                counts.total()
            );
        }
        tables.push(CertifiedTable {
            name: selected.name().clone(),
            selected: selected_rows,
            counts: counts.into(),
            before: selected.before.into(),
            after: came_to.after.into(),
            outside_before: selected.outside.into(),
            outside_after: came_to.outside.into(),
        });
    }
    Ok(Certificate {
        binding: Binding::new(&purge.selection, backup).context("cannot write the certificate")?,
        authorities: authorities(purge, &done)?,
        tables,
        residual_copies: request.config.residual_copy.clone(),
        issued_on: moment::now()?.to_string(),
    })
}

pub(super) fn authorities(
    purge: &PurgeEntry,
    done: &[BatchEntry],
) -> Result<Vec<CertifiedAuthority>> {
    let damaged = "the ledger's authorities of this purge are damaged";
    let body = |envelope: &str| -> Result<Digest> {
        Ok(Digest::of(Envelope::parse(envelope.as_bytes()).context(damaged)?.body()))
    };
    let certified = |one: &Authority| {
        let batches = done.iter().filter(|batch| batch.authority == one.number);
        Ok(CertifiedAuthority {
            nonce: one.nonce.parse().context(damaged)?,
            approval: body(&one.approval)?,
            execution: body(&one.execution)?,
            deleted: batches.map(|batch| batch.counts.deleted).sum(),
        })
    };
    purge.authorities.iter().map(certified).collect()
}

fn write_files(request: &CertifyRequest<'_>, purge: &PurgeEntry) -> Result<Certificate> {
    let (Some(certificate), Some(checkpoint)) = (&purge.certificate, &purge.checkpoint) else {
        bail!("the ledger lacks the certificate of purge {}", purge.number);
    };
    let dir = statements_dir(purge);
    request.dir.write(&format!("{dir}/certificate.dsse.json"), certificate.as_bytes())?;
    request.dir.write(&format!("{dir}/checkpoint.note"), checkpoint.as_bytes())?;
    let envelope =
        Envelope::parse(certificate.as_bytes()).context("the ledger's certificate is damaged")?;
    let statement: Statement<Certificate> =
        Statement::parse(envelope.body()).context("the ledger's certificate is damaged")?;
    Ok(statement.predicate)
}
