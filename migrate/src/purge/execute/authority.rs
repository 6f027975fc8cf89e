//! Whether these rows may be deleted, here, now, by this operator.

use anyhow::{Context, Result, bail};
use handover_schemas::digest::Digest;
use handover_schemas::package::report::PackageVerdict;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::statement::{Approval, Execution};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Statement, Subject};
use handover_schemas::signing::trust::Role;
use handover_verify::interrupt::Interrupt;
use handover_verify::package::{Identities, PackageRequest, verify_package};
use handover_verify::progress::Progress;
use handover_verify::purge::ledger::{PurgeEntry, batches};
use handover_verify::signing::{Demand, Signatory, Trust, check_envelope, meets, today};

use super::ExecuteRequest;
use crate::keys::{Signer, sign_envelope};
use crate::ledger;
use crate::package::sealed_dir;
use crate::purge::PurgeDatabase;
use crate::purge::approve::{approval_file, current_binding, read_approval, statements_dir};
use crate::purge::backup::archive_name;
use crate::purge::moment;
use crate::purge::nonces::{self, Use};

/// Checks everything that stands between a backup and its deletion; then reserves the approval, in
/// the ledger first, then in the folder. Gives its nonce.
pub(super) fn authorize(
    database: &mut PurgeDatabase,
    request: &ExecuteRequest<'_>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result<Digest> {
    let purge = request.purge;
    let operator = operator(request.trust, request.operator)?;
    let found = read_approval(request.dir.path(), purge)?;
    let Some((envelope, approval)) = found else {
        bail!(
            "nobody approved purge {} yet: {} is not there (handover-migrate purge approve)",
            purge.number,
            request.dir.path().join(approval_file(purge)).display()
        );
    };
    check_signatures(request.trust, &envelope, &operator)?;
    if approval.binding != current_binding(request.dir, purge)? {
        bail!(
            "the approval is not about this purge: it is bound to another archive, database, rule \
             or number of rows. Nothing was deleted"
        );
    }
    check_time(&approval)?;
    check_archive_on_disk(request, interrupt, progress)?;
    reserve(database, request, &envelope, &approval)?;
    Ok(approval.nonce)
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

fn check_time(approval: &Approval) -> Result<()> {
    let now = moment::now()?;
    if now < moment::parse(&approval.not_before)? {
        bail!("the approval does not count before {}", approval.not_before);
    }
    if now > moment::parse(&approval.not_after)? {
        bail!(
            "the approval ran out at {}; approve again (handover-migrate purge approve)",
            approval.not_after
        );
    }
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

/// An approval is used once. The ledger and the folder both know which ones were; one that only one
/// of them knows stands for a database, or a folder, that was put back to an earlier day.
fn reserve(
    database: &mut PurgeDatabase,
    request: &ExecuteRequest<'_>,
    envelope: &Envelope,
    approval: &Approval,
) -> Result<()> {
    let (purge, nonce) = (request.purge, &approval.nonce);
    let by_ledger = ledger::nonce_used_by(database.store(), &nonce.to_string())?;
    let by_folder = nonces::known(request.dir, nonce)?;
    match (by_ledger, by_folder) {
        (None, None) => {
            let text = envelope.to_text().context("cannot write the approval")?;
            let execution = execution(request, envelope, approval)?;
            ledger::record_execution(
                database.store(),
                purge.number,
                &nonce.to_string(),
                &text,
                &execution,
            )?;
            write_execution(request, &execution)?;
            nonces::note(request.dir, nonce, &purge.selection.origin, Use::Begun)
        }
        (None, Some(_)) => bail!(
            "the hand-over folder knows that this approval was used, and the database does not: it \
             was put back to an earlier day. Nothing was deleted; approve anew, once it is clear \
             what happened"
        ),
        (Some(number), _) if number != purge.number => {
            bail!("this approval was used for purge {number}; an approval is used once")
        }
        (Some(_), None) if batches(database.store(), purge.number)?.is_empty() => {
            // Killed between the ledger and the folder, before the first row.
            write_execution(request, purge.execution.as_deref().unwrap_or_default())?;
            nonces::note(request.dir, nonce, &purge.selection.origin, Use::Begun)
        }
        (Some(_), None) => bail!(
            "rows were deleted under this approval, and the hand-over folder does not know it: \
             this is not the folder with which it was begun, or it was put back to an earlier day"
        ),
        (Some(_), Some(Use::Begun)) if purge.state == PurgeState::Executing => Ok(()),
        (Some(_), Some(Use::Begun | Use::Finished)) => bail!(
            "this approval was used to its end, and the ledger says that purge {} is {}: the \
             database was put back to an earlier day. Nothing was deleted",
            purge.number,
            purge.state
        ),
    }
}

/// The operator's own statement, signed.
fn execution(
    request: &ExecuteRequest<'_>,
    approved: &Envelope,
    approval: &Approval,
) -> Result<String> {
    let statement = Statement::new(
        vec![Subject::new(archive_name(request.purge), approval.binding.seal)],
        Execution {
            binding: approval.binding.clone(),
            approval: Digest::of(approved.body()),
            nonce: approval.nonce,
            started_on: moment::now()?.to_string(),
        },
    );
    let mut envelope = Envelope::new(statement.to_bytes().context("cannot write a statement")?);
    sign_envelope(&mut envelope, request.operator)?;
    envelope.to_text().context("cannot write a statement")
}

fn write_execution(request: &ExecuteRequest<'_>, text: &str) -> Result<()> {
    let name = format!("{}/execution.dsse.json", statements_dir(request.purge));
    request.dir.write(&name, text.as_bytes()).map(|_path| ())
}

/// The nonce of the approval that the ledger says was used.
pub(super) fn used_nonce(purge: &PurgeEntry) -> Result<Digest> {
    let text = purge.approval.as_ref().context("the ledger lacks the approval of this purge")?;
    let envelope = Envelope::parse(text.as_bytes()).context("the ledger's approval is damaged")?;
    let statement: Statement<Approval> =
        Statement::parse(envelope.body()).context("the ledger's approval is damaged")?;
    Ok(statement.predicate.nonce)
}
