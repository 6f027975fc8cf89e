//! Approval, execution, certificate, checkpoint, restores: who signed what.

use anyhow::{Context, Result, bail};
use handover_schemas::date::Date;
use handover_schemas::digest::Digest;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::statement::{Approval, Binding, Certificate, Execution, Restore};
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;
use handover_schemas::signing::checkpoint::SignedCheckpoint;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Predicate, Statement};
use handover_schemas::signing::trust::Role;

use super::Check;
use crate::purge::ledger::{restore_statements, restored};
use crate::signing::{Checked, Demand, Trust, check_envelope, meets, verify_checkpoint};

impl Check<'_> {
    pub(super) fn check_statements(&mut self) -> Result<()> {
        match self.purge.state {
            PurgeState::Selected | PurgeState::BackedUp | PurgeState::Abandoned => return Ok(()),
            PurgeState::Executing | PurgeState::Executed | PurgeState::Certified => {}
        }
        let Some(trust) = self.request.trust.clone() else {
            self.not_checked("signatures: say whose keys count (--trust, or handover.toml)");
            return Ok(());
        };
        let day = match self.check_approval(&trust) {
            Ok(day) => Some(day),
            Err(error) => {
                self.find(Kind::Approval, format!("{error:#}"));
                None
            }
        };
        if let Some(day) = day
            && let Err(error) = self.check_execution(&trust, day)
        {
            self.find(Kind::Execution, format!("{error:#}"));
        }
        if self.purge.state == PurgeState::Certified
            && let Err(error) = self.check_certificate(&trust)
        {
            self.find(Kind::Certificate, format!("{error:#}"));
        }
        self.check_restores(&trust)
    }

    fn binding(&self) -> Result<Binding> {
        let backup = self.purge.backup.as_ref().context("the ledger lacks the backup")?;
        Binding::new(&self.purge.selection, backup.seal).context("cannot write the binding")
    }

    /// Two people, neither the operator; bound to this purge; in time; used once. Gives the day on
    /// which the operator began.
    fn check_approval(&mut self, trust: &Trust) -> Result<Date> {
        let execution = body::<Execution>(self.purge.execution.as_deref(), "execution")?.1;
        let day = day(&execution.started_on)?;
        let (envelope, approval) = body::<Approval>(self.purge.approval.as_deref(), "approval")?;
        let checked = check_envelope(&envelope, trust, day)?;
        let operator = self.operator(trust, day)?;
        let demand = Demand { roles: Approval::ROLES.to_vec(), not: vec![operator.0] };
        let signers = meets(&checked, &demand).context("the approval")?;
        if approval.binding != self.binding()? {
            bail!("the approval is bound to another archive, database, rule or number of rows");
        }
        if execution.started_on < approval.not_before || execution.started_on > approval.not_after {
            bail!("rows were deleted at a time for which the approval does not count");
        }
        if execution.nonce != approval.nonce
            || execution.approval != Digest::of(envelope.body())
            || execution.binding != approval.binding
        {
            bail!("the operator did not begin under this approval");
        }
        self.check_folder("approval.dsse.json", envelope.body(), Kind::Approval);
        let names: Vec<String> = signers.into_iter().map(|signer| signer.name).collect();
        self.checked(format!("approval: signed by {}, bound to this purge", names.join(" and ")));
        Ok(day)
    }

    /// The person of the operator who began, and how the envelope was found.
    fn operator(&self, trust: &Trust, day: Date) -> Result<(String, Checked)> {
        let (envelope, _) = body::<Execution>(self.purge.execution.as_deref(), "execution")?;
        let checked = check_envelope(&envelope, trust, day)?;
        let operator = meets(&checked, &Demand { roles: vec![Role::Operator], not: Vec::new() })
            .context("the operator's statement")?;
        let person = operator.into_iter().next().map(|one| one.person);
        Ok((person.context("nobody signed the operator's statement")?, checked))
    }

    fn check_execution(&mut self, trust: &Trust, day: Date) -> Result<()> {
        let (_, checked) = self.operator(trust, day)?;
        self.check_folder("execution.dsse.json", checked.body()?, Kind::Execution);
        let names: Vec<&str> = checked.signers.iter().map(|signer| signer.name.as_str()).collect();
        self.checked(format!("execution: begun by {}", names.join(", ")));
        Ok(())
    }

    /// What the certificate says is what the ledger says, and an operator signed it.
    fn check_certificate(&mut self, trust: &Trust) -> Result<()> {
        let (envelope, certificate) =
            body::<Certificate>(self.purge.certificate.as_deref(), "certificate")?;
        let day = day(&certificate.issued_on)?;
        let checked = check_envelope(&envelope, trust, day)?;
        let signers = meets(&checked, &Demand { roles: vec![Role::Operator], not: Vec::new() })
            .context("the certificate")?;
        let approval = body::<Approval>(self.purge.approval.as_deref(), "approval")?.0;
        let execution = body::<Execution>(self.purge.execution.as_deref(), "execution")?.0;
        if certificate.binding != self.binding()?
            || certificate.approval != Digest::of(approval.body())
            || certificate.execution != Digest::of(execution.body())
        {
            bail!("the certificate is about another purge, approval or execution");
        }
        let outcome = self.purge.outcome.as_ref().context("the ledger lacks the outcome")?;
        let selection = &self.purge.selection;
        let agrees = selection.tables.len() == certificate.tables.len()
            && selection.tables.iter().zip(&outcome.tables).zip(&certificate.tables).all(
                |((selected, came_to), certified)| {
                    certified.name == *selected.name()
                        && certified.selected == selected.listed.rows
                        && certified.counts == came_to.counts.into()
                        && certified.before == selected.before.into()
                        && certified.after == came_to.after.into()
                        && certified.outside_before == selected.outside.into()
                        && certified.outside_after == came_to.outside.into()
                },
            );
        if !agrees {
            bail!("the certificate has other figures than the ledger");
        }
        let note = self.purge.checkpoint.as_ref().context("the ledger lacks the checkpoint")?;
        let signed = SignedCheckpoint::parse(note).context("the checkpoint is malformed")?;
        let point = verify_checkpoint(&signed, trust, day)?.checkpoint;
        if (point.origin(), point.size(), point.root())
            != (selection.origin.as_str(), selection.rows, selection.root)
        {
            bail!("the checkpoint is that of another tree");
        }
        self.check_folder("certificate.dsse.json", envelope.body(), Kind::Certificate);
        let names: Vec<String> = signers.into_iter().map(|signer| signer.name).collect();
        self.checked(format!("certificate: signed by {}, and its figures hold", names.join(", ")));
        Ok(())
    }

    /// Every restore is attested by an operator, about this archive, with as many rows as the
    /// ledger has.
    fn check_restores(&mut self, trust: &Trust) -> Result<()> {
        let number = self.purge.number;
        let runs = restored(self.ledger(), number)?;
        let statements = restore_statements(self.ledger(), number)?;
        for (restore, text) in &statements {
            let rows: u64 =
                runs.iter().filter(|run| run.restore == *restore).map(|run| run.rows).sum();
            if let Err(error) = self.check_restore(trust, text, rows) {
                self.find(Kind::Restore, format!("restore {restore}: {error:#}"));
            }
        }
        if !statements.is_empty() {
            let rows: u64 = runs.iter().map(|run| run.rows).sum();
            self.checked(format!("restores: {}, of {rows} rows together", statements.len()));
        }
        Ok(())
    }

    fn check_restore(&self, trust: &Trust, text: &str, rows: u64) -> Result<()> {
        let (envelope, restore) = body::<Restore>(Some(text), "restore")?;
        let checked = check_envelope(&envelope, trust, day(&restore.restored_on)?)?;
        meets(&checked, &Demand { roles: vec![Role::Operator], not: Vec::new() })?;
        let stated: u64 = restore.tables.iter().map(|table| table.inserted + table.replaced).sum();
        let seal = self.purge.backup.as_ref().map(|backup| backup.seal);
        if Some(restore.seal) != seal
            || restore.origin != self.purge.selection.origin
            || stated != rows
        {
            bail!("it is about another archive, or about other rows than the ledger says");
        }
        Ok(())
    }

    /// The hand-over folder has the same statement as the ledger.
    fn check_folder(&mut self, name: &str, expected: &[u8], kind: Kind) {
        let Some(backup) = &self.purge.backup else { return };
        let path = self.request.handover.join("purges").join(&backup.package).join(name);
        let found = std::fs::read(&path).ok().and_then(|text| Envelope::parse(&text).ok());
        match found {
            Some(envelope) if envelope.body() == expected => {}
            Some(_) => self.find(kind, format!("{} is not the one of the ledger", path.display())),
            None => {
                self.find(kind, format!("{} is missing, or no envelope", path.display()));
            }
        }
    }
}

/// An envelope of the ledger, and what it says; its type is checked before what it says.
fn body<P: Predicate>(text: Option<&str>, what: &str) -> Result<(Envelope, P)> {
    let text = text.with_context(|| format!("the ledger lacks the {what}"))?;
    let damaged = || format!("the ledger's {what} is damaged");
    let envelope = Envelope::parse(text.as_bytes()).with_context(damaged)?;
    let statement = Statement::<P>::parse(envelope.body()).with_context(damaged)?;
    Ok((envelope, statement.predicate))
}

/// The day of a moment `YYYY-MM-DDTHH:MM:SSZ`.
fn day(moment: &str) -> Result<Date> {
    let day = moment.split('T').next().unwrap_or_default();
    day.parse().ok().with_context(|| format!("{moment:?} is not a moment"))
}
