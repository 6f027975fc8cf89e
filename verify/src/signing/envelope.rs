//! Which signatures of an envelope hold, and whose they are.

use anyhow::{Result, bail};
use handover_schemas::date::Date;
use handover_schemas::signing::dsse::{Envelope, EnvelopeSignature, PAYLOAD_TYPE};
use handover_schemas::signing::statement::{Predicate, Statement};

use super::trust::{Key, Signatory, Trust};

/// An envelope whose signatures were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    body: Vec<u8>,
    /// Signatures that hold, one for each key, in the order of the envelope.
    pub signers: Vec<Signatory>,
    /// Signatures that hold, by keys that do not count on the day in question; one for each key.
    pub out_of_validity: Vec<OutOfValidity>,
    /// Signatures that name a trusted key and were not made by it over this content.
    pub bad: Vec<Signatory>,
    /// Signatures that hold and say that another key made them.
    pub mislabelled: Vec<Signatory>,
    /// Signatures that hold, of keys that have signed already.
    pub repeated: Vec<Signatory>,
    /// Signatures that no trusted key made, by what they say of their key.
    pub unknown: Vec<String>,
}

/// A signature of a key that does not count on the day in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfValidity {
    /// Whose key.
    pub signatory: Signatory,
    /// First day on which it counts.
    pub valid_from: Date,
    /// Last day on which it counts.
    pub valid_until: Date,
}

/// Looks at every signature of an envelope, as of a day.
///
/// That the signatures are enough is for [`meets`](super::meets) to say. An error if the envelope
/// does not hold an in-toto statement.
pub fn check_envelope(envelope: &Envelope, trust: &Trust, at: Date) -> Result<Checked> {
    if envelope.payload_type() != PAYLOAD_TYPE {
        bail!(
            "the envelope's payloadType is {:?}, not {PAYLOAD_TYPE:?}: it is an envelope of \
             something else",
            envelope.payload_type()
        );
    }
    let mut checked = Checked {
        body: envelope.body().to_vec(),
        signers: Vec::new(),
        out_of_validity: Vec::new(),
        bad: Vec::new(),
        mislabelled: Vec::new(),
        repeated: Vec::new(),
        unknown: Vec::new(),
    };
    let message = envelope.pae();
    for signature in &envelope.signatures {
        match found(signature, trust, &message) {
            Found::By(key) => {
                if signature.keyid.as_ref().is_some_and(|keyid| *keyid != key.keyid.to_string()) {
                    checked.mislabelled.push(key.signatory());
                }
                checked.count(key, at);
            }
            Found::NotBy(key) => checked.bad.push(key.signatory()),
            Found::Nobody => {
                let keyid = signature.keyid.as_deref().unwrap_or("no keyid");
                checked.unknown.push(shown(keyid));
            }
        }
    }
    Ok(checked)
}

/// Whose signature it is.
pub(super) enum Found<'a> {
    By(&'a Key),
    NotBy(&'a Key),
    Nobody,
}

/// The key that made the signature. What the signature says of its key is a hint; if it says
/// nothing that is known, every key is tried.
pub(super) fn found<'a>(
    signature: &EnvelopeSignature,
    trust: &'a Trust,
    message: &[u8],
) -> Found<'a> {
    let named = signature
        .keyid
        .as_deref()
        .and_then(|keyid| trust.keys().iter().find(|key| key.keyid.to_string() == keyid));
    if let Some(key) = named {
        return if key.verifies(message, &signature.sig) {
            Found::By(key)
        } else {
            Found::NotBy(key)
        };
    }
    let made = trust.keys().iter().find(|key| key.verifies(message, &signature.sig));
    made.map_or(Found::Nobody, Found::By)
}

/// What somebody else wrote, as it may be shown on a terminal.
fn shown(keyid: &str) -> String {
    keyid.chars().take(64).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

impl Checked {
    /// A signature of this key holds. Another one of the same key adds nothing.
    fn count(&mut self, key: &Key, at: Date) {
        let signatory = key.signatory();
        if key.is_valid_on(at) {
            if self.signers.contains(&signatory) {
                self.repeated.push(signatory);
            } else {
                self.signers.push(signatory);
            }
        } else if self.out_of_validity.iter().all(|known| known.signatory != signatory) {
            let (valid_from, valid_until) = (key.entry.valid_from, key.entry.valid_until);
            self.out_of_validity.push(OutOfValidity { signatory, valid_from, valid_until });
        }
    }

    /// The content, if at least one trusted person signed it.
    pub fn body(&self) -> Result<&[u8]> {
        if self.signers.is_empty() {
            bail!("no trusted person signed it: {}", self.why_not());
        }
        Ok(&self.body)
    }

    /// The statement in it, which has to be one of `P`, if at least one trusted person signed it.
    pub fn statement<P: Predicate>(&self) -> Result<Statement<P>> {
        Ok(Statement::parse(self.body()?)?)
    }

    /// Signatures of trusted keys that do not hold or do not count, in words.
    pub fn wrong(&self) -> Vec<String> {
        let out_of_validity = self.out_of_validity.iter().map(|known| {
            format!(
                "the key of {} counts from {} to {} only",
                known.signatory.name, known.valid_from, known.valid_until
            )
        });
        let bad = self.bad.iter().map(|signatory| {
            format!(
                "the signature of {} is not over this content: it, or the content, was changed",
                signatory.name
            )
        });
        out_of_validity.chain(bad).collect()
    }

    /// Signatures that count for nothing, in words: those that are [`wrong`](Self::wrong), and those
    /// of keys that are not in the trust file.
    pub fn without_weight(&self) -> Vec<String> {
        let mut said = self.wrong();
        match self.unknown.len() {
            0 => {}
            1 => said.push("one signature is of a key that is not in the trust file".to_owned()),
            count => {
                said.push(format!("{count} signatures are of keys that are not in the trust file"));
            }
        }
        said
    }

    /// What no program of ours writes, in words, though it takes nothing from the signatures that
    /// hold.
    pub fn odd(&self) -> Vec<String> {
        let mislabelled = self.mislabelled.iter().map(|signatory| {
            format!("the signature of {} says that another key made it", signatory.name)
        });
        let repeated = self.repeated.iter().map(|signatory| {
            format!("two signatures are of one key of {}: they count once", signatory.name)
        });
        mislabelled.chain(repeated).collect()
    }

    /// What to tell of an envelope that has enough signatures without these: each is there, and
    /// changes nothing. Anybody who reaches the file could add one.
    pub fn beside_enough(&self) -> Vec<String> {
        let without_weight = self.without_weight().into_iter();
        without_weight
            .map(|one| format!("{one}; it counts for nothing"))
            .chain(self.odd())
            .collect()
    }

    /// What became of signatures that do not count, in words; what is right if there is none.
    pub(super) fn why_not(&self) -> String {
        let said = self.without_weight();
        if said.is_empty() { "it has no signature".to_owned() } else { said.join("; ") }
    }

    /// Whether there are signatures that do not count.
    pub(super) fn has_others(&self) -> bool {
        !(self.out_of_validity.is_empty() && self.bad.is_empty() && self.unknown.is_empty())
    }
}
