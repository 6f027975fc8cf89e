//! The certificate, and the signed head of the tree.

use anyhow::{Context, Result, bail};
use handover_schemas::digest::Digest;
use handover_schemas::purge::statement::{Approval, Certificate, CertifiedAuthority, Execution};
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;
use handover_schemas::signing::checkpoint::SignedCheckpoint;
use handover_schemas::signing::trust::Role;

use super::Check;
use super::signatures::{AboutArchive, body};
use crate::purge::ledger::batches;
use crate::signing::{Trust, day_of, verify_checkpoint};

impl Check<'_> {
    /// What the certificate says is what the ledger says, and an operator signed it.
    pub(super) fn check_certificate(&mut self, trust: &Trust) -> Result<()> {
        let text = self.purge.certificate.as_ref().context("the ledger lacks the certificate")?;
        let (envelope, certificate) = body::<Certificate>(text, "certificate")?;
        let day = day_of(&certificate.issued_on)?;
        let operator = self
            .signed_by_operator("the certificate", &envelope, (trust, day))
            .context("the certificate")?;
        if certificate.binding != self.binding()?
            || certificate.authorities != self.authorities()?
        {
            bail!("the certificate is about another purge, approval or execution");
        }
        if !self.figures_agree(&certificate) {
            bail!("the certificate has other figures than the ledger");
        }
        let note = self.purge.checkpoint.as_ref().context("the ledger lacks the checkpoint")?;
        let signed = SignedCheckpoint::parse(note).context("the checkpoint is malformed")?;
        let checked = verify_checkpoint(&signed, trust, day)?;
        if !checked.signers.iter().any(|signer| signer.roles.contains(&Role::Operator)) {
            bail!("no operator signed the checkpoint");
        }
        let (point, selection) = (checked.checkpoint, &self.purge.selection);
        if (point.origin(), point.size(), point.root())
            != (selection.origin.as_str(), selection.rows, selection.root)
        {
            bail!("the checkpoint is that of another tree");
        }
        self.check_folder("certificate.dsse.json", &envelope, Kind::Certificate);
        self.check_checkpoint_file(note);
        self.checked(format!("certificate: signed by {}, and its figures hold", operator.name));
        Ok(())
    }

    fn check_checkpoint_file(&mut self, expected: &str) {
        let Some(backup) = &self.purge.backup else { return };
        let folder = self.request.handover.join("purges").join(&backup.package);
        let path = folder.join("checkpoint.note");
        if std::fs::read_to_string(&path).ok().as_deref() != Some(expected) {
            let message = format!("{} is not the one of the ledger", path.display());
            self.find(Kind::Certificate, message);
        }
    }

    pub(super) fn authorities(&mut self) -> Result<Vec<CertifiedAuthority>> {
        let purge = self.purge;
        let batches = batches(self.ledger(), purge.number)?;
        let mut authorities = Vec::new();
        for one in &purge.authorities {
            let (approval, said) = body::<Approval>(&one.approval, "approval")?;
            let (execution, _) = body::<Execution>(&one.execution, "execution")?;
            let under = batches.iter().filter(|batch| batch.authority == one.number);
            authorities.push(CertifiedAuthority {
                nonce: said.nonce,
                approval: Digest::of(approval.body()),
                execution: Digest::of(execution.body()),
                deleted: under.map(|batch| batch.counts.deleted).sum(),
            });
        }
        Ok(authorities)
    }

    fn figures_agree(&self, certificate: &Certificate) -> bool {
        let Some(outcome) = &self.purge.outcome else { return false };
        let selected = &self.purge.selection.tables;
        selected.len() == certificate.tables.len()
            && selected.len() == outcome.tables.len()
            && selected.iter().zip(&outcome.tables).zip(&certificate.tables).all(
                |((selected, came_to), certified)| {
                    certified.name == *selected.name()
                        && certified.selected == selected.listed.rows
                        && certified.counts == came_to.counts.into()
                        && certified.before == selected.before.into()
                        && certified.after == came_to.after.into()
                        && certified.outside_before == selected.outside.into()
                        && certified.outside_after == came_to.outside.into()
                },
            )
    }
}

impl AboutArchive for Certificate {
    fn seal(&self) -> Digest {
        self.binding.seal
    }
}
