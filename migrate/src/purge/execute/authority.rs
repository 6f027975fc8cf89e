//! Whether these rows may be deleted, here, now, by this operator.

use anyhow::{Context, Result, bail};
use handover_cli_kit::interrupt::Interrupt;
use handover_cli_kit::progress::Progress;
use handover_schemas::digest::Digest;
use handover_schemas::package::report::PackageVerdict;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::statement::{Approval, Execution};
use handover_schemas::purge::used::ApprovalUse;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Statement, Subject};
use handover_schemas::signing::trust::Role;
use handover_verify::package::{Identities, PackageRequest, verify_package};
use handover_verify::purge::ledger::{PurgeEntry, batches};
use handover_verify::signing::{
    Demand, Signatory, Trust, check_envelope, meets, parse_moment, today,
};

use super::ExecuteRequest;
use crate::keys::{Signer, sign_envelope};
use crate::ledger;
use crate::moment;
use crate::moved::moved_on;
use crate::package::sealed_dir;
use crate::purge::PurgeDatabase;
use crate::purge::approve::{
    approval_file, current_binding, in_use, is_of_this_place, read_approval, search_gaps,
    statements_dir,
};
use crate::purge::backup::archive_name;
use crate::purge::nonces;

/// Under what rows are deleted now.
pub(super) struct InForce {
    /// Number of the authority in the ledger.
    pub(super) number: i64,
    not_after: String,
}

impl InForce {
    /// An approval that ran out does not cover the next batch.
    pub(super) fn check_time(&self) -> Result<()> {
        if moment::now()? > parse_moment(&self.not_after)? {
            bail!(
                "the approval ran out at {}; what was deleted so far is recorded. Approve again \
                 (handover-migrate purge approve), then the same command goes on",
                self.not_after
            );
        }
        Ok(())
    }
}

