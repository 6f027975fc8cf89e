//! `purge approve`: two people sign that what was backed up may be deleted.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_schemas::digest::Digest;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::statement::{Approval, Binding};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Statement, Subject};
use handover_verify::archive::ArchiveReader;
use handover_verify::handover_dir::HandoverDir;
use handover_verify::package::Identities;
use handover_verify::purge::is_archive_of;
use handover_verify::purge::ledger::PurgeEntry;
use handover_verify::signing::{Signatory, Trust, check_envelope, today};

use super::backup::archive_name;
use super::{moment, nonces, select};
use crate::keys::{Signer, sign_envelope};
use crate::package::sealed_dir;

/// What to approve, and how.
pub struct ApproveRequest<'a> {
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// The purge.
    pub purge: &'a PurgeEntry,
    /// Whose keys count.
    pub trust: &'a Trust,
    /// For how many days a new approval counts.
    pub days: u16,
}

/// An approval as it stands.
pub struct Standing {
    /// What is approved.
    pub approval: Approval,
    /// Who signed, with keys that count today.
    pub signers: Vec<Signatory>,
    /// Where the envelope is; `None` if nobody signed yet.
    pub file: Option<PathBuf>,
}

/// Where the statements of a purge are, below the hand-over folder.
pub fn statements_dir(purge: &PurgeEntry) -> String {
    format!("purges/{}", archive_name(purge))
}

/// Name of the envelope, below the hand-over folder.
pub(super) fn approval_file(purge: &PurgeEntry) -> String {
    format!("{}/approval.dsse.json", statements_dir(purge))
}

/// What would be signed now: the approval that others signed already, or a new one.
pub fn standing(request: &ApproveRequest<'_>) -> Result<Standing> {
    let (envelope, approval) = begun_or_new(request)?;
    let checked = check_envelope(&envelope, request.trust, today()?)?;
    let file = request.dir.path().join(approval_file(request.purge));
    let file = (!envelope.signatures.is_empty()).then_some(file);
    Ok(Standing { approval, signers: checked.signers, file })
}

/// Signs.
pub fn approve(request: &ApproveRequest<'_>, signer: &dyn Signer) -> Result<Standing> {
    let person = request.trust.owner(&signer.key()).with_context(|| {
        format!("the trust file does not know this key ({})", signer.key().keyid())
    })?;
    if !Approval::ROLES.iter().any(|role| person.roles.contains(role)) {
        bail!(
            "{} may not approve: the trust file gives that key the role of neither data_owner nor \
             custodian",
            person.name
        );
    }
    let (mut envelope, approval) = begun_or_new(request)?;
    let before = check_envelope(&envelope, request.trust, today()?)?;
    if before.signers.iter().any(|known| known.person == person.person) {
        bail!("{} signed this approval already; another person has to sign too", person.name);
    }
    sign_envelope(&mut envelope, signer)?;
    let checked = check_envelope(&envelope, request.trust, today()?)?;
    if !checked.signers.iter().any(|known| known.keyid == person.keyid) {
        bail!("{}'s key is not valid today; see valid_from and valid_until", person.name);
    }
    let text = envelope.to_text().context("cannot write the approval")?;
    let file = request.dir.write(&approval_file(request.purge), text.as_bytes())?;
    Ok(Standing { approval, signers: checked.signers, file: Some(file) })
}

/// The envelope that is there, if it is about this purge as it is now and still counts; a new one
/// otherwise.
fn begun_or_new(request: &ApproveRequest<'_>) -> Result<(Envelope, Approval)> {
    let binding = current_binding(request.dir, request.purge)?;
    if let Some((envelope, approval)) = read_approval(request.dir.path(), request.purge)?
        && approval.binding == binding
        && moment::now()? <= moment::parse(&approval.not_after)?
        && !is_used(request.purge, &envelope)
        && !used_before(request, &approval)?
    {
        return Ok((envelope, approval));
    }
    let now = moment::now()?;
    let rule = &request.purge.selection.rule;
    let approval = Approval {
        binding,
        reason_vi: rule.reason_vi.clone(),
        reason_en: rule.reason_en.clone(),
        legal_basis: rule.legal_basis.clone(),
        retain_until: rule.retain_until.clone(),
        not_before: now.to_string(),
        not_after: moment::days_later(now, request.days)?.to_string(),
        nonce: Digest::from_bytes(select::new_key()?),
    };
    let subject = Subject::new(archive_name(request.purge), approval.binding.seal);
    let statement = Statement::new(vec![subject], approval.clone());
    Ok((Envelope::new(statement.to_bytes().context("cannot write the approval")?), approval))
}

/// An approval that was used and ran out is replaced by a new one; while it counts, it goes on.
fn is_used(purge: &PurgeEntry, envelope: &Envelope) -> bool {
    let used = purge.approval.as_ref().and_then(|text| Envelope::parse(text.as_bytes()).ok());
    used.is_some_and(|used| used.body() == envelope.body())
}

/// One that the folder knows and the ledger does not was used before the database was put back to
/// an earlier day: it cannot be used again.
fn used_before(request: &ApproveRequest<'_>, approval: &Approval) -> Result<bool> {
    Ok(nonces::known(request.dir, &approval.nonce)?.is_some())
}

/// What approvals have to be bound to now. The archive has to be the one that was backed up.
pub(super) fn current_binding(dir: &HandoverDir, purge: &PurgeEntry) -> Result<Binding> {
    let backup = match purge.state {
        PurgeState::BackedUp | PurgeState::Executing => purge.backup.as_ref(),
        state @ (PurgeState::Selected
        | PurgeState::Executed
        | PurgeState::Certified
        | PurgeState::Abandoned) => {
            bail!(
                "purge {} is {state}; what is approved is a purge that is backed up",
                purge.number
            )
        }
    };
    let backup = backup.context("the ledger lacks the backup of this purge")?;
    let place = sealed_dir(dir, &backup.package);
    let reader = ArchiveReader::open(&place, Identities::default(), Some(backup.seal))?;
    if !is_archive_of(reader.manifest(), &purge.selection) {
        bail!(
            "{} is not the archive of what was selected, and the ledger names its seal: somebody \
             changed both. Nobody should sign this",
            place.display()
        );
    }
    Binding::new(&purge.selection, backup.seal).context("cannot write the binding")
}

/// The envelope in the hand-over folder, with what it says; its signatures are not looked at.
pub(super) fn read_approval(
    dir: &Path,
    purge: &PurgeEntry,
) -> Result<Option<(Envelope, Approval)>> {
    let path = dir.join(approval_file(purge));
    let place = || format!("cannot read the approval {}", path.display());
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(place),
    };
    let envelope = Envelope::parse(&text).with_context(place)?;
    let statement = Statement::<Approval>::parse(envelope.body()).with_context(place)?;
    Ok(Some((envelope, statement.predicate)))
}
