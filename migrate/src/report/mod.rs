//! The report: a signed attestation as a page that people read.
//!
//! It says nothing that the statement does not say, besides who signed it, which signatures count
//! and how to check all of it. One HTML file in two languages, without anything from elsewhere. The
//! same attestation, judged by the same keys as of the same day, gives the same bytes.

mod bars;
mod csv;
mod file;
mod language;
mod page;
mod shown;
#[cfg(test)]
mod tests;
mod view;
mod words;

use anyhow::{Context, Result, bail};
use handover_schemas::attestation::{HandoverAttestation, StatedKey};
use handover_schemas::date::Date;
use handover_schemas::digest::Digest;
use handover_schemas::signing::dsse::Envelope;
use handover_schemas::signing::statement::Statement;
use handover_verify::signing::{Checked, Demand, Trust, check_envelope, day_of, meets};

pub use csv::csv_files;
pub use file::{AttestationFile, write_report};

/// An attestation that at least one trusted person signed.
pub struct SignedAttestation {
    /// What the envelope's file is called, without its folder.
    pub file_name: String,
    /// SHA-256 of the statement: of the bytes that are signed.
    pub statement: Digest,
    /// What is stated.
    pub attestation: HandoverAttestation,
    /// Whose signatures hold, and which do not.
    pub signatures: Checked,
    /// Keys of which the trust file says something else now than when it was stated, or nothing.
    pub changed_keys: Vec<StatedKey>,
    /// The day as of which keys are judged.
    pub at: Date,
}

impl SignedAttestation {
    /// Reads an envelope; keys are judged as of a day, or else as of the statement's own. An error
    /// if no trusted person signed it, if it states something else than a hand-over, or if it is not
    /// about what it states.
    pub fn read(text: &[u8], file_name: &str, trust: &Trust, at: Option<Date>) -> Result<Self> {
        let envelope = Envelope::parse(text)?;
        let at = at.map_or_else(|| stated_day(&envelope), Ok)?;
        let signatures = check_envelope(&envelope, trust, at)?;
        let statement = signatures.statement::<HandoverAttestation>()?;
        if statement.subject != statement.predicate.subjects() {
            bail!("its subjects are not the root, the seals and the head that it states");
        }
        let known = trust.stated_keys();
        let changed = statement.predicate.trusted_keys.iter().filter(|key| !known.contains(key));
        Ok(Self {
            changed_keys: changed.cloned().collect(),
            file_name: file_name.to_owned(),
            statement: Digest::of(signatures.body()?),
            attestation: statement.predicate,
            signatures,
            at,
        })
    }

    /// Whether everybody who has to sign has signed, and the keys are those that were trusted when it
    /// was stated. Other signatures beside these are shown, and change nothing.
    pub fn is_signed(&self) -> bool {
        let demand = Demand { roles: HandoverAttestation::ROLES.to_vec(), not: Vec::new() };
        meets(&self.signatures, &demand).is_ok() && self.changed_keys.is_empty()
    }

    /// The report, as one HTML file.
    pub fn html(&self) -> Result<String> {
        page::render(&view::View::of(self)).context("cannot make the report")
    }
}

/// The statement's own day. It counts only if a signature over it holds.
fn stated_day(envelope: &Envelope) -> Result<Date> {
    let statement = Statement::<HandoverAttestation>::parse(envelope.body())?;
    day_of(&statement.predicate.stated_on)
}
