//! An in-toto statement about the file, in a DSSE envelope.

use anyhow::{Context, Result, bail};
use handover_schemas::evidence::EvidenceSigner;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::StatementHeader;
use handover_schemas::signing::trust::Role;
use jiff::Timestamp;

use super::digests::FileDigests;
use crate::signing::{Trust, check_envelope, day_of};

/// How our own statements' types begin, of which none is about an evidence file.
const OWN_TYPES: &str = "urn:handover:";

/// Longest `predicateType` that is taken, in bytes.
const TYPE_MAX: usize = 300;

/// What the statement states, and who signed it; every signature of the envelope has to be of somebody whom the trust file
/// calls `outside_body`.
pub(super) fn check(
    text: &[u8],
    file: &FileDigests,
    trust: &Trust,
    at: Timestamp,
) -> Result<(String, Vec<EvidenceSigner>)> {
    let envelope = Envelope::parse(text)?;
    let checked = check_envelope(&envelope, trust, day_of(&at.to_string())?)?;
    let body = checked.body()?;
    let counted = checked.signers.len() + checked.repeated.len();
    if counted != envelope.signatures.len() {
        let mut wrong = checked.wrong();
        if !checked.unknown.is_empty() {
            wrong.push("a signature is of a key that is not in the trust file".to_owned());
        }
        bail!("not every signature of the envelope holds: {}", wrong.join("; "));
    }
    let statement = StatementHeader::parse(body).context("the envelope's payload")?;
    if statement.predicate_type.starts_with(OWN_TYPES) {
        bail!(
            "it is a statement about something else ({}), and not about a result file",
            statement.predicate_type
        );
    }
    is_shown(&statement.predicate_type)?;
    if !statement.subject.iter().any(|subject| subject.digest.sha256 == file.sha256) {
        bail!("it is over another file: no subject of it has the SHA-256 {}", file.sha256);
    }
    let signers = checked.signers.iter().map(|signer| {
        if !signer.roles.contains(&Role::OutsideBody) {
            bail!(
                "{} signed, and the trust file does not give that key the role outside_body",
                signer.name
            );
        }
        let validity = trust.validity(signer).context("the trust file lost a key")?;
        Ok(EvidenceSigner {
            subject: format!("{}, {}", signer.name, signer.organisation),
            fingerprint: signer.keyid,
            authority: None,
            signed_on: None,
            valid_from: validity.0.to_string(),
            valid_until: validity.1.to_string(),
        })
    });
    Ok((statement.predicate_type, signers.collect::<Result<_>>()?))
}

/// Refuses a type that people could not read: they judge by it what was signed.
fn is_shown(predicate_type: &str) -> Result<()> {
    let is_printed = predicate_type.bytes().all(|byte| byte.is_ascii_graphic());
    if predicate_type.is_empty() || predicate_type.len() > TYPE_MAX || !is_printed {
        bail!(
            "its predicateType is no URI of 1 to {TYPE_MAX} printable ASCII characters; ask the \
             sender for a statement with one"
        );
    }
    Ok(())
}