/// Checks everything that stands between a backup and its deletion; then reserves the approval, in
/// the ledger first, then in the folder.
pub(super) fn authorize(
    database: &mut PurgeDatabase,
    request: &ExecuteRequest<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<InForce> {
    let purge = request.purge;
    let operator = operator(request.trust, request.operator)?;
    let moved_on = moved_on(database.store())?;
    let found = match in_use(purge, moved_on.as_deref())? {
        Some(in_use) => Some(in_use),
        None => read_approval(request.dir.path(), purge)?,
    };
    let Some((envelope, approval)) = found else {
        bail!(
            "nobody approved purge {} yet: {} is not there (handover-migrate purge approve)",
            purge.number,
            request.dir.path().join(approval_file(purge)).display()
        );
    };
    check_signatures(request.trust, &envelope, &operator)?;
    if approval.binding != current_binding(request.dir, purge)?
        || approval.search_gaps != search_gaps(purge)
    {
        bail!(
            "the approval is not about this purge: it is bound to another archive, database, rule, \
             number of rows or of rows that no search reaches. Nothing was deleted"
        );
    }
    if !is_of_this_place(&approval, moved_on.as_deref())? {
        bail!(
            "this was approved before the database moved ({}); approve again (handover-migrate \
             purge approve), for the place where rows are deleted now",
            moved_on.unwrap_or_default()
        );
    }
    if moment::now()? < parse_moment(&approval.not_before)? {
        bail!("the approval does not count before {}", approval.not_before);
    }
    let not_after = approval.not_after.clone();
    InForce { number: 0, not_after: not_after.clone() }.check_time()?;
    check_archive_on_disk(request, interrupt, progress)?;
    let reserving = Reserving { request, envelope, approval, operator };
    Ok(InForce { number: reserving.reserve(database)?, not_after })
}

/// The operator, whose key has to count today.
pub(crate) fn operator(trust: &Trust, signer: &dyn Signer) -> Result<Signatory> {
    let owner = trust.owner(&signer.key());
    let owner = owner.context("the trust file does not know the operator's key")?;
    if !owner.roles.contains(&Role::Operator) {
        bail!("the trust file does not give {}'s key the role of operator", owner.name);
    }
    // Whether it counts today is told by a signature.
    let mut probe = Envelope::new(
        Statement::new(vec![Subject::new("operator", Digest::EMPTY)], Probe {}).to_bytes()?,
    );
    sign_envelope(&mut probe, signer)?;
    if check_envelope(&probe, trust, today()?)?.signers.is_empty() {
        bail!("{}'s key is not valid today; see valid_from and valid_until", owner.name);
    }
    Ok(owner)
}

/// Signed only to see whether a key counts; never written anywhere.
#[derive(serde::Serialize, serde::Deserialize)]
struct Probe {}

impl handover_schemas::signing::statement::Predicate for Probe {
    const TYPE: &'static str = "urn:handover:probe:v1";
}

fn check_signatures(trust: &Trust, envelope: &Envelope, operator: &Signatory) -> Result<()> {
    let checked = check_envelope(envelope, trust, today()?)?;
    // The type of the statement before anything that it says.
    let _approval: Statement<Approval> = checked.statement()?;
    if checked.signers.iter().any(|signer| signer.person == operator.person) {
        bail!(
            "{} approved this purge, and cannot be its operator as well; another person has to \
             execute it",
            operator.name
        );
    }
    let demand = Demand { roles: Approval::ROLES.to_vec(), not: vec![operator.person.clone()] };
    meets(&checked, &demand).context("the approval is not complete")?;
    Ok(())
}

/// Every file of the archive has to be where it was and as it was: what is about to be deleted is
/// nowhere else.
fn check_archive_on_disk(
    request: &ExecuteRequest<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<()> {
    let backup = request.purge.backup.as_ref();
    let backup = backup.context("the ledger lacks the backup of this purge")?;
    let dir = sealed_dir(request.dir, &backup.package);
    let package = PackageRequest {
        dir: dir.clone(),
        seal: Some(backup.seal),
        ledger: None,
        identities: Identities::default(),
        jobs: 2,
    };
    let report = verify_package(&package, interrupt, progress)?;
    if report.verdict != PackageVerdict::Intact {
        bail!(
            "the archive {} is not what was backed up any more; handover-verify package says \
             where. Nothing was deleted",
            dir.display()
        );
    }
    Ok(())
}

/// What is about to be reserved.
struct Reserving<'a> {
    request: &'a ExecuteRequest<'a>,
    envelope: Envelope,
    approval: Approval,
    operator: Signatory,
}

impl Reserving<'_> {
    /// An approval is used once. The ledger and the folder both know which ones were; one that only
    /// one of them knows stands for a database, or a folder, that was put back to an earlier day.
    fn reserve(&self, database: &mut PurgeDatabase) -> Result<i64> {
        let (purge, nonce) = (self.request.purge, &self.approval.nonce);
        let by_ledger = ledger::nonce_used_by(database.store(), &nonce.to_string())?;
        match (by_ledger, nonces::known(self.request.dir, nonce)?) {
            (None, None) => self.record(database),
            (None, Some(_)) => bail!(
                "the hand-over folder knows that this approval was used, and the database does \
                 not: it was put back to an earlier day. Nothing was deleted; approve anew, once \
                 it is clear what happened"
            ),
            (Some(number), _) if number != purge.number => {
                bail!("this approval was used for purge {number}; an approval is used once")
            }
            (Some(_), None) if self.has_no_batch(database)? => self.go_on(database),
            (Some(_), None) => bail!(
                "rows were deleted under this approval, and the hand-over folder does not know \
                 it: this is not the folder with which it was begun, or it was put back to an \
                 earlier day"
            ),
            (Some(_), Some(ApprovalUse::Begun)) if purge.state == PurgeState::Executing => {
                self.go_on(database)
            }
            (Some(_), Some(ApprovalUse::Begun | ApprovalUse::Finished)) => bail!(
                "this approval was used to its end, and the ledger says that purge {} is {}: the \
                 database was put back to an earlier day. Nothing was deleted",
                purge.number,
                purge.state
            ),
        }
    }

    /// Whether a run was killed between the ledger and the folder, before the first row.
    fn has_no_batch(&self, database: &mut PurgeDatabase) -> Result<bool> {
        let purge = self.request.purge;
        let nonce = self.approval.nonce.to_string();
        let under = |number: i64| {
            purge.authorities.iter().any(|one| one.number == number && one.nonce == nonce)
        };
        Ok(!batches(database.store(), purge.number)?.iter().any(|one| under(one.authority)))
    }

    /// Goes on under what was reserved before; another operator signs for going on.
    fn go_on(&self, database: &mut PurgeDatabase) -> Result<i64> {
        let last = self.request.purge.authorities.last();
        let last = last.context("the ledger lacks the authority of this purge")?;
        let begun = Envelope::parse(last.execution.as_bytes());
        let begun = begun.context("the ledger's operator's statement is damaged")?;
        let checked = check_envelope(&begun, self.request.trust, today()?)?;
        if !checked.signers.iter().any(|signer| signer.person == self.operator.person) {
            return self.record(database);
        }
        self.write_files(last.number, &last.approval, &last.execution)?;
        self.note()?;
        Ok(last.number)
    }

    fn record(&self, database: &mut PurgeDatabase) -> Result<i64> {
        let approval = self.envelope.to_text().context("cannot write the approval")?;
        let execution = self.execution()?;
        let nonce = self.approval.nonce.to_string();
        let store = database.store();
        let number =
            ledger::record_authority(store, self.request.purge, &nonce, &approval, &execution)?;
        self.write_files(number, &approval, &execution)?;
        self.note()?;
        Ok(number)
    }

    fn note(&self) -> Result<()> {
        let (dir, nonce) = (self.request.dir, &self.approval.nonce);
        if nonces::known(dir, nonce)?.is_none() {
            nonces::note(dir, nonce, &self.request.purge.selection.origin, ApprovalUse::Begun)?;
        }
        Ok(())
    }

    /// The operator's own statement, signed.
    fn execution(&self) -> Result<String> {
        let approval = &self.approval;
        let statement = Statement::new(
            vec![Subject::new(archive_name(self.request.purge), approval.binding.seal)],
            Execution {
                binding: approval.binding.clone(),
                approval: Digest::of(self.envelope.body()),
                nonce: approval.nonce,
                started_on: moment::now()?.to_string(),
            },
        );
        let mut envelope = Envelope::new(statement.to_bytes().context("cannot write a statement")?);
        sign_envelope(&mut envelope, self.request.operator)?;
        envelope.to_text().context("cannot write a statement")
    }

    fn write_files(&self, number: i64, approval: &str, execution: &str) -> Result<()> {
        let dir = statements_dir(self.request.purge);
        for (what, text) in [("approval", approval), ("execution", execution)] {
            let name = format!("{dir}/{what}-{number}.dsse.json");
            self.request.dir.write(&name, text.as_bytes())?;
        }
        Ok(())
    }
}

/// The nonces under which rows of a purge were deleted.
pub(in crate::purge) fn used_nonces(purge: &PurgeEntry) -> Result<Vec<Digest>> {
    let parse = |nonce: &str| nonce.parse().context("the ledger has a nonce that is none");
    purge.authorities.iter().map(|one| parse(&one.nonce)).collect()
}
