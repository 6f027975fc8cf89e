//! Under what rows were deleted: approvals, and the operators' statements under them.

use anyhow::{Context, Result, bail};
use handover_schemas::date::Date;
use handover_schemas::digest::Digest;
use handover_schemas::moved::MovedEnd;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::statement::{Approval, Binding, Execution};
use handover_schemas::purge::used::{ApprovalUse, USED_APPROVALS_FILE, used_approvals};
use handover_schemas::purge::verdict::PurgeFindingKind as Kind;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Predicate, Statement};

use super::Check;
use crate::ledger::moves::{LedgerMove, moves, signed_by};
use crate::purge::ledger::{Authority, batches};
use crate::signing::{
    Checked, Demand, Signatory, Trust, check_envelope, day_of, meets, operator_of, parse_moment,
};

impl Check<'_> {
    pub(super) fn check_statements(&mut self) -> Result<()> {
        match self.purge.state {
            PurgeState::Selected | PurgeState::BackedUp | PurgeState::Abandoned => return Ok(()),
            PurgeState::Executing
            | PurgeState::Executed
            | PurgeState::Certified
            | PurgeState::Closed => {}
        }
        self.check_batches_have_authority()?;
        self.check_used();
        let Some(trust) = self.request.trust.clone() else {
            self.unverified("signatures: say whose keys count (--trust, or handover.toml)");
            return Ok(());
        };
        let moves = self.check_moves(&trust)?;
        for authority in &self.purge.authorities {
            if let Err(error) = check_after_moves(authority, &moves) {
                self.find(Kind::Approval, format!("{error:#}"));
            }
            if let Err(error) = self.check_authority(&trust, authority) {
                self.find(Kind::Approval, format!("{error:#}"));
            }
        }
        if self.purge.state == PurgeState::Certified
            && let Err(error) = self.check_certificate(&trust)
        {
            self.find(Kind::Certificate, format!("{error:#}"));
        }
        if self.purge.state == PurgeState::Closed
            && let Err(error) = self.check_closing(&trust)
        {
            self.find(Kind::Certificate, format!("{error:#}"));
        }
        self.check_restores(&trust)
    }

    /// Moves of the database, each signed by an operator: rows are deleted and put back at the last
    /// place only.
    fn check_moves(&mut self, trust: &Trust) -> Result<Vec<LedgerMove>> {
        let moves = moves(self.ledger())?;
        for one in &moves {
            match signed_by(one, trust) {
                Ok((operator, checked)) => {
                    self.checked(format!(
                        "move {}: the {} is at {} since {}, signed by {}",
                        one.number, one.says.end, one.says.to, one.says.moved_on, operator.name
                    ));
                    self.tell_other_signatures(&format!("move {}", one.number), &checked);
                }
                Err(error) => self.find(Kind::Ledger, format!("move {}: {error:#}", one.number)),
            }
        }
        Ok(moves)
    }

    /// What statements about this purge have to be bound to.
    pub(super) fn binding(&self) -> Result<Binding> {
        let backup = self.purge.backup.as_ref().context("the ledger lacks the backup")?;
        Binding::new(&self.purge.selection, backup).context("cannot write the binding")
    }

    fn check_batches_have_authority(&mut self) -> Result<()> {
        let number = self.purge.number;
        let batches = batches(self.ledger(), number)?;
        let known = |number: i64| self.purge.authorities.iter().any(|one| one.number == number);
        if self.purge.authorities.is_empty() || !batches.iter().all(|one| known(one.authority)) {
            self.find(Kind::Approval, "rows were deleted under no approval that the ledger knows");
        }
        Ok(())
    }

    /// The folder knows that the approvals were used, and how far.
    fn check_used(&mut self) {
        let path = self.request.handover.join(USED_APPROVALS_FILE);
        let place = path.display();
        let used = std::fs::read_to_string(&path).ok().and_then(|text| used_approvals(&text).ok());
        let Some(used) = used else {
            self.find(Kind::Approval, format!("{place} is missing or damaged"));
            return;
        };
        let finished = matches!(self.purge.state, PurgeState::Certified | PurgeState::Closed);
        let is_noted = |authority: &Authority| {
            let nonce: Option<Digest> = authority.nonce.parse().ok();
            let state = nonce.and_then(|nonce| used.get(&nonce));
            state.is_some_and(|state| !finished || *state == ApprovalUse::Finished)
        };
        if !self.purge.authorities.iter().all(is_noted) {
            self.find(Kind::Approval, format!("{place} does not know how far this purge came"));
        }
    }

    /// Two people, neither the operator; bound to this purge; in time; begun by an operator.
    fn check_authority(&mut self, trust: &Trust, authority: &Authority) -> Result<()> {
        let binding = self.binding()?;
        let (execution_envelope, execution) = body::<Execution>(&authority.execution, "execution")?;
        let day = day_of(&execution.started_on)?;
        let number = authority.number;
        let operator = self
            .signed_by_operator(&format!("execution {number}"), &execution_envelope, (trust, day))
            .context("the operator's statement")?;
        let (envelope, approval) = body::<Approval>(&authority.approval, "approval")?;
        let checked = check_envelope(&envelope, trust, day)?;
        let demand = Demand { roles: Approval::ROLES.to_vec(), not: vec![operator.person.clone()] };
        let signers = meets(&checked, &demand).context("the approval")?;
        self.tell_other_signatures(&format!("approval {number}"), &checked);
        if approval.binding != binding {
            bail!("the approval is bound to another archive, database, rule or selection");
        }
        if self.purge.backup.as_ref().is_none_or(|backup| backup.gaps != approval.search_gaps) {
            bail!("the approval has other counts of what the index lacks than the ledger");
        }
        let started = parse_moment(&execution.started_on)?;
        if started < parse_moment(&approval.not_before)?
            || started > parse_moment(&approval.not_after)?
        {
            bail!("rows were deleted at a time for which the approval does not count");
        }
        if execution.nonce != approval.nonce
            || execution.approval != Digest::of(envelope.body())
            || execution.binding != approval.binding
            || authority.nonce != approval.nonce.to_string()
        {
            bail!("the operator did not begin under this approval");
        }
        self.check_folder(&format!("approval-{number}.dsse.json"), &envelope, Kind::Approval);
        let name = format!("execution-{number}.dsse.json");
        self.check_folder(&name, &execution_envelope, Kind::Execution);
        let names: Vec<String> = signers.into_iter().map(|signer| signer.name).collect();
        self.checked(format!(
            "approval: signed by {}, bound to this purge; begun by {}",
            names.join(" and "),
            operator.name
        ));
        Ok(())
    }

    /// The operator who signed an envelope; other signatures of it are told.
    pub(super) fn signed_by_operator(
        &mut self,
        what: &str,
        envelope: &Envelope,
        (trust, day): (&Trust, Date),
    ) -> Result<Signatory> {
        let checked = check_envelope(envelope, trust, day)?;
        let operator = operator_of(&checked)?;
        self.tell_other_signatures(what, &checked);
        Ok(operator)
    }

    /// Tells of signatures that change nothing beside those that were needed.
    pub(super) fn tell_other_signatures(&mut self, what: &str, checked: &Checked) {
        for other in checked.beside_enough() {
            self.not_checked(format!("signatures of {what}: {other}"));
        }
    }

    /// The hand-over folder has the same statement as the ledger.
    pub(super) fn check_folder(&mut self, name: &str, expected: &Envelope, kind: Kind) {
        let Some(backup) = &self.purge.backup else { return };
        let path = self.request.handover.join("purges").join(&backup.package).join(name);
        let found = std::fs::read(&path).ok().and_then(|text| Envelope::parse(&text).ok());
        match found {
            Some(envelope) if envelope == *expected => {}
            Some(_) => self.find(kind, format!("{} is not the one of the ledger", path.display())),
            None => {
                self.find(kind, format!("{} is missing, or no envelope", path.display()));
            }
        }
    }
}

