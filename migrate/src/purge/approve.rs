//! `purge approve`: two people sign that what was backed up may be deleted.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_schemas::digest::Digest;
use handover_schemas::purge::gaps::SearchGaps;
use handover_schemas::purge::record::PurgeState;
use handover_schemas::purge::statement::{Approval, Binding};
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Statement, Subject};
use handover_verify::archive::ArchiveReader;
use handover_verify::package::Identities;
use handover_verify::purge::ledger::PurgeEntry;
use handover_verify::signing::{Signatory, Trust, check_envelope, parse_moment, today};

use super::backup::archive_name;
use super::nonces;
use crate::keys::{Signer, sign_envelope};
use crate::moment;
use crate::package::sealed_dir;
use crate::random::random;

/// What to approve, and how.
pub struct ApproveRequest<'a> {
    /// The hand-over folder.
    pub dir: &'a HandoverDir,
    /// The purge.
    pub purge: &'a PurgeEntry,
    /// Whose keys count.
    pub trust: &'a Trust,
    /// When the database moved last: an approval from before is of another place.
    pub moved_on: Option<&'a str>,
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
    if let Some((_, used)) = in_use(request.purge, request.moved_on)? {
        bail!(
            "an approval that counts until {} is in use; purge execute goes on under it",
            used.not_after
        );
    }
    let gaps = search_gaps(request.purge);
    let was_used = |envelope: &Envelope| {
        let used = request.purge.authorities.iter();
        let mut used = used.filter_map(|one| Envelope::parse(one.approval.as_bytes()).ok());
        used.any(|used| used.body() == envelope.body())
    };
    if let Some((envelope, approval)) = read_approval(request.dir.path(), request.purge)?
        && approval.binding == binding
        && approval.search_gaps == gaps
        && moment::now()? <= parse_moment(&approval.not_after)?
        && is_of_this_place(&approval, request.moved_on)?
        && !was_used(&envelope)
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
        search_gaps: gaps,
        not_before: now.to_string(),
        not_after: moment::days_later(now, request.days)?.to_string(),
        nonce: Digest::from_bytes(random()?),
    };
    let subject = Subject::new(archive_name(request.purge), approval.binding.seal);
    let statement = Statement::new(vec![subject], approval.clone());
    Ok((Envelope::new(statement.to_bytes().context("cannot write the approval")?), approval))
}

/// The rows that nobody will find in the archive, as backup counted them.
pub(super) fn search_gaps(purge: &PurgeEntry) -> Vec<SearchGaps> {
    purge.backup.as_ref().map(|backup| backup.gaps.clone()).unwrap_or_default()
}

/// The approval under which rows of this purge are being deleted, if it still counts.
pub(super) fn in_use(
    purge: &PurgeEntry,
    moved_on: Option<&str>,
) -> Result<Option<(Envelope, Approval)>> {
    let Some(authority) = purge.authorities.last() else { return Ok(None) };
    let damaged = "the ledger's approval of this purge is damaged";
    let envelope = Envelope::parse(authority.approval.as_bytes()).context(damaged)?;
    let approval = Statement::<Approval>::parse(envelope.body()).context(damaged)?.predicate;
    let counts = moment::now()? <= parse_moment(&approval.not_after)?
        && is_of_this_place(&approval, moved_on)?;
    Ok(counts.then_some((envelope, approval)))
}

/// Two people agreed that rows are deleted from a database at its place: if it moved since, they
/// have to agree again.
pub(super) fn is_of_this_place(approval: &Approval, moved_on: Option<&str>) -> Result<bool> {
    let Some(moved_on) = moved_on else { return Ok(true) };
    Ok(parse_moment(&approval.not_before)? >= parse_moment(moved_on)?)
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
        | PurgeState::Closed
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
    if !purge.selection.is_archived_by(reader.manifest()) {
        bail!(
            "{} is not the archive of what was selected, and the ledger names its seal: somebody \
             changed both. Nobody should sign this",
            place.display()
        );
    }
    Binding::new(&purge.selection, backup).context("cannot write the binding")
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
    let seals: Vec<Digest> = statement.subject.iter().map(|one| one.digest.sha256).collect();
    if seals != [statement.predicate.binding.seal] {
        bail!("{}: its subject is not the archive it is bound to", place());
    }
    Ok(Some((envelope, statement.predicate)))
}
