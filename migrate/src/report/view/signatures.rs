//! Who signed, and who has yet to.

use handover_schemas::attestation::{HandoverAttestation, StatedKey};
use handover_schemas::digest::Digest;
use handover_verify::signing::{Checked, Demand, Signatory, meets};
use serde::Serialize;

use super::{Part, SignedAttestation};
use crate::report::words::{self, Words};

/// Who signed, and who has yet to.
#[derive(Serialize)]
pub(super) struct Signatures {
    /// The roles that are needed, each with who signed in it.
    needed: Vec<Needed>,
    /// Each role has somebody, and no person may take two.
    one_for_all: bool,
    /// Every signature of a known key.
    made: Vec<Signature>,
    /// What signatures of unknown keys say of their key.
    unknown: Vec<String>,
    /// Keys of which the trust file says something else now.
    changed: Part<StatedKey>,
}

/// A role that is needed.
#[derive(Serialize)]
struct Needed {
    role: Words,
    by: Option<Signatory>,
}

/// A signature of a known key.
#[derive(Serialize)]
struct Signature {
    name: String,
    organisation: String,
    roles: Vec<Words>,
    keyid: Digest,
    standing: Standing,
    /// First and last day of the key, where it does not count.
    days: Option<(String, String)>,
}

/// Whether a signature counts.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Holds,
    OutOfValidity,
    Bad,
}

impl Signatures {
    pub(super) fn of(signed: &SignedAttestation) -> Self {
        let checked = &signed.signatures;
        let together = demanded(checked, &HandoverAttestation::ROLES);
        let needed = HandoverAttestation::ROLES.iter().enumerate().map(|(number, role)| {
            let by = match &together {
                Some(people) => people.get(number).cloned(),
                None => demanded(checked, &[*role]).and_then(|people| people.first().cloned()),
            };
            Needed { role: words::role(*role), by }
        });
        let needed: Vec<Needed> = needed.collect();
        let holds = checked.signers.iter().map(|one| signature(one, Standing::Holds, None));
        let late = checked.out_of_validity.iter().map(|one| {
            let days = (one.valid_from.to_string(), one.valid_until.to_string());
            signature(&one.signatory, Standing::OutOfValidity, Some(days))
        });
        let bad = checked.bad.iter().map(|one| signature(one, Standing::Bad, None));
        Self {
            one_for_all: together.is_none() && needed.iter().all(|one| one.by.is_some()),
            made: holds.chain(late).chain(bad).collect(),
            unknown: checked.unknown.clone(),
            changed: Part::of(signed.changed_keys.iter().cloned()),
            needed,
        }
    }

    /// Roles in which nobody signed.
    pub(super) fn missing(&self) -> Vec<Words> {
        self.needed.iter().filter(|one| one.by.is_none()).map(|one| one.role).collect()
    }
}

/// Different people who signed in these roles, if there are any.
fn demanded(
    checked: &Checked,
    roles: &[handover_schemas::signing::trust::Role],
) -> Option<Vec<Signatory>> {
    // What is missing is said in the words of the report, not in the error's.
    meets(checked, &Demand { roles: roles.to_vec(), not: Vec::new() }).ok()
}

fn signature(
    signatory: &Signatory,
    standing: Standing,
    days: Option<(String, String)>,
) -> Signature {
    Signature {
        name: signatory.name.clone(),
        organisation: signatory.organisation.clone(),
        roles: signatory.roles.iter().map(|role| words::role(*role)).collect(),
        keyid: signatory.keyid,
        standing,
        days,
    }
}