/// An approval is of the database at its place: nothing is deleted under one from before a move.
fn check_after_moves(authority: &Authority, moves: &[LedgerMove]) -> Result<()> {
    let (_, execution) = body::<Execution>(&authority.execution, "execution")?;
    let (_, approval) = body::<Approval>(&authority.approval, "approval")?;
    let (from, until) = (parse_moment(&approval.not_before)?, parse_moment(&execution.started_on)?);
    for says in moves.iter().map(|one| &one.says).filter(|says| says.end == MovedEnd::Target) {
        let moved_on = parse_moment(&says.moved_on)?;
        if from < moved_on && moved_on <= until {
            bail!("rows were deleted under an approval from before the database moved");
        }
    }
    Ok(())
}

/// An envelope of the ledger, and what it says. Its type is checked before what it says; what it
/// says is about its one subject.
pub(super) fn body<P: Predicate + AboutArchive>(text: &str, what: &str) -> Result<(Envelope, P)> {
    let damaged = || format!("the ledger's {what} is damaged");
    let envelope = Envelope::parse(text.as_bytes()).with_context(damaged)?;
    let statement = Statement::<P>::parse(envelope.body()).with_context(damaged)?;
    let subjects: Vec<Digest> = statement.subject.iter().map(|one| one.digest.sha256).collect();
    if subjects != [statement.predicate.seal()] {
        bail!("the subject of the {what} is not the archive that it is about");
    }
    Ok((envelope, statement.predicate))
}

/// A predicate about an archive.
pub(super) trait AboutArchive {
    /// The archive's seal.
    fn seal(&self) -> Digest;
}

impl AboutArchive for Approval {
    fn seal(&self) -> Digest {
        self.binding.seal
    }
}

impl AboutArchive for Execution {
    fn seal(&self) -> Digest {
        self.binding.seal
    }
}
