//! Adding a signature to an envelope.

use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::HandoverDir;
use handover_cli_kit::private_file;
use handover_schemas::attestation::{Audit, Closing, HandoverAttestation};
use handover_schemas::date::Date;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::{Predicate, StatementHeader};
use handover_verify::signing::{Checked, Signatory, Trust, check_envelope};

use crate::keys::{Signer, sign_envelope};

/// What to sign.
pub struct SignRequest<'a> {
    /// The envelope's file.
    pub file: &'a Path,
    /// Whose keys count.
    pub trust: &'a Trust,
    /// Who signs.
    pub signer: &'a dyn Signer,
    /// This day.
    pub today: Date,
}

/// Adds a signature to an envelope, in its place. Refused if the key is not in the trust file, does
/// not count today, or if a signature that is there is not over this content.
pub fn add_signature(request: &SignRequest<'_>) -> Result<(Checked, Signatory)> {
    let place = || format!("{}", request.file.display());
    let parent = request.file.parent().filter(|parent| !parent.as_os_str().is_empty());
    // Somebody who signs at the same time must not lose the signature.
    let _alone = HandoverDir::at(parent.unwrap_or(Path::new("."))).lock()?;
    let text = std::fs::read(request.file).with_context(|| format!("cannot read {}", place()))?;
    let mut envelope = Envelope::parse(&text).with_context(place)?;
    let header = StatementHeader::parse(envelope.body()).with_context(place)?;
    let here = [HandoverAttestation::TYPE, Closing::TYPE, Audit::TYPE];
    if !here.contains(&header.predicate_type.as_str()) {
        bail!(
            "{}: it states {:?}, which is not signed here: an approval of a purge is signed with \
             handover-migrate purge approve, which shows what is approved",
            place(),
            header.predicate_type
        );
    }
    let before = check_envelope(&envelope, request.trust, request.today).with_context(place)?;
    if let Some(first) = before.bad.first() {
        bail!(
            "{}: the signature of {} is not over this content: it, or the content, was changed. \
             Nothing was signed. Look into it; if you move the file away, attest (or attest --close) \
             writes it again as the ledger has it, to be signed anew",
            place(),
            first.name
        );
    }
    let signatory = request.trust.owner(&request.signer.key()).context(
        "the key is not in the trust file: nobody would believe its signature. Have its entry \
         added there by those who keep it",
    )?;
    if before.signers.iter().any(|known| known.keyid == signatory.keyid) {
        bail!("{}: {} has signed with this key already", place(), signatory.name);
    }
    sign_envelope(&mut envelope, request.signer)?;
    let after = check_envelope(&envelope, request.trust, request.today)?;
    if !after.signers.contains(&signatory) {
        bail!("the key of {} does not count today; see its days in the trust file", signatory.name);
    }
    let text = envelope.to_text().context("cannot write the envelope")?;
    private_file::replace(request.file, text.as_bytes())?;
    Ok((after, signatory))
}
