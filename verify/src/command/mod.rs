//! One module per command: arguments in, text or JSON out, exit code.

pub mod all;
pub mod attestation;
pub mod envelope;
pub mod figures;
mod figures_text;
pub mod ledger;
mod outcome_text;
pub mod package;
pub mod purge;
pub mod record;
pub mod tables;

use handover_schemas::signing::trust::Role;

use crate::signing::Signatory;

/// Somebody who signed, in one line.
fn signed_by(signatory: &Signatory) -> String {
    let roles: Vec<&str> = signatory.roles.iter().map(|role: &Role| role.word()).collect();
    format!(
        "{} ({}), who is {}, with the key {}",
        signatory.name,
        signatory.organisation,
        roles.join(", "),
        signatory.keyid
    )
}
