//! The attestation: read, checked, believed only then.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use handover_cli_kit::handover_dir::attestations::envelope_file;
use handover_schemas::attestation::{HandoverAttestation, StatedKey};
use handover_schemas::date::Date;
use handover_schemas::digest::Digest;
use handover_schemas::signing::dsse::{ENVELOPE_MAX, Envelope};
use handover_schemas::signing::statement::Statement;
use handover_verify::signing::{
    Checked, Demand, Trust, check_envelope, day_of, meets, parse_moment, today,
};
use jiff::Timestamp;

/// An attestation that at least one trusted person signed.
pub struct Attested {
    envelope: Vec<u8>,
    statement_sha256: Digest,
    stated_on: Timestamp,
    predicate: HandoverAttestation,
    checked: Checked,
    changed_keys: Vec<StatedKey>,
    signed_enough: bool,
}

impl Attested {
    /// Reads an envelope and checks it, as of a day; that of the statement if none is given.
    ///
    /// Minutes are printed before everybody has signed: one trusted signature is enough. An error
    /// if there is none, or if the envelope holds anything but an attestation of a hand-over.
    pub fn load(file: &Path, trust: &Trust, at: Option<Date>) -> Result<Self> {
        let place = || format!("the attestation {}", file.display());
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|file| file.take(ENVELOPE_MAX as u64 + 1).read_to_end(&mut bytes))
            .with_context(|| format!("cannot read {}", place()))?;
        Self::check(bytes, trust, at).with_context(place)
    }

    /// Checks the bytes of an envelope, as of a day; that of the statement if none is given.
    pub fn check(envelope: Vec<u8>, trust: &Trust, at: Option<Date>) -> Result<Self> {
        let parsed = Envelope::parse(&envelope)?;
        // The day is the statement's own; it counts only if a signature over it holds.
        let stated = Statement::<HandoverAttestation>::parse(parsed.body());
        let stated_on = stated.as_ref().ok().map(|one| day_of(&one.predicate.stated_on));
        let at = at.map_or_else(|| stated_on.unwrap_or_else(today), Ok)?;
        let checked = check_envelope(&parsed, trust, at)?;
        let statement = checked.statement::<HandoverAttestation>()?;
        let predicate = statement.predicate;
        if statement.subject != predicate.subjects() {
            bail!(
                "its subjects are not the root, the seals and the head that it states; make the \
                 attestation again with handover-migrate attest"
            );
        }
        let stated_on =
            parse_moment(&predicate.stated_on).context("it does not say when it was made")?;
        let known = trust.stated_keys();
        let changed = predicate.trusted_keys.iter().filter(|key| !known.contains(key));
        let changed_keys: Vec<StatedKey> = changed.cloned().collect();
        let signed_enough = meets(&checked, &both_sides()).is_ok();
        let statement_sha256 = Digest::of(checked.body()?);
        Ok(Self {
            envelope,
            statement_sha256,
            stated_on,
            predicate,
            checked,
            changed_keys,
            signed_enough,
        })
    }

    /// The envelope, byte by byte.
    pub fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    /// What the envelope is called in the folder of attestations, and among the attachments.
    pub fn file_name(&self) -> String {
        let path = envelope_file(self.predicate.number.0);
        path.rsplit('/').next().unwrap_or(&path).to_owned()
    }

    /// SHA-256 of the bytes that were signed.
    pub fn statement_sha256(&self) -> Digest {
        self.statement_sha256
    }

    /// What is stated.
    pub fn predicate(&self) -> &HandoverAttestation {
        &self.predicate
    }

    /// Who signed, and which signatures do not count.
    pub fn checked(&self) -> &Checked {
        &self.checked
    }

    /// When it was made.
    pub(crate) fn stated_on(&self) -> Timestamp {
        self.stated_on
    }

    /// Keys of which the trust file says something else than when the statement was made.
    pub fn changed_keys(&self) -> &[StatedKey] {
        &self.changed_keys
    }

    /// Whether giving and receiving side signed, two people.
    pub fn is_signed_enough(&self) -> bool {
        self.signed_enough
    }

    /// Signatures that count for nothing, in words, where both sides signed all the same.
    pub fn beside_enough(&self) -> Vec<String> {
        if self.signed_enough { self.checked.beside_enough() } else { Vec::new() }
    }

    /// What does not hold of the signatures, in words; nothing if what is needed holds.
    pub fn findings(&self) -> Vec<String> {
        let mut findings =
            if self.signed_enough { Vec::new() } else { self.checked.without_weight() };
        findings.extend(self.changed_keys.iter().map(|key| {
            format!(
                "the trust file says something else of the key {} of {} than when this was \
                 stated, or lacks it",
                key.keyid, key.name
            )
        }));
        if let Err(error) = meets(&self.checked, &both_sides()) {
            findings.push(error.to_string());
        }
        findings
    }
}

/// Somebody of each side, two people.
fn both_sides() -> Demand {
    Demand { roles: HandoverAttestation::ROLES.to_vec(), not: Vec::new() }
}
