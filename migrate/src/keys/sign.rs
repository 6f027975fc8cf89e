//! Signing what is signed here.

use anyhow::Result;
use handover_schemas::signing::checkpoint::{Checkpoint, NoteSignature, SignedCheckpoint};
use handover_schemas::signing::dsse::{Envelope, EnvelopeSignature};

use super::Signer;

/// Adds a signature to an envelope, in the place of one that the same key made before.
pub fn sign_envelope(envelope: &mut Envelope, signer: &dyn Signer) -> Result<()> {
    let keyid = Some(signer.key().keyid().to_string());
    let sig = signer.sign(&envelope.pae())?.to_vec();
    envelope.signatures.retain(|known| known.keyid != keyid);
    envelope.signatures.push(EnvelopeSignature { keyid, sig });
    Ok(())
}

/// Signs the head of a tree. The name of the key in the note is the checkpoint's origin.
pub fn sign_checkpoint(checkpoint: Checkpoint, signer: &dyn Signer) -> Result<SignedCheckpoint> {
    let signature = signer.sign(checkpoint.signed_text().as_bytes())?;
    let line = NoteSignature::new(checkpoint.origin(), &signer.key(), &signature)?;
    let mut signed = SignedCheckpoint::new(checkpoint);
    signed.signatures.push(line);
    Ok(signed)
}
