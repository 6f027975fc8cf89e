//! Who signed the head of a tree.

use anyhow::{Result, bail};
use handover_schemas::date::Date;
use handover_schemas::signing::checkpoint::{Checkpoint, SignedCheckpoint};

use super::trust::{Signatory, Trust};

/// A checkpoint that at least one trusted person signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedCheckpoint {
    /// The head of the tree.
    pub checkpoint: Checkpoint,
    /// Who signed it, one for each key.
    pub signers: Vec<Signatory>,
}

/// Verifies the signatures of a checkpoint, as of a day. The name of a key in a checkpoint is the
/// checkpoint's origin.
///
/// Signatures of keys that are not trusted are passed over, as the specification of signed notes
/// demands. An error if no trusted person signed it with a key that counts on that day, or if a
/// signature that names a trusted key does not hold.
pub fn verify_checkpoint(
    signed: &SignedCheckpoint,
    trust: &Trust,
    at: Date,
) -> Result<CheckedCheckpoint> {
    let checkpoint = &signed.checkpoint;
    let message = checkpoint.signed_text();
    let mut signers: Vec<Signatory> = Vec::new();
    let mut out_of_validity = String::new();
    for line in &signed.signatures {
        // A key id is short: several keys may have the same.
        let named = || {
            let keys = trust.keys().iter();
            keys.filter(|key| line.is_said_to_be_of(checkpoint.origin(), &key.entry.public_key))
        };
        let made = named().find(|key| key.verifies(message.as_bytes(), line.signature()));
        match (made, named().next()) {
            (Some(key), _) if key.is_valid_on(at) => {
                let signatory = key.signatory();
                if !signers.contains(&signatory) {
                    signers.push(signatory);
                }
            }
            (Some(key), _) => {
                let entry = &key.entry;
                out_of_validity = format!(
                    ": the key of {} counts from {} to {} only",
                    entry.name, entry.valid_from, entry.valid_until
                );
            }
            (None, Some(key)) => bail!(
                "the signature of {} is not over this checkpoint: it, or the checkpoint, was \
                 changed",
                key.entry.name
            ),
            (None, None) => {}
        }
    }
    if signers.is_empty() {
        bail!("no trusted person signed the checkpoint{out_of_validity}");
    }
    Ok(CheckedCheckpoint { checkpoint: checkpoint.clone(), signers })
}
